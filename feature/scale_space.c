/* SPDX-License-Identifier: Apache-2.0 */
/* Gaussian levels of an octave, row by row: no level is held as a whole but those that descriptors need.
 *
 *   level i      level i - 1 under a Gaussian of sigma s sqrt(k^(2 i) - k^(2 i - 2)), s = 1.6, k = 2^(1/3)
 *   level 0      of the first octave: the picture, taken to have a blur of 0.5 pixels of the octave, brought to 1.6; of the
 *                others: every second pixel of level 3 before
 *   doubled      bilinear, sample (2 x, 2 y) on pixel (x, y): nothing moves
 *
 * A row of a level needs the r rows around it of the level before, which therefore runs r rows ahead. Each level keeps the rows
 * that are still needed in a ring: about 150 rows in all, which stay in the processor's second cache.
 *
 * Source: Lowe, Distinctive image features from scale-invariant keypoints, IJCV 2004, section 3. Gaussians end at 3 sigma
 * (4 in OpenCV): what is cut off is 0.3 % of the weight. Borders are mirrored. Oracle: whole pictures filtered one after the
 * other (tests/unit/test_scale_space.c). */
#include "feature/scale_space.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"

enum {
    STAGES = SCALE_LAYERS + 4, /* the source, then levels 0..SCALE_LAYERS + 2 */
    LAST = STAGES - 1,
    BAND_ROWS_LEAST =
        96, /* a band computes up to 31 rows beyond either end that its neighbour computes too */
    BANDS_MOST = 64,
};

static const double truncate = 3;

/* Lowe 2004, 3.3, for a picture as it is; a doubled one would have 1. With 0.5 there too the keypoints of the first layers are
 * found again more often (docs/algorithms/sift.md). */
static const double granted_blur = 0.5;

/* What all bands of an octave share. */
struct plan {
    lk_engine *engine;
    struct scale_octave *out;
    const lk_image *gray;              /* of the first octave, else NULL */
    const struct scale_octave *before; /* of the others */
    bool doubled;
    struct taps taps[STAGES];
    int32_t ahead[STAGES]; /* by how many rows a stage runs ahead of the last */
    int32_t ring[STAGES];  /* rows kept */
    int32_t bands;
    scale_seen *seen;
    void *arg;
    bool *failed; /* one a band */
};

/* A stage of one band. */
struct stage {
    float *rows;  /* ring x stride */
    int32_t next; /* the row that comes next */
};

struct band {
    const struct plan *plan;
    struct stage stages[STAGES];
    float *differences; /* SCALE_DIFFERENCES x SCALE_ROWS rows */
    float *padded;
    size_t stride;
    int32_t from, to; /* rows that are this band's own */
};

static float *stage_row(const struct band *b, int32_t stage, int32_t y) {
    return b->stages[stage].rows + (size_t)(y % b->plan->ring[stage]) * b->stride;
}

/* One row of a picture of twice the size. */
static void doubled_row(float *to, const lk_image *gray, int32_t y) {
    const uint8_t *a = image_row(gray, y / 2);
    const uint8_t *b = image_row(gray, MIN((y + 1) / 2, gray->height - 1));
    int32_t last = gray->width - 1;
    for (int32_t x = 0; x < last; x++) {
        int32_t here = a[x] + b[x];
        to[2 * x] = 0.5f * (float)here;
        to[2 * x + 1] = 0.25f * (float)(here + a[x + 1] + b[x + 1]);
    }
    to[2 * last] = to[2 * last + 1] = 0.5f * (float)(a[last] + b[last]);
}

static void source_row(float *to, const struct plan *p, int32_t y) {
    if (p->doubled) {
        doubled_row(to, p->gray, y);
    } else if (p->gray) {
        const uint8_t *from = image_row(p->gray, y);
        for (int32_t x = 0; x < p->out->width; x++) {
            to[x] = from[x];
        }
    } else {
        const float *from = plane_row(&p->before->levels[SCALE_LAYERS - 1], 2 * y);
        for (int32_t x = 0; x < p->out->width; x++) {
            to[x] = from[2 * x];
        }
    }
}

