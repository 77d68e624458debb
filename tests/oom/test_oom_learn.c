/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets, evaluation, sheets, curves and training with each allocation failing in turn, as test_oom.c says. */
#include "tests/oom/oom_attempt.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
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
    char network[96], checkpoint[112];
    lk_bytes stopped; /* the checkpoint of a run that was stopped */
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

static lk_status run_held(struct world *w, uint64_t *digest, lk_error *err) {
    lk_eval_set set;
    lk_status status = lk_eval_set_read(&set, w->root, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    status = lk_eval_set_hold(&set, w->engine, 0.4, 3, err);
    for (int32_t i = 0; status == LK_OK && i < set.count; i++) {
        mix(digest, set.paths[i], strlen(set.paths[i]));
    }
    lk_eval_set_release(&set);
    return status;
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

static lk_status run_pixels(struct world *w, uint64_t *digest, lk_error *err) {
    float row[3 * 4 * 4];
    lk_image image;
    lk_status status = lk_image_load(&image, NULL, w->engine, w->paths[0], NULL, err);
    status = status == LK_OK ? lk_pixels_embed(row, w->engine, &image, 4, err) : status;
    if (status == LK_OK) {
        mix(digest, row, sizeof row);
    }
    lk_image_release(&image);
    return status;
}

static lk_status run_clean_view(struct world *w, uint64_t *digest, lk_error *err) {
    uint8_t view[3 * 20 * 24];
    lk_view_scratch *scratch;
    lk_image image;
    lk_status status = lk_image_load(&image, NULL, w->engine, w->paths[0], NULL, err);
    if (status == LK_OK) {
        status = lk_view_scratch_new(&scratch, err);
    }
    if (status == LK_OK) {
        status = lk_clean_view(view, 20, 24, scratch, &image, err);
        lk_view_scratch_free(scratch);
    }
    if (status == LK_OK) {
        mix(digest, view, sizeof view);
    }
    lk_image_release(&image);
    return status;
}

/* -- Training: a run of few steps; one that goes on with a checkpoint -- */

static lk_train_options small_run(lk_train_kind kind) {
    lk_train_options o = lk_train_options_default(kind);
    o.preset = kind == LK_TRAIN_AUTOENCODER ? "autoencoder" : "triplet-28";
    o.side = kind == LK_TRAIN_AUTOENCODER ? 16 : 8;
    o.batch = 4;
    o.epochs = 1;
    o.validation = 0.4;
    o.checkpoint_s = 1e-9; /* after each step */
    return o;
}

/* Stops after the first step. */
static void stop_soon(void *arg, const lk_train_state *s) {
    int *stop = arg;
    *stop = *stop || s->event == LK_TRAIN_STEP;
}

static lk_status train(struct world *w, const lk_train_options *o, uint64_t *digest,
                       lk_error *err) {
    const char *path = w->root;
    lk_status status = lk_train(NULL, w->engine, &path, 1, w->network, o, NULL, NULL, err);
    FILE *f = status == LK_OK ? fopen(w->network, "rb") : NULL;
    for (int c = f ? getc(f) : EOF; c != EOF; c = getc(f)) {
        mix(digest, &(uint8_t){(uint8_t)c}, 1);
    }
    if (f) {
        fclose(f);
    }
    return status;
}

static lk_status run_autoencoder(struct world *w, uint64_t *digest, lk_error *err) {
    const lk_train_options o = small_run(LK_TRAIN_AUTOENCODER);
    return train(w, &o, digest, err);
}

static lk_status run_triplet(struct world *w, uint64_t *digest, lk_error *err) {
    const lk_train_options o = small_run(LK_TRAIN_TRIPLET);
    return train(w, &o, digest, err);
}

static lk_status run_contrastive(struct world *w, uint64_t *digest, lk_error *err) {
    lk_train_options o = small_run(LK_TRAIN_CONTRASTIVE);
    o.instances = true;
    return train(w, &o, digest, err);
}

static lk_status run_resumed(struct world *w, uint64_t *digest, lk_error *err) {
    lk_train_options o = small_run(LK_TRAIN_TRIPLET);
    FILE *f = fopen(w->checkpoint, "wb"); /* the last run took it away */
    assert_non_null(f);
    assert_int_equal(fwrite(w->stopped.data, 1, w->stopped.size, f), w->stopped.size);
    assert_int_equal(fclose(f), 0);
    o.resume = true;
    return train(w, &o, digest, err);
}

static void make_checkpoint(struct world *w) {
    const lk_train_options o = small_run(LK_TRAIN_TRIPLET);
    const char *path = w->root;
    int stop = 0;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    lk_error err;
    options.threads = 1;
    options.stop = &stop;
    assert_ok(lk_engine_new(&engine, &options, &err));
    lk_status status = lk_train(NULL, engine, &path, 1, w->network, &o, stop_soon, &stop, &err);
    if (status != LK_E_CANCELLED) {
        fail_msg("%s: %s", lk_status_word(status), err.text);
    }
    lk_engine_free(engine);
    assert_ok(file_read(&w->stopped, w->checkpoint, 1 << 26, NULL, &err));
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
    snprintf(w.network, sizeof w.network, "%s.onnx", w.root);
    snprintf(w.checkpoint, sizeof w.checkpoint, "%s.checkpoint", w.network);
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
    make_checkpoint(&w);
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
    static const char *const left[] = {"", ".json", ".html", ".png", ".checkpoint"};
    for (size_t i = 0; i < ARRAY_COUNT(left); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", w->network, left[i]);
        unlink(path);
    }
    unlink(w->table);
    lk_bytes_release(&w->stopped);
    lk_engine_free(w->engine);
    return rmdir(w->root);
}

static void test_learn(void **state) {
    fail_each("csv", "", run_csv, *state);
    fail_each("dataset", "", run_dataset, *state);
    fail_each("evaluate", "labels", run_labels, *state);
    fail_each("evaluate", "pairs", run_pairs, *state);
    fail_each("evaluate", "held back", run_held, *state);
    fail_each("sheet", "reconstructions", run_reconstructions, *state);
    fail_each("curve", "", run_curve, *state);
    fail_each("pixels", "", run_pixels, *state);
    fail_each("view", "clean", run_clean_view, *state);
}

static void test_train(void **state) {
    fail_each("train", "autoencoder", run_autoencoder, *state);
    fail_each("train", "triplet", run_triplet, *state);
    fail_each("train", "contrastive", run_contrastive, *state);
    fail_each("train", "resumed", run_resumed, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_learn), cmocka_unit_test(test_train)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
