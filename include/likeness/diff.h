/* SPDX-License-Identifier: Apache-2.0 */
/* Diff: the strict comparison of two renderings, pixel by pixel, as pixelmatch and odiff count. */
#ifndef LIKENESS_DIFF_H
#define LIKENESS_DIFF_H

#include <likeness/compare.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lk_diff_style {
    LK_DIFF_BOX,     /* A in pale gray, differing pixels in the diff colour, regions framed */
    LK_DIFF_HEAT,    /* A in gray under the size of the difference in viridis */
    LK_DIFF_OVERLAY, /* A with differing pixels in the diff colour */
    LK_DIFF_MASK,    /* differing pixels alone, on transparent ground */
    LK_DIFF_SIDE,    /* A, B and the overlay side by side */
} lk_diff_style;

typedef struct lk_diff_options {
    lk_diff_like like;
    double threshold;         /* 0..1, smaller is stricter; 0.1 */
    int32_t skip_antialiased; /* 1 yes, 0 no, -1 as `like` does by default */
    int32_t
        shift; /* a pixel that B shows within this many pixels in the same neighbourhood does not count; 0 */
    int64_t max_pixels; /* more differing pixels are `different`; 0 */
    double max_ratio;   /* or a larger share of all pixels; 0 turns it off */
    bool
        common_area; /* sizes differ: compare the common area and count the rest, rather than stop */
    const lk_image *mask; /* gray, size of A: 0 leaves a pixel out; NULL for none; borrowed */
    const lk_polygon *ignore;
    size_t ignore_count;
} lk_diff_options;

LK_API lk_diff_options lk_diff_options_default(void);

typedef struct lk_diff_result {
    lk_verdict verdict; /* SAME or DIFFERENT */
    bool size_differs;
    int32_t sizes[4]; /* width and height of A, of B */
    int64_t diff_pixels;
    int64_t antialiased_pixels; /* skipped */
    int64_t pixels;
    double diff_ratio; /* diff_pixels / pixels */
    const char
        *limit; /* which limit decided: "max_diff_pixels", "max_diff_ratio", "size"; static */
    lk_region *regions;
    size_t region_count;
    uint8_t *
        classes; /* lk_diff_class of every pixel, rows contiguous; owned; NULL when all are the same */
} lk_diff_result;

/* Compares a with b. options may be NULL. LK_E_MEMORY, LK_E_SIZE for a mask of another size. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_diff(lk_diff_result *out, lk_engine *engine, const lk_image *a,
                                       const lk_image *b, const lk_diff_options *options,
                                       lk_error *err);
LK_API void lk_diff_result_release(lk_diff_result *result);

/* The difference as a picture (RGB, or RGBA for MASK). colour is 0xRRGGBB. LK_E_SIZE when the sizes differ. */
LK_API LK_MUST_CHECK lk_status lk_diff_picture(lk_image *out, const lk_diff_result *result,
                                               const lk_image *a, const lk_image *b,
                                               lk_diff_style style, uint32_t colour, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
