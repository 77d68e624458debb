/* SPDX-License-Identifier: Apache-2.0 */
/* check_random FIRST COUNT [c|avx2|avx512]: graphs drawn by chance (random_graph.c), as networks are run against their
 * definitions in C alone, with inputs row-major and channels last. What oneDNN sums in float in its own order may differ by 2e-4
 * of the largest value. Prints the seeds that differ, with the steps of the first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "nn/network.h"
#include "tests/nn/random_graph.h"

enum outcome { EQUAL, DIFFERENT, NO_NUMBERS };

static enum cpu_level level;

static bool open_drawn(struct network **n, uint64_t seed, bool plain, bool channels_last) {
    static struct drawing d;
    struct tensor inputs[2];
    lk_error err = {0};
    draw_graph(&d, seed);
    for (int32_t i = 0; i < d.g.input_count; i++) {
        inputs[i] = d.g.values[d.g.inputs[i]].tensor;
    }
    struct network_options o = {.threads = 1 + (int32_t)(seed & 1),
                                .memory_bytes = 1 << 28,
                                .cpu = level,
                                .plain = plain,
                                .channels_last = channels_last};
    lk_status status = network_new(n, &d.g, inputs, NULL, 0, &o, &err);
    if (status != LK_OK) {
        printf("seed %llu, %s: %s\n", (unsigned long long)seed, plain ? "plain" : "lowered",
               err.text);
    }
    return status == LK_OK;
}

/* From [batch, channels, height, width] to [batch, height, width, channels]. */
static void turn(float *to, const float *from, const int64_t *dims) {
    int64_t plane = dims[2] * dims[3];
    for (int64_t i = 0; i < dims[0] * dims[1] * plane; i++) {
        int64_t at = i % plane, c = i / plane % dims[1], n = i / plane / dims[1];
        to[(n * plane + at) * dims[1] + c] = from[i];
    }
}

static bool run_drawn(struct network *n, uint64_t seed, bool channels_last) {
    lk_error err = {0};
    for (int32_t i = 0; i < network_input_count(n); i++) {
        struct tensor *t = network_input(n, i);
        float *numbers = mem_alloc((size_t)tensor_count(t) + 1, sizeof *numbers);
        if (!numbers) {
            return false;
        }
        draw_input(numbers, tensor_count(t), seed, i);
        if (channels_last && t->rank == 4) {
            turn(t->data, numbers, t->dims);
        } else {
            memcpy(t->data, numbers, tensor_bytes(t));
        }
        mem_free(numbers);
    }
    if (network_run(n, &err) != LK_OK) {
        printf("seed %llu: %s\n", (unsigned long long)seed, err.text);
        return false;
    }
    return true;
}

static enum outcome compare(const struct tensor *got, const struct tensor *wanted, double *share) {
    double difference = 0, value = 0.1; /* below that, 2e-5 */
    for (int64_t i = 0; i < tensor_count(wanted); i++) {
        double a = tensor_number(got, i), b = tensor_number(wanted, i);
        if (!isfinite(b) || fabs(b) > 1e15) {
            return NO_NUMBERS;
        }
        difference = fmax(difference, isfinite(a) ? fabs(a - b) : INFINITY);
        value = fmax(value, fabs(b));
    }
    *share = difference / value;
    return *share <= 2e-4 ? EQUAL : DIFFERENT;
}

static void describe(struct network *n) {
    struct buf b;
    buf_init(&b, 1 << 20);
    network_describe(n, &b);
    printf("%.*s", (int)b.size, (const char *)b.data);
    buf_release(&b);
}

/* Twice: what the first run leaves in memory must not matter. */
static enum outcome check_way(struct network *plain, uint64_t seed, bool channels_last,
                              bool tells) {
    struct network *n = NULL;
    enum outcome outcome = EQUAL;
    double share = 0;
    if (!open_drawn(&n, seed, false, channels_last)) {
        return DIFFERENT;
    }
    for (int32_t run = 0; outcome == EQUAL && run < 2; run++) {
        outcome = run_drawn(n, seed, channels_last) ? EQUAL : DIFFERENT;
        for (int32_t i = 0; outcome == EQUAL && i < network_output_count(n); i++) {
            outcome = compare(network_output(n, i), network_output(plain, i), &share);
            if (outcome == DIFFERENT) {
                printf("seed %llu, run %d, output %d%s: differs by %.2g of the largest value\n",
                       (unsigned long long)seed, run, i, channels_last ? ", channels last" : "",
                       share);
            }
        }
    }
    if (outcome == DIFFERENT && tells) {
        describe(n);
    }
    network_free(n);
    return outcome;
}

static enum outcome check_seed(uint64_t seed, bool tells) {
    struct network *plain = NULL;
    if (!open_drawn(&plain, seed, true, false)) {
        return DIFFERENT;
    }
    enum outcome outcome = run_drawn(plain, seed, false) ? EQUAL : DIFFERENT;
    for (int32_t way = 0; outcome == EQUAL && way < 2; way++) {
        outcome = check_way(plain, seed, way == 1, tells);
    }
    network_free(plain);
    return outcome;
}

int main(int argc, char **argv) {
    if (argc < 3 || (level = cpu_level_best(), argc > 3 && !cpu_level_find(&level, argv[3]))) {
        printf("check_random FIRST COUNT [c|avx2|avx512]\n");
        return 2;
    }
    uint64_t first = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
    int counts[3] = {0};
    for (uint64_t i = 0; i < count; i++) {
        counts[check_seed(first + i, counts[DIFFERENT] == 0)]++;
    }
    printf("%llu graphs: %d agree, %d differ, %d with results too large to compare\n",
           (unsigned long long)count, counts[EQUAL], counts[DIFFERENT], counts[NO_NUMBERS]);
    return counts[DIFFERENT] > 0 || counts[EQUAL] == 0;
}
