/* SPDX-License-Identifier: Apache-2.0 */
/* Compare: align the photo to the reference, measure the aligned pair, find regions, give a verdict. */
#ifndef LIKENESS_COMPARE_H
#define LIKENESS_COMPARE_H

#include <likeness/feature.h>
#include <likeness/measure.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lk_verdict { LK_SAME, LK_DIFFERENT, LK_CANNOT_TELL } lk_verdict;
/* "same", "different", "cannot-tell". */
LK_API const char *lk_verdict_name(lk_verdict verdict);

typedef enum lk_align_mode {
    LK_ALIGN_AUTO,
    LK_ALIGN_NONE,
    LK_ALIGN_SHIFT,
    LK_ALIGN_AFFINE,
    LK_ALIGN_PERSPECTIVE,
} lk_align_mode;

/* What to do when sizes differ and no alignment was found or wanted. */
typedef enum lk_fit_mode { LK_FIT_SCALE, LK_FIT_FAIL, LK_FIT_PAD, LK_FIT_CROP } lk_fit_mode;

/* Keypoints and embedding of a picture. */
typedef struct lk_features lk_features;

/* What comparisons found in one picture (gray levels, keypoints), kept for the comparisons after: each thing is computed by the
 * first that wants it. Any number of comparisons may use it at once. */
typedef struct lk_known lk_known;
/* image is borrowed and stays as it is, and where it is, while this is used. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_known_new(lk_known **out, const lk_image *image, lk_error *err);
LK_API void lk_known_free(lk_known *known);

typedef struct lk_compare_options {
    const char *measures; /* "default", "all" or names with commas; NULL is default, "" none */
    lk_align_mode align;
    lk_fit_mode fit;
    double min_score; /* > 0: a lower score is `different` */
    lk_measure_options measure;
    const lk_image
        *mask; /* gray, size of the reference: 0 leaves a pixel out; NULL for none; borrowed */
    const lk_polygon *ignore;
    size_t ignore_count;
    const lk_image_info *infos
        [2]; /* of A and B as lk_image_load gave them, copied into the result; NULL for none. A picture that has fewer
                   * pixels than its info says was decoded reduced: all places are then told in pixels of the whole one. */
    /* What was found of A and B before (lk_features_make), so that it need not be found again: taken where it is of a picture of
     * the size that is compared and of the same model, else passed over. NULL for none. */
    const lk_features *features[2];
    /* The same, growing with what this comparison finds: passed over unless it was made of that very lk_image. NULL for none. */
    lk_known *known[2];
    bool want_evidence; /* keep pictures, maps and matched points for a report */
    bool no_aspects;    /* leave aspects out: a verdict does not need them */
    bool measures_only; /* neither judge nor look for regions: cannot-tell, and the score is NAN */
} lk_compare_options;

LK_API lk_compare_options lk_compare_options_default(void);

typedef struct lk_alignment {
    lk_align_mode model; /* NONE: the pair was measured as it is (after fit) */
    double homography
        [9]; /* row-major; maps points of the photo (B) onto the reference (A); identity for NONE */
    int32_t keypoints_a, keypoints_b;
    int32_t matches, inliers;
    double rms_px;      /* of the inliers, in pixels of the reference */
    double coverage;    /* share of the reference that the photo shows, 0..1 */
    double spread;      /* share of a 4x4 grid over the reference that holds inliers, 0..1 */
    double reach;       /* share of the reference within 6 % of its size of an inlier, 0..1 */
    double seed_reach;  /* the same before points were looked for again where the map puts them */
    int32_t blocks;     /* textured blocks of the reference that the photo shows */
    double agreement;   /* share of them with a correlation above 0.5 after alignment */
    double correlation; /* mean of their correlations, -1..1 */
    double
        colour; /* how alike the colours are within the outline of the inliers, -1..1; 1 without */
    double rotation_deg, scale, shift_x, shift_y, tilt_deg; /* how the photo was moved, for words */
    /* rms_px and scale in the pixels that were looked at, which are fewer where a picture was reduced: what limits are held
     * against. */
    double looked_rms_px, looked_scale;
    lk_match *pairs; /* matches of them when evidence was wanted, else NULL; owned */
} lk_alignment;

typedef struct lk_warning {
    char code[32]; /* "size-differs", "no-overlap", ... */
    char text[200];
} lk_warning;

/* The answer to one thing a person asks. */
typedef struct lk_aspect_result {
    lk_aspect aspect;
    bool known;   /* else score says nothing, and reason why */
    double score; /* 0..1, higher is more alike */
    char reason[200];
} lk_aspect_result;

enum { LK_REASONS_MAX = 8, LK_WARNINGS_MAX = 8 };

/* The whole result; plain data that reports are written from. */
typedef struct lk_comparison {
    lk_verdict verdict;
    double score; /* 0..1; NAN where nothing was judged */
    char reasons[LK_REASONS_MAX][200];
    int32_t reason_count;
    lk_aspect_result aspects[LK_ASPECTS];
    int32_t aspect_count;
    lk_image_info inputs[2]; /* A the reference, B the photo */
    lk_alignment alignment;
    lk_measure_result *measures;
    size_t measure_count;
    lk_region *regions;
    size_t region_count;
    lk_warning warnings[LK_WARNINGS_MAX];
    int32_t warning_count;
    /* Evidence; empty unless wanted. All but `photo` have the size of the reference. */
    lk_image reference; /* RGB 8 */
    lk_image photo;     /* RGB 8, as it came, at most 1600 px a side */
    double photo_scale; /* pixels of `photo` a pixel of the photo */
    lk_image aligned;   /* RGB 8, the photo brought onto the reference */
    lk_map difference;  /* what the regions were cut from */
} lk_comparison;

/* Compares a (the reference) with b (the photo). options may be NULL.
 * LK_E_USAGE, LK_E_SIZE (fit is FAIL), LK_E_CANCELLED, LK_E_MEMORY. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_compare(lk_comparison *out, lk_engine *engine, const lk_image *a,
                                          const lk_image *b, const lk_compare_options *options,
                                          lk_error *err);
LK_API void lk_comparison_release(lk_comparison *comparison);

#ifdef __cplusplus
}
#endif
#endif
