/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a model: tables of pairs and labelled folders, pictures that are missing, and pixels as vectors. */
#include "tests/unit/harness.h"

#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/image.h"
#include "learn/dataset.h"
#include "tests/unit/scratch_folder.h"

struct world {
    char root[SCRATCH_BYTES];
    lk_engine *engine;
};

static int set_up(void **state) {
    lk_error err;
    struct world *w = mem_calloc(1, sizeof *w);
    scratch_make(w->root, "evalset");
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    scratch_remove(w->root);
    lk_engine_free(w->engine);
    mem_free(w);
    return 0;
}

static void put(const struct world *w, const char *below, const char *text) {
    char path[256];
    lk_error err;
    scratch_place(path, sizeof path, w->root, below);
    assert_ok(file_write(path, text, strlen(text), &err));
}

static lk_status read_set(lk_eval_set *out, const struct world *w, const char *below,
                          const char *references, lk_error *err) {
    char path[256], folder[256];
    snprintf(path, sizeof path, "%s/%s", w->root, below);
    snprintf(folder, sizeof folder, "%s/%s", w->root, references ? references : "");
    return lk_eval_set_read(out, path, references ? folder : NULL, err);
}

static const char *name_at(const lk_eval_set *set, int32_t place) {
    return strrchr(set->paths[place], '/') + 1;
}

/* photos, references, and pairs by name. */
static void assert_set(const lk_eval_set *set, const char *wanted) {
    char got[512] = "";
    size_t at = 0;
    for (int32_t i = 0; i < set->photo_count; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, "%s ", name_at(set, set->photos[i]));
    }
    at += (size_t)snprintf(got + at, sizeof got - at, "| ");
    for (int32_t i = 0; i < set->reference_count; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, "%s ", name_at(set, set->references[i]));
    }
    at += (size_t)snprintf(got + at, sizeof got - at, "|");
    for (int32_t i = 0; i < set->pair_count; i++) {
        const lk_true_pair *p = &set->pairs[i];
        at += (size_t)snprintf(got + at, sizeof got - at, " %s>%s",
                               name_at(set, set->photos[p->query]),
                               name_at(set, set->references[p->reference]));
    }
    assert_string_equal(got, wanted);
}

static void put_references(const struct world *w) {
    char to[256], from[256];
    put(w, "refs/r1.jpg", "");
    put(w, "refs/r2.jpg", "");
    put(w, "refs/r3.jpg", "");
    put(w, "refs/notes.txt", "");
    snprintf(from, sizeof from, "%s/refs/r3.jpg", w->root);
    snprintf(to, sizeof to, "%s/r3-link.jpg", w->root);
    assert_int_equal(symlink(from, to), 0);
}

static void test_pairs(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_eval_set set;
    put_references(w);
    /* p1 has two references, p2 none, p4's is a link; r2 is a photo too. */
    put(w, "t.csv",
        "photo,note,reference\np3.jpg,,refs/r1.jpg\np1.jpg,,refs/r2.jpg\np1.jpg,,refs/r1.jpg\n"
        "p2.jpg,,\nrefs/r2.jpg,,refs/r1.jpg\np4.jpg,,r3-link.jpg\n");
    assert_ok(read_set(&set, w, "t.csv", NULL, &err));
    assert_set(&set, "p1.jpg p2.jpg p3.jpg p4.jpg r2.jpg | r1.jpg r2.jpg r3-link.jpg | "
                     "p3.jpg>r1.jpg p1.jpg>r2.jpg p1.jpg>r1.jpg r2.jpg>r1.jpg p4.jpg>r3-link.jpg");
    assert_int_equal(set.count, 7);
    lk_eval_set_release(&set);
    put(w, "i.csv", "iconic,photo\nrefs/r1.jpg,p1.jpg\nrefs/r3.jpg,p2.jpg\n");
    assert_ok(read_set(&set, w, "i.csv", "refs/", &err)); /* r2 is there as well, the others once */
    assert_set(&set, "p1.jpg p2.jpg | r1.jpg r2.jpg r3.jpg | p1.jpg>r1.jpg p2.jpg>r3.jpg");
    lk_eval_set_release(&set);
    /* A photo among the references of the folder would only find itself; of the table, r2 is asked for. */
    put(w, "o.csv",
        "photo,reference\nrefs/r3.jpg,refs/r1.jpg\nrefs/r2.jpg,refs/r1.jpg\np1.jpg,refs/r2.jpg\n");
    assert_ok(read_set(&set, w, "o.csv", "refs", &err));
    assert_set(&set, "p1.jpg r2.jpg r3.jpg | r1.jpg r2.jpg | "
                     "r3.jpg>r1.jpg r2.jpg>r1.jpg p1.jpg>r2.jpg");
    assert_int_equal(set.count, 4);
    lk_eval_set_release(&set);
}

