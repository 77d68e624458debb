/* SPDX-License-Identifier: Apache-2.0 */
/* The strict diff: classify every pixel, leave out what is ignored, count, find regions, hold the count against the limits. */
#include <likeness/diff.h>

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour.h"
#include "measure/pixelmatch.h"
#include "verify/classify.h"
#include "verify/diff_regions.h"
#include "verify/mask.h"

lk_diff_options lk_diff_options_default(void) {
    return (lk_diff_options){.threshold = 0.1, .skip_antialiased = -1};
}

void lk_diff_result_release(lk_diff_result *r) {
    if (r) {
        mem_free(r->regions);
        mem_free(r->classes);
        *r = (lk_diff_result){0};
    }
}

/* The top left width x height of a picture as RGBA, 8 bits; what the picture lacks is transparent black. */
static lk_status to_rgba(lk_image *out, const lk_image *from, int32_t width, int32_t height,
                         lk_error *err) {
    lk_image rgb = {0};
    const lk_image *source = from;
    lk_status status = LK_OK;
    if (from->bit_depth != 8 || from->channels == 1) {
        if (from->channels == 4) {
            return error_set(err, LK_E_USAGE, "a 16-bit picture with alpha cannot be diffed");
        }
        status = colour_to_rgb8(&rgb, from, err);
        source = &rgb;
    }
    status = status == LK_OK ? lk_image_new(out, width, height, 4, 8, err) : status;
    size_t n = (size_t)source->channels;
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        uint8_t *to = image_row(out, y);
        int32_t common = y < source->height ? MIN(width, source->width) : 0;
        const uint8_t *p = common ? image_row(source, y) : NULL;
        memset(to + 4 * (size_t)common, 0, 4 * (size_t)(width - common));
        if (n == 4 && common) {
            memcpy(to, p, 4 * (size_t)common);
        }
        for (int32_t x = 0; n == 3 && x < common; x++) {
            memcpy(to + 4 * x, p + 3 * x, 3);
            to[4 * x + 3] = 255;
        }
    }
    lk_image_release(&rgb);
    return status;
}

/* One diff. */
struct diffing {
    lk_engine *engine;
    const lk_diff_options *o;
    lk_image a, b; /* of one size, both RGB or both RGBA */
    bool owned;    /* whether a and b are copies */
    struct pixelmatch_classes classes;
};

/* Two pictures of one kind are compared where they lie; others as RGBA copies of the common frame. */
static lk_status frame(struct diffing *d, const lk_image *a, const lk_image *b, lk_error *err) {
    if (image_same_size(a, b) && a->channels == b->channels && a->channels > 1 &&
        a->bit_depth == 8 && b->bit_depth == 8) {
        d->a = *a;
        d->b = *b;
        return LK_OK;
    }
    int32_t width = MAX(a->width, b->width), height = MAX(a->height, b->height);
    d->owned = true;
    lk_status status = to_rgba(&d->a, a, width, height, err);
    return status == LK_OK ? to_rgba(&d->b, b, width, height, err) : status;
}

static void diffing_release(struct diffing *d) {
    pixelmatch_classes_release(&d->classes);
    if (d->owned) {
        lk_image_release(&d->a);
        lk_image_release(&d->b);
    }
}

static uint8_t *class_row(const struct diffing *d, int32_t y) {
    return d->classes.data + (size_t)y * (size_t)d->classes.width;
}

static struct pixelmatch_options match_options(const lk_diff_options *o) {
    bool odiff = o->like == LK_LIKE_ODIFF;
    return (struct pixelmatch_options){
        .threshold = o->threshold,
        .like = o->like,
        .skip_antialiased = o->skip_antialiased < 0 ? !odiff : o->skip_antialiased != 0,
    };
}

