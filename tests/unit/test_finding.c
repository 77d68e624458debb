/* SPDX-License-Identifier: Apache-2.0 */
/* What is searched of a collection large enough to have cells, made of rows that no picture was needed for: against index/flat,
 * from memory and from the file, whole and damaged. */
#include "tests/unit/scratch_folder.h"

#include <libdeflate.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "collection/finding.h"
#include "tests/unit/harness.h"

enum { COUNT = INVERTED_LEAST + 100, DIM = 16, SWARMS = 3000, QUERIES = 200, PATH_ROOM = 512 };

static const size_t wanted[] = {1, 10, CELLS_ASKED_MOST, 100, 200};
enum { WANTED_MOST = 200 };

struct world {
    char root[SCRATCH_BYTES], path[PATH_ROOM];
    lk_engine *engine;
    uint8_t queries[QUERIES][DIM];
};

static float noise(struct rng *rng) {
    return (float)rng_below(rng, 2001) / 1000 - 1;
}

/* One of a swarm. */
static void make_vector(float out[DIM], struct rng *rng) {
    struct rng centre;
    rng_init(&centre, rng_below(rng, SWARMS));
    for (int i = 0; i < DIM; i++) {
        out[i] = noise(&centre) + 0.25F * noise(rng);
    }
}

static void seal(uint8_t *blob, size_t size) {
    uint32_t crc = libdeflate_crc32(0, blob, size);
    memcpy(blob + size, &crc, sizeof crc);
}

enum { WITHOUT = 7, OTHERS = 8, A_HUNDRED = 100 };

/* Of a hundred one has no embedding, and one that of another network. Every thousandth has a file. */
static void add_rows(lk_collection *c, uint32_t count) {
    uint8_t facts[580] = {0}, embedding[DIM * sizeof(float) + 4];
    struct rng rng;
    lk_error err;
    rng_init(&rng, 1);
    assert_ok(collection_begin(c, &err));
    for (uint32_t i = 0; i < count; i++) {
        struct sql q;
        float vector[DIM];
        uint8_t sha256[32] = {0};
        memcpy(sha256, &i, sizeof i);
        for (int k = 36; k < 68; k++) {
            facts[k] = (uint8_t)rng_next(&rng);
        }
        seal(facts, sizeof facts - 4);
        make_vector(vector, &rng);
        memcpy(embedding, vector, sizeof vector);
        seal(embedding, sizeof vector);
        sql_begin(&q, &c->at,
                  "INSERT INTO content (sha256, algorithm, model, facts, thumb, embedding) "
                  "VALUES (?, 1, ?, ?, x'', ?)");
        sql_bind_blob(&q, sha256, sizeof sha256);
        sql_bind_text(&q, i % A_HUNDRED == OTHERS ? "another 1" : "drawn 1");
        sql_bind_blob(&q, facts, sizeof facts);
        if (i % A_HUNDRED == WITHOUT) {
            sql_bind_text(&q, NULL);
        } else {
            sql_bind_blob(&q, embedding, sizeof embedding);
        }
        assert_ok(sql_finish(&q, &err));
    }
    assert_ok(sql_run(&c->at,
                      "INSERT INTO file (path, bytes, modified_ns, inode, content) "
                      "SELECT CAST('/' || id AS BLOB), 1, 1, 1, id FROM content WHERE id % 25 = 9",
                      &err));
    assert_ok(collection_end(c, LK_OK, &err));
}

static lk_collection *open_index(const struct world *w, lk_collection_mode mode) {
    lk_collection *c;
    lk_error err;
    assert_ok(lk_collection_open(&c, w->path, mode, &err));
    return c;
}

static int world_new(void **state) {
    lk_error err;
    struct rng rng;
    struct world *w = calloc(1, sizeof *w);
    scratch_make(w->root, "finding");
    scratch_place(w->path, sizeof w->path, w->root, "i.lki");
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    rng_init(&rng, 2);
    for (int i = 0; i < QUERIES; i++) {
        float vector[DIM];
        make_vector(vector, &rng);
        flat_quantise(w->queries[i], vector, DIM);
    }
    lk_collection *c = open_index(w, LK_COLLECTION_WRITE);
    add_rows(c, COUNT);
    lk_collection_close(c);
    *state = w;
    return 0;
}

static int world_free(void **state) {
    struct world *w = *state;
    lk_engine_free(w->engine);
    scratch_remove(w->root);
    free(w);
    return 0;
}

/* From the file that was kept, and not made now. */
static bool is_mapped(const struct finding *f) {
    return !f->file.memory && f->file.file == 0;
}

