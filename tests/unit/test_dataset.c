/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled data: folders, flat folders and tables, their division, and pictures drawn here that lie on both sides of it. */
#include "tests/unit/harness.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
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
    lk_engine_options options = lk_engine_options_default();
    options.threads = 2;
    scratch_make(w->root, "dataset");
    assert_ok(lk_engine_new(&w->engine, &options, &err));
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

static void place(char *out, size_t size, const struct world *w, const char *below) {
    scratch_place(out, size, w->root, below);
}

static void put(const struct world *w, const char *below, const char *text) {
    char path[256];
    lk_error err;
    place(path, sizeof path, w, below);
    assert_ok(file_write(path, text, strlen(text), &err));
}

static lk_status add(struct dataset *d, const struct world *w, const char *below,
                     enum dataset_kind kind, lk_error *err) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", w->root, below);
    return dataset_add(d, path, kind, err);
}

/* Samples as `path:label `, paths below the root, and then the names of the classes. */
static void assert_samples(const struct world *w, const struct dataset *d, const char *wanted) {
    char got[1024] = "";
    size_t at = 0;
    for (int32_t i = 0; i < d->count; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, "%s:%d ",
                               d->paths[i] + strlen(w->root) + 1, (int)d->labels[i]);
    }
    for (int32_t i = 0; i < d->classes; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, "%s(%d)", d->names[i], (int)d->sizes[i]);
    }
    assert_string_equal(got, wanted);
}

static void test_folders(void **state) {
    const struct world *w = *state;
    lk_error err;
    struct dataset d = {0};
    put(w, "set/b/2.jpg", "");
    put(w, "set/b/deep/1.png", "");
    put(w, "set/b-c/3.JPG",
        ""); /* in byte order its path stands before those of b, its name behind */
    put(w, "set/a/notes.txt", "");
    assert_ok(add(&d, w, "set", DATASET_AUTO, &err));
    assert_samples(w, &d, "set/b-c/3.JPG:1 set/b/2.jpg:0 set/b/deep/1.png:0 b(2)b-c(1)");
    dataset_release(&d);
    assert_ok(add(&d, w, "set/", DATASET_CLASSES, &err));
    assert_samples(w, &d, "set/b-c/3.JPG:1 set/b/2.jpg:0 set/b/deep/1.png:0 b(2)b-c(1)");
    dataset_release(&d);
    assert_ok(add(&d, w, "set", DATASET_INSTANCES, &err));
    assert_samples(w, &d,
                   "set/b-c/3.JPG:0 set/b/2.jpg:1 set/b/deep/1.png:2 b-c/3.JPG(1)b/2.jpg(1)"
                   "b/deep/1.png(1)");
    dataset_release(&d);
    assert_ok(add(&d, w, "set/b-c", DATASET_AUTO, &err)); /* a flat folder */
    assert_ok(add(&d, w, "set/b", DATASET_INSTANCES, &err));
    assert_samples(
        w, &d, "set/b-c/3.JPG:0 set/b/2.jpg:1 set/b/deep/1.png:2 3.JPG(1)2.jpg(1)deep/1.png(1)");
    /* Pictures beside folders: refused, and what was there stays. */
    assert_refused(LK_E_USAGE, add(&d, w, "set/b", DATASET_AUTO, &err));
    assert_refused(LK_E_USAGE, add(&d, w, "set/b-c", DATASET_CLASSES, &err));
    assert_refused(LK_E_USAGE, add(&d, w, "set/a", DATASET_AUTO, &err)); /* no picture */
    assert_non_null(strstr(err.input, "set/a"));
    assert_refused(LK_E_IO, add(&d, w, "gone", DATASET_AUTO, &err));
    assert_int_equal(d.count, 3);
    assert_int_equal(d.classes, 3);
    dataset_release(&d);
}

