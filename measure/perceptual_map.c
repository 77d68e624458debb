/* SPDX-License-Identifier: Apache-2.0 */
/* Perceptual Image Diff (Yee 2004, after Yee, Pattanaik and Greenberg 2001), as version 2.x of its author's program defines it.
 *
 *   light     (v / 255)^gamma -> XYZ (primaries of Adobe RGB 1998) -> Y luminance in cd/m2, and CIELAB over the white of (1, 1, 1)
 *   pyramid   L0 = light, L(i+1) = L(i) * [0.05 0.25 0.4 0.25 0.05] both ways, never reduced; outside, the left and upper
 *             edge mirror about the edge pixel (-1 is 1), the right and lower one about its border (n is n - 1)
 *   contrast  c(i) = max |L(i) - L(i+1)| / max(L(i+2), 1e-5), the larger of both pictures above and below, i = 0..5
 *   adapted   to the mean of both at the level that averages a degree of view
 *   seen      |L0 a - L0 b| > elevation * threshold (perceptual_eye.c), or colour_factor (da^2 + db^2) > elevation, colour
 *             only from 10 cd/m2 of adaptation on. The squares are the program's.
 *
 * Only pixels that differ pay for the model of the eye. Windows of rows, one a level,
 * are all that is held of the pyramid. Oracle: tests/oracle/perceptual. */
#include "measure/perceptual_map.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "measure/perceptual_eye.h"

enum {
    REACH = 2, /* of one convolution */
    AHEAD =
        REACH * (EYE_LEVELS - 1), /* rows the finest level is read before the coarsest is known */
    WINDOW = 32,                  /* rows held of each level; a power of two above AHEAD + REACH */
    BAND_ROWS = 128
};

static const float blur_taps[REACH + 1] = {0.4f, 0.25f, 0.05f};
static const float least_luminance = 1e-5f, colour_from_cd = 10;

struct perceptual {
    lk_engine *engine;
    const lk_image *pictures[2];
    lk_image *seen;
    const struct perceptual_options *o;
    struct eye eye;
    float linear[256];
    float white[3];
    int64_t *failed; /* pixels of each band; -1: no memory */
};

/* The working rows of a band, in one block. */
struct band {
    float *memory;
    float *levels[2][EYE_LEVELS]; /* WINDOW rows each */
    float *colours[2][3];         /* a row: CIELAB f(X), f(Y), f(Z) */
    float *padded, *difference, *colour_difference;
    struct eye_rows eye;
    int32_t *undecided; /* columns */
};

static bool band_make(struct band *b, int32_t width) {
    size_t row = (size_t)width;
    size_t rows = 2 * EYE_LEVELS * WINDOW + 6 + 3 + EYE_BANDS + 7;
    *b = (struct band){.memory = mem_calloc(rows * row + 2 * REACH, sizeof *b->memory),
                       .undecided = mem_alloc(row, sizeof *b->undecided)};
    if (!b->memory || !b->undecided) {
        return false;
    }
    float *p = b->memory;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < EYE_LEVELS; k++, p += WINDOW * row) {
            b->levels[i][k] = p;
        }
        for (int k = 0; k < 3; k++, p += row) {
            b->colours[i][k] = p;
        }
    }
    float **const singles[] = {&b->difference,    &b->colour_difference, &b->eye.adaptation,
                               &b->eye.threshold, &b->eye.elevation,     &b->eye.base,
                               &b->eye.work[0],   &b->eye.work[1],       &b->eye.work[2]};
    for (size_t i = 0; i < ARRAY_COUNT(singles); i++, p += row) {
        *singles[i] = p;
    }
    for (int i = 0; i < EYE_BANDS; i++, p += row) {
        b->eye.contrast[i] = p;
    }
    b->padded = p + REACH;
    return true;
}

static void band_release(struct band *b) {
    mem_free(b->memory);
    mem_free(b->undecided);
}

/* The index inside 0..n-1 for one just outside, by the program's rule. */
static int32_t inside(int32_t i, int32_t n) {
    i = i < 0 ? -i : i;
    i = i >= n ? 2 * n - i - 1 : i;
    return MIN(MAX(i, 0), n - 1); /* a picture of one or two pixels */
}

static float *level_row(const struct perceptual *p, const struct band *b, int picture, int level,
                        int32_t y) {
    return b->levels[picture][level] + (size_t)(y & (WINDOW - 1)) * (size_t)p->seen->width;
}

