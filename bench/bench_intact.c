/* SPDX-License-Identifier: Apache-2.0 */
/* How small a change is seen: bench_intact DIFFICULTY PHOTOS FILE... Each picture is photographed by the simulator as it is, and
 * with a change of each kind painted in (text, something removed, a sticker, another colour) of 0.2 to 5 % of its area. The
 * severity that 99 % of the unchanged photos stay below is the limit; the table tells how many changes have a region above it
 * that covers most of what was changed, and how well the regions' boxes lie on the truth (intersection over union). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <likeness/simulate.h>
#include <likeness/verify.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/colour.h"
#include "image/image.h"
#include "simulate/edit.h"

static const double shares[] = {0.002, 0.005, 0.01, 0.02, 0.05};
enum { SHARES = 5, TRIALS = 1 + SHARES * EDIT_KINDS, PHOTO_LONG = 1600, PHOTO_SHORT = 1200 };

/* One photo and what came of it. */
struct trial {
    int32_t picture, photo, which; /* 0: unchanged; else size and kind */
    bool made, aligned;
    double severity, overlap;
};

struct bench {
    lk_engine *engine;
    char **paths;
    double difficulty;
    struct trial *trials;
};

static int32_t size_of(const struct trial *t) {
    return (t->which - 1) / EDIT_KINDS;
}

static bool is_changed(const lk_image *a, const lk_image *b, int32_t x, int32_t y) {
    const uint8_t *p = image_row(a, y) + 3 * x, *q = image_row(b, y) + 3 * x;
    return MAX(MAX(abs(p[0] - q[0]), abs(p[1] - q[1])), abs(p[2] - q[2])) > 40;
}

/* A place where the change shows; false when none was found. */
static bool paint(lk_image *edited, const lk_image *picture, struct camera_edit *e,
                  const struct trial *t) {
    struct rng r;
    double area = shares[size_of(t)] * picture->width * picture->height;
    rng_init(&r, (uint64_t)(t->picture * 1009 + t->photo * 101 + t->which));
    for (int32_t tries = 0; tries < 100; tries++) {
        double aspect = exp(rng_unit(&r) * 1.4 - 0.7);
        e->width = MAX((int32_t)lround(sqrt(area * aspect)), 4);
        e->height = MAX((int32_t)lround(area / e->width), 4);
        double room_x = picture->width * 0.92 - e->width,
               room_y = picture->height * 0.92 - e->height;
        if (room_x < 1 || room_y < 1) {
            continue;
        }
        e->x = (int32_t)(picture->width * 0.04 + rng_unit(&r) * room_x);
        e->y = (int32_t)(picture->height * 0.04 + rng_unit(&r) * room_y);
        e->kind = (enum camera_edit_kind)((t->which - 1) % EDIT_KINDS);
        e->seed = (uint64_t)tries;
        if (image_clone(edited, picture, NULL) != LK_OK) {
            return false;
        }
        camera_edit_paint(edited, e);
        int64_t changed = 0;
        for (int32_t y = e->y; y < e->y + e->height; y++) {
            for (int32_t x = e->x; x < e->x + e->width; x++) {
                changed += is_changed(picture, edited, x, y);
            }
        }
        if (2 * changed > (int64_t)e->width * e->height) {
            return true;
        }
        lk_image_release(edited);
    }
    return false;
}

static double overlap(const lk_region *r, const struct camera_edit *e) {
    double w = MIN(r->x + r->width, e->x + e->width) - MAX(r->x, e->x);
    double h = MIN(r->y + r->height, e->y + e->height) - MAX(r->y, e->y);
    double both = w > 0 && h > 0 ? w * h : 0;
    return both / ((double)r->width * r->height + (double)e->width * e->height - both);
}