/* Whether b shows the pixel (x, y) of a, or a that of b, within `shift` pixels: rendering that moved by a hair. */
static bool is_shifted(const lk_image *a, const lk_image *b, int32_t x, int32_t y, int32_t shift) {
    size_t n = (size_t)a->channels; /* bytes of a pixel: the frame is 8 bits deep */
    const uint8_t *own = image_row(a, y) + n * (size_t)x;
    for (int32_t j = MAX(y - shift, 0); j <= MIN(y + shift, b->height - 1); j++) {
        for (int32_t i = MAX(x - shift, 0); i <= MIN(x + shift, b->width - 1); i++) {
            if (memcmp(own, image_row(b, j) + n * (size_t)i, n) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void forgive_shifts(struct diffing *d) {
    int32_t shift = MIN(d->o->shift, MAX(d->a.width, d->a.height)); /* farther is all of it */
    for (int32_t y = 0; shift > 0 && y < d->a.height; y++) {
        uint8_t *row = class_row(d, y);
        for (int32_t x = 0; d->classes.touched[y] && x < d->a.width; x++) {
            if (row[x] == LK_PIXEL_DIFFERENT && is_shifted(&d->a, &d->b, x, y, shift) &&
                is_shifted(&d->b, &d->a, x, y, shift)) {
                row[x] = LK_PIXEL_SAME;
            }
        }
    }
}

static lk_status apply_masks(struct diffing *d, lk_error *err) {
    lk_compare_options masks = {
        .mask = d->o->mask, .ignore = d->o->ignore, .ignore_count = d->o->ignore_count};
    lk_image counts;
    if (!masks.mask && masks.ignore_count == 0) {
        return LK_OK;
    }
    const struct full_size size = full_size_of(&d->a, NULL);
    lk_status status = mask_new(&counts, &d->a, &size, &masks, err);
    for (int32_t y = 0; status == LK_OK && y < d->a.height; y++) {
        uint8_t *row = class_row(d, y);
        const uint8_t *live = image_row(&counts, y);
        for (int32_t x = 0; d->classes.touched[y] && x < d->a.width; x++) {
            row[x] = live[x] ? row[x] : LK_PIXEL_SAME;
        }
    }
    lk_image_release(&counts);
    return status;
}

static void count(lk_diff_result *out, const struct diffing *d) {
    for (int32_t y = 0; y < d->a.height; y++) {
        const uint8_t *row = class_row(d, y);
        for (int32_t x = 0; d->classes.touched[y] && x < d->a.width; x++) {
            out->diff_pixels += row[x] == LK_PIXEL_DIFFERENT;
            out->antialiased_pixels += row[x] == LK_PIXEL_ANTIALIASED;
        }
    }
    out->pixels = (int64_t)d->a.width * d->a.height;
    out->diff_ratio = (double)out->diff_pixels / (double)out->pixels;
}

/* The figures and places of what was classified; out takes the classes over. */
static lk_status collect(lk_diff_result *out, struct diffing *d, lk_error *err) {
    count(out, d);
    lk_status status = LK_OK;
    if (out->diff_pixels > 0) {
        const struct change change = {
            .engine = d->engine, .a = &d->a, .b = &d->b, .differs = d->classes.data, .exact = true};
        status = diff_regions(&out->regions, &out->region_count, &d->classes, &d->a, &d->b,
                              d->o->like, err);
        status = status == LK_OK ? classify_regions(&out->regions, &out->region_count, &change, err)
                                 : status;
    }
    if (out->diff_pixels + out->antialiased_pixels > 0) {
        out->classes = d->classes.data;
        d->classes.data = NULL;
    }
    return status;
}

static void judge(lk_diff_result *out, const lk_diff_options *o) {
    bool by_pixels = out->diff_pixels > o->max_pixels,
         by_ratio = o->max_ratio > 0 && out->diff_ratio > o->max_ratio;
    /* A ratio alone replaces the strict default of no pixel at all. */
    bool ratio_alone = o->max_ratio > 0 && o->max_pixels == 0;
    bool different = ratio_alone ? by_ratio : by_pixels || by_ratio;
    out->limit = by_ratio || ratio_alone ? "max_diff_ratio" : "max_diff_pixels";
    if (out->size_differs && !o->common_area) {
        different = true;
        out->limit = "size";
    }
    out->verdict = different ? LK_DIFFERENT : LK_SAME;
}

lk_status lk_diff(lk_diff_result *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                  const lk_diff_options *options, lk_error *err) {
    lk_diff_options defaults = lk_diff_options_default();
    struct diffing d = {.engine = engine, .o = options ? options : &defaults};
    *out = (lk_diff_result){.sizes = {a->width, a->height, b->width, b->height}};
    out->size_differs = a->width != b->width || a->height != b->height;
    if (!(d.o->threshold >= 0 && d.o->threshold <= 1)) {
        return error_set(err, LK_E_USAGE, "the threshold must lie in 0..1");
    }
    if (out->size_differs && !d.o->common_area) {
        judge(out, d.o);
        return LK_OK;
    }
    struct pixelmatch_options match = match_options(d.o);
    lk_status status = frame(&d, a, b, err);
    status =
        status == LK_OK ? pixelmatch_classify(&d.classes, engine, &d.a, &d.b, &match, err) : status;
    if (status == LK_OK) {
        forgive_shifts(&d);
        status = apply_masks(&d, err);
    }
    status = status == LK_OK ? collect(out, &d, err) : status;
    judge(out, d.o);
    diffing_release(&d);
    if (status != LK_OK) {
        lk_diff_result_release(out);
    }
    return status;
}