static void test_labelled(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_eval_set set;
    put(w, "b/1.jpg", "");
    put(w, "a/2.jpg", "");
    put(w, "t.csv", "file,label\nb/1.jpg,x\na/2.jpg,x\n");
    assert_ok(read_set(&set, w, "", NULL, &err));
    assert_true(set.is_labelled);
    assert_int_equal(set.classes, 2);
    assert_int_equal(set.labels[0], 0);
    assert_string_equal(name_at(&set, 1), "1.jpg");
    lk_eval_set_release(&set);
    assert_ok(read_set(&set, w, "t.csv", NULL, &err));
    assert_int_equal(set.classes, 1);
    lk_eval_set_release(&set);
    assert_refused(LK_E_USAGE, read_set(&set, w, "t.csv", "b", &err));
}

static void put_picture(const struct world *w, const char *below, int32_t seed) {
    char path[256];
    lk_error err;
    lk_image image;
    put(w, below, "");
    snprintf(path, sizeof path, "%s/%s", w->root, below);
    assert_ok(lk_image_new(&image, 64, 64, 1, 8, &err));
    for (int32_t i = 0; i < 64 * 64; i++) {
        int32_t x = i % 64 / 8, y = i / 64 / 8;
        image.data[i] = (uint8_t)((x * 37 + y * 101 + (x * y + seed) * seed * 29) % 251);
    }
    assert_ok(lk_image_save(&image, w->engine, path, &err));
    lk_image_release(&image);
}

/* What is held back is what the data set's split says, but for a near duplicate of the others. */
static void test_held(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_eval_set set;
    struct dataset d = {0};
    struct dataset_split split;
    char name[32];
    for (int32_t i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%c/%02d.png", i % 2 ? 'b' : 'a', (int)i);
        put_picture(w, name, i);
    }
    assert_ok(dataset_add(&d, w->root, DATASET_AUTO, &err));
    assert_ok(dataset_split(&split, &d, 0.3, 9, &err));
    assert_int_equal(split.validation_count, 6);
    for (int32_t copies = 0; copies < 2; copies++) {
        int32_t at = 0, first = split.validation[0], other = split.train[0];
        if (copies > 0) { /* the first that is held back becomes one of the others */
            lk_bytes bytes;
            assert_ok(file_read(&bytes, d.paths[other], 1 << 20, NULL, &err));
            assert_ok(file_write(d.paths[first], bytes.data, bytes.size, &err));
            lk_bytes_release(&bytes);
        }
        assert_ok(read_set(&set, w, "", NULL, &err));
        assert_ok(lk_eval_set_hold(&set, w->engine, 0.3, 9, &err));
        assert_int_equal(set.count, 6 - copies);
        assert_int_equal(set.classes, 2);
        for (int32_t i = copies; i < 6; i++, at++) {
            assert_string_equal(set.paths[at], d.paths[split.validation[i]]);
            assert_int_equal(set.labels[at], d.labels[split.validation[i]]);
        }
        assert_refused(LK_E_USAGE, lk_eval_set_hold(&set, w->engine, 0.95, 9, &err));
        assert_refused(LK_E_USAGE, lk_eval_set_hold(&set, w->engine, 0, 9, &err));
        lk_eval_set_release(&set);
    }
    /* Classes that are gone leave no numbers: what is left can be divided again. */
    put(w, "own.csv",
        "path,label\na/00.png,u\nb/01.png,v\na/02.png,w\nb/03.png,x\na/04.png,y\nb/05.png,z\n");
    assert_ok(read_set(&set, w, "own.csv", NULL, &err));
    for (int32_t times = 0; times < 2; times++) {
        assert_ok(lk_eval_set_hold(&set, w->engine, 0.5, 9, &err));
        assert_int_equal(set.classes, set.count);
        for (int32_t i = 0, seen = 0; i < set.count; i++) { /* each number once */
            assert_in_range(set.labels[i], 0, set.classes - 1);
            assert_false(seen & 1 << set.labels[i]);
            seen |= 1 << set.labels[i];
        }
    }
    lk_eval_set_release(&set);
    put(w, "t.csv", "photo,reference\np.jpg,r.jpg\n");
    assert_ok(read_set(&set, w, "t.csv", NULL, &err));
    assert_refused(LK_E_USAGE, lk_eval_set_hold(&set, w->engine, 0.3, 9, &err));
    lk_eval_set_release(&set);
    dataset_split_release(&split);
    dataset_release(&d);
}

