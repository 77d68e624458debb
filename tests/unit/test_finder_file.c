/* SPDX-License-Identifier: Apache-2.0 */
/* The finder's file, damaged so that its checksums hold: each byte of the head, and bytes of each section. It is refused, or it
 * can be searched without reading outside of it (which the sanitizers see: it lies in a block of just its size). */
#include "tests/unit/finder_store.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

enum { ORIGINALS = 20, SEED_ASKED = 3 };

static struct finder_head *head_of(const lk_bytes *file) {
    return (struct finder_head *)(void *)file->data;
}

static void reseal_head(const lk_bytes *file) {
    struct finder_head *h = head_of(file);
    h->crc = 0;
    h->crc = libdeflate_crc32(0, h, sizeof *h);
}

static void make_file(lk_bytes *out, struct world *w) {
    lk_error err;
    lk_finder *f;
    char path[128], id[32];
    for (uint64_t seed = 0; seed < ORIGINALS; seed++) {
        snprintf(id, sizeof id, "made-%02d", (int)seed);
        made_add(w, id, seed);
    }
    assert_ok(lk_finder_open(&f, w->store, w->place->engine, w->model, NULL, &err));
    lk_finder_close(f);
    file_of(path, w, "likeness.finder");
    assert_ok(file_read(out, path, 1 << 26, NULL, &err));
    assert_true(finder_is_sound(out->data, out->size));
}

/* Searches it, when it passes; whether it did. */
static bool search(struct world *w, const lk_bytes *file) {
    struct made_answer answer;
    int32_t dim = lk_model_dim(w->model);
    const struct finder_list *lists;
    if (!finder_is_sound(file->data, file->size) ||
        head_of(file)->layers != (uint64_t)finder_layers(dim)) {
        return false;
    }
    lk_finder f = {.part_count = 1, .dim = dim, .folder_fd = -1};
    struct finder_part *p = &f.parts[FINDER_WHOLE];
    *p = (struct finder_part){.data = file->data, .size = file->size};
    lists = finder_section(p, FINDER_LISTS);
    f.count = (uint32_t)finder_head_of(p)->count;
    f.postings = finder_head_of(p)->postings;
    f.names = calloc(f.count + 1, sizeof *f.names);
    p->numbers = calloc(f.count + 1, sizeof *p->numbers);
    p->sound = calloc(VISUAL_WORDS, 1);
    assert_true(f.names && p->numbers && p->sound);
    for (uint32_t i = 0; i < f.count; i++) {
        p->numbers[i] = i;
        f.names[i] = (const struct finder_name *)finder_section(p, FINDER_NAMES) + i;
    }
    for (int32_t word = 0; word < VISUAL_WORDS; word++) {
        f.list_most = MAX(f.list_most, lists[word].count);
    }
    made_ask(&answer, w, &f, SEED_ASKED);
    free(p->sound);
    free(p->numbers);
    free(f.names);
    return true;
}

static void test_head(void **state) {
    struct world *w = *state;
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    lk_bytes file;
    int passed = 0;
    make_file(&file, w);
    for (size_t at = 0; at < sizeof(struct finder_head); at++) {
        for (size_t i = 0; i < ARRAY_COUNT(masks); i++) {
            const struct finder_head kept = *head_of(&file);
            file.data[at] ^= masks[i];
            assert_false(finder_is_sound(file.data, file.size));
            reseal_head(&file);
            passed += search(w, &file);
            *head_of(&file) = kept;
        }
    }
    assert_true(passed > 0); /* of salt, changes, key and what fills up */
    assert_true(finder_is_sound(file.data, file.size));
    lk_bytes_release(&file);
}

