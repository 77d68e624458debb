/* SPDX-License-Identifier: Apache-2.0 */
/* Times the views of the camera simulator: bench_simulate [VIEWS [DIFFICULTY]]. An original of 200 x 260 pixels becomes
 * squares of the usual sizes, seeds 1 to VIEWS, on one thread; `on_picture` lays the picture on another, `every` turns on
 * every effect. Prints the median of the microseconds a view as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <likeness/simulate.h>

#include "tests/unit/pattern.h"

enum { SIDE_MOST = 224, VIEWS_MOST = 10000 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void add_every_effect(lk_simulator *c) {
    const char *const all[] = {"quality=70", "glare=0.4",     "shadow=0.4", "hidden=0.1",
                               "blur_px=1",  "motion_px=3",   "moire=0.05", "noise=0.02",
                               "gamma=1.1",  "saturation=0.9"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (lk_simulator_set(c, all[i], NULL) != LK_OK) {
            exit(2);
        }
    }
    c->resolution = 1; /* a smaller photo would be quicker */
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int32_t count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

enum effects { DRAWN, ON_PICTURE, EVERY };

static double view_us(lk_view_scratch *scratch, const lk_image *picture, int32_t side,
                      int32_t views, double difficulty, enum effects effects) {
    static uint8_t out[SIDE_MOST * SIDE_MOST * 3];
    static double times[VIEWS_MOST];
    for (int32_t i = 0; i < views; i++) {
        double start = now_us();
        lk_simulator c = lk_simulator_draw_view((uint64_t)i + 1, difficulty, side, side, picture);
        if (effects == EVERY) {
            add_every_effect(&c);
        }
        if (lk_simulate_view(out, scratch, picture, &c, effects == ON_PICTURE ? picture : NULL,
                             NULL) != LK_OK) {
            exit(2);
        }
        times[i] = now_us() - start;
    }
    return median(times, views);
}

static double clean_us(lk_view_scratch *scratch, const lk_image *picture, int32_t side,
                       int32_t views) {
    static uint8_t out[SIDE_MOST * SIDE_MOST * 3];
    static double times[VIEWS_MOST];
    for (int32_t i = 0; i < views; i++) {
        double start = now_us();
        if (lk_clean_view(out, side, side, scratch, picture, NULL) != LK_OK) {
            exit(2);
        }
        times[i] = now_us() - start;
    }
    return median(times, views);
}

int main(int argc, char **argv) {
    static const int32_t sides[] = {28, 64, 128, 224};
    int32_t views = argc > 1 ? atoi(argv[1]) : 500;
    double difficulty = argc > 2 ? strtod(argv[2], NULL) : 0.5;
    lk_view_scratch *scratch;
    lk_image picture;
    if (views < 1 || views > VIEWS_MOST || lk_view_scratch_new(&scratch, NULL) != LK_OK ||
        lk_image_new(&picture, 200, 260, 3, 8, NULL) != LK_OK) {
        return 2;
    }
    pattern_fill(&picture, 1, 60);
    printf("{\"views\": %d", views);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        view_us(scratch, &picture, sides[i], 20, difficulty, EVERY);
        printf(", \"%d\": {\"drawn_us\": %.0f, \"on_picture_us\": %.0f, \"every_us\": %.0f, "
               "\"clean_us\": %.0f}",
               sides[i], view_us(scratch, &picture, sides[i], views, difficulty, DRAWN),
               view_us(scratch, &picture, sides[i], views, difficulty, ON_PICTURE),
               view_us(scratch, &picture, sides[i], views, difficulty, EVERY),
               clean_us(scratch, &picture, sides[i], views));
    }
    printf("}\n");
    lk_image_release(&picture);
    lk_view_scratch_free(scratch);
    return 0;
}