/* Row y of a stage out of the rows around it of the stage before. */
static void blurred_row(float *to, const struct band *b, int32_t stage, int32_t y) {
    const struct plan *p = b->plan;
    const struct taps *taps = &p->taps[stage];
    const struct kernel_plane *k = &p->engine->kernels.plane;
    int32_t r = taps->radius, width = p->out->width;
    const float *rows[2 * TAPS_RADIUS_MAX + 1];
    float *middle = b->padded + TAPS_RADIUS_MAX;
    if (r == 0) {
        memcpy(to, stage_row(b, stage - 1, y), (size_t)width * sizeof *to);
        return;
    }
    for (int32_t i = -r; i <= r; i++) {
        rows[i + r] = stage_row(b, stage - 1, filter_border(y + i, p->out->height, BORDER_MIRROR));
    }
    k->down_even(middle, rows, taps->weights, r, (size_t)width);
    for (int32_t i = 1; i <= r; i++) {
        middle[-i] = middle[filter_border(-i, width, BORDER_MIRROR)];
        middle[width - 1 + i] = middle[filter_border(width - 1 + i, width, BORDER_MIRROR)];
    }
    k->across_even(to, middle, taps->weights, r, (size_t)width);
}

/* Makes rows of a stage up to and including y, and of those before it what they need. The depth of the recursion is STAGES. */
static void advance(struct band *b, int32_t stage, int32_t y) {
    const struct plan *p = b->plan;
    for (int32_t *next = &b->stages[stage].next; *next <= y; (*next)++) {
        float *to = stage_row(b, stage, *next);
        if (stage == 0) {
            source_row(to, p, *next);
            continue;
        }
        advance(b, stage - 1, MIN(*next + p->taps[stage].radius, p->out->height - 1));
        blurred_row(to, b, stage, *next);
        if (stage >= 2 && stage < 2 + SCALE_LAYERS && *next >= b->from && *next < b->to) {
            memcpy(plane_row(&p->out->levels[stage - 2], *next), to,
                   (size_t)p->out->width * sizeof *to);
        }
    }
}

static float *difference_row(const struct band *b, int32_t i, int32_t y) {
    return b->differences + (size_t)(i * SCALE_ROWS + y % SCALE_ROWS) * b->stride;
}

static void show_row(const struct band *b, int32_t index, int32_t y) {
    struct scale_rows rows = {.y = y};
    for (int32_t i = 0; i < SCALE_DIFFERENCES; i++) {
        for (int32_t k = -SCALE_AROUND; k <= SCALE_AROUND; k++) {
            bool inside = y + k >= 0 && y + k < b->plan->out->height;
            rows.rows[i][k + SCALE_AROUND] = inside ? difference_row(b, i, y + k) : NULL;
        }
    }
    b->plan->seen(b->plan->arg, index, &rows);
}

static void run_rows(struct band *b, int32_t index) {
    const struct plan *p = b->plan;
    int32_t height = p->out->height;
    int32_t first = MAX(b->from - SCALE_AROUND, 0);
    for (int32_t i = 0; i < STAGES; i++) {
        b->stages[i].next = MAX(first - p->ahead[i], 0);
    }
    for (int32_t t = first, shown = b->from; shown < b->to; t++) {
        if (t < height) {
            advance(b, LAST, t);
            for (int32_t i = 0; i < SCALE_DIFFERENCES; i++) {
                p->engine->kernels.sift.subtract(difference_row(b, i, t), stage_row(b, i + 2, t),
                                                 stage_row(b, i + 1, t), (size_t)p->out->width);
            }
        }
        if (t - SCALE_AROUND >= shown) {
            show_row(b, index, shown++);
        }
    }
}

