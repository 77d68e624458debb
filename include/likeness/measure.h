/* SPDX-License-Identifier: Apache-2.0 */
/* Measures: one number for how alike two pictures of the same size are, with details and often a map. */
#ifndef LIKENESS_MEASURE_H
#define LIKENESS_MEASURE_H

#include <likeness/image.h>
#include <likeness/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a person asks about two pictures; every row of the table answers to one of these. */
typedef enum lk_aspect {
    LK_ASPECT_OVERALL, /* how far apart altogether */
    LK_ASPECT_COLOUR,
    LK_ASPECT_BRIGHTNESS,
    LK_ASPECT_STRUCTURE,
    LK_ASPECT_SHAPE,
    LK_ASPECT_DETAILS,
    LK_ASPECT_MOTION,
    LK_ASPECT_MEANING,
} lk_aspect;

enum { LK_ASPECTS = LK_ASPECT_MEANING + 1 };

/* "overall", "colour", "brightness", ... */
LK_API const char *lk_aspect_name(lk_aspect aspect);

/* The descriptor of a measure; help, documentation, JSON and property tests are enumerated from the table. */
typedef struct lk_measure_info {
    const char *name;    /* "ssim" */
    int32_t version;     /* numbers change only with the version; the id is "name@version" */
    const char *title;   /* "Structural similarity" */
    const char *summary; /* one sentence for a person: what it tells */
    const char *unit;    /* "" when it has none */
    lk_aspect aspect;    /* the question it answers */
    const char *picture; /* caption of the picture it draws; NULL when it draws none */
    bool higher_is_more_alike;
    bool symmetric;     /* value(a, b) == value(b, a) */
    bool is_default;    /* part of `--measures default` */
    bool needs_model;   /* asks a network: runs only when lk_measure_options.model is there */
    bool needs_classes; /* that can classify */
    double best;        /* value of identical pictures */
    double min, max;    /* the range of value; may be infinite */
} lk_measure_info;

LK_API size_t lk_measure_count(void);
LK_API const lk_measure_info *lk_measure_at(size_t i);
/* NULL when there is none of that name ("ssim" or "ssim@1"). */
LK_API const lk_measure_info *lk_measure_find(const char *name);

typedef enum lk_detail_kind {
    LK_DETAIL_NUMBER,
    LK_DETAIL_INTEGER,
    LK_DETAIL_BOOL,
    LK_DETAIL_TEXT,
    LK_DETAIL_NUMBERS,
} lk_detail_kind;

/* One further figure of a measure. A number that is infinite or undefined is printed as null. */
typedef struct lk_detail {
    const char *key; /* static text */
    lk_detail_kind kind;
    double number;  /* NUMBER, INTEGER (exact up to 2^53), BOOL (0 or 1) */
    char text[160]; /* TEXT */
    double numbers[16];
    int32_t count; /* of numbers */
} lk_detail;

enum { LK_DETAILS_MAX = 16 };

/* A value for every pixel of the reference: 0 no difference .. 1 the most; rows contiguous. Empty: data NULL. */
typedef struct lk_map {
    int32_t width, height;
    float *data;
} lk_map;

typedef struct lk_measure_result {
    const lk_measure_info *info;
    double value; /* the measure in its own unit and direction */
    double score; /* the same as 0..1, higher more alike */
    lk_detail details[LK_DETAILS_MAX];
    int32_t detail_count;
    lk_map map;       /* owned; may be empty */
    lk_image picture; /* owned, RGB 8 bits, what info->picture says; may be empty */
} lk_measure_result;

LK_API void lk_measure_result_release(lk_measure_result *result);

