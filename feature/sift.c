/* SPDX-License-Identifier: Apache-2.0 */
/* SIFT, from picture to descriptors: scale space, extrema and their choice here; orientations and descriptors in
 * sift_describe.c.
 *
 * Source: Lowe, Distinctive image features from scale-invariant keypoints, IJCV 60, 2004. Constants as there; contrast as the
 * measurements of docs/algorithms/sift.md say. Choices: keypoints are chosen before they are described, the strongest
 * differences first but no square of the picture taking all. Oracle: OpenCV (tests/oracle/sift). */
#include "feature/sift.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/extrema.h"
#include "feature/sift_describe.h"
#include "image/resize.h"

enum { OCTAVES_MOST = 12 };

struct sift_options sift_options_default(void) {
    return (struct sift_options){.count = 1500,
                                 .side = 800,
                                 .enlarge = 2,
                                 .first_octave = -1,
                                 .contrast = 0.003,
                                 .edge = 10,
                                 .crowd = 3};
}

void sift_points_release(struct sift_points *s) {
    if (s) {
        mem_free(s->points);
        mem_free(s->descriptors);
        *s = (struct sift_points){0};
    }
}

/* One picture's work. */
struct work {
    lk_engine *engine;
    const struct sift_options *o;
    const lk_image *gray;
    int32_t octaves;
    struct scale_octave spaces[OCTAVES_MOST];
    double pitches[OCTAVES_MOST];
    struct extrema found;
    struct sift_tables tables;
    /* Of each chosen extremum. */
    float (*turns)[SIFT_POINTS_AT_ONE];
    int32_t *turn_counts;
    /* Of each keypoint. */
    int32_t *origins;
    struct sift_points *out;
};

/* The extrema of one octave, appended to found, and its levels. */
static lk_status search_octave(struct work *w, lk_error *err) {
    int32_t i = w->octaves, side = w->o->first_octave < 0 ? 2 : 1;
    const struct scale_octave *before = i > 0 ? &w->spaces[i - 1] : NULL;
    int32_t width = before ? (before->width + 1) / 2 : side * w->gray->width;
    int32_t height = before ? (before->height + 1) / 2 : side * w->gray->height;
    size_t bands = (size_t)scale_bands(w->engine, height);
    struct extrema_search s = {.engine = w->engine,
                               .limits = {w->o->contrast, w->o->edge},
                               .width = width,
                               .octave = (int16_t)i};
    s.bands = mem_calloc(bands, sizeof *s.bands);
    s.failed = mem_calloc(bands, sizeof *s.failed);
    lk_status status = s.bands && s.failed ? engine_check_stop(w->engine, err)
                                           : error_memory(err, bands * sizeof *s.bands);
    if (status == LK_OK) {
        status = before
                     ? scale_octave_next(&w->spaces[i], w->engine, before, extrema_of_row, &s, err)
                     : scale_octave_first(&w->spaces[i], w->engine, w->gray, w->o->first_octave,
                                          extrema_of_row, &s, err);
        w->octaves += status == LK_OK;
    }
    for (size_t b = 0; s.bands && b < bands; b++) {
        if (status == LK_OK) {
            status = s.failed[b] ? error_memory(err, sizeof(struct extremum))
                                 : extrema_append(&w->found, &s.bands[b], err);
        }
        extrema_release(&s.bands[b]);
    }
    mem_free(s.bands);
    mem_free(s.failed);
    return status;
}

static lk_status search(struct work *w, lk_error *err) {
    int32_t factor = w->o->first_octave < 0 ? 2 : 1;
    int32_t shorter = factor * MIN(w->gray->width, w->gray->height);
    lk_status status = LK_OK;
    while (status == LK_OK && w->octaves < OCTAVES_MOST && shorter >= SCALE_SIDE_LEAST) {
        status = search_octave(w, err);
        shorter = (shorter + 1) / 2;
    }
    for (int32_t i = 0; i < w->octaves; i++) {
        w->pitches[i] = w->spaces[i].pitch;
    }
    extrema_sort(&w->found);
    return status == LK_OK ? extrema_keep(&w->found, (size_t)w->o->count, w->o->crowd,
                                          w->gray->width, w->gray->height, w->pitches, err)
                           : status;
}

static void orient_one(void *arg, int32_t i) {
    struct work *w = arg;
    const struct extremum *e = &w->found.items[i];
    w->turn_counts[i] =
        sift_turns(w->turns[i], &w->engine->kernels, &w->spaces[e->octave], e, &w->tables);
}

static void describe_one(void *arg, int32_t i) {
    struct work *w = arg;
    const struct extremum *e = &w->found.items[w->origins[i]];
    sift_describe(w->out->descriptors + (size_t)i * SIFT_BYTES, &w->engine->kernels,
                  &w->spaces[e->octave], e, w->out->points[i].turn, &w->tables);
}