static void test_tables(void **state) {
    const struct world *w = *state;
    lk_error err;
    struct dataset d = {0};
    put(w, "t/good.csv", "label,note,file\r\nz,,\"x, y.jpg\"\r\na,,b.jpg\r\nz,,../c.png\r\n");
    assert_ok(add(&d, w, "t/good.csv", DATASET_AUTO, &err));
    assert_samples(w, &d, "t/../c.png:1 t/b.jpg:0 t/x, y.jpg:1 a(1)z(2)");
    dataset_release(&d);
    assert_ok(add(&d, w, "t/good.csv", DATASET_INSTANCES, &err));
    assert_int_equal(d.classes, 3);
    dataset_release(&d);
    put(w, "t/absolute.csv", "path,class\n/pictures/1.jpg,one\n");
    assert_ok(add(&d, w, "t/absolute.csv", DATASET_AUTO, &err));
    assert_string_equal(d.paths[0], "/pictures/1.jpg");
    dataset_release(&d);

    static const struct {
        const char *text, *names;
        lk_status status;
    } bad[] = {{"file,label\na.jpg,x\nb.jpg,\n", "line 3", LK_E_CORRUPT},
               {"file,label\n,x\n", "line 2", LK_E_CORRUPT},
               {"file,label\na.jpg,x\nb.jpg,x\na.jpg,y\n", "line 4", LK_E_CORRUPT},
               {"file,label\na.jpg\n", "line 2", LK_E_CORRUPT},
               {"name,label\na.jpg,x\n", "path or file", LK_E_CORRUPT},
               {"file,kind\na.jpg,x\n", "label or class", LK_E_CORRUPT},
               {"file,label\n", "no pictures", LK_E_USAGE}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(w, "t/bad.csv", bad[i].text);
        assert_refused(bad[i].status, add(&d, w, "t/bad.csv", DATASET_AUTO, &err));
        assert_non_null(strstr(err.text, bad[i].names));
        assert_non_null(strstr(err.input, "t/bad.csv"));
    }
    assert_int_equal(d.count, 0);
    dataset_release(&d);
}

/* A data set without files: class i has sizes[i] samples. */
static void invent(struct dataset *d, const int32_t *sizes, int32_t classes) {
    *d = (struct dataset){.classes = classes};
    for (int32_t i = 0; i < classes; i++) {
        d->count += sizes[i];
    }
    d->paths = mem_calloc((size_t)d->count, sizeof *d->paths);
    d->labels = mem_calloc((size_t)d->count, sizeof *d->labels);
    d->names = mem_calloc((size_t)classes, sizeof *d->names);
    d->sizes = mem_calloc((size_t)classes, sizeof *d->sizes);
    for (int32_t i = 0, at = 0; i < classes; i++) {
        d->sizes[i] = sizes[i];
        for (int32_t k = 0; k < sizes[i]; k++) {
            d->labels[at++] = i;
        }
    }
}

/* Every sample on one side, in order; counts of validation a class into got. */
static void check_split(int32_t *got, const struct dataset *d, const struct dataset_split *s) {
    int32_t t = 0, v = 0;
    memset(got, 0, (size_t)d->classes * sizeof *got);
    for (int32_t i = 0; i < d->count; i++) {
        bool training = t < s->train_count && s->train[t] == i;
        bool validation = v < s->validation_count && s->validation[v] == i;
        assert_true(training != validation);
        t += training;
        v += validation;
        got[d->labels[i]] += validation;
    }
    assert_int_equal(t, s->train_count);
    assert_int_equal(v, s->validation_count);
}

