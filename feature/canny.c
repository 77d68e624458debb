/* SPDX-License-Identifier: Apache-2.0 */
/* Edges after Canny, "A computational approach to edge detection", PAMI 1986.
 *
 *   1. smooth    binomial 5 x 5 (1 4 6 4 1, near a Gaussian of sigma 1), rounded to 8 bits; border reflect-101
 *   2. gradient  Sobel 3 x 3, border repeated; its strength is dx^2 + dy^2, compared with the squares of the limits
 *   3. thin      kept where it is the largest of three across the edge, whose direction is rounded to one of four
 *   4. connect   what exceeds the high limit, and all above the low one that hangs together with it (8 neighbours)
 *
 * Integers throughout. Choices (sides of ties, tan 22.5 deg in 15 bits) are those of OpenCV, the oracle, which it equals pixel
 * for pixel: cv2.Canny(cv2.GaussianBlur(gray, (5, 5), 0), low, high, L2gradient=True) of 4.6 (tests/oracle/edge). */
#include "feature/canny.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"

enum {
    BANDS = 16,   /* rows are done in so many parts, whatever the number of threads */
    JOINED = 4,   /* beside EDGE_STRONG and EDGE_WEAK: found to be an edge */
    MOST = 32767, /* no gradient is as large */
};

struct detector {
    lk_engine *engine;
    const lk_image *gray;
    int32_t limits[2];  /* squared */
    size_t stride;      /* of kinds and smooth: a column more on either side */
    uint8_t *smooth;    /* the smoothed picture; the columns outside repeat the border */
    uint8_t *kinds;     /* EDGE_..., with a row more at the top and at the bottom */
    uint16_t *sums;     /* a row of width + 4 a band */
    int16_t *slopes;    /* three rows of dx and of dy a band */
    int32_t *strengths; /* three rows of width + 2 a band, 0 outside */
};

static void smooth_row(struct detector *d, uint16_t *sums, int32_t y) {
    int32_t width = d->gray->width, height = d->gray->height;
    const uint8_t *rows[5];
    for (int32_t i = 0; i < 5; i++) {
        rows[i] = image_row(d->gray, filter_border(y + i - 2, height, BORDER_MIRROR));
    }
    const struct kernel_edge *k = &d->engine->kernels.edge;
    k->blur_down(sums + 2, rows, (size_t)width);
    for (int32_t i = 1; i <= 2; i++) {
        sums[2 - i] = sums[2 + filter_border(-i, width, BORDER_MIRROR)];
        sums[width + 1 + i] = sums[2 + filter_border(width - 1 + i, width, BORDER_MIRROR)];
    }
    uint8_t *to = d->smooth + (size_t)y * d->stride + 1;
    k->blur_across(to, sums + 2, (size_t)width);
    to[-1] = to[0];
    to[width] = to[width - 1];
}

static int32_t band_begin(const struct detector *d, int32_t band) {
    return (int32_t)((int64_t)d->gray->height * band / BANDS);
}

static void smooth_band(void *arg, int32_t band) {
    struct detector *d = arg;
    uint16_t *sums = d->sums + (size_t)band * ((size_t)d->gray->width + 4);
    for (int32_t y = band_begin(d, band); y < band_begin(d, band + 1); y++) {
        smooth_row(d, sums, y);
    }
}

/* The three rows a band holds at a time; row y is in slot (y + 3) % 3. */
struct slots {
    int16_t *dx[3], *dy[3];
    int32_t *strength[3];
};

static void gradient_row(struct detector *d, struct slots *s, int32_t y) {
    int32_t slot = (y + 3) % 3, height = d->gray->height;
    size_t width = (size_t)d->gray->width;
    if (y < 0 || y >= height) {
        memset(s->strength[slot], 0, width * sizeof *s->strength[slot]);
        return;
    }
    const uint8_t *rows[3];
    for (int32_t i = 0; i < 3; i++) {
        rows[i] =
            d->smooth + (size_t)filter_border(y + i - 1, height, BORDER_CLAMP) * d->stride + 1;
    }
    d->engine->kernels.edge.gradient(s->dx[slot], s->dy[slot], s->strength[slot], rows, width);
}

