/* SPDX-License-Identifier: Apache-2.0 */
/* identity: are the samples of the two pictures equal, exactly or within a tolerance?
 *
 * identical      sizes, channels, bit depths and all samples are equal
 * allclose       |a - b| <= atol + rtol * |b| for every sample (numpy.allclose; not symmetric in b)
 * max_abs_diff   the largest |a - b|
 *
 * Samples of pictures of different depth or channels are compared at the deeper depth and the richer set of channels:
 * 8 bits widen by 257, gray is repeated, missing alpha is opaque. Units of atol and max_abs_diff: levels of the deeper
 * picture. Oracle: numpy (tests/oracle). */

#include "base/compiler.h"
#include "measure/measure.h"

struct tally {
    uint32_t largest;
    uint64_t unequal;
    uint64_t far; /* samples outside the tolerance */
};

/* Sample c of pixel x at the common depth and channels; channel 3 is alpha. */
static uint32_t sample_at(const lk_image *image, const uint8_t *row, size_t x, size_t c,
                          int32_t depth) {
    uint32_t full = depth == 16 ? 65535 : 255;
    if (c == 3 && image->channels != 4) {
        return full;
    }
    size_t i = x * (size_t)image->channels + (image->channels == 1 ? 0 : c);
    if (image->bit_depth == 16) {
        return ((const uint16_t *)(const void *)row)[i];
    }
    return depth == 16 ? row[i] * 257u : row[i];
}

static void tally_row(struct tally *t, const struct measure_input *in, int32_t y, size_t channels,
                      int32_t depth) {
    const lk_image *a = in->a->image, *b = in->b->image;
    const uint8_t *row_a = image_row(a, y), *row_b = image_row(b, y);
    for (size_t x = 0; x < (size_t)a->width; x++) {
        for (size_t c = 0; c < channels; c++) {
            uint32_t va = sample_at(a, row_a, x, c, depth), vb = sample_at(b, row_b, x, c, depth);
            uint32_t d = va > vb ? va - vb : vb - va;
            t->largest = MAX(t->largest, d);
            t->unequal += d != 0;
            t->far += d > in->options->atol + in->options->rtol * vb;
        }
    }
}

static lk_status identity_run(lk_measure_result *out, const struct measure_input *in,
                              lk_error *err) {
    (void)err;
    const lk_image *a = in->a->image, *b = in->b->image;
    size_t channels = (size_t)MAX(a->channels, b->channels);
    int32_t depth = MAX(a->bit_depth, b->bit_depth);
    struct tally t = {0};
    if (image_same_size(a, b)) {
        for (int32_t y = 0; y < a->height; y++) {
            tally_row(&t, in, y, channels, depth);
        }
    } else {
        t = (struct tally){.largest = depth == 16 ? 65535 : 255, .unequal = 1, .far = 1};
    }
    bool alike = a->channels == b->channels && a->bit_depth == b->bit_depth;
    bool identical = t.unequal == 0 && alike;
    out->value = identical ? 1 : 0;
    out->score = out->value;
    measure_detail_bool(out, "identical", identical);
    measure_detail_bool(out, "allclose", t.far == 0);
    measure_detail_int(out, "max_abs_diff", t.largest);
    measure_detail_int(out, "unequal_samples", (int64_t)t.unequal);
    measure_detail_bool(out, "same_layout", alike && image_same_size(a, b));
    return LK_OK;
}

const struct measure measure_identity = {
    .info =
        {.name = "identity",
         .version = 1,
         .title = "Identity",
         .summary =
             "Whether every sample of the two pictures is equal, exactly or within a tolerance.",
         .unit = "",
         .higher_is_more_alike = true,
         .symmetric = true,
         .is_default = true,
         .best = 1,
         .min = 0,
         .max = 1},
    .any_size = true,
    .run = identity_run,
};
