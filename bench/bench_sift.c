/* SPDX-License-Identifier: Apache-2.0 */
/* Times SIFT in process: bench_sift PICTURE [KEYPOINTS [REPEATS [DUMP [NAME=VALUE...]]]], NAME one of side, first_octave, contrast,
 * edge, crowd. Prints the medians of the milliseconds (of the processor, one thread) of detecting and describing, and of matching
 * with itself, as JSON. LIKENESS_CPU says on which instruction set. DUMP gets the keypoints for tests/oracle/sift: for each five
 * floats (x, y, sigma, turn, response) and the 128 bytes of its descriptor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feature/sift_match.h"

enum { REPEATS_MOST = 1001 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool dump(const struct sift_points *s, const char *path) {
    FILE *f = fopen(path, "wb");
    if (!f) {
        return false;
    }
    bool written = true;
    for (size_t i = 0; i < s->count; i++) {
        written = written && fwrite(&s->points[i], sizeof *s->points, 1, f) == 1 &&
                  fwrite(s->descriptors + i * SIFT_BYTES, SIFT_BYTES, 1, f) == 1;
    }
    return fclose(f) == 0 && written;
}

static bool set_option(struct sift_options *o, const char *text) {
    const char *value = strchr(text, '=');
    size_t n = value ? (size_t)(value - text) : 0;
    double v = value ? atof(value + 1) : 0;
    if (n == 4 && memcmp(text, "side", n) == 0) {
        o->side = (int32_t)v;
    } else if (n == 12 && memcmp(text, "first_octave", n) == 0) {
        o->first_octave = (int32_t)v;
    } else if (n == 8 && memcmp(text, "contrast", n) == 0) {
        o->contrast = v;
    } else if (n == 4 && memcmp(text, "edge", n) == 0) {
        o->edge = v;
    } else if (n == 5 && memcmp(text, "crowd", n) == 0) {
        o->crowd = v;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    static double times[REPEATS_MOST], match_times[REPEATS_MOST];
    lk_engine_options engine_options = lk_engine_options_default();
    engine_options.threads = 1;
    engine_options.cpu = getenv("LIKENESS_CPU");
    struct sift_options options = sift_options_default();
    options.count = argc > 2 ? atoi(argv[2]) : options.count;
    int32_t repeats = argc > 3 ? atoi(argv[3]) : 1;
    repeats = repeats < 1 || repeats > REPEATS_MOST ? 1 : repeats;
    for (int i = 5; i < argc; i++) {
        if (!set_option(&options, argv[i])) {
            return 2;
        }
    }
    lk_engine *engine;
    lk_image picture, gray;
    struct sift_points s = {0};
    if (argc < 2 || lk_engine_new(&engine, &engine_options, NULL) != LK_OK ||
        lk_image_load(&picture, NULL, engine, argv[1], NULL, NULL) != LK_OK ||
        lk_image_to_gray(&gray, &picture, NULL) != LK_OK) {
        return 2;
    }
    for (int32_t i = 0; i < repeats; i++) {
        sift_points_release(&s);
        double start = now_ms();
        if (sift_detect(&s, engine, &gray, &options, NULL) != LK_OK) {
            return 2;
        }
        times[i] = now_ms() - start;
        struct sift_matches matches;
        start = now_ms();
        if (sift_match(&matches, engine, &s, &s, NULL, NULL) != LK_OK) {
            return 2;
        }
        match_times[i] = now_ms() - start;
        sift_matches_release(&matches);
    }
    qsort(times, (size_t)repeats, sizeof *times, by_value);
    qsort(match_times, (size_t)repeats, sizeof *match_times, by_value);
    printf("{\"cpu\": \"%s\", \"keypoints\": %zu, \"ms\": %.3f, \"match_ms\": %.3f}\n",
           lk_engine_cpu(engine), s.count, times[repeats / 2], match_times[repeats / 2]);
    bool written = argc <= 4 || dump(&s, argv[4]);
    sift_points_release(&s);
    lk_image_release(&picture);
    lk_image_release(&gray);
    lk_engine_free(engine);
    return written ? 0 : 2;
}
