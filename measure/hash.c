/* SPDX-License-Identifier: Apache-2.0 */
/* The perceptual hashes as measures: value is the Hamming distance in bits (for crop-resistant hashes the segments without a
 * partner), score = 1 - value / bits. */
#include "base/error.h"
#include "measure/measure.h"

#include <likeness/hash.h>

static lk_status hash_run(lk_measure_result *out, const struct measure_input *in, const char *name,
                          lk_error *err) {
    const lk_hash_info *info = lk_hash_find(name);
    lk_hash a, b;
    int32_t distance = 0;
    char text[LK_HASH_TEXT_MAX];
    lk_status status = lk_hash_compute(&a, in->engine, in->a->image, info, 0, err);
    status = status == LK_OK ? lk_hash_compute(&b, in->engine, in->b->image, info, 0, err) : status;
    status = status == LK_OK ? lk_hash_distance(&distance, &a, &b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    out->value = distance;
    out->score = 1 - (double)distance / lk_hash_distance_max(&a);
    measure_detail_int(out, "bits", a.bits);
    measure_detail_int(out, "match_bits", info->match_bits);
    lk_hash_text(text, sizeof text, &a);
    measure_detail_text(out, "a", text);
    lk_hash_text(text, sizeof text, &b);
    measure_detail_text(out, "b", text);
    if (a.quality >= 0) {
        const double quality[2] = {a.quality, b.quality};
        measure_detail_numbers(out, "quality", quality, 2);
    }
    return LK_OK;
}

#define HASH_MEASURE(symbol, measure_name, hash_name, words, explained, counted, commutes,         \
                     default_row, longest, asked)                                                  \
    static lk_status symbol##_run(lk_measure_result *out, const struct measure_input *in,          \
                                  lk_error *err) {                                                 \
        return hash_run(out, in, hash_name, err);                                                  \
    }                                                                                              \
    const struct measure measure_##symbol = {                                                      \
        .info = {.name = measure_name,                                                             \
                 .version = 1,                                                                     \
                 .title = words,                                                                   \
                 .summary = explained,                                                             \
                 .unit = counted,                                                                  \
                 .aspect = LK_ASPECT_##asked,                                                      \
                 .higher_is_more_alike = false,                                                    \
                 .symmetric = commutes,                                                            \
                 .is_default = default_row,                                                        \
                 .best = 0,                                                                        \
                 .min = 0,                                                                         \
                 .max = longest},                                                                  \
        .any_size = true,                                                                          \
        .run = symbol##_run,                                                                       \
    }

HASH_MEASURE(average, "average", "average", "Average hash",
             "How many of 64 parts change sides of the mean brightness.", "bits", true, false, 64,
             STRUCTURE);
HASH_MEASURE(phash, "phash", "phash", "DCT hash",
             "How many of the 64 lowest frequencies change; 10 or fewer is a near duplicate.",
             "bits", true, true, 64, STRUCTURE);
HASH_MEASURE(dhash, "dhash", "dhash", "Difference hash",
             "How many of 64 steps of brightness from left to right turn round.", "bits", true,
             true, 64, STRUCTURE);
HASH_MEASURE(whash, "whash", "whash", "Wavelet hash",
             "How many of 64 parts change in the coarsest wavelet band.", "bits", true, false, 64,
             STRUCTURE);
HASH_MEASURE(colorhash, "colorhash", "colorhash", "Colour hash",
             "How much the shares of black, gray and each hue change.", "bits", true, false, 42,
             COLOUR);
HASH_MEASURE(crop_resistant, "crop-resistant", "crop_resistant", "Crop-resistant hash",
             "How many large areas of the reference have no like in the photo.", "areas", false,
             false, LK_HASH_SEGMENTS_MAX, STRUCTURE);
HASH_MEASURE(pdq, "pdq", "pdq", "PDQ",
             "How many of 256 low frequencies change; 31 or fewer is a match.", "bits", true, true,
             256, STRUCTURE);
