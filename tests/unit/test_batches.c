/* SPDX-License-Identifier: Apache-2.0 */
/* What a network sees while it learns: pictures read from files, the samples of each step, and batches of their views. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "image/image.h"
#include "learn/sampler.h"
#include "tests/unit/pattern.h"

enum { SAMPLES = 7, SIDE = 40 };

/* A picture each, and to which class it belongs. */
struct world {
    lk_engine *engine;
    lk_image images[SAMPLES];
    int32_t labels[SAMPLES], sizes[3], all[SAMPLES];
    struct dataset d;
    struct pictures pictures;
};

static int make_world(void **state) {
    static struct world w;
    lk_error err;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 2;
    assert_ok(lk_engine_new(&w.engine, &options, &err));
    for (int32_t i = 0; i < SAMPLES; i++) {
        assert_ok(lk_image_new(&w.images[i], SIDE + i, SIDE, 3, 8, &err));
        pattern_fill(&w.images[i], (uint32_t)i, 40);
        w.labels[i] = i % 3 == 2 ? 2 : i / 4; /* 0 0 2 0 1 2 1 */
        w.sizes[w.labels[i]]++;
        w.all[i] = i;
    }
    w.d = (struct dataset){.labels = w.labels, .sizes = w.sizes, .count = SAMPLES, .classes = 3};
    w.pictures = (struct pictures){.images = w.images, .count = SAMPLES};
    *state = &w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    for (int32_t i = 0; i < SAMPLES; i++) {
        lk_image_release(&w->images[i]);
    }
    lk_engine_free(w->engine);
    return 0;
}

static const struct sampler_options in_pairs = {
    .groups = 2, .group_size = 2, .difficulty = 0.5, .clean = 0.5, .seed = 3};

/* -- Which samples -- */

static void test_groups(void **state) {
    struct world *w = *state;
    lk_error err;
    struct sampler *s;
    struct view views[4] = {0}, again[4] = {0}; /* compared with what lies between their members */
    bool first[SAMPLES] = {false};
    assert_ok(sampler_new(&s, &w->d, w->all, SAMPLES, &in_pairs, &err));
    assert_int_equal(sampler_epoch(s), 3);
    for (int64_t step = 0; step < 3; step++) {
        sampler_plan(s, step, views, 4);
        for (int32_t i = 0; i < 4; i++) {
            const struct view *v = &views[i];
            assert_int_equal(v->label, w->labels[v->sample]);
            assert_true(v->difficulty <= 0.5);
            if (i % 2 == 0) {
                assert_false(first[v->sample]); /* once an epoch */
                first[v->sample] = true;
            } else { /* another picture of the class */
                assert_int_equal(v->label, views[i - 1].label);
                assert_int_not_equal(v->sample, views[i - 1].sample);
            }
        }
    }
    /* A step is the same whenever it is asked: after a later one, of another epoch. */
    sampler_plan(s, 1, views, 4);
    sampler_plan(s, 5, again, 4);
    sampler_plan(s, 1, again, 4);
    assert_memory_equal(views, again, sizeof views);
    sampler_free(s);
}

static void test_instances(void **state) {
    struct world *w = *state;
    lk_error err;
    struct sampler *s;
    struct view views[6];
    struct sampler_options o = in_pairs;
    o.instances = true;
    o.group_size = 3;
    o.clean = 1;
    assert_ok(sampler_new(&s, &w->d, w->all, SAMPLES, &o, &err));
    sampler_plan(s, 0, views, 6);
    for (int32_t i = 0; i < 6; i++) {
        assert_int_equal(views[i].sample, views[i / 3 * 3].sample);
        assert_int_equal(views[i].label, views[i].sample);
        assert_true(i % 3 == 0 ? views[i].difficulty < 0 : views[i].difficulty >= 0);
    }
    assert_true(views[0].seed != views[1].seed);
    sampler_free(s);
}

/* Different pictures of a class may all be seen as they are. */
static void test_clean_classes(void **state) {
    struct world *w = *state;
    lk_error err;
    struct sampler *s;
    struct view views[4];
    struct sampler_options o = in_pairs;
    int32_t both = 0;
    o.clean = 1;
    assert_ok(sampler_new(&s, &w->d, w->all, SAMPLES, &o, &err));
    for (int64_t step = 0; step < 20; step++) {
        sampler_plan(s, step, views, 4);
        for (int32_t i = 0; i < 4; i += 2) {
            bool one = views[i].sample == views[i + 1].sample;
            assert_true(views[i].difficulty < 0);
            assert_true(one == (views[i + 1].difficulty >= 0));
            both += !one;
        }
    }
    assert_true(both > 0);
    sampler_free(s);
}

