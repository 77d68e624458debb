/* SPDX-License-Identifier: Apache-2.0 */
/* Times resizing with Lanczos in process: bench_resize [WIDTH HEIGHT CHANNELS NEW_WIDTH NEW_HEIGHT [REPEATS]]. Prints the median of
 * the milliseconds as JSON. LIKENESS_CPU says on which instruction set; one thread. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "image/resize.h"
#include "tests/unit/pattern.h"

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

int main(int argc, char **argv) {
    static double times[REPEATS_MOST];
    int32_t sizes[6] = {4000, 3000, 1, 32, 32, 11};
    for (int i = 1; i < argc && i <= 6; i++) {
        sizes[i - 1] = atoi(argv[i]);
    }
    int32_t repeats = sizes[5] < 1 || sizes[5] > REPEATS_MOST ? 1 : sizes[5];
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    options.cpu = getenv("LIKENESS_CPU");
    lk_engine *engine;
    lk_image from;
    if (lk_engine_new(&engine, &options, NULL) != LK_OK ||
        lk_image_new(&from, sizes[0], sizes[1], sizes[2], 8, NULL) != LK_OK) {
        return 2;
    }
    pattern_fill(&from, 1, 60);
    for (int32_t i = 0; i < repeats; i++) {
        lk_image out;
        double start = now_ms();
        if (image_resize(&out, engine, &from, sizes[3], sizes[4], RESIZE_LANCZOS, NULL) != LK_OK) {
            return 2;
        }
        times[i] = now_ms() - start;
        lk_image_release(&out);
    }
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    printf("{\"cpu\": \"%s\", \"ms\": %.3f}\n", lk_engine_cpu(engine), times[repeats / 2]);
    lk_image_release(&from);
    lk_engine_free(engine);
    return 0;
}