#define ADOBE_X(r, g, b) (0.5767f * (r) + 0.185556f * (g) + 0.188212f * (b))
#define ADOBE_Y(r, g, b) (0.297361f * (r) + 0.627355f * (g) + 0.0752847f * (b))
#define ADOBE_Z(r, g, b) (0.0270328f * (r) + 0.0706879f * (g) + 0.991248f * (b))

static void read_light(const struct perceptual *p, float *to, const lk_image *picture, int32_t y) {
    const uint8_t *from = image_row(picture, y);
    float luminance = (float)p->o->luminance;
    for (int32_t x = 0; x < picture->width; x++, from += 3) {
        to[x] = ADOBE_Y(p->linear[from[0]], p->linear[from[1]], p->linear[from[2]]) * luminance;
    }
}

/* Row y of level + 1 from level, whose rows around y are in the window. */
static void next_level(const struct perceptual *p, struct band *b, int picture, int level,
                       int32_t y) {
    const struct kernel_plane *k = &p->engine->kernels.plane;
    int32_t width = p->seen->width, height = p->seen->height;
    const float *rows[2 * REACH + 1];
    for (int32_t i = -REACH; i <= REACH; i++) {
        rows[i + REACH] = level_row(p, b, picture, level, inside(y + i, height));
    }
    k->down_even(b->padded, rows, blur_taps, REACH, (size_t)width);
    for (int32_t i = 1; i <= REACH; i++) {
        b->padded[-i] = b->padded[inside(-i, width)];
        b->padded[width - 1 + i] = b->padded[inside(width - 1 + i, width)];
    }
    k->across_even(level_row(p, b, picture, level + 1, y), b->padded, blur_taps, REACH,
                   (size_t)width);
}

/* Reads row y of both pictures and carries every level as far as it now goes. */
static void advance(const struct perceptual *p, struct band *b, int32_t y, int32_t top) {
    int32_t height = p->seen->height;
    for (int i = 0; i < 2; i++) {
        if (y >= 0 && y < height) {
            read_light(p, level_row(p, b, i, 0, y), p->pictures[i], y);
        }
        for (int level = 0; level + 1 < EYE_LEVELS; level++) {
            int32_t row = y - REACH * (level + 1);
            int32_t first = MAX(top - AHEAD + REACH * (level + 1), 0);
            if (row >= first && row < height) {
                next_level(p, b, i, level, row);
            }
        }
    }
}

static void read_colours(const struct perceptual *p, struct band *b, int picture, int32_t y) {
    const uint8_t *from = image_row(p->pictures[picture], y);
    float **to = b->colours[picture];
    int32_t width = p->seen->width;
    for (int32_t x = 0; x < width; x++, from += 3) {
        float red = p->linear[from[0]], green = p->linear[from[1]], blue = p->linear[from[2]];
        to[0][x] = ADOBE_X(red, green, blue) / p->white[0];
        to[1][x] = ADOBE_Y(red, green, blue) / p->white[1];
        to[2][x] = ADOBE_Z(red, green, blue) / p->white[2];
    }
    for (int i = 0; i < 3; i++) {
        float *root = b->eye.work[0], *t = to[i];
        p->engine->kernels.math.cbrt(root, t, (size_t)width);
        for (int32_t x = 0; x < width; x++) {
            t[x] = t[x] > 216.0f / 24389 ? root[x] : (24389.0f / 27 * t[x] + 16) / 116;
        }
    }
}

/* Differences of light and colour of row y, and the light the eye is adapted to. */
static void differences(const struct perceptual *p, struct band *b, int32_t y) {
    const float *la = level_row(p, b, 0, 0, y), *lb = level_row(p, b, 1, 0, y);
    const float *fa = level_row(p, b, 0, p->eye.adaptation_level, y),
                *fb = level_row(p, b, 1, p->eye.adaptation_level, y);
    float factor = (float)p->o->colour_factor;
    float **ca = b->colours[0], **cb = b->colours[1];
    read_colours(p, b, 0, y);
    read_colours(p, b, 1, y);
    for (int32_t x = 0; x < p->seen->width; x++) {
        float adapted = (fa[x] + fb[x]) * 0.5f;
        adapted = adapted > least_luminance ? adapted : least_luminance;
        float da = 500 * ((ca[0][x] - ca[1][x]) - (cb[0][x] - cb[1][x]));
        float db = 200 * ((ca[1][x] - ca[2][x]) - (cb[1][x] - cb[2][x]));
        b->eye.adaptation[x] = adapted;
        b->difference[x] = fabsf(la[x] - lb[x]);
        b->colour_difference[x] = adapted < colour_from_cd ? 0 : (da * da + db * db) * factor;
    }
}

