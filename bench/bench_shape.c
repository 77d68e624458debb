/* SPDX-License-Identifier: Apache-2.0 */
/* Times the rows `edge` and `wavelet` in process: bench_shape FILE [REPEATS]. The picture against its mirror image, so that
 * their edges differ. Prints the medians of the milliseconds as JSON. LIKENESS_CPU and LIKENESS_THREADS (1) say on what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <likeness/likeness.h>

#include "image/image.h"

enum { REPEATS_MOST = 1001 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double time_row(lk_engine *engine, const char *name, const lk_image *a, const lk_image *b,
                       int repeats) {
    static double times[REPEATS_MOST];
    for (int i = 0; i < repeats; i++) {
        lk_measure_result r;
        double start = now_ms();
        if (lk_measure_run(&r, engine, name, a, b, NULL, NULL) != LK_OK) {
            return -1;
        }
        times[i] = now_ms() - start;
        lk_measure_result_release(&r);
    }
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    return times[repeats / 2];
}

static void mirror(lk_image *image) {
    size_t pixel = (size_t)image->channels * (size_t)(image->bit_depth / 8);
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *left = image_row(image, y), *right = left + image_row_bytes(image) - pixel;
        for (; left < right; left += pixel, right -= pixel) {
            uint8_t kept[8];
            memcpy(kept, left, pixel);
            memcpy(left, right, pixel);
            memcpy(right, kept, pixel);
        }
    }
}

int main(int argc, char **argv) {
    int repeats = argc > 2 ? atoi(argv[2]) : 21;
    repeats = repeats < 1 || repeats > REPEATS_MOST ? 1 : repeats;
    const char *threads = getenv("LIKENESS_THREADS");
    lk_engine_options options = lk_engine_options_default();
    options.threads = threads ? atoi(threads) : 1;
    options.cpu = getenv("LIKENESS_CPU");
    lk_engine *engine;
    lk_image a, b;
    if (argc < 2 || lk_engine_new(&engine, &options, NULL) != LK_OK ||
        lk_image_load(&a, NULL, engine, argv[1], NULL, NULL) != LK_OK ||
        image_clone(&b, &a, NULL) != LK_OK) {
        return 2;
    }
    mirror(&b);
    printf("{\"cpu\": \"%s\", \"edge_ms\": %.3f, \"wavelet_ms\": %.3f}\n", lk_engine_cpu(engine),
           time_row(engine, "edge", &a, &b, repeats), time_row(engine, "wavelet", &a, &b, repeats));
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
    return 0;
}
