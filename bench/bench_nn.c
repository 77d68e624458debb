/* SPDX-License-Identifier: Apache-2.0 */
/* Times a network in process: bench_nn MODEL [--batch N] [--slice S] [--threads T] [--runs R] [--steps]. Prints one line of JSON:
 * the
 * median of the milliseconds that N pictures take, S at a time (1, as models are run unless told otherwise), and those from the
 * file to the first result. The input is random in -1..1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/rng.h"
#include "nn/network.h"
#include "nn/onnx.h"

enum { RUNS_MOST = 1001, MODEL_BYTES_MOST = 1 << 30 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static long option(int argc, char **argv, const char *name, long otherwise) {
    for (int i = 2; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return atol(argv[i + 1]);
        }
    }
    return otherwise;
}

static lk_status open_network(struct network **out, const char *path, int64_t batch,
                              const struct network_options *o, lk_error *err) {
    lk_bytes file;
    struct graph g;
    lk_status status = file_read(&file, path, MODEL_BYTES_MOST, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    status = onnx_read(&g, file.data, file.size, MODEL_BYTES_MOST, err);
    lk_bytes_release(&file);
    if (status != LK_OK) {
        return status;
    }
    struct tensor input = g.values[g.inputs[0]].tensor;
    for (int32_t i = 0; i < input.rank; i++) {
        input.dims[i] = input.dims[i] < 0 ? batch : input.dims[i];
    }
    return network_new(out, &g, &input, NULL, 0, o, err);
}

static void fill(struct tensor *t) {
    struct rng rng;
    rng_init(&rng, 1);
    for (int64_t i = 0; i < tensor_count(t); i++) {
        ((float *)t->data)[i] = (float)(rng_unit(&rng) * 2 - 1);
    }
}

int main(int argc, char **argv) {
    static double times[RUNS_MOST];
    long batch = option(argc, argv, "--batch", 1), threads = option(argc, argv, "--threads", 1);
    long runs = option(argc, argv, "--runs", 31), slice = option(argc, argv, "--slice", 1);
    bool steps = argc > 2 && strcmp(argv[argc - 1], "--steps") == 0;
    struct network_options o = {.threads = (int32_t)threads,
                                .memory_bytes = MODEL_BYTES_MOST,
                                .channels_last = true, /* as pictures are stored */
                                .cpu = cpu_level_best()};
    if (argc < 2 || runs < 1 || runs > RUNS_MOST || batch < 1 || slice < 1) {
        fprintf(
            stderr,
            "usage: bench_nn MODEL [--batch N] [--slice S] [--threads T] [--runs R] [--steps]\n");
        return 2;
    }
    lk_error err = {0};
    struct network *n;
    double start = now_ms();
    lk_status status = open_network(&n, argv[1], slice, &o, &err);
    if (status == LK_OK) {
        fill(network_input(n, 0));
        status = network_run(n, &err);
    }
    double first = now_ms() - start;
    for (long i = 0; status == LK_OK && i < runs; i++) {
        double begin = now_ms();
        for (long k = 0; status == LK_OK && k < batch; k += slice) {
            status = network_run(n, &err);
        }
        times[i] = now_ms() - begin;
    }
    if (status != LK_OK) {
        fprintf(stderr, "bench_nn: %s\n", err.text);
        return 2;
    }
    qsort(times, (size_t)runs, sizeof *times, by_value);
    size_t shared, unshared;
    network_memory(n, &shared, &unshared);
    if (steps) {
        struct buf b;
        buf_init(&b, 1 << 20);
        network_describe(n, &b);
        fputs((const char *)b.data, stdout);
        buf_release(&b);
    }
    printf("{\"batch\":%ld,\"threads\":%ld,\"ms_median\":%.4f,\"ms_best\":%.4f,\"runs\":%ld,\"ms_"
           "first\":%.2f,"
           "\"block_bytes\":%zu,\"unshared_bytes\":%zu}\n",
           batch, threads, times[runs / 2], times[0], runs, first, shared, unshared);
    network_free(n);
    return 0;
}
