/* SPDX-License-Identifier: Apache-2.0 */
/* Times ORB in process: bench_orb PICTURE [KEYPOINTS [REPEATS [DUMP [EDGE]]]]. Prints the median of the milliseconds of detecting
 * and describing as JSON; one thread. LIKENESS_CPU says on which instruction set. DUMP gets the keypoints for
 * tests/oracle/orb: for each six floats (x, y, cos, sin, response, level) and the 32 bytes of its descriptor. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "feature/orb.h"
#include "kernel/kernel_feature.h"

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

static bool dump(const struct keypoints *k, const char *path) {
    FILE *f = fopen(path, "wb");
    if (!f) {
        return false;
    }
    bool written = true;
    for (size_t i = 0; i < k->count; i++) {
        const struct keypoint *p = &k->points[i];
        const float values[6] = {p->x, p->y, p->cos, p->sin, p->response, (float)p->level};
        written = written && fwrite(values, sizeof values, 1, f) == 1 &&
                  fwrite(k->descriptors + i * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES, 1, f) == 1;
    }
    return fclose(f) == 0 && written;
}

int main(int argc, char **argv) {
    static double times[REPEATS_MOST];
    lk_engine_options engine_options = lk_engine_options_default();
    engine_options.threads = 1;
    engine_options.cpu = getenv("LIKENESS_CPU");
    struct orb_options options = orb_options_default();
    options.count = argc > 2 ? atoi(argv[2]) : options.count;
    options.edge = argc > 5 ? atoi(argv[5]) : options.edge;
    int32_t repeats = argc > 3 ? atoi(argv[3]) : 1;
    repeats = repeats < 1 || repeats > REPEATS_MOST ? 1 : repeats;
    lk_engine *engine;
    lk_image picture, gray;
    struct keypoints k = {0};
    if (argc < 2 || lk_engine_new(&engine, &engine_options, NULL) != LK_OK ||
        lk_image_load(&picture, NULL, engine, argv[1], NULL, NULL) != LK_OK ||
        lk_image_to_gray(&gray, &picture, NULL) != LK_OK) {
        return 2;
    }
    for (int32_t i = 0; i < repeats; i++) {
        keypoints_release(&k);
        double start = now_ms();
        if (orb_detect(&k, engine, &gray, &options, NULL) != LK_OK) {
            return 2;
        }
        times[i] = now_ms() - start;
    }
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    printf("{\"cpu\": \"%s\", \"keypoints\": %zu, \"ms\": %.3f}\n", lk_engine_cpu(engine), k.count,
           times[repeats / 2]);
    bool written = argc <= 4 || dump(&k, argv[4]);
    keypoints_release(&k);
    lk_image_release(&picture);
    lk_image_release(&gray);
    lk_engine_free(engine);
    return written ? 0 : 2;
}
