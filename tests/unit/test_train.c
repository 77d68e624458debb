/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs on few small pictures: the same file whether stopped and gone on with or not, wherever the stop comes; what is left
 * behind; checkpoints that are damaged or of another run. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/image.h"
#include "learn/train_run.h"
#include "tests/unit/pattern.h"

enum { PICTURES = 14, DIGEST = 64 };

struct world {
    char root[64], paths[PICTURES][96], out[96], checkpoint[112];
    lk_engine *engine;
    int stop; /* the engine's */
    lk_train_options options;
};

static int make_world(void **state) {
    static struct world w;
    lk_error err;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 2;
    options.stop = &w.stop;
    assert_ok(lk_engine_new(&w.engine, &options, &err));
    snprintf(w.root, sizeof w.root, "/tmp/likeness-train-XXXXXX");
    assert_non_null(mkdtemp(w.root));
    snprintf(w.out, sizeof w.out, "%s.onnx", w.root);
    snprintf(w.checkpoint, sizeof w.checkpoint, "%s.checkpoint", w.out);
    for (int32_t i = 0; i < PICTURES; i++) {
        lk_image image;
        char folder[80];
        snprintf(folder, sizeof folder, "%s/%c", w.root, 'a' + (int)(i % 2));
        mkdir(folder, 0777);
        snprintf(w.paths[i], sizeof w.paths[i], "%s/%02d.png", folder, (int)i);
        assert_ok(lk_image_new(&image, 40, 44, 3, 8, &err));
        pattern_fill(&image, (uint32_t)i, 60);
        assert_ok(lk_image_save(&image, w.engine, w.paths[i], &err));
        lk_image_release(&image);
    }
    w.options = lk_train_options_default(LK_TRAIN_TRIPLET);
    w.options.preset = "triplet-28";
    w.options.side = 8;
    w.options.epochs = 2;
    w.options.batch = 6;
    w.options.validation = 0.3;
    *state = &w;
    return 0;
}

static void forget_run(const struct world *w) {
    static const char *const left[] = {"", ".json", ".html", ".png", ".checkpoint"};
    for (size_t i = 0; i < ARRAY_COUNT(left); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", w->out, left[i]);
        unlink(path);
    }
}

static int free_world(void **state) {
    struct world *w = *state;
    forget_run(w);
    for (int32_t i = 0; i < PICTURES; i++) {
        unlink(w->paths[i]);
    }
    for (int32_t i = 0; i < 2; i++) {
        char folder[80];
        snprintf(folder, sizeof folder, "%s/%c", w->root, 'a' + (int)i);
        rmdir(folder);
    }
    lk_engine_free(w->engine);
    return rmdir(w->root);
}

/* -- Stopping -- */

struct stopping {
    int *stop;
    lk_train_event event;            /* the stop comes with this event ... */
    int64_t step;                    /* ... at this step */
    int32_t events[LK_TRAIN_EVENTS]; /* how many of each kind came */
};

static void count_and_stop(void *arg, const lk_train_state *s) {
    struct stopping *at = arg;
    at->events[s->event]++;
    if (s->event == at->event && s->step == at->step) {
        *at->stop = 1;
    }
}

static lk_status run(struct world *w, bool resume, struct stopping *at, lk_train_state *state,
                     lk_error *err) {
    const char *path = w->root;
    lk_train_options o = w->options;
    o.resume = resume;
    w->stop = 0;
    return lk_train(state, w->engine, &path, 1, w->out, &o, count_and_stop, at, err);
}

static void read_out(lk_bytes *out, const struct world *w) {
    lk_error err;
    assert_ok(file_read(out, w->out, 1 << 24, NULL, &err));
}

static void test_whole(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_train_state s;
    lk_model *model;
    struct stopping never = {&w->stop, LK_TRAIN_END, -1, {0}};
    forget_run(w);
    assert_ok(run(w, false, &never, &s, &err));
    assert_int_equal(s.epoch, 2);
    assert_int_equal(s.step, s.steps);
    assert_int_equal(s.pictures + s.held_back + s.leaks, PICTURES);
    assert_true(s.validated && s.loss >= 0 && s.unread == 0);
    assert_int_equal(never.events[LK_TRAIN_READ], 1);
    assert_int_equal(never.events[LK_TRAIN_BEGIN], 1);
    assert_int_equal(never.events[LK_TRAIN_STEP], s.steps);
    assert_int_equal(never.events[LK_TRAIN_EPOCH], 2);
    assert_int_equal(never.events[LK_TRAIN_END], 1);
    assert_int_not_equal(access(w->checkpoint, F_OK), 0);
    assert_ok(lk_model_open(&model, w->engine, w->out, NULL, &err));
    assert_int_equal(lk_model_dim(model), 8 / 4 * 8 / 4 * 16);
    lk_model_free(model);
}