static void test_split(void **state) {
    (void)state;
    static const int32_t sizes[] = {30, 4, 5, 10, 3, 1, 2, 1, 1};
    lk_error err;
    struct dataset d;
    struct dataset_split s, again;
    int32_t got[9], seen[9] = {0};
    invent(&d, sizes, 9);
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_ok(dataset_split(&s, &d, 0.2, seed, &err));
        check_split(got, &d, &s);
        assert_int_equal(got[0], 6);
        assert_int_equal(got[1], 2);
        assert_int_equal(got[2], 2);
        assert_int_equal(got[3], 2);
        int32_t whole = 0;
        for (int32_t i = 4; i < 9; i++) {
            assert_true(got[i] == 0 || got[i] == sizes[i]);
            whole += got[i] > 0;
            seen[i] += got[i] > 0;
        }
        assert_int_equal(whole, 1); /* a fifth of five */
        assert_ok(dataset_split(&again, &d, 0.2, seed, &err));
        assert_int_equal(again.train_count, s.train_count);
        assert_memory_equal(again.train, s.train, (size_t)s.train_count * sizeof *s.train);
        dataset_split_release(&again);
        dataset_split_release(&s);
    }
    assert_true(seen[4] > 0 && seen[5] > 0 && seen[6] > 0 && seen[7] > 0 && seen[8] > 0);
    assert_ok(dataset_split(&s, &d, 0.9, 1, &err));
    check_split(got, &d, &s);
    assert_int_equal(got[0], 27);
    assert_int_equal(got[1], 2); /* two stay */
    dataset_split_release(&s);
    assert_ok(dataset_split(&s, &d, 0, 1, &err));
    assert_int_equal(s.validation_count, 0);
    assert_int_equal(s.train_count, d.count);
    dataset_split_release(&s);
    assert_refused(LK_E_USAGE, dataset_split(&s, &d, 0.95, 1, &err));
    assert_refused(LK_E_USAGE, dataset_split(&s, &d, -0.1, 1, &err));
    dataset_release(&d);
    invent(&d, (int32_t[]){3}, 1);
    assert_refused(LK_E_USAGE, dataset_split(&s, &d, 0.2, 1, &err));
    dataset_release(&d);
}

/* -- Leaks -- */

static void draw(lk_image *out, uint64_t seed) {
    lk_error err;
    struct rng r;
    rng_init(&r, seed);
    assert_ok(lk_image_new(out, 160, 120, 3, 8, &err));
    memset(out->data, 200, out->stride * 120);
    for (int32_t i = 0; i < 200; i++) {
        int32_t w = 4 + (int32_t)rng_below(&r, 40), h = 4 + (int32_t)rng_below(&r, 40);
        int32_t x = (int32_t)rng_below(&r, (uint32_t)(160 - w)),
                y = (int32_t)rng_below(&r, (uint32_t)(120 - h));
        uint8_t level = (uint8_t)rng_below(&r, 256);
        for (int32_t j = y; j < y + h; j++) {
            memset(image_row(out, j) + 3 * x, level, 3 * (size_t)w);
        }
    }
}

static void save(const struct world *w, const char *below, const lk_image *image) {
    char path[256];
    lk_error err;
    place(path, sizeof path, w, below);
    assert_ok(lk_image_save(image, w->engine, path, &err));
}

/* Twelve pictures; 3 again as JPEG, 5 again to the byte, and two plain ones that are equal or nearly. */
static void make_pictures(const struct world *w) {
    lk_error err;
    for (int32_t i = 0; i < 12; i++) {
        char name[32];
        lk_image image;
        snprintf(name, sizeof name, "%02d.png", (int)i);
        draw(&image, (uint64_t)i);
        save(w, name, &image);
        if (i == 3) {
            save(w, "a3.jpg", &image);
        }
        if (i == 5) {
            save(w, "a5.png", &image);
        }
        lk_image_release(&image);
    }
    for (int32_t i = 0; i < 3; i++) {
        static const char *const names[] = {"plain0.png", "plain1.png", "plain2.png"};
        lk_image image;
        assert_ok(lk_image_new(&image, 64, 64, 3, 8, &err));
        memset(image.data, i == 2 ? 90 : 50, image.stride * 64);
        save(w, names[i], &image);
        lk_image_release(&image);
    }
    put(w, "broken.png", "this is no picture");
}

static int32_t sample_of(const struct dataset *d, const char *name) {
    for (int32_t i = 0; i < d->count; i++) {
        if (strcmp(d->names[d->labels[i]], name) == 0) {
            return i;
        }
    }
    fail_msg("%s is not in the data set", name);
    return -1;
}

/* Numbered pictures and plain0 against the rest. */
static void divide(struct dataset_split *s, const struct dataset *d) {
    *s = (struct dataset_split){mem_alloc(32, sizeof *s->train),
                                mem_alloc(32, sizeof *s->validation), 0, 0};
    for (int32_t i = 0; i < d->count; i++) {
        const char *name = d->names[d->labels[i]];
        if (name[0] < 'a' || strcmp(name, "plain0.png") == 0) {
            s->train[s->train_count++] = i;
        } else {
            s->validation[s->validation_count++] = i;
        }
    }
}