static void measure(struct trial *t, const struct bench *b, const lk_image *picture,
                    const lk_image *shown, const struct camera_edit *e) {
    lk_image photo = {0};
    lk_comparison c;
    double homography[9];
    bool tall = picture->height > picture->width;
    lk_simulator camera =
        lk_simulator_draw((uint64_t)(t->picture * 31 + t->photo), b->difficulty,
                          tall ? PHOTO_SHORT : PHOTO_LONG, tall ? PHOTO_LONG : PHOTO_SHORT);
    camera.hidden = 0;
    if (lk_simulate(&photo, homography, b->engine, shown, &camera, NULL, NULL) != LK_OK ||
        lk_compare(&c, b->engine, picture, &photo, NULL, NULL) != LK_OK) {
        lk_image_release(&photo);
        return;
    }
    t->made = true;
    t->aligned = c.verdict == LK_SAME;
    for (size_t i = 0; i < c.region_count && t->aligned; i++) {
        double lies = e ? overlap(&c.regions[i], e) : 1;
        if (lies > 0) {
            t->severity = fmax(t->severity, c.regions[i].severity);
            t->overlap = fmax(t->overlap, lies);
        }
    }
    lk_comparison_release(&c);
    lk_image_release(&photo);
}

static void run_trial(void *arg, int32_t i) {
    const struct bench *b = arg;
    struct trial *t = &b->trials[i];
    lk_image loaded = {0}, picture = {0}, edited = {0};
    struct camera_edit e;
    if (lk_image_load(&loaded, NULL, b->engine, b->paths[t->picture], NULL, NULL) == LK_OK &&
        colour_to_rgb8(&picture, &loaded, NULL) == LK_OK) {
        if (t->which == 0) {
            measure(t, b, &picture, &picture, NULL);
        } else if (paint(&edited, &picture, &e, t)) {
            measure(t, b, &picture, &edited, &e);
        }
    }
    lk_image_release(&loaded);
    lk_image_release(&picture);
    lk_image_release(&edited);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The severity that 99 % of the unchanged photos do not exceed. */
static double find_limit(const struct bench *b, int32_t count) {
    double *worst = mem_calloc((size_t)count + 1, sizeof *worst);
    int32_t n = 0, alarms = 0, aligned = 0;
    for (int32_t i = 0; i < count; i++) {
        if (b->trials[i].which == 0 && b->trials[i].made) {
            aligned += b->trials[i].aligned;
            alarms += b->trials[i].severity > 0;
            worst[n++] = b->trials[i].severity;
        }
    }
    qsort(worst, (size_t)n, sizeof *worst, by_value);
    double limit = n > 0 ? worst[(int32_t)(0.99 * (n - 1))] : 0;
    printf("%d unchanged photos, %d aligned; %d with a region (%.1f %%); 99 %% have none above "
           "%.3f\n",
           n, aligned, alarms, 100.0 * alarms / MAX(n, 1), limit);
    mem_free(worst);
    return limit;
}

static void print_row(const struct bench *b, int32_t count, int32_t size, int32_t kind,
                      double limit) {
    double made = 0, seen = 0, sum = 0;
    for (int32_t i = 0; i < count; i++) {
        const struct trial *t = &b->trials[i];
        bool of_row = t->which > 0 && t->made && size_of(t) == size &&
                      (kind < 0 || (t->which - 1) % EDIT_KINDS == kind);
        if (of_row) {
            bool found = t->severity > limit;
            made++;
            seen += found;
            sum += found ? t->overlap : 0;
        }
    }
    printf("%5.1f %%  %-7s %5.0f  %5.1f %%  %.2f\n", 100 * shares[size],
           kind < 0 ? "all" : camera_edit_name((enum camera_edit_kind)kind), made,
           100 * seen / fmax(made, 1), sum / fmax(seen, 1));
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: bench_intact DIFFICULTY PHOTOS FILE...\n");
        return 2;
    }
    int32_t photos = atoi(argv[2]), count = (argc - 3) * photos * TRIALS;
    struct bench b = {.paths = argv + 3, .difficulty = atof(argv[1])};
    lk_error err;
    b.trials = mem_calloc((size_t)count + 1, sizeof *b.trials);
    if (!b.trials || lk_engine_new(&b.engine, NULL, &err) != LK_OK) {
        return 2;
    }
    for (int32_t i = 0; i < count; i++) {
        b.trials[i] = (struct trial){
            .picture = i / TRIALS / photos, .photo = i / TRIALS % photos, .which = i % TRIALS};
    }
    lk_engine_for(b.engine, count, run_trial, &b);
    double limit = find_limit(&b, count);
    printf(" area   kind    photos   seen   overlap\n");
    for (int32_t size = 0; size < SHARES; size++) {
        for (int32_t kind = -1; kind < EDIT_KINDS; kind++) {
            print_row(&b, count, size, kind, limit);
        }
    }
    lk_engine_free(b.engine);
    mem_free(b.trials);
    return 0;
}
