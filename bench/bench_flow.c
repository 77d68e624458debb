/* SPDX-License-Identifier: Apache-2.0 */
/* Times optical flow in process: bench_flow A B [REPEATS [TRUTH.flo]]. Prints JSON: the least milliseconds of a run, and against
 * the truth the mean end-point error in pixels. LIKENESS_CPU and LIKENESS_THREADS (1) say on what. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <likeness/likeness.h>

#include "motion/optical_flow.h"

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static lk_status load_gray(lk_image *out, lk_engine *engine, const char *path) {
    lk_error err = {0};
    const lk_load_options gray = {.gray = true, .no_digest = true};
    lk_image any = {0};
    lk_status status = lk_image_load(&any, NULL, engine, path, &gray, &err);
    status = status == LK_OK ? lk_image_to_gray(out, &any, &err) : status;
    lk_image_release(&any);
    return status;
}

int main(int argc, char **argv) {
    const char *threads = getenv("LIKENESS_THREADS");
    lk_engine_options options = lk_engine_options_default();
    options.threads = threads ? atoi(threads) : 1;
    options.cpu = getenv("LIKENESS_CPU");
    int repeats = argc > 3 ? atoi(argv[3]) : 11;
    lk_engine *engine = NULL;
    lk_image a = {0}, b = {0};
    if (argc < 3 || lk_engine_new(&engine, &options, NULL) != LK_OK ||
        load_gray(&a, engine, argv[1]) != LK_OK || load_gray(&b, engine, argv[2]) != LK_OK) {
        return 2;
    }
    double least = INFINITY, error = NAN;
    lk_flow flow = {0};
    for (int i = 0; i < repeats; i++) {
        lk_flow_release(&flow);
        double start = now_ms();
        if (optical_flow(&flow, engine, &a, &b, NULL) != LK_OK) {
            return 2;
        }
        least = fmin(least, now_ms() - start);
    }
    lk_flow truth = {0};
    if (argc > 4 && (lk_flow_load(&truth, engine, argv[4], NULL) != LK_OK ||
                     lk_flow_error(&error, &flow, &truth, NULL) != LK_OK)) {
        return 2;
    }
    printf("{\"cpu\": \"%s\", \"ms\": %.2f", lk_engine_cpu(engine), least);
    printf(isnan(error) ? "}\n" : ", \"error_px\": %.4f}\n", error);
    lk_flow_release(&truth);
    lk_flow_release(&flow);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
    return 0;
}
