/* SPDX-License-Identifier: Apache-2.0 */
/* Times SSIM in process: bench_ssim [WIDTH HEIGHT [REPEATS]]. Prints the median of the milliseconds as JSON: `uniform_map` is
 * one channel with its map, `row` the whole measure with its three variants and the map. LIKENESS_CPU and
 * LIKENESS_THREADS (1) say on what. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <likeness/likeness.h>

#include "measure/ssim_window.h"
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

static double median(double *times, int count) {
    qsort(times, (size_t)count, sizeof *times, by_value);
    return times[count / 2];
}

static lk_status run_uniform(lk_engine *engine, const lk_image *a, const lk_image *b) {
    double mean;
    lk_map map = {0};
    lk_status status = ssim_uniform(&mean, &map, engine, a, b, 0, NULL);
    free(map.data);
    return status;
}

static lk_status run_row(lk_engine *engine, const lk_image *a, const lk_image *b) {
    lk_measure_result r;
    lk_measure_options options = lk_measure_options_default();
    options.want_maps = true;
    lk_status status = lk_measure_run(&r, engine, "ssim", a, b, &options, NULL);
    lk_measure_result_release(&r);
    return status;
}

static lk_status time_runs(double *out,
                           lk_status (*run)(lk_engine *, const lk_image *, const lk_image *),
                           lk_engine *engine, const lk_image *a, const lk_image *b, int repeats) {
    static double times[REPEATS_MOST];
    lk_status status = run(engine, a, b);
    for (int i = 0; i < repeats && status == LK_OK; i++) {
        double start = now_ms();
        status = run(engine, a, b);
        times[i] = now_ms() - start;
    }
    *out = median(times, repeats);
    return status;
}

int main(int argc, char **argv) {
    int32_t width = argc > 2 ? atoi(argv[1]) : 1920, height = argc > 2 ? atoi(argv[2]) : 1080;
    int repeats = argc > 3 ? atoi(argv[3]) : 21;
    repeats = repeats < 1 || repeats > REPEATS_MOST ? 1 : repeats;
    const char *threads = getenv("LIKENESS_THREADS");
    lk_engine_options options = lk_engine_options_default();
    options.threads = threads ? atoi(threads) : 1;
    options.cpu = getenv("LIKENESS_CPU");
    lk_engine *engine;
    lk_image gray_a, gray_b, rgb_a, rgb_b;
    if (lk_engine_new(&engine, &options, NULL) != LK_OK ||
        lk_image_new(&gray_a, width, height, 1, 8, NULL) != LK_OK ||
        lk_image_new(&gray_b, width, height, 1, 8, NULL) != LK_OK ||
        lk_image_new(&rgb_a, width, height, 3, 8, NULL) != LK_OK ||
        lk_image_new(&rgb_b, width, height, 3, 8, NULL) != LK_OK) {
        return 2;
    }
    pattern_fill(&gray_a, 1, 60);
    pattern_fill(&gray_b, 2, 60);
    pattern_fill(&rgb_a, 1, 60);
    pattern_fill(&rgb_b, 2, 60);
    double uniform, row;
    if (time_runs(&uniform, run_uniform, engine, &gray_a, &gray_b, repeats) != LK_OK ||
        time_runs(&row, run_row, engine, &rgb_a, &rgb_b, repeats) != LK_OK) {
        return 2;
    }
    printf("{\"cpu\": \"%s\", \"uniform_map_ms\": %.3f, \"row_ms\": %.3f}\n", lk_engine_cpu(engine),
           uniform, row);
    lk_image_release(&gray_a);
    lk_image_release(&gray_b);
    lk_image_release(&rgb_a);
    lk_image_release(&rgb_b);
    lk_engine_free(engine);
    return 0;
}