static struct finding *finding(const struct world *w, lk_collection *c, uint32_t wish) {
    struct finding *f;
    lk_error err;
    assert_ok(finding_of(&f, c, w->engine, wish, &err));
    assert_int_equal(f->count, COUNT);
    assert_int_equal(f->embeddings.dim, DIM);
    return f;
}

static void assert_exact(const struct world *w, const struct finding *f, int step) {
    struct neighbour want[WANTED_MOST], got[WANTED_MOST];
    lk_error err;
    for (int q = 0; q < QUERIES; q += step) {
        for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
            size_t k = wanted[i], count;
            flat_search(want, k, &f->embeddings, w->engine, w->queries[q]);
            assert_ok(finding_nearest(got, k, &count, f, w->engine, w->queries[q], true, &err));
            assert_int_equal(count, k);
            assert_memory_equal(got, want, k * sizeof *got);
        }
    }
}

/* Of the k nearest, how many are found through cells; what is found is at its true distance. */
static double recall(const struct world *w, const struct finding *f, size_t k) {
    struct neighbour want[WANTED_MOST], got[WANTED_MOST];
    size_t found = 0;
    lk_error err;
    for (int q = 0; q < QUERIES; q++) {
        size_t count;
        flat_search(want, k, &f->embeddings, w->engine, w->queries[q]);
        assert_ok(finding_nearest(got, k, &count, f, w->engine, w->queries[q], false, &err));
        assert_int_equal(count, k);
        for (size_t i = 0, at = 0; i < k; i++) {
            while (at < k && is_nearer(want[at], got[i])) {
                at++;
            }
            found += at < k && want[at].item == got[i].item && want[at].distance == got[i].distance;
        }
    }
    return (double)found / (double)(k * QUERIES);
}

static void cells_are_made_when_wished_for(void **state) {
    const struct world *w = *state;
    lk_collection *c = open_index(w, LK_COLLECTION_READ);
    struct finding *f = finding(w, c, 0);
    assert_int_equal(f->cells.cells, 0);
    assert_exact(w, f, 20);
    assert_true(recall(w, f, 10) == 1);
    f = finding(w, c, FINDING_CELLS);
    assert_true(f->cells.cells > 1000);
    lk_collection_close(c);
    c = open_index(w, LK_COLLECTION_READ);
    f = finding(w, c, 0); /* they stay */
    assert_true(f->cells.cells > 1000);
    assert_true(is_mapped(f));
    lk_collection_close(c);
}

static void halves_find_all_and_cells_nearly(void **state) {
    const struct world *w = *state;
    lk_collection *c = open_index(w, LK_COLLECTION_READ);
    struct finding *f = finding(w, c, 0);
    assert_exact(w, f, 5);
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        double r = recall(w, f, wanted[i]);
        print_message("recall@%zu %.4f\n", wanted[i], r);
        assert_true(wanted[i] > CELLS_ASKED_MOST ? r == 1 : r >= 0.98);
    }
    assert_false(atomic_load(&f->file.damaged));
    lk_collection_close(c);
}

/* Searches that meet what is damaged say so, and the next one is made anew. */
static void damage_is_noticed_where_it_is_met(void **state) {
    const struct world *w = *state;
    struct neighbour got[10];
    char path[PATH_ROOM + 8];
    lk_bytes sound;
    lk_error err;
    size_t size, count;
    snprintf(path, sizeof path, "%s.find", w->path);
    assert_ok(file_read(&sound, path, 1 << 30, NULL, &err));
    lk_collection *c = open_index(w, LK_COLLECTION_READ);
    struct finding *f = finding(w, c, 0);
    /* Of the embeddings, their halves, the cells, and what the cells hold: of the nearest to the first query. */
    assert_ok(finding_nearest(got, 1, &count, f, w->engine, w->queries[0], false, &err));
    size_t in_cell = 0;
    while (f->cells.items[in_cell] != got[0].item) {
        in_cell++;
    }
    const void *at[] = {&f->embeddings.vectors[got[0].item / FLAT_BLOCK * FLAT_BLOCK * DIM],
                        &f->embeddings.norms[got[0].item],
                        &f->coarse.norms[got[0].item],
                        &f->coarse.halves[(size_t)got[0].item / FLAT_BLOCK * FLAT_BLOCK * DIM / 2],
                        &f->cells.centres[0],
                        &f->cells.starts[0],
                        &f->cells.items[in_cell],
                        &f->cells.norms[in_cell],
                        &f->cells.vectors[in_cell / FLAT_BLOCK * FLAT_BLOCK * DIM]};
    size_t places[ARRAY_COUNT(at)];
    for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
        places[i] = (size_t)((const uint8_t *)at[i] - f->file.data);
    }
    assert_non_null(index_file_section(&f->file, 0, &size));
    lk_collection_close(c);
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        sound.data[places[i]] ^= 0x21;
        assert_ok(file_write(path, sound.data, sound.size, &err));
        sound.data[places[i]] ^= 0x21;
        c = open_index(w, LK_COLLECTION_READ);
        f = finding(w, c, 0);
        assert_true(is_mapped(f));
        assert_ok(finding_nearest(got, 10, &count, f, w->engine, w->queries[0], i < 4, &err));
        assert_true(atomic_load(&f->file.damaged));
        f = finding(w, c, 0);
        assert_false(is_mapped(f)); /* made anew */
        assert_exact(w, f, 50);
        lk_collection_close(c);
    }
    /* All of it is looked at for those that ask. */
    sound.data[places[0]] ^= 0x21;
    assert_ok(file_write(path, sound.data, sound.size, &err));
    c = open_index(w, LK_COLLECTION_READ);
    assert_false(is_mapped(finding(w, c, FINDING_SOUND)));
    lk_collection_close(c);
    lk_bytes_release(&sound);
}