typedef struct lk_measure_options {
    double rtol,
        atol; /* identity: |a-b| <= atol + rtol |b|, in levels of the deeper picture; 1e-5, 1e-8 */
    int32_t block_grid; /* block: cells a side; 16 */
    double block_limit; /* block: share of differing cells at which reading stops; 1 reads all */
    double edge_low,
        edge_high; /* edge: gradients an edge goes on and begins with, 2.5 h for a step of h levels; 40, 100 */
    double edge_quantile; /* the share of edge pixels that lie within `partial`; 0.9 */
    double edge_reach;    /* pixels within which an edge is met; 2 */
    double
        flip_ppd; /* flip: pixels to a degree of view; 67.02: a 0.7 m wide screen of 3840 pixels seen from 0.7 m */
    double perceptual_fov;           /* perceptual: degrees of view that the width fills; 45 */
    double perceptual_gamma;         /* of the display; 2.2 */
    double perceptual_luminance;     /* of its white, cd/m2; 100 */
    double perceptual_colour_factor; /* how much colour counts, 0 not at all; 1 */
    int32_t perceptual_threshold;    /* fewer failed pixels pass; 100 */
    int32_t wavelet_coefficients;    /* kept a channel; 40 */
    int32_t wavelet_colours;         /* lk_wavelet_colours; YIQ */
    int32_t wavelet_weights;         /* lk_wavelet_weights; SCANNED */
    int32_t motion_block;            /* motion: side of a block, pixels; 16 */
    int32_t motion_range;            /* the longest component of a vector, pixels; 64 */
    int32_t motion_search;           /* 0 hexagon, 1 full */
    int32_t motion_metric;           /* 0 SAD, 1 SATD */
    int32_t motion_subpel;           /* 0 whole, 1 half, 2 quarter pixels */
    double motion_lambda; /* levels a bit of a vector costs; 5.9: an encoder's at QP 28 */
    lk_model *model;      /* for rows that need one; borrowed, NULL for none */
    bool want_maps;       /* fill result.map and result.picture where the measure has them */
    bool no_details;      /* value and score are enough: details that cost more may be left out */
} lk_measure_options;

LK_API lk_measure_options lk_measure_options_default(void);

typedef enum lk_measure_option_kind {
    LK_OPTION_NUMBER,  /* double */
    LK_OPTION_INTEGER, /* int32_t */
    LK_OPTION_CHOICE,  /* int32_t: which of choices */
} lk_measure_option_kind;

/* One setting of one measure; what `--set MEASURE.NAME=VALUE` takes and --list-measures prints is this table. */
typedef struct lk_measure_option {
    const char *measure, *name;
    lk_measure_option_kind kind;
    double min, max;     /* both allowed; NUMBER and INTEGER */
    const char *choices; /* "a|b|c"; CHOICE */
    const char *help;
    size_t offset; /* in lk_measure_options */
} lk_measure_option;

LK_API size_t lk_measure_option_count(void);
LK_API const lk_measure_option *lk_measure_option_at(size_t i);
/* Sets what text, "MEASURE.NAME=VALUE", says. LK_E_USAGE names what is wrong with it. */
LK_API LK_MUST_CHECK lk_status lk_measure_options_set(lk_measure_options *options, const char *text,
                                                      lk_error *err);

/* Runs the measure called name on a (the reference) and b. LK_E_SIZE when it needs equal sizes and they differ;
 * LK_E_USAGE for an unknown name. options may be NULL. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_measure_run(lk_measure_result *out, lk_engine *engine,
                                              const char *name, const lk_image *a,
                                              const lk_image *b, const lk_measure_options *options,
                                              lk_error *err);

/* Whose counting: the formula is the same, the treatment of transparency and of anti-aliasing is not. */
typedef enum lk_diff_like {
    LK_LIKE_PIXELMATCH, /* pixelmatch 7.2.0: checkerboard behind transparent pixels, anti-aliasing skipped by default */
    LK_LIKE_ODIFF, /* odiff 4.5: white behind transparent pixels, anti-aliasing counted by default */
} lk_diff_like;

/* What a strict diff makes of a pixel. */
typedef enum lk_diff_class {
    LK_PIXEL_SAME,
    LK_PIXEL_DIFFERENT,
    LK_PIXEL_ANTIALIASED, /* differs, and was skipped */
} lk_diff_class;

typedef enum lk_region_kind {
    LK_REGION_CHANGED,
    LK_REGION_MISSING,
    LK_REGION_ADDED,
    LK_REGION_MOVED,
    LK_REGION_COLOUR,
} lk_region_kind;
LK_API const char *lk_region_kind_name(lk_region_kind kind);

/* Where the pictures differ. Coordinates are pixels of the reference, origin top left. */
typedef struct lk_region {
    int32_t id; /* 1.. by falling severity */
    lk_region_kind kind;
    int32_t x, y, width, height;
    int64_t area_px;     /* pixels of the component, not of the box */
    double severity;     /* 0..1 */
    int32_t moved_by[2]; /* MOVED: where it went, right and down; else 0 */
} lk_region;

/* What became of a region, for a person: "colour", "moved 12 px down", "moved 3 px left and 8 px up". Returns out. */
LK_API const char *lk_region_words(char *out, size_t size, const lk_region *region);
/* What moved, when all that moved went the same way: "2 regions moved 12 px down", and ", then identical" when nothing else
 * differs; else "". Returns out. */
LK_API const char *lk_moves_words(char *out, size_t size, const lk_region *regions, size_t count);

#ifdef __cplusplus
}
#endif
#endif
