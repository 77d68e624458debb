/* SPDX-License-Identifier: Apache-2.0 */
/* One table of what can be wrong with a picture; a row says from where on it costs stars, and what to do about it. */
#include <likeness/verify.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/engine.h"
#include "image/resize.h"
#include "verify/blur.h"

enum { SIDE = 1024, BLUR_TAPS = 11, BLOCK = 16, DARKEST = 4, LIGHTEST = 251, STARS = 5 };

static const double texture_deviation = 6; /* levels */

/* -- The numbers -- */

static void count_levels(int64_t counts[256], const lk_image *gray) {
    memset(counts, 0, 256 * sizeof *counts);
    for (int32_t y = 0; y < gray->height; y++) {
        const uint8_t *row = image_row(gray, y);
        for (int32_t x = 0; x < gray->width; x++) {
            counts[row[x]]++;
        }
    }
}

/* The level that `share` of the pixels do not exceed. */
static int32_t percentile(const int64_t counts[256], int64_t pixels, double share) {
    int64_t below = 0;
    int32_t level = 0;
    while (level < 255 && (double)(below += counts[level]) < share * (double)pixels) {
        level++;
    }
    return level;
}

static void measure_levels(lk_quality *out, const lk_image *gray) {
    int64_t counts[256], pixels = (int64_t)gray->width * gray->height;
    int64_t sum = 0, dark = 0, light = 0;
    count_levels(counts, gray);
    for (int32_t level = 0; level < 256; level++) {
        sum += counts[level] * level;
        dark += level <= DARKEST ? counts[level] : 0;
        light += level >= LIGHTEST ? counts[level] : 0;
    }
    out->brightness = (double)sum / (255.0 * (double)pixels);
    out->contrast = (percentile(counts, pixels, 0.95) - percentile(counts, pixels, 0.05)) / 255.0;
    out->dark = (double)dark / (double)pixels;
    out->light = (double)light / (double)pixels;
}

static bool is_textured(const lk_image *gray, int32_t x0, int32_t y0) {
    int64_t sum = 0, squares = 0, n = (int64_t)BLOCK * BLOCK;
    for (int32_t y = y0; y < y0 + BLOCK; y++) {
        const uint8_t *row = image_row(gray, y);
        for (int32_t x = x0; x < x0 + BLOCK; x++) {
            sum += row[x];
            squares += (int64_t)row[x] * row[x];
        }
    }
    double limit = texture_deviation * texture_deviation * (double)(n * n);
    return (double)(n * squares - sum * sum) > limit;
}

static double texture_of(const lk_image *gray) {
    int64_t blocks = 0, textured = 0;
    for (int32_t y = 0; y + BLOCK <= gray->height; y += BLOCK) {
        for (int32_t x = 0; x + BLOCK <= gray->width; x += BLOCK) {
            blocks++;
            textured += is_textured(gray, x, y);
        }
    }
    return blocks > 0 ? (double)textured / (double)blocks : 0;
}

/* -- What is wrong -- */

struct check {
    size_t offset;        /* of a double in what is checked */
    double poor, useless; /* beyond these; poor < useless: large numbers are bad */
    enum { PIXELS, NUMBER, SHARE } unit;
    const char *before, *after; /* what is said around the number */
};

struct checked {
    lk_quality q;
    double side;
};

#define OF(member) offsetof(struct checked, member)
static const struct check checks[] = {
    {OF(side), 200, 48, PIXELS, "", " pixels on the shorter side: closer, or a larger picture"},
    {OF(q.sharpness), 0.4, 0.2, NUMBER, "blurred (sharpness ", "): hold still, tap to focus"},
    {OF(q.brightness), 0.1, 0.03, NUMBER, "dark (brightness ", "): more light"},
    {OF(q.contrast), 0.15, 0.04, NUMBER, "hardly any contrast (", "): other light, no reflection"},
    {OF(q.dark), 0.6, 0.95, SHARE, "", " of it is black: more light"},
    {OF(q.light), 0.8, 0.97, SHARE, "", " of it is burnt out or blank: less light, no flash"},
    {OF(q.texture), 0.08, 0.01, SHARE, "only ", " of it has texture to hold on to"},
};
#undef OF

static bool is_beyond(double value, double limit, const struct check *c) {
    return c->poor < c->useless ? value > limit : value < limit;
}

static void complain(lk_quality *q, const struct check *c, double value) {
    static const char *const formats[] = {"%.0f", "%.2f", "%.0f %%"};
    char number[24];
    snprintf(number, sizeof number, formats[c->unit], c->unit == SHARE ? 100 * value : value);
    snprintf(q->reasons[q->reason_count++], sizeof q->reasons[0], "%s%s%s", c->before, number,
             c->after);
}

static void judge(lk_quality *q) {
    struct checked checked = {*q, MIN(q->width, q->height)};
    q->stars = STARS;
    for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
        double value;
        memcpy(&value, (const char *)&checked + checks[i].offset, sizeof value);
        if (is_beyond(value, checks[i].poor, &checks[i])) {
            complain(q, &checks[i], value);
            q->stars -= is_beyond(value, checks[i].useless, &checks[i]) ? STARS : 1;
        }
    }
    q->stars = MAX(q->stars, 1);
}

_Static_assert(ARRAY_COUNT(checks) <= LK_QUALITY_REASONS, "each check may complain");

/* Gray, its longer side at most SIDE. */
static lk_status look(lk_image *out, lk_engine *engine, const lk_image *image, lk_error *err) {
    lk_image gray = {0};
    double scale = fmin(1, (double)SIDE / MAX(image->width, image->height));
    lk_status status = colour_to_gray8(&gray, engine, image, err);
    if (status != LK_OK || scale >= 1) {
        *out = gray;
        return status;
    }
    status = image_resize(out, engine, &gray, MAX((int32_t)lround(image->width * scale), 1),
                          MAX((int32_t)lround(image->height * scale), 1), RESIZE_BOX, err);
    lk_image_release(&gray);
    return status;
}

lk_status lk_quality_measure(lk_quality *out, lk_engine *engine, const lk_image *image,
                             lk_error *err) {
    lk_image gray = {0};
    double blur = 0;
    *out = (lk_quality){.width = image->width, .height = image->height};
    lk_status status = engine_check_stop(engine, err);
    status = status == LK_OK ? look(&gray, engine, image, err) : status;
    status = status == LK_OK ? blur_effect(&blur, engine, &gray, BLUR_TAPS, err) : status;
    if (status == LK_OK) {
        out->sharpness = 1 - blur;
        measure_levels(out, &gray);
        out->texture = texture_of(&gray);
        judge(out);
    }
    lk_image_release(&gray);
    return status;
}