struct seen {
    int32_t pictures, vectors;
};

static bool count_vectors(void *arg, const lk_collection_picture *p) {
    struct seen *s = arg;
    const int32_t kind = (atoi(p->path + 1) - 1) % A_HUNDRED; /* ids begin at 1 */
    assert_int_equal(p->embedding == NULL, kind == WITHOUT || kind == OTHERS);
    s->pictures++;
    s->vectors += p->embedding != NULL;
    return true;
}

/* Vectors of two networks are not to be compared. */
static void visits_give_vectors_of_one_network(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_collection_state now;
    struct seen seen = {0};
    lk_collection *c = open_index(w, LK_COLLECTION_READ);
    assert_ok(lk_collection_look(&now, c, &err));
    assert_string_equal(now.model, "drawn");
    assert_ok(lk_collection_visit(c, count_vectors, &seen, &err));
    assert_int_equal(seen.pictures, COUNT / 25);
    assert_int_equal(seen.vectors, seen.pictures / 4 * 3);
    struct finding *f = finding(w, c, 0);
    assert_string_equal(f->model, "drawn 1");
    assert_false(flat_has(&f->embeddings, WITHOUT));
    assert_false(flat_has(&f->embeddings, OTHERS));
    assert_true(flat_has(&f->embeddings, OTHERS + 1));
    lk_collection_close(c);
}

/* What a checksum does not hold: an index that somebody made by hand. */
static void rows_out_of_range_are_damaged(void **state) {
    const struct world *w = *state;
    const struct {
        size_t at;
        int32_t value;
    } cases[] = {{0, -1}, {12, 1 << 30}, {16, 101}, {320, 41}, {332, 0x7fff}};
    uint8_t blob[580];
    lk_error err;
    lk_collection *c = open_index(w, LK_COLLECTION_WRITE);
    for (size_t i = 0; i <= ARRAY_COUNT(cases); i++) {
        struct facts facts;
        struct sql q;
        bool row;
        memset(blob, 0, sizeof blob);
        if (i < ARRAY_COUNT(cases)) {
            const int32_t one = 1;
            memcpy(blob + 320, &one, sizeof one); /* one place */
            memcpy(blob + cases[i].at, &cases[i].value, sizeof(int32_t));
        }
        seal(blob, sizeof blob - 4);
        sql_begin(&q, &c->at, "UPDATE content SET facts = ? WHERE id = 1");
        sql_bind_blob(&q, blob, sizeof blob);
        assert_ok(sql_finish(&q, &err));
        sql_begin(&q, &c->at, "SELECT facts FROM content WHERE id = 1");
        assert_ok(sql_step(&q, &row, &err));
        assert_int_equal(content_facts(&facts, &q, 0), i == ARRAY_COUNT(cases));
        sql_end(&q);
    }
    lk_collection_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_made_when_wished_for),
        cmocka_unit_test(halves_find_all_and_cells_nearly),
        cmocka_unit_test(damage_is_noticed_where_it_is_met),
        cmocka_unit_test(visits_give_vectors_of_one_network),
        cmocka_unit_test(rows_out_of_range_are_damaged),
    };
    return cmocka_run_group_tests(tests, world_new, world_free);
}