static void thin_band(void *arg, int32_t band) {
    struct detector *d = arg;
    size_t width = (size_t)d->gray->width;
    struct slots s;
    for (size_t i = 0; i < 3; i++) {
        s.dx[i] = d->slopes + (6 * (size_t)band + i) * width;
        s.dy[i] = s.dx[i] + 3 * width;
        s.strength[i] = d->strengths + (3 * (size_t)band + i) * d->stride + 1;
        s.strength[i][-1] = s.strength[i][width] = 0;
    }
    int32_t begin = band_begin(d, band), end = band_begin(d, band + 1);
    gradient_row(d, &s, begin - 1);
    gradient_row(d, &s, begin);
    for (int32_t y = begin; y < end; y++) {
        gradient_row(d, &s, y + 1);
        const int32_t *three[3] = {s.strength[(y + 2) % 3], s.strength[y % 3],
                                   s.strength[(y + 1) % 3]};
        uint8_t *to = d->kinds + ((size_t)y + 1) * d->stride + 1;
        d->engine->kernels.edge.thin(to, s.dx[y % 3], s.dy[y % 3], three, d->limits, width);
    }
}

/* Marks what hangs together with the strong pixels as JOINED. Each pixel goes onto the stack once. */
static lk_status join_edges(struct detector *d, lk_error *err) {
    size_t total = d->stride * ((size_t)d->gray->height + 2), candidates = 0, count = 0;
    for (size_t i = 0; i < total; i++) {
        candidates += d->kinds[i] != EDGE_NONE;
    }
    size_t *stack = mem_alloc(candidates, sizeof *stack);
    if (!stack) {
        return error_memory(err, candidates * sizeof *stack);
    }
    const size_t s = d->stride, around[8] = {0, 1, 2, s, s + 2, 2 * s, 2 * s + 1, 2 * s + 2};
    const uint8_t *end = d->kinds + total;
    for (uint8_t *p = d->kinds; (p = memchr(p, EDGE_STRONG, (size_t)(end - p)));) {
        *p = JOINED;
        stack[count++] = (size_t)(p - d->kinds);
        while (count > 0) {
            uint8_t *corner = d->kinds + stack[--count] - s - 1;
            for (int i = 0; i < 8; i++) {
                uint8_t *q = corner + around[i];
                if (*q == EDGE_WEAK || *q == EDGE_STRONG) {
                    *q = JOINED;
                    stack[count++] = (size_t)(q - d->kinds);
                }
            }
        }
    }
    mem_free(stack);
    return LK_OK;
}

static lk_status detector_init(struct detector *d, lk_error *err) {
    size_t width = (size_t)d->gray->width, height = (size_t)d->gray->height;
    d->stride = width + 2;
    d->smooth = mem_alloc(d->stride, height);
    d->kinds = mem_calloc(d->stride, height + 2);
    d->sums = mem_alloc((width + 4) * BANDS, sizeof *d->sums);
    d->slopes = mem_alloc(width * 6 * BANDS, sizeof *d->slopes);
    d->strengths = mem_alloc(d->stride * 3 * BANDS, sizeof *d->strengths);
    bool got = d->smooth && d->kinds && d->sums && d->slopes && d->strengths;
    return got ? LK_OK : error_memory(err, d->stride * height * 2);
}

static void detector_release(struct detector *d) {
    mem_free(d->smooth);
    mem_free(d->kinds);
    mem_free(d->sums);
    mem_free(d->slopes);
    mem_free(d->strengths);
}

static int32_t limit_squared(double limit) {
    double kept = fmin(fmax(limit, 0), MOST);
    return (int32_t)floor(kept * kept);
}

lk_status edge_detect(lk_image *out, lk_engine *engine, const lk_image *gray,
                      struct edge_limits limits, lk_error *err) {
    struct detector d = {.engine = engine,
                         .gray = gray,
                         .limits = {limit_squared(limits.low), limit_squared(limits.high)}};
    *out = (lk_image){0};
    lk_status status = detector_init(&d, err);
    if (status == LK_OK) {
        pool_for(engine->pool, BANDS, smooth_band, &d);
        pool_for(engine->pool, BANDS, thin_band, &d);
        status = join_edges(&d, err);
    }
    status = status == LK_OK ? lk_image_new(out, gray->width, gray->height, 1, 8, err) : status;
    for (int32_t y = 0; status == LK_OK && y < gray->height; y++) {
        const uint8_t *from = d.kinds + ((size_t)y + 1) * d.stride + 1;
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < gray->width; x++) {
            to[x] = from[x] == JOINED ? 255 : 0;
        }
    }
    detector_release(&d);
    return status;
}