/* Wherever the stop comes, what was learnt is kept: going on gives the file of a run that was not stopped. */
static void test_stopped(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_train_state s;
    lk_bytes whole, resumed;
    struct stopping at = {&w->stop, LK_TRAIN_END, -1, {0}};
    forget_run(w);
    assert_ok(run(w, false, &at, &s, &err));
    read_out(&whole, w);
    const int64_t steps = s.steps;
    const struct stopping stops[] = {
        {&w->stop, LK_TRAIN_BEGIN, 0, {0}},         {&w->stop, LK_TRAIN_STEP, 1, {0}},
        {&w->stop, LK_TRAIN_STEP, steps / 2, {0}}, /* before an epoch is measured */
        {&w->stop, LK_TRAIN_EPOCH, steps / 2, {0}}, {&w->stop, LK_TRAIN_STEP, steps, {0}},
        {&w->stop, LK_TRAIN_EPOCH, steps, {0}}, /* before the end is measured and written */
    };
    for (size_t i = 0; i < ARRAY_COUNT(stops); i++) {
        at = stops[i];
        forget_run(w);
        assert_refused(LK_E_CANCELLED, run(w, false, &at, NULL, &err));
        assert_int_equal(access(w->checkpoint, F_OK), 0);
        assert_int_not_equal(access(w->out, F_OK), 0);
        at.event = LK_TRAIN_END;
        at.step = -1;
        assert_ok(run(w, true, &at, &s, &err));
        assert_int_equal(at.events[LK_TRAIN_EPOCH], 2); /* of both runs: each once */
        read_out(&resumed, w);
        assert_int_equal(resumed.size, whole.size);
        assert_memory_equal(resumed.data, whole.data, whole.size);
        lk_bytes_release(&resumed);
    }
    lk_bytes_release(&whole);
}

/* -- Checkpoints -- */

static void put_checkpoint(const struct world *w, const lk_bytes *bytes) {
    lk_error err;
    assert_ok(file_write(w->checkpoint, bytes->data, bytes->size, &err));
}

/* A right checksum over what was changed. */
static void sign(lk_bytes *bytes) {
    char digest[DIGEST + 1];
    digest_sha256_hex(digest, bytes->data, bytes->size - DIGEST);
    memcpy(bytes->data + bytes->size - DIGEST, digest, DIGEST);
}

static void check_far(struct world *w, lk_bytes *good) {
    /* A place behind the run's end, of which all parts agree: epochs without end would be measured. */
    struct stopping never = {&w->stop, LK_TRAIN_END, -1, {0}};
    const int64_t far = 1000000000000;
    lk_error err;
    uint8_t *step = good->data + sizeof "likeness checkpoint 1\n" - 1 + DIGEST;
    uint8_t kept[2][sizeof far], *last = good->data + good->size - DIGEST - sizeof far;
    memcpy(kept[0], step, sizeof far);
    memcpy(kept[1], last, sizeof far);
    memcpy(step, &far, sizeof far);
    memcpy(last, &far, sizeof far);
    sign(good);
    put_checkpoint(w, good);
    assert_refused(LK_E_CORRUPT, run(w, true, &never, NULL, &err));
    assert_says(&err, "step 1000000000000 of");
    assert_string_equal(err.input, w->checkpoint);
    memcpy(step, kept[0], sizeof far);
    memcpy(last, kept[1], sizeof far);
}

static void test_checkpoints(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_bytes good;
    struct stopping at = {&w->stop, LK_TRAIN_STEP, 1, {0}},
                    never = {&w->stop, LK_TRAIN_END, -1, {0}};
    forget_run(w);
    assert_refused(LK_E_IO, run(w, true, &never, NULL, &err));
    assert_string_equal(err.input, w->checkpoint);
    assert_refused(LK_E_CANCELLED, run(w, false, &at, NULL, &err));
    assert_ok(file_read(&good, w->checkpoint, 1 << 24, NULL, &err));
    /* Cut off anywhere near its parts, or with any of them changed. */
    const size_t sizes[] = {0, 1, 60, 90, 200, good.size / 2, good.size - 1};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        const lk_bytes cut = {good.data, sizes[i]};
        put_checkpoint(w, &cut);
        assert_refused(LK_E_CORRUPT, run(w, true, &never, NULL, &err));
        assert_string_equal(err.input, w->checkpoint);
    }
    const size_t places[] = {3, 30, 90, good.size / 2, good.size - 3};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        good.data[places[i]] ^= 1;
        put_checkpoint(w, &good);
        assert_refused(LK_E_CORRUPT, run(w, true, &never, NULL, &err));
        good.data[places[i]] ^= 1;
    }
    /* Steps that no run makes, with a right checksum: they would be places in memory. */
    static const int64_t steps[] = {-1, INT64_MIN, INT64_MAX};
    uint8_t *step = good.data + sizeof "likeness checkpoint 1\n" - 1 + DIGEST;
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        uint8_t kept[sizeof *steps];
        memcpy(kept, step, sizeof kept);
        memcpy(step, &steps[i], sizeof steps[i]);
        sign(&good);
        put_checkpoint(w, &good);
        assert_refused(LK_E_CORRUPT, run(w, true, &never, NULL, &err));
        memcpy(step, kept, sizeof kept);
    }
    check_far(w, &good);
    sign(&good);
    put_checkpoint(w, &good);
    w->options.margin = 0.5;
    assert_refused(LK_E_USAGE, run(w, true, &never, NULL, &err));
    assert_says(&err, "other settings or pictures");
    w->options.margin = 0.2;
    assert_ok(run(w, true, &never, NULL, &err));
    lk_bytes_release(&good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_checkpoints),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
