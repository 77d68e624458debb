/* SPDX-License-Identifier: Apache-2.0 */
/* Rates at the ends of their schedules, a gradient that is no number, clipping, and the average that a network is used with. */
#include "tests/unit/harness.h"

#include <math.h>

#include "nn/build.h"
#include "nn/optimiser.h"

static void assert_near(double a, double b) {
    if (!(fabs(a - b) <= 1e-6 * fmax(1e-3, fabs(b)))) {
        fail_msg("%.9g is not %.9g", a, b);
    }
}

/* -- Schedules -- */

static void test_schedules(void **state) {
    (void)state;
    struct schedule s = {.kind = SCHEDULE_COSINE, .rate = 2, .warmup = 3, .total = 13};
    assert_near(schedule_rate(&s, 0), 0.5); /* rises: never 0, never beyond the rate */
    assert_near(schedule_rate(&s, 2), 1.5);
    assert_near(schedule_rate(&s, 3), 2);
    assert_near(schedule_rate(&s, 8), 1);
    assert_true(schedule_rate(&s, 12) > 0 && schedule_rate(&s, 12) < 0.1);
    assert_near(schedule_rate(&s, 13), 0);
    assert_near(schedule_rate(&s, 1000), 0);
    s.total = s.warmup; /* a run of warm-up alone */
    assert_near(schedule_rate(&s, 2), 1.5);
    assert_near(schedule_rate(&s, 3), 2);
    s = (struct schedule){.kind = SCHEDULE_STEPS, .rate = 2, .every = 4, .factor = 0.5};
    assert_near(schedule_rate(&s, 3), 2);
    assert_near(schedule_rate(&s, 4), 1);
    assert_near(schedule_rate(&s, 8), 0.5);
    s.factor = 0;
    assert_near(schedule_rate(&s, 3), 2);
    assert_near(schedule_rate(&s, 4), 0);
    s = (struct schedule){.kind = SCHEDULE_CONSTANT, .rate = 2, .total = 5};
    assert_near(schedule_rate(&s, 0), 2);
    assert_near(schedule_rate(&s, 1000), 2);
}

/* -- Steps: y = w x with a loss whose gradient by each number of y is arg -- */

static lk_status slope(void *arg, double *loss, const struct tensor *outputs,
                       struct tensor *gradients, int32_t count, lk_error *err) {
    (void)outputs;
    (void)count;
    (void)err;
    *loss = 1;
    for (int64_t i = 0; i < tensor_count(&gradients[0]); i++) {
        ((float *)gradients[0].data)[i] = *(const float *)arg;
    }
    return LK_OK;
}

/* One weight of 1, one bias of 0, and an input of 1. */
static struct trainer *line(float *by) {
    static const char *const names[] = {"out"};
    const int64_t weight_dims[4] = {1, 1, 1, 1};
    lk_error err;
    struct builder b;
    struct graph g;
    struct trainer *t;
    build_begin(&b, &g, 1, &err);
    int32_t x = build_input(&b, "in", 1, 1, 1);
    int32_t y = build_conv(&b, "conv", x, &(struct build_conv){1, 1, 1, .bias = true});
    assert_ok(build_end(&b, names, &y, 1));
    const struct tensor shape = tensor_of(TENSOR_F32, 4, weight_dims);
    const struct trainer_options o = {
        .threads = 1, .memory_bytes = 1 << 20, .cpu = CPU_C, .loss = slope, .loss_arg = by};
    assert_ok(trainer_new(&t, &g, &shape, NULL, 0, &o, &err));
    *(float *)trainer_input(t, 0)->data = 1;
    int32_t count;
    const struct parameter *p = trainer_parameters(t, &count);
    assert_int_equal(count, 2);
    assert_true(p[0].is_weight && !p[1].is_weight);
    p[0].data[0] = 1;
    return t;
}

static double step(struct trainer *t, struct optimiser *o, double rate) {
    lk_error err;
    double loss;
    assert_ok(trainer_step(t, &loss, &err));
    return optimiser_step(o, rate);
}

static void test_sgd(void **state) {
    (void)state;
    float by = 3;
    lk_error err;
    struct optimiser *o;
    int32_t count;
    struct trainer *t = line(&by);
    const struct parameter *p = trainer_parameters(t, &count);
    const struct optimiser_options options = {
        .kind = OPTIMISER_SGD, .momentum = 0.5, .decay = 0.1, .clip = 2};
    assert_ok(optimiser_new(&o, t, &options, &err));
    double length = sqrt(18), scale = 2 / length;
    assert_near(step(t, o, 0.1), length); /* before clipping; the momentum begins as the gradient */
    double momentum = 3 * scale + 0.1, weight = 1 - 0.1 * momentum;
    assert_near((double)p[0].data[0], weight);
    assert_near((double)p[1].data[0], -0.1 * 3 * scale); /* no decay of a bias */
    step(t, o, 0.1);
    momentum = 0.5 * momentum + 3 * scale + 0.1 * weight;
    assert_near((double)p[0].data[0], weight - 0.1 * momentum);
    float before = p[0].data[0];
    by = (float)NAN;
    assert_true(step(t, o, 0.1) < 0); /* nothing moves */
    assert_true(p[0].data[0] <= before && p[0].data[0] >= before);
    assert_int_equal(*optimiser_steps(o), 2);
    optimiser_free(o);
    trainer_free(t);
}

/* The average follows fast at first; swapping gives it and takes it back. */
static void test_average(void **state) {
    (void)state;
    float by = 1;
    lk_error err;
    struct optimiser *o;
    int32_t count;
    struct trainer *t = line(&by);
    const struct parameter *p = trainer_parameters(t, &count);
    const struct optimiser_options options = {
        .kind = OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .average = 0.5};
    assert_ok(optimiser_new(&o, t, &options, &err));
    double weight = 1, average = 1;
    for (int32_t i = 1; i <= 30; i++) {
        step(t, o, 0.01);
        weight -= 0.01; /* Adam's step for a steady gradient is the rate */
        double keep = fmin(0.5, i / (i + 10.0));
        average = keep * average + (1 - keep) * weight;
        assert_true(fabs((double)p[0].data[0] - weight) < 1e-5);
    }
    float own = p[0].data[0];
    optimiser_swap(o);
    assert_true(fabs((double)p[0].data[0] - average) < 1e-5);
    optimiser_swap(o);
    assert_memory_equal(&own, p[0].data, sizeof own);
    int64_t remembered = 0;
    for (int32_t i = 0; i < optimiser_items(o); i++) {
        struct optimiser_item item = optimiser_item(o, i);
        assert_true(item.count == 0 || item.data);
        remembered += item.count;
    }
    assert_int_equal(remembered, 2 * 3); /* mean, mean square, average of two numbers */
    optimiser_free(o);
    trainer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