/* Half of the views, and all else of them as it was. */
static void test_mirrored(void **state) {
    struct world *w = *state;
    lk_error err;
    struct sampler *s;
    struct view views[4];
    struct sampler_options o = in_pairs;
    int32_t mirrored = 0;
    o.mirror = 0.5;
    assert_ok(sampler_new(&s, &w->d, w->all, SAMPLES, &o, &err));
    for (int64_t step = 0; step < 100; step++) {
        sampler_plan(s, step, views, 4);
        for (int32_t i = 0; i < 4; i++) {
            mirrored += views[i].mirrored;
        }
    }
    assert_in_range(mirrored, 160, 240);
    sampler_free(s);
}

static void test_nothing_to_learn(void **state) {
    struct world *w = *state;
    lk_error err;
    struct sampler *s;
    static const int32_t of_one_class[] = {0, 1, 3};
    struct sampler_options o = in_pairs;
    assert_refused(LK_E_USAGE, sampler_new(&s, &w->d, of_one_class, 3, &o, &err));
    assert_says(&err, "of one class");
    assert_refused(LK_E_USAGE, sampler_new(&s, &w->d, w->all, 0, &o, &err));
    o.instances = true;
    assert_ok(sampler_new(&s, &w->d, of_one_class, 3, &o, &err));
    sampler_free(s);
    o.groups = 8;
    assert_refused(LK_E_USAGE, sampler_new(&s, &w->d, w->all, SAMPLES, &o, &err));
    assert_says(&err, "7 pictures to learn from, and a step takes 8 of them");
    assert_says(&err, "14 views at most");
}

/* -- Batches -- */

static struct batches *batches_of(struct world *w, struct sampler *s, int32_t threads,
                                  int64_t first_step) {
    lk_error err;
    struct batches *b;
    const struct batches_options o = {
        .input = {.width = 24, .height = 20, .mean = {1, 2, 3}, .scale = {2, 4, 8}},
        .rows = 4,
        .threads = threads,
        .first_step = first_step,
        .plan = sampler_plan,
        .arg = s};
    assert_ok(batches_new(&b, &w->pictures, &o, &err));
    return b;
}

/* The same batches by one thread and by three, from the beginning and from a later step. */
static void test_batches(void **state) {
    enum { NUMBERS = 4 * 24 * 20 * 3, STEPS = 9 };
    struct world *w = *state;
    static float seen[STEPS][NUMBERS];
    lk_error err;
    struct batch batch;
    double waited;
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        struct sampler *s;
        int64_t from = threads == 1 ? 0 : 4;
        assert_ok(sampler_new(&s, &w->d, w->all, SAMPLES, &in_pairs, &err));
        struct batches *b = batches_of(w, s, threads, from);
        for (int64_t step = from; step < STEPS; step++) {
            assert_ok(batches_next(&batch, &waited, b, &err));
            assert_true(waited >= 0);
            if (threads == 1) {
                memcpy(seen[step], batch.input, sizeof seen[step]);
            }
            assert_memory_equal(seen[step], batch.input, sizeof seen[step]);
        }
        batches_free(b);
        sampler_free(s);
    }
    float largest = (255.0F - 1) / 2;
    for (int32_t i = 0; i < NUMBERS; i++) {
        assert_true(seen[0][i] >= -0.5F && seen[0][i] <= largest);
    }
}

/* A mirrored view has its columns the other way round; an original is the picture as it is, whatever the view. */
static void test_viewer(void **state) {
    enum { WIDTH = 24, HEIGHT = 20 };
    struct world *w = *state;
    static float seen[3 * WIDTH * HEIGHT], mirrored[3 * WIDTH * HEIGHT],
        original[3 * WIDTH * HEIGHT];
    lk_error err;
    struct viewer *v;
    struct view view = {.sample = 2, .seed = 5, .difficulty = 0.5};
    const struct view_input input = {.width = WIDTH, .height = HEIGHT, .scale = {255, 255, 255}};
    assert_ok(viewer_new(&v, &input, &err));
    for (int32_t photo = 0; photo < 2; photo++) {
        view.difficulty = photo ? 0.5 : -1;
        view.mirrored = false;
        assert_ok(viewer_make(seen, v, &w->pictures, &view, &err));
        view.mirrored = true;
        assert_ok(viewer_make(mirrored, v, &w->pictures, &view, &err));
        for (int32_t i = 0; i < 3 * WIDTH * HEIGHT; i++) {
            int32_t c = i % 3, x = i / 3 % WIDTH, y = i / 3 / WIDTH;
            assert_true(mirrored[i] == seen[3 * (y * WIDTH + WIDTH - 1 - x) + c]);
        }
        view.mirrored = false;
        assert_ok(viewer_original(original, v, &w->pictures, &view, &err));
        for (int32_t i = 0; !photo && i < 3 * WIDTH * HEIGHT; i++) {
            assert_true(original[i % 3 * WIDTH * HEIGHT + i / 3] == seen[i]);
        }
    }
    bool differs = false; /* the photo is not the picture */
    for (int32_t i = 0; i < 3 * WIDTH * HEIGHT; i++) {
        differs |= original[i % 3 * WIDTH * HEIGHT + i / 3] != seen[i];
    }
    assert_true(differs);
    viewer_free(v);
}

