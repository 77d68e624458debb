/* SPDX-License-Identifier: Apache-2.0 */
/* Networks from files that are trained: which endings are taken, and which are refused before a picture is read. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "learn/learner.h"
#include "model/card.h"
#include "nn/build.h"
#include "nn/onnx.h"

enum { SIDE = 8, BATCH = 4, ROW = 5 * SIDE * SIDE / 4 };

struct world {
    lk_engine *engine;
    char root[64], file[96], card[104];
};

static int make_world(void **state) {
    static struct world w;
    lk_error err;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    assert_ok(lk_engine_new(&w.engine, &options, &err));
    snprintf(w.root, sizeof w.root, "/tmp/likeness-learner-XXXXXX");
    assert_non_null(mkdtemp(w.root));
    snprintf(w.file, sizeof w.file, "%s/net.onnx", w.root);
    snprintf(w.card, sizeof w.card, "%s.json", w.file);
    *state = &w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    unlink(w->file);
    unlink(w->card);
    lk_engine_free(w->engine);
    return rmdir(w->root);
}

/* -- Networks: a convolution, and how it ends -- */

typedef int32_t make_end(struct builder *b, int32_t flat);

static int32_t as_it_is(struct builder *b, int32_t flat) {
    (void)b;
    return flat;
}
static int32_t by_length(struct builder *b, int32_t flat) {
    return build_l2(b, "l2", flat);
}
/* Length 1 along pixels: the rows are not. */
static int32_t by_pixels(struct builder *b, int32_t flat) {
    return build_l2(b, "l2", build_reshape(b, "planes", flat, 5, SIDE / 2, SIDE / 2));
}
/* w x': a row a weight, a column a picture. */
static int32_t mixed(struct builder *b, int32_t flat) {
    int32_t y = build_dense(b, "dense", flat, ROW, 3);
    struct node *gemm = &b->g->nodes[b->g->node_count - 1];
    int32_t weights = gemm->inputs[1];
    gemm->inputs[1] = gemm->inputs[0];
    gemm->inputs[0] = weights;
    gemm->input_count = 2;
    return y;
}
static int32_t not_derived(struct builder *b, int32_t flat) {
    return build_unary(b, "Erf", "erf", flat);
}

static void write_network(const struct world *w, make_end *end, const char *output) {
    lk_error err;
    struct builder b;
    struct graph g;
    lk_bytes bytes;
    struct buf text;
    lk_model_card card = {.name = "net",
                          .file = "net.onnx",
                          .width = SIDE,
                          .height = SIDE,
                          .scale = {255, 255, 255},
                          .resize = LK_RESIZE_STRETCH};
    snprintf(card.embedding, sizeof card.embedding, "%s", output);
    build_begin(&b, &g, 1, &err);
    int32_t x = build_input(&b, "in", 3, SIDE, SIDE);
    x = build_conv(&b, "conv", x, &(struct build_conv){3, 5, 3, .stride = 2, .bias = true});
    x = end(&b, build_unary(&b, "Flatten", "flat", x));
    assert_ok(build_end(&b, &output, &x, 1));
    assert_ok(onnx_write(&bytes, &g, &err));
    graph_release(&g);
    assert_ok(file_write(w->file, bytes.data, bytes.size, &err));
    lk_bytes_release(&bytes);
    buf_init(&text, CARD_BYTES_MAX);
    card_write(&text, &card);
    assert_ok(file_write(w->card, text.data, text.size, &err));
    buf_release(&text);
}

static lk_train_options options_from(const struct world *w) {
    lk_train_options o = lk_train_options_default(LK_TRAIN_CONTRASTIVE);
    o.from = w->file;
    o.batch = BATCH;
    return o;
}

static const struct {
    make_end *end;
    const char *output;
    int32_t more_nodes; /* behind the file's own */
} taken[] = {
    {as_it_is, "y", 2}, {by_length, "y", 0}, {by_length, "embedding", 0}, {by_pixels, "y", 2}};

/* What is trained has rows of length 1 called "embedding", normed once; learning moves it, and it can be gone on with. */
static void test_endings(void **state) {
    const struct world *w = *state;
    lk_error err;
    for (size_t i = 0; i < ARRAY_COUNT(taken); i++) {
        struct learner *l;
        struct graph before, after;
        lk_bytes bytes;
        write_network(w, taken[i].end, taken[i].output);
        const lk_train_options o = options_from(w);
        assert_ok(learner_new(&l, w->engine, &o, &err));
        assert_string_equal(l->card.embedding, "embedding");
        const struct tensor *y = trainer_output(l->trainer, 0);
        assert_int_equal(y->rank, 2);
        assert_int_equal(y->dims[0], BATCH);
        assert_int_equal(y->dims[1], ROW);
        assert_ok(learner_write(&bytes, l, &err));
        assert_ok(onnx_read(&after, bytes.data, bytes.size, 1 << 24, &err));
        lk_bytes_release(&bytes);
        assert_ok(file_read(&bytes, w->file, 1 << 24, NULL, &err));
        assert_ok(onnx_read(&before, bytes.data, bytes.size, 1 << 24, &err));
        lk_bytes_release(&bytes);
        assert_int_equal(after.node_count - before.node_count, taken[i].more_nodes);
        assert_string_equal(after.values[after.outputs[0]].name, "embedding");
        graph_release(&after);
        graph_release(&before);
        learner_free(l);
    }
}

static void refuse(const struct world *w, const lk_train_options *o, lk_status status,
                   const char *words) {
    lk_error err;
    struct learner *l;
    assert_refused(status, learner_new(&l, w->engine, o, &err));
    assert_says(&err, words);
    assert_string_equal(err.input, w->file);
}

static void test_refused(void **state) {
    const struct world *w = *state;
    lk_train_options o = options_from(w);
    write_network(w, mixed, "y");
    refuse(w, &o, LK_E_FORMAT, "the embedding of 4 pictures is float32 [3,4]");
    write_network(w, not_derived, "y");
    refuse(w, &o, LK_E_FORMAT, "node erf (Erf)");
    write_network(w, as_it_is, "y");
    o.kind = LK_TRAIN_AUTOENCODER;
    refuse(w, &o, LK_E_USAGE, "from a preset");
}

/* A loss that is no number stops the run by name, with the step. */
static void test_no_number(void **state) {
    const struct world *w = *state;
    lk_error err;
    struct learner *l;
    struct learnt learnt;
    static float input[BATCH * SIDE * SIDE * 3];
    static const struct view views[BATCH] = {
        {.label = 0}, {.label = 0}, {.label = 1}, {.label = 1}};
    const struct batch batch = {.input = input, .originals = input, .views = views};
    write_network(w, as_it_is, "y");
    const lk_train_options o = options_from(w);
    assert_ok(learner_new(&l, w->engine, &o, &err));
    for (size_t i = 0; i < ARRAY_COUNT(input); i++) {
        input[i] = (float)(i % 7) / 7;
    }
    assert_ok(learner_step(&learnt, l, &batch, 0, 0.1, &err));
    assert_true(learnt.loss > 0 && learnt.gradient > 0);
    input[0] = (float)NAN;
    assert_refused(LK_E_USAGE, learner_step(&learnt, l, &batch, 41, 0.1, &err));
    assert_says(&err, "step 42: the loss is no finite number");
    learner_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_number),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
