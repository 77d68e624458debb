/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets, evaluation, sheets and curves with each allocation failing in turn, as test_oom.c says. */
#include "tests/oom/oom_attempt.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "image/image.h"
#include "learn/curve.h"
#include "learn/dataset.h"
#include "learn/sheet.h"

enum { PICTURES = 12, DIM = 5 };

/* A folder with two classes of pictures, and a table of pairs. */
struct world {
    char root[64], table[96], paths[PICTURES][96];
    lk_engine *engine;
    float vectors[PICTURES * DIM];
};

static lk_status run_csv(struct world *w, uint64_t *digest, lk_error *err) {
    struct csv csv;
    lk_status status = csv_read(&csv, w->table, err);
    for (int32_t i = 0; status == LK_OK && i < csv.rows; i++) {
        mix(digest, csv_at(&csv, i, 0), strlen(csv_at(&csv, i, 0)));
    }
    csv_release(&csv);
    return status;
}

static lk_status run_dataset(struct world *w, uint64_t *digest, lk_error *err) {
    struct dataset d = {0};
    struct dataset_split split = {0};
    struct dataset_leaks leaks = {0};
    lk_status status = dataset_add(&d, w->root, DATASET_AUTO, err);
    status = status == LK_OK ? dataset_split(&split, &d, 0.4, 3, err) : status;
    status = status == LK_OK ? dataset_leaks(&leaks, w->engine, &d, &split, err) : status;
    if (status == LK_OK) {
        mix(digest, split.train, (size_t)split.train_count * sizeof *split.train);
        mix(digest, leaks.pairs, (size_t)leaks.count * sizeof *leaks.pairs);
        mix(digest, &leaks.unread, sizeof leaks.unread);
    }
    dataset_leaks_release(&leaks);
    dataset_split_release(&split);
    dataset_release(&d);
    return status;
}

/* Figures and a sheet of a set read from path. */
static lk_status evaluate_set(struct world *w, const char *path, uint64_t *digest, lk_error *err) {
    const lk_evaluate_options options = {5, 1};
    lk_eval_set set;
    lk_evaluation e;
    lk_image sheet = {0};
    lk_status status = lk_eval_set_read(&set, path, NULL, err);
    const lk_vectors vectors = {w->vectors, set.count, DIM};
    status = status == LK_OK
                 ? lk_eval_set_evaluate(&e, w->engine, &set, &vectors, NULL, &options, err)
                 : status;
    status = status == LK_OK ? lk_eval_set_sheet(&sheet, w->engine, &set, &vectors, NULL, 2, 2, err)
                             : status;
    if (status == LK_OK) {
        mix(digest, &e.recall, sizeof e.recall);
        mix(digest, &e.roc.area, sizeof e.roc.area);
        mix(digest, sheet.data, sheet.stride * (size_t)sheet.height);
    }
    lk_image_release(&sheet);
    lk_eval_set_release(&set);
    return status;
}

static lk_status run_labels(struct world *w, uint64_t *digest, lk_error *err) {
    return evaluate_set(w, w->root, digest, err);
}

static lk_status run_pairs(struct world *w, uint64_t *digest, lk_error *err) {
    return evaluate_set(w, w->table, digest, err);
}

static lk_status run_reconstructions(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image a[2] = {{0}, {0}}, sheet = {0};
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < 2; i++) {
        status = lk_image_load(&a[i], NULL, w->engine, w->paths[i], NULL, err);
    }
    status = status == LK_OK ? sheet_reconstructions(&sheet, w->engine, "two", &a[0], &a[1], 1, err)
                             : status;
    if (status == LK_OK) {
        mix(digest, sheet.data, sheet.stride * (size_t)sheet.height);
    }
    lk_image_release(&a[0]);
    lk_image_release(&a[1]);
    lk_image_release(&sheet);
    return status;
}

static lk_status run_curve(struct world *w, uint64_t *digest, lk_error *err) {
    (void)w;
    const struct curve_point points[] = {{1, 2, 2, 0.1, 0.2, 0.3, 1, 9},
                                         {2, 1, 1, 0.2, 0.3, 0.4, 1, 9}};
    const struct curve_page page = {.title = "t", .points = points, .point_count = 2};
    lk_bytes out;
    lk_status status = curve_html(&out, &page, err);
    mix(digest, out.data, out.size);
    lk_bytes_release(&out);
    return status;
}

static void make_picture(struct world *w, int32_t i) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, 48, 40, 3, 8, &err));
    for (int32_t y = 0; y < 40; y++) {
        for (int32_t x = 0; x < 144; x++) {
            int32_t kind = i % 5; /* so that some are equal */
            image_row(&image, y)[x] =
                (uint8_t)(x * (kind + 2) + y * (7 - kind) + x * y / (kind + 1));
        }
    }
    snprintf(w->paths[i], sizeof w->paths[i], "%s/%c/%02d.png", w->root, i % 2 ? 'b' : 'a', (int)i);
    assert_ok(lk_image_save(&image, w->engine, w->paths[i], &err));
    lk_image_release(&image);
}

static int make_world(void **state) {
    static struct world w;
    lk_error err;
    char text[2048];
    size_t at = 0;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1; /* so that the n-th allocation is the same one each time */
    assert_ok(lk_engine_new(&w.engine, &options, &err));
    snprintf(w.root, sizeof w.root, "/tmp/likeness-oom-XXXXXX");
    assert_non_null(mkdtemp(w.root));
    snprintf(w.table, sizeof w.table, "%s.csv", w.root);
    for (int32_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s/%c", w.root, 'a' + (int)i);
        assert_int_equal(mkdir(text, 0777), 0);
    }
    at = (size_t)snprintf(text, sizeof text, "photo,reference\n");
    for (int32_t i = 0; i < PICTURES; i++) {
        make_picture(&w, i);
        if (i > 1) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s,%s\n", w.paths[i],
                                   w.paths[i % 2]);
        }
    }
    for (int32_t i = 0; i < PICTURES * DIM; i++) {
        w.vectors[i] = (float)(i * 37 % 23) - 11;
    }
    assert_ok(file_write(w.table, text, at, &err));
    *state = &w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    char folder[96];
    for (int32_t i = 0; i < PICTURES; i++) {
        unlink(w->paths[i]);
    }
    for (int32_t i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/%c", w->root, 'a' + (int)i);
        rmdir(folder);
    }
    unlink(w->table);
    lk_engine_free(w->engine);
    return rmdir(w->root);
}

static void test_learn(void **state) {
    fail_each("csv", "", run_csv, *state);
    fail_each("dataset", "", run_dataset, *state);
    fail_each("evaluate", "labels", run_labels, *state);
    fail_each("evaluate", "pairs", run_pairs, *state);
    fail_each("sheet", "reconstructions", run_reconstructions, *state);
    fail_each("curve", "", run_curve, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_learn)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