/* Numbers that are wrong by themselves, each refused. */
static void test_counts(void **state) {
    struct world *w = *state;
    lk_bytes file;
    make_file(&file, w);
    const struct finder_head kept = *head_of(&file);
    const struct {
        uint64_t *field;
        uint64_t value;
    } wrong[] = {
        {&head_of(&file)->count, kept.count + 1},
        {&head_of(&file)->count, kept.count - 1},
        {&head_of(&file)->count, 0},
        {&head_of(&file)->count, UINT64_MAX},
        {&head_of(&file)->layers, 0},
        {&head_of(&file)->layers, kept.layers + 1},
        {&head_of(&file)->layers, UINT64_MAX},
        {&head_of(&file)->postings, kept.postings - 1},
        {&head_of(&file)->size, kept.size + 64},
        {&head_of(&file)->sections[FINDER_NAMES].at, kept.size},
        {&head_of(&file)->sections[FINDER_VECTORS].size, 0},
        {&head_of(&file)->sections[FINDER_NORMS].at, UINT64_MAX - 63},
        {&head_of(&file)->sections[FINDER_HASHES].at, 4},
        {&head_of(&file)->sections[FINDER_LISTS].size, 16},
        {&head_of(&file)->sections[FINDER_POSTINGS].size, UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        *wrong[i].field = wrong[i].value;
        reseal_head(&file);
        assert_false(search(w, &file));
        *head_of(&file) = kept;
    }
    for (size_t size = 0; size < file.size; size += 1 + size / 3) { /* cut off */
        assert_false(finder_is_sound(file.data, size));
    }
    lk_bytes_release(&file);
}

/* Turns a byte of a section and makes all checksums hold that can be made to. */
static bool search_with(struct world *w, lk_bytes *file, enum finder_section section, uint64_t at,
                        uint8_t mask) {
    struct finder_head *h = head_of(file);
    const struct finder_head kept = *h;
    uint8_t *byte = file->data + h->sections[section].at + at;
    *byte ^= mask;
    assert_true(section == FINDER_POSTINGS || !finder_is_sound(file->data, file->size));
    if (section != FINDER_POSTINGS) {
        h->sections[section].crc =
            libdeflate_crc32(0, file->data + h->sections[section].at, h->sections[section].size);
        reseal_head(file);
    }
    bool passed = search(w, file);
    *byte ^= mask;
    *h = kept;
    return passed;
}

static void test_sections(void **state) {
    struct world *w = *state;
    lk_bytes file;
    struct rng rng;
    rng_init(&rng, 4);
    make_file(&file, w);
    for (int section = 0; section < FINDER_POSTINGS; section++) {
        const uint64_t size = head_of(&file)->sections[section].size;
        for (uint64_t i = 0; i < 300; i++) {
            uint64_t at = i < 150 && i < size ? i : rng_below(&rng, (uint32_t)size);
            search_with(w, &file, (enum finder_section)section, at,
                        (uint8_t)(i % 3 == 0 ? 0xff : 1 << i % 8));
        }
    }
    lk_bytes_release(&file);
}

/* Lists whose checksum holds and whose postings name references that there are not. */
static void test_postings(void **state) {
    struct world *w = *state;
    lk_bytes file;
    make_file(&file, w);
    const struct finder_head *h = head_of(&file);
    const struct finder_list *lists =
        (const struct finder_list *)(const void *)(file.data + h->sections[FINDER_LISTS].at);
    for (int32_t word = 0; word < VISUAL_WORDS; word++) {
        uint8_t *references = file.data + h->sections[FINDER_POSTINGS].at + 8 * lists[word].at +
                              8 * (size_t)lists[word].count;
        memset(references, 0xff, 4 * (size_t)lists[word].count);
    }
    finder_seal(file.data);
    assert_true(search(w, &file));
    lk_bytes_release(&file);
}

/* A list that is damaged casts no votes; the file goes, and whoever opens next makes it anew. */
static void test_heals(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_bytes file;
    lk_finder *f;
    struct made_answer before, meanwhile, after;
    char path[128];
    make_file(&file, w);
    file_of(path, w, "likeness.finder");
    assert_ok(lk_finder_open(&f, w->store, w->place->engine, w->model, NULL, &err));
    assert_true(f->parts[FINDER_WHOLE].mapped);
    made_ask(&before, w, f, SEED_ASKED);
    memset(f->parts[FINDER_WHOLE].sound, 2,
           VISUAL_WORDS); /* as lists of a large file are found: while it is asked */
    lk_store *writer = w->store;
    w->store = open_place(w->place->store, LK_STORE_READ); /* as a batch does */
    made_ask(&meanwhile, w, f, SEED_ASKED);
    assert_true(meanwhile.count > 0); /* by embedding and hash */
    lk_store_close(w->store);
    w->store = writer;
    assert_int_equal(access(path, F_OK), -1);
    lk_finder *again;
    assert_ok(lk_finder_open(&again, w->store, w->place->engine, w->model, NULL, &err));
    made_ask(&after, w, again, SEED_ASKED);
    assert_memory_equal(&after, &before, sizeof after);
    made_ask(&meanwhile, w, f, SEED_ASKED);
    assert_int_equal(access(path, F_OK), 0); /* the new file is not the one that was damaged */
    lk_finder_close(again);
    lk_finder_close(f);
    lk_bytes_release(&file);
}

/* What another network derived, under whatever name, is not there. */
static void test_other_network(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_features *features;
    lk_reference r;
    assert_non_null(strstr(lk_model_identity(w->model), LK_MODEL_DEFAULT "-"));
    made_add(w, "a", 1);
    assert_ok(lk_reference_get(&r, w->store, "a", 0, &err));
    assert_ok(lk_reference_features(&features, w->store, &r, w->model, &err));
    assert_non_null(features);
    lk_features_free(features);
    force(w->store, "UPDATE derived SET model = '" LK_MODEL_DEFAULT "' WHERE kind = 'embedding'");
    assert_ok(lk_reference_features(&features, w->store, &r, w->model, &err));
    assert_null(features);
    lk_reference_release(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_head, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_counts, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_sections, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_postings, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_heals, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_other_network, world_new, world_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