/* A keypoint for each orientation, as many as are wanted. */
static void list_points(struct work *w) {
    size_t most = (size_t)w->o->count;
    for (size_t i = 0; i < w->found.count; i++) {
        const struct extremum *e = &w->found.items[i];
        float pitch = (float)w->pitches[e->octave];
        for (int32_t k = 0; k < w->turn_counts[i] && w->out->count < most; k++) {
            w->origins[w->out->count] = (int32_t)i;
            w->out->points[w->out->count++] =
                (struct sift_point){.x = e->x * pitch,
                                    .y = e->y * pitch,
                                    .sigma = sift_sigma(&w->engine->kernels, e) * pitch,
                                    .turn = w->turns[i][k],
                                    .response = e->response};
        }
    }
}

static lk_status describe(struct work *w, lk_error *err) {
    size_t places = w->found.count;
    size_t most = MIN(places * SIFT_POINTS_AT_ONE, (size_t)w->o->count);
    w->turns = mem_alloc(places, sizeof *w->turns);
    w->turn_counts = mem_alloc(places, sizeof *w->turn_counts);
    w->origins = mem_alloc(most, sizeof *w->origins);
    w->out->points = mem_alloc(most, sizeof *w->out->points);
    w->out->descriptors = mem_alloc(most, SIFT_BYTES);
    if (!w->turns || !w->turn_counts || !w->origins || !w->out->points || !w->out->descriptors) {
        return error_memory(err, most * SIFT_BYTES);
    }
    sift_tables_init(&w->tables);
    pool_for(w->engine->pool, (int32_t)places, orient_one, w);
    list_points(w);
    pool_for(w->engine->pool, (int32_t)w->out->count, describe_one, w);
    return LK_OK;
}

/* Places in the picture searched to places in the picture given, by pixel centres. */
static void move_points(struct sift_points *s, const lk_image *searched, const lk_image *given) {
    double fx = (double)given->width / searched->width,
           fy = (double)given->height / searched->height;
    for (size_t i = 0; i < s->count; i++) {
        struct sift_point *p = &s->points[i];
        p->x = (float)((p->x + 0.5) * fx - 0.5);
        p->y = (float)((p->y + 0.5) * fy - 0.5);
        p->sigma = (float)(p->sigma * sqrt(fx * fy));
    }
}

static lk_status detect_in(struct sift_points *out, lk_engine *engine, const lk_image *gray,
                           const struct sift_options *o, lk_error *err) {
    struct work w = {.engine = engine, .o = o, .gray = gray, .out = out};
    lk_status status = search(&w, err);
    if (status == LK_OK && w.found.count > 0) {
        status = describe(&w, err);
    }
    for (int32_t i = 0; i < w.octaves; i++) {
        scale_octave_release(&w.spaces[i]);
    }
    extrema_release(&w.found);
    mem_free(w.turns);
    mem_free(w.turn_counts);
    mem_free(w.origins);
    if (status != LK_OK) {
        sift_points_release(out);
    }
    return status;
}

static bool is_valid(const struct sift_options *o) {
    return o->count >= 1 && o->count <= SIFT_COUNT_MOST &&
           (o->side == 0 || (o->side >= SIFT_SIDE_LEAST && o->side <= SIFT_SIDE_MOST)) &&
           (o->first_octave == -1 || o->first_octave == 0) && o->enlarge >= 1 && o->enlarge <= 64 &&
           o->contrast > 0 && o->contrast < 1 && o->edge >= 1 && o->edge <= 1e6 && o->crowd >= 1 &&
           o->crowd <= 1e6;
}

lk_status sift_detect(struct sift_points *out, lk_engine *engine, const lk_image *gray,
                      const struct sift_options *options, lk_error *err) {
    struct sift_options o = options ? *options : sift_options_default();
    *out = (struct sift_points){0};
    if (gray->channels != 1 || gray->bit_depth != 8 || !is_valid(&o)) {
        return error_set(err, LK_E_USAGE, "SIFT needs an 8-bit gray picture and valid options");
    }
    int32_t longer = MAX(gray->width, gray->height);
    if (o.side == 0 && longer > SIFT_SIDE_MOST) {
        return error_set(err, LK_E_SIZE, "SIFT takes at most %d pixels a side",
                         (int)SIFT_SIDE_MOST);
    }
    if (o.side == 0 || o.side == longer) {
        return detect_in(out, engine, gray, &o, err);
    }
    double scale = fmin((double)o.side / longer, o.enlarge);
    lk_image work;
    lk_status status =
        image_resize(&work, engine, gray, MAX((int32_t)lround(gray->width * scale), 1),
                     MAX((int32_t)lround(gray->height * scale), 1), RESIZE_BILINEAR, err);
    if (status == LK_OK) {
        status = detect_in(out, engine, &work, &o, err);
        move_points(out, &work, gray);
    }
    lk_image_release(&work);
    return status;
}