static void run_band(void *arg, int32_t index) {
    const struct plan *p = arg;
    struct band b = {.plan = p, .stride = ((size_t)p->out->width + 31) / 16 * 16};
    size_t rows = SCALE_DIFFERENCES * SCALE_ROWS;
    for (int32_t i = 0; i < STAGES; i++) {
        rows += (size_t)p->ring[i];
    }
    float *block =
        mem_alloc_aligned(rows * b.stride + 2 * TAPS_RADIUS_MAX + b.stride, sizeof *block);
    p->failed[index] = !block;
    if (!block) {
        return;
    }
    float *at = block;
    for (int32_t i = 0; i < STAGES; i++) {
        b.stages[i].rows = at;
        at += (size_t)p->ring[i] * b.stride;
    }
    b.differences = at;
    b.padded = at + SCALE_DIFFERENCES * SCALE_ROWS * b.stride;
    b.from = (int32_t)((int64_t)p->out->height * index / p->bands);
    b.to = (int32_t)((int64_t)p->out->height * (index + 1) / p->bands);
    run_rows(&b, index);
    mem_free(block);
}

/* Rings hold what the last stage still needs of this one, and what the next one needs. */
static void plan_rings(struct plan *p) {
    p->ahead[LAST] = 0;
    p->ring[LAST] = 1;
    for (int32_t i = LAST - 1; i >= 0; i--) {
        int32_t radius = p->taps[i + 1].radius;
        p->ahead[i] = p->ahead[i + 1] + radius;
        p->ring[i] = p->ahead[i] + 1 + MAX(radius - p->ahead[i + 1], 0);
    }
}

static void plan_taps(struct plan *p, double seed_sigma) {
    taps_gaussian(&p->taps[1], seed_sigma, truncate);
    for (int32_t i = 1; i < SCALE_LAYERS + 3; i++) {
        double wide = SCALE_SIGMA * pow(2, (double)i / SCALE_LAYERS);
        double narrow = SCALE_SIGMA * pow(2, (double)(i - 1) / SCALE_LAYERS);
        taps_gaussian(&p->taps[i + 1], sqrt(wide * wide - narrow * narrow), truncate);
    }
}

int32_t scale_bands(const lk_engine *engine, int32_t height) {
    int32_t most = MIN(pool_threads(engine->pool), (int32_t)BANDS_MOST);
    return MAX(MIN(most, height / BAND_ROWS_LEAST), 1);
}

static lk_status run_octave(struct plan *p, double seed_sigma, lk_error *err) {
    struct scale_octave *o = p->out;
    bool failed[BANDS_MOST] = {false};
    lk_status status = LK_OK;
    plan_taps(p, seed_sigma);
    plan_rings(p);
    for (int32_t i = 0; status == LK_OK && i < SCALE_LAYERS; i++) {
        status = plane_new(&o->levels[i], o->width, o->height, err);
    }
    if (status == LK_OK) {
        p->bands = scale_bands(p->engine, o->height);
        p->failed = failed;
        pool_for(p->engine->pool, p->bands, run_band, p);
    }
    for (int32_t i = 0; status == LK_OK && i < p->bands; i++) {
        status = failed[i] ? error_memory(err, (size_t)o->width * sizeof(float)) : LK_OK;
    }
    if (status != LK_OK) {
        scale_octave_release(o);
    }
    return status;
}

lk_status scale_octave_first(struct scale_octave *out, lk_engine *engine, const lk_image *gray,
                             int32_t number, scale_seen *seen, void *arg, lk_error *err) {
    bool doubled = number < 0;
    int32_t factor = doubled ? 2 : 1;
    *out = (struct scale_octave){
        .width = factor * gray->width, .height = factor * gray->height, .pitch = 1.0 / factor};
    struct plan p = {
        .engine = engine, .out = out, .gray = gray, .doubled = doubled, .seen = seen, .arg = arg};
    return run_octave(&p, sqrt(SCALE_SIGMA * SCALE_SIGMA - granted_blur * granted_blur), err);
}

lk_status scale_octave_next(struct scale_octave *out, lk_engine *engine,
                            const struct scale_octave *before, scale_seen *seen, void *arg,
                            lk_error *err) {
    *out = (struct scale_octave){.width = (before->width + 1) / 2,
                                 .height = (before->height + 1) / 2,
                                 .pitch = 2 * before->pitch};
    struct plan p = {.engine = engine, .out = out, .before = before, .seen = seen, .arg = arg};
    return run_octave(&p, 0, err);
}

void scale_octave_release(struct scale_octave *o) {
    for (int32_t i = 0; o && i < SCALE_LAYERS; i++) {
        plane_release(&o->levels[i]);
    }
}