static float contrast_at(const struct perceptual *p, const struct band *b, int i, int32_t y,
                         int32_t x) {
    float above = 0, below = least_luminance;
    for (int k = 0; k < 2; k++) {
        float step = fabsf(level_row(p, b, k, i, y)[x] - level_row(p, b, k, i + 1, y)[x]);
        float mean = fabsf(level_row(p, b, k, i + 2, y)[x]);
        above = step > above ? step : above;
        below = mean > below ? mean : below;
    }
    return above / below;
}

/* Keeps the columns that the elevation decides, and moves what the model needs of them to the front. */
static size_t gather(const struct perceptual *p, struct band *b, int32_t y) {
    size_t n = 0;
    for (int32_t x = 0; x < p->seen->width; x++) {
        if (b->difference[x] == 0 && b->colour_difference[x] <= 1) {
            continue; /* never seen */
        }
        b->undecided[n] = x;
        b->difference[n] = b->difference[x];
        b->colour_difference[n] = b->colour_difference[x];
        b->eye.adaptation[n] = b->eye.adaptation[x];
        for (int i = 0; i < EYE_BANDS; i++) {
            b->eye.contrast[i][n] = contrast_at(p, b, i, y, x);
        }
        n++;
    }
    return n;
}

static int64_t decide_row(const struct perceptual *p, struct band *b, int32_t y) {
    uint8_t *seen = image_row(p->seen, y);
    int64_t failed = 0;
    memset(seen, 0, (size_t)p->seen->width);
    differences(p, b, y);
    size_t n = gather(p, b, y);
    eye_thresholds(&p->eye, &b->eye, n);
    for (size_t i = 0; i < n; i++) {
        float elevation = b->eye.elevation[i];
        bool is_seen = b->difference[i] > elevation * b->eye.threshold[i] ||
                       b->colour_difference[i] > elevation;
        seen[b->undecided[i]] = is_seen ? 255 : 0;
        failed += is_seen;
    }
    return failed;
}

static void run_band(void *arg, int32_t index) {
    struct perceptual *p = arg;
    struct band b;
    int32_t top = index * BAND_ROWS, bottom = MIN(top + BAND_ROWS, p->seen->height);
    if (!band_make(&b, p->seen->width)) {
        p->failed[index] = -1;
        band_release(&b);
        return;
    }
    for (int32_t y = MAX(top - AHEAD, 0); y < top + AHEAD; y++) {
        advance(p, &b, y, top);
    }
    for (int32_t y = top; y < bottom; y++) {
        advance(p, &b, y + AHEAD, top);
        p->failed[index] += decide_row(p, &b, y);
    }
    band_release(&b);
}

lk_status perceptual_map(lk_image *seen, int64_t *failed, lk_engine *engine, const lk_image *a,
                         const lk_image *b, const struct perceptual_options *o, lk_error *err) {
    int32_t bands = (a->height + BAND_ROWS - 1) / BAND_ROWS;
    struct perceptual p = {.engine = engine, .pictures = {a, b}, .seen = seen, .o = o};
    *failed = 0;
    lk_status status = lk_image_new(seen, a->width, a->height, 1, 8, err);
    p.failed = mem_calloc((size_t)bands, sizeof *p.failed);
    if (status == LK_OK && !p.failed) {
        status = error_memory(err, (size_t)bands * sizeof *p.failed);
    }
    if (status == LK_OK) {
        for (int i = 0; i < 256; i++) {
            p.linear[i] = (float)pow(i / 255.0, o->gamma);
        }
        p.white[0] = ADOBE_X(1.0f, 1.0f, 1.0f);
        p.white[1] = ADOBE_Y(1.0f, 1.0f, 1.0f);
        p.white[2] = ADOBE_Z(1.0f, 1.0f, 1.0f);
        eye_init(&p.eye, &engine->kernels.math, a->width, o->fov_deg);
        pool_for(engine->pool, bands, run_band, &p);
    }
    for (int32_t i = 0; status == LK_OK && i < bands; i++) {
        status = p.failed[i] < 0 ? error_memory(err, (size_t)a->width) : LK_OK;
        *failed += p.failed[i];
    }
    if (status != LK_OK) {
        lk_image_release(seen);
    }
    mem_free(p.failed);
    return status;
}