static void test_leaks(void **state) {
    const struct world *w = *state;
    lk_error err;
    struct dataset d = {0};
    struct dataset_split s;
    struct dataset_leaks l;
    make_pictures(w);
    assert_ok(add(&d, w, "", DATASET_AUTO, &err));
    divide(&s, &d);
    assert_ok(dataset_leaks(&l, w->engine, &d, &s, &err));
    assert_int_equal(l.unread, 1);
    assert_int_equal(l.found, 3);
    assert_int_equal(l.count, 3);
    static const struct {
        const char *train, *validation;
        bool identical;
    } wanted[] = {
        {"03.png", "a3.jpg", false},
        {"05.png", "a5.png", true},
        {"plain0.png", "plain1.png", true}}; /* plain2 has the hash, which means nothing */
    for (int32_t i = 0; i < 3; i++) {
        assert_int_equal(l.pairs[i].train, sample_of(&d, wanted[i].train));
        assert_int_equal(l.pairs[i].validation, sample_of(&d, wanted[i].validation));
        assert_int_equal(l.pairs[i].identical, wanted[i].identical);
        assert_in_range(l.pairs[i].distance, 0, wanted[i].identical ? 0 : 31);
        assert_true(l.leaked[l.pairs[i].validation]);
    }
    int32_t leaked = 0;
    for (int32_t i = 0; i < d.count; i++) {
        leaked += l.leaked[i];
    }
    assert_int_equal(leaked, 3);
    dataset_leaks_release(&l);
    s.validation_count = 0; /* nothing can have leaked: nothing is decoded */
    assert_ok(dataset_leaks(&l, w->engine, &d, &s, &err));
    assert_int_equal(l.unread, 0);
    assert_int_equal(l.found, 0);
    dataset_leaks_release(&l);
    dataset_split_release(&s);
    dataset_release(&d);
}

/* Bursts of one picture: more pairs than are recorded, and every one that leaked is known all the same. */
static void test_many_leaks(void **state) {
    enum { SIDE_COUNT = 320, COUNT = 2 * SIDE_COUNT };
    const struct world *w = *state;
    lk_error err;
    lk_image image;
    struct dataset d = {0};
    struct dataset_leaks l;
    char first[256], path[256];
    int32_t samples[COUNT];
    const struct dataset_split s = {samples, samples + SIDE_COUNT, SIDE_COUNT, SIDE_COUNT};
    assert_ok(lk_image_new(&image, 16, 16, 1, 8, &err));
    memset(image.data, 9, 256);
    save(w, "000.png", &image);
    lk_image_release(&image);
    place(first, sizeof first, w, "000.png");
    for (int32_t i = 0; i < COUNT; i++) {
        samples[i] = i;
        snprintf(path, sizeof path, "%s/%03d.png", w->root, (int)i);
        assert_true(i == 0 || link(first, path) == 0);
    }
    assert_ok(add(&d, w, "", DATASET_AUTO, &err));
    assert_ok(dataset_leaks(&l, w->engine, &d, &s, &err));
    assert_int_equal(l.count, DATASET_LEAKS_MAX);
    assert_int_equal(l.found, SIDE_COUNT * SIDE_COUNT);
    for (int32_t i = 0; i < COUNT; i++) {
        assert_int_equal(l.leaked[i], i >= SIDE_COUNT);
    }
    dataset_leaks_release(&l);
    dataset_release(&d);
}

static void test_cancelled(void **state) {
    const struct world *w = *state;
    lk_error err;
    struct dataset d = {0};
    struct dataset_split s;
    struct dataset_leaks l;
    int stop = 1;
    lk_engine_options options = lk_engine_options_default();
    lk_engine *engine;
    options.stop = &stop;
    assert_ok(lk_engine_new(&engine, &options, &err));
    make_pictures(w);
    assert_ok(add(&d, w, "", DATASET_AUTO, &err));
    divide(&s, &d);
    assert_refused(LK_E_CANCELLED, dataset_leaks(&l, engine, &d, &s, &err));
    assert_null(l.pairs);
    dataset_split_release(&s);
    dataset_release(&d);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tables, set_up, tear_down),
        cmocka_unit_test(test_split),
        cmocka_unit_test_setup_teardown(test_leaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_leaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
