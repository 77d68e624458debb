/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a training: what is usual can be used, what is out of range or against another setting is refused by name. */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/compiler.h"
#include "learn/train_run.h"

static void test_usual(void **state) {
    (void)state;
    lk_error err;
    for (int kind = 0; kind < LK_TRAIN_KINDS; kind++) {
        lk_train_options o = lk_train_options_default((lk_train_kind)kind);
        assert_ok(train_check(&o, &err));
        o.schedule = LK_SCHEDULE_STEPS;
        assert_ok(train_check(&o, &err));
        o.warmup = o.epochs;
        assert_ok(train_check(&o, &err));
    }
}

struct mistake {
    void (*make)(lk_train_options *o);
    const char *says;
};

static void low_share(lk_train_options *o) {
    o->validation = -0.1;
}
static void no_number(lk_train_options *o) {
    o->rate = (double)NAN;
}
static void one_view(lk_train_options *o) {
    o->batch = 1;
}
static void no_epoch(lk_train_options *o) {
    o->epochs = 0;
}
static void uneven(lk_train_options *o) {
    o->group_size = 3;
}
static void one_group(lk_train_options *o) {
    o->group_size = o->batch;
}
static void no_pairs(lk_train_options *o) {
    o->group_size = 1;
}
static void last_of_nothing(lk_train_options *o) {
    o->last_layers = 1;
}
static void side_too_large(lk_train_options *o) {
    o->side = 513;
}
static void dim_of_file(lk_train_options *o) {
    o->from = "a.onnx";
    o->dim = 64;
}
static void no_steps(lk_train_options *o) {
    o->schedule = LK_SCHEDULE_STEPS;
    o->step_every = 0;
}
static void long_warmup(lk_train_options *o) {
    o->warmup = o->epochs + 1;
}

static void no_network(lk_train_options *o) {
    o->preset = NULL;
}
static void no_kind(lk_train_options *o) {
    o->kind = LK_TRAIN_KINDS;
}

static const struct mistake mistakes[] = {
    {no_network, "no network is named"},
    {no_kind, "none of its kind"},
    {low_share, "validation is 0 to 0.9, not -0.1"},
    {no_number, "rate is"},
    {one_view, "a batch has 2 to"},
    {no_epoch, "a run 1 to"},
    {uneven, "a batch of 64 views cannot be made of groups of 3"},
    {one_group, "two groups or more"},
    {no_pairs, "two views or more"},
    {last_of_nothing, "the last layers alone"},
    {dim_of_file, "that of the file's network"},
    {side_too_large, "at most 512"},
    {no_steps, "step_every is more than 0"},
    {long_warmup, "a warm-up of 31 epochs"},
};

static void test_mistakes(void **state) {
    (void)state;
    lk_error err;
    for (size_t i = 0; i < ARRAY_COUNT(mistakes); i++) {
        lk_train_options o = lk_train_options_default(LK_TRAIN_TRIPLET);
        mistakes[i].make(&o);
        assert_refused(LK_E_USAGE, train_check(&o, &err));
        assert_says(&err, mistakes[i].says);
    }
}

/* A line for the card: what is done, not what was asked, and no folders of whoever did it. */
static void test_settings(void **state) {
    (void)state;
    struct buf b;
    lk_train_options o = lk_train_options_default(LK_TRAIN_TRIPLET);
    o.from = "/home/somebody/secret/net.onnx";
    o.epochs = 3;
    o.warmup = 2;
    buf_init(&b, 4096);
    train_settings(&b, &o);
    assert_int_equal(b.status, LK_OK);
    assert_non_null(strstr((const char *)b.data, "triplet, from net.onnx, "));
    assert_non_null(strstr((const char *)b.data, ", warm-up 1.5,"));
    assert_null(strstr((const char *)b.data, "somebody"));
    buf_release(&b);
}

/* A name that no card can bear makes a network that nothing can open. */
static void test_out(void **state) {
    (void)state;
    static const char *const names[] = {"a b.onnx", ".a.onnx", "/tmp/-a.onnx",
                                        "/tmp/",    "",        "\xc3\xa9.onnx"};
    lk_error err;
    assert_ok(train_check_out("net-1.2_b+c.onnx", &err));
    assert_ok(train_check_out("/tmp/net", &err));
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_refused(LK_E_USAGE, train_check_out(names[i], &err));
        assert_says(&err, "letters, digits and ._-+ only");
        assert_string_equal(err.input, names[i]);
    }
    assert_refused(LK_E_WRITE, train_check_out("/nowhere/net.onnx", &err));
    assert_string_equal(err.input, "/nowhere/net.onnx");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
