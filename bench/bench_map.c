/* SPDX-License-Identifier: Apache-2.0 */
/* Times maps of made vectors in process: bench_map [COUNT DIM THREADS]. Prints the seconds of both methods, and trustworthiness at
 * k = 15 where COUNT is at most 5,000, as JSON. Vectors are mixtures of two of 200 random ones, with noise. */
#include <likeness/map.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"

enum { PARTS = 200, RANKED_MOST = 5000 };

static float *make_vectors(int32_t count, int32_t dim) {
    size_t d = (size_t)dim;
    float *parts = mem_alloc(PARTS * d, sizeof *parts);
    float *rows = mem_alloc((size_t)count * d, sizeof *rows);
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t i = 0; parts && i < PARTS * d; i++) {
        parts[i] = (float)rng_normal(&rng);
    }
    for (size_t i = 0; parts && rows && i < (size_t)count; i++) {
        const float *a = parts + d * rng_below(&rng, PARTS),
                    *b = parts + d * rng_below(&rng, PARTS);
        for (size_t k = 0; k < d; k++) {
            rows[i * d + k] = a[k] + 0.35f * b[k] + 0.5f * (float)rng_normal(&rng);
        }
    }
    mem_free(parts);
    return rows;
}

int main(int argc, char **argv) {
    int32_t count = argc > 1 ? atoi(argv[1]) : 20000, dim = argc > 2 ? atoi(argv[2]) : 128;
    lk_engine_options options = lk_engine_options_default();
    options.threads = argc > 3 ? atoi(argv[3]) : 1;
    options.cpu = getenv("LIKENESS_CPU");
    lk_engine *engine;
    lk_error err = {0};
    float *rows = count > 0 && dim > 0 ? make_vectors(count, dim) : NULL;
    if (!rows || lk_engine_new(&engine, &options, &err) != LK_OK) {
        fputs("usage: bench_map [COUNT DIM THREADS]\n", stderr);
        return 2;
    }
    const lk_map_vectors vectors = {rows, count, dim};
    printf("{\"count\": %d, \"dim\": %d, \"threads\": %d", count, dim, options.threads);
    lk_status status = LK_OK;
    for (int32_t method = 0; status == LK_OK && method < LK_MAP_METHODS; method++) {
        lk_map_options o = lk_map_options_default();
        lk_similarity_map map;
        double start = clock_s(), trust = 0;
        o.method = (lk_map_method)method;
        status = lk_map_make(&map, engine, &vectors, &o, NULL, NULL, &err);
        printf(", \"%s_s\": %.3f", lk_map_method_name(o.method), clock_s() - start);
        if (status == LK_OK && count <= RANKED_MOST) {
            status = lk_map_trustworthiness(&trust, engine, &vectors, map.xy, 15, &err);
            printf(", \"%s_trust\": %.4f", lk_map_method_name(o.method), trust);
        }
        lk_map_release(&map);
    }
    puts("}");
    if (status != LK_OK) {
        fprintf(stderr, "%s: %s\n", lk_status_word(status), err.text);
    }
    lk_engine_free(engine);
    mem_free(rows);
    return status == LK_OK ? 0 : 2;
}