static void test_refused(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_eval_set set;
    static const struct {
        const char *text, *names;
        lk_status status;
    } bad[] = {{"photo,other\na.jpg,b.jpg\n", "line 1", LK_E_CORRUPT},
               {"photo,reference\na.jpg,b.jpg\n,b.jpg\n", "line 3", LK_E_CORRUPT},
               {"photo,reference\na.jpg\n", "line 2", LK_E_CORRUPT},
               {"photo,reference\na.jpg,\n", "no photo with a reference", LK_E_USAGE},
               {"photo,reference\n", "no photo with a reference", LK_E_USAGE}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(w, "bad.csv", bad[i].text);
        assert_refused(bad[i].status, read_set(&set, w, "bad.csv", NULL, &err));
        assert_non_null(strstr(err.text, bad[i].names));
        assert_non_null(strstr(err.input, "bad.csv"));
        assert_null(set.paths);
    }
    assert_refused(LK_E_IO, read_set(&set, w, "gone.csv", NULL, &err));
    assert_refused(LK_E_IO, read_set(&set, w, "bad.csv", "gone", &err));
    assert_non_null(strstr(err.input, "gone"));
    assert_refused(LK_E_IO, read_set(&set, w, "bad.csv", "bad.csv", &err));
}

/* Vectors of two numbers, an angle a picture, in the order of the set's paths. */
static void test_missing(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_eval_set set;
    lk_evaluation e;
    put(w, "t.csv", "photo,reference\np1.jpg,r1.jpg\np2.jpg,r2.jpg\np3.jpg,r3.jpg\np4.jpg,\n");
    assert_ok(read_set(&set, w, "t.csv", NULL, &err));
    float v[7][2]; /* p1 p2 p3 p4 r1 r2 r3 */
    static const double angles[7] = {0.1, 1.1, 0.9, 0.5, 0, 1, 2};
    for (int32_t i = 0; i < 7; i++) {
        v[i][0] = (float)cos(angles[i]);
        v[i][1] = (float)sin(angles[i]);
    }
    const lk_vectors vectors = {v[0], 7, 2};
    assert_ok(lk_eval_set_evaluate(&e, w->engine, &set, &vectors, NULL, NULL, &err));
    assert_int_equal(e.recall.queries, 3);
    assert_int_equal(e.recall.left_out, 1);
    assert_true(fabs(e.recall.at[0].value - 2.0 / 3) < 1e-12);
    assert_int_equal(e.roc.genuine, 3);
    assert_int_equal(e.roc.impostors, 9);
    /* Without r3, p3 has nothing to find, and is no impostor either; without p1 there is one photo less. */
    bool have[7] = {false, true, true, true, true, true, false};
    v[0][0] = NAN; /* never looked at */
    assert_ok(lk_eval_set_evaluate(&e, w->engine, &set, &vectors, have, NULL, &err));
    assert_int_equal(e.recall.queries, 1);
    assert_int_equal(e.recall.left_out, 1);
    assert_true(e.recall.at[0].value == 1);
    assert_int_equal(e.roc.genuine, 1);
    assert_int_equal(e.roc.impostors, 3);
    have[1] = false;
    assert_refused(LK_E_USAGE,
                   lk_eval_set_evaluate(&e, w->engine, &set, &vectors, have, NULL, &err));
    assert_refused(LK_E_USAGE, lk_eval_set_evaluate(&e, w->engine, &set, &(lk_vectors){v[0], 6, 2},
                                                    NULL, NULL, &err));
    lk_eval_set_release(&set);
    put(w, "l.csv", "file,label\na.jpg,x\nb.jpg,x\nc.jpg,y\nd.jpg,y\n");
    assert_ok(read_set(&set, w, "l.csv", NULL, &err));
    const bool three[4] = {false, true, true, true};
    assert_ok(
        lk_eval_set_evaluate(&e, w->engine, &set, &(lk_vectors){v[0], 4, 2}, three, NULL, &err));
    assert_int_equal(e.recall.queries, 2);
    assert_int_equal(e.recall.left_out, 1);
    lk_eval_set_release(&set);
}

static void test_pixels(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_image image;
    float got[12];
    assert_ok(lk_image_new(&image, 4, 2, 3, 8, &err));
    for (int32_t y = 0; y < 2; y++) {
        for (int32_t i = 0; i < 12; i++) {
            image_row(&image, y)[i] = (uint8_t)(10 * y + 3 * (i / 6) + 40 * (i % 3));
        }
    }
    assert_ok(lk_pixels_embed(got, w->engine, &image, 2, &err));
    for (int32_t i = 0; i < 12; i++) {
        float level = (float)(10 * (i / 6) + 3 * (i / 3 % 2) + 40 * (i % 3));
        assert_true(got[i] == level - 46.5F);
    }
    assert_refused(LK_E_USAGE, lk_pixels_embed(got, w->engine, &image, 0, &err));
    assert_refused(LK_E_USAGE, lk_pixels_embed(got, w->engine, &image, 257, &err));
    lk_image_release(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_labelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pixels, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