/* What cannot be photographed is said by batches_next, not by a run that never ends; and a ring that is not used up ends. */
static void test_batches_end(void **state) {
    struct world *w = *state;
    lk_error err = {0};
    struct sampler *s;
    struct batch batch;
    double waited;
    lk_image whole = w->images[3];
    lk_status status = LK_OK;
    assert_ok(sampler_new(&s, &w->d, w->all, SAMPLES, &in_pairs, &err));
    batches_free(batches_of(w, s, 2, 0));
    w->images[3].height = 8;
    struct batches *b = batches_of(w, s, 2, 0);
    for (int32_t i = 0; i < 20 && status == LK_OK; i++) {
        status = batches_next(&batch, &waited, b, &err);
    }
    assert_int_equal(status, LK_E_USAGE);
    assert_says(&err, "at least 16 x 16 pixels");
    batches_free(b);
    w->images[3] = whole;
    sampler_free(s);
}

/* -- Pictures -- */

struct file_row {
    const char *name;
    int32_t width, height, channels, depth;
    bool used;
};

static const struct file_row files[] = {
    {"gray.png", 60, 50, 1, 8, true},   {"deep.png", 30, 300, 3, 16, true},
    {"clear.png", 90, 16, 4, 8, true},  {"banner.jpg", 1600, 33, 3, 8, true},
    {"thin.png", 200, 15, 3, 8, false}, {"dot.png", 1, 1, 3, 8, false},
};

enum { FILES = ARRAY_COUNT(files) };

/* Twelve of 24 x 20 and 90 x 16 pixels: 34,560 bytes. What is said to raise the limit does. */
static void check_limit(char paths[FILES + 1][96]) {
    lk_error err;
    struct pictures p;
    char *many[12];
    for (size_t i = 0; i < 12; i++) {
        many[i] = paths[i % 2 * 2];
    }
    const struct dataset d = {.paths = many, .count = 12};
    lk_engine_options options = lk_engine_options_default();
    for (int32_t enough = 0; enough < 2; enough++) {
        lk_engine *engine;
        options.limits.memory_bytes = enough ? 40000 : 30000;
        assert_ok(lk_engine_new(&engine, &options, &err));
        if (enough) {
            assert_ok(pictures_load(&p, engine, &d, 20, 1000, &err));
            pictures_release(&p);
        } else {
            assert_refused(LK_E_LIMIT, pictures_load(&p, engine, &d, 20, 1000, &err));
            assert_string_equal(err.limit, "memory_bytes");
        }
        lk_engine_free(engine);
    }
}

/* Of every kind that a folder of people's pictures holds: RGB of 8 bits, the shorter side reduced to 20. */
static void test_pictures(void **state) {
    struct world *w = *state;
    lk_error err;
    char root[] = "/tmp/likeness-batches-XXXXXX", paths[FILES + 1][96], *list[FILES + 1];
    struct pictures p;
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < FILES + 1; i++) {
        const struct file_row *f = &files[i % FILES];
        lk_image image;
        snprintf(paths[i], sizeof paths[i], "%s/%s", root, i < FILES ? f->name : "missing.png");
        list[i] = paths[i];
        if (i < FILES) {
            assert_ok(lk_image_new(&image, f->width, f->height, f->channels, f->depth, &err));
            memset(image.data, 99, image.stride * (size_t)image.height);
            assert_ok(lk_image_save(&image, w->engine, paths[i], &err));
            lk_image_release(&image);
        }
    }
    struct dataset d = {.paths = list, .count = FILES + 1};
    assert_ok(pictures_load(&p, w->engine, &d, 20, 1 << 24, &err));
    assert_int_equal(p.unread, 3);
    assert_string_equal(p.first.input, paths[4]);
    assert_says(&p.first, "200 x 15 pixels; 16 x 16 are the least");
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(p.images[i].data != NULL, files[i].used);
        assert_true(!files[i].used || (p.images[i].channels == 3 && p.images[i].bit_depth == 8));
        int32_t least = MIN(files[i].width, files[i].height);
        assert_true(!files[i].used || MIN(p.images[i].width, p.images[i].height) == MIN(least, 20));
    }
    pictures_release(&p);
    d.paths = &list[4];
    d.count = 3;
    assert_refused(LK_E_USAGE, pictures_load(&p, w->engine, &d, 20, 1 << 24, &err));
    assert_says(&err, "not one of 3 pictures can be used");
    assert_string_equal(err.input, paths[4]);
    check_limit(paths);
    for (size_t i = 0; i < FILES; i++) {
        unlink(paths[i]);
    }
    assert_int_equal(rmdir(root), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_clean_classes), cmocka_unit_test(test_nothing_to_learn),
        cmocka_unit_test(test_mirrored),      cmocka_unit_test(test_viewer),
        cmocka_unit_test(test_batches),       cmocka_unit_test(test_batches_end),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
