/* SPDX-License-Identifier: Apache-2.0 */
/* Times the exact scan of embeddings that --identify makes, by itself: bench_near ROWS... Random vectors of 128 numbers, one
 * thread; a line of JSON each with the milliseconds in the middle of 21 scans for the 16 nearest, laid out and scanned as
 * verify/finder_search.c does. What it is weighed against: bench/near_index.mjs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "image/engine.h"

enum { SCANS = 21, NEAREST = 16, PIECE = 1024 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The sum of the least distances, so that they are looked at. */
static int64_t scan(const lk_engine *e, const uint8_t *vectors, const int32_t *norms, size_t blocks,
                    const uint8_t *query) {
    int32_t distances[PIECE], least[NEAREST];
    int64_t sum = 0;
    memset(least, 0x7f, sizeof least);
    for (size_t at = 0; at < blocks; at += PIECE / SIFT_BLOCK) {
        size_t n = MIN((size_t)PIECE / SIFT_BLOCK, blocks - at);
        e->kernels.sift.products(distances, PIECE, &query, 1,
                                 vectors + at * SIFT_BLOCK * SIFT_BYTES, norms + at * SIFT_BLOCK,
                                 n);
        for (size_t i = 0; i < n * SIFT_BLOCK; i++) {
            int k = NEAREST;
            for (; k > 0 && least[k - 1] > distances[i]; k--) {
                least[k - (k == NEAREST)] = least[k - 1];
            }
            if (k < NEAREST) {
                least[k] = distances[i];
            }
        }
    }
    for (int k = 0; k < NEAREST; k++) {
        sum += least[k];
    }
    return sum;
}

static int by_size(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool time_rows(const lk_engine *e, size_t rows) {
    struct rng rng;
    double ms[SCANS];
    int64_t sum = 0;
    uint8_t query[SIFT_BYTES];
    const size_t blocks = rows / SIFT_BLOCK;
    uint8_t *vectors = mem_alloc(rows + SIFT_BLOCK, SIFT_BYTES);
    int32_t *norms = mem_calloc(rows + SIFT_BLOCK, sizeof *norms);
    bool right = vectors && norms;
    rng_init(&rng, 1);
    for (size_t i = 0; right && i < rows * SIFT_BYTES; i++) {
        vectors[i] = (uint8_t)rng_below(&rng, 128);
    }
    for (int i = 0; right && i < SCANS; i++) {
        for (int k = 0; k < SIFT_BYTES; k++) {
            query[k] = (uint8_t)rng_below(&rng, 128);
        }
        double began = now_ms();
        sum += scan(e, vectors, norms, blocks, query);
        ms[i] = now_ms() - began;
    }
    if (right) {
        qsort(ms, SCANS, sizeof *ms, by_size);
        printf("{\"rows\": %zu, \"scan_ms\": %.3f, \"best_ms\": %.3f, \"sum\": %lld}\n", rows,
               ms[SCANS / 2], ms[0], (long long)sum);
    }
    mem_free(vectors);
    mem_free(norms);
    return right;
}

int main(int argc, char **argv) {
    lk_error err;
    lk_engine *e;
    lk_engine_options o = lk_engine_options_default();
    o.threads = 1;
    bool right = lk_engine_new(&e, &o, &err) == LK_OK;
    for (int i = 1; right && i < argc; i++) {
        right = time_rows(e, (size_t)strtoul(argv[i], NULL, 10));
    }
    lk_engine_free(e);
    return right ? 0 : 1;
}
