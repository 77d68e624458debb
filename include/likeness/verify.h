/* SPDX-License-Identifier: Apache-2.0 */
/* Verify: does a photo show the thing whose picture is kept, and is it unchanged? */
#ifndef LIKENESS_VERIFY_H
#define LIKENESS_VERIFY_H

#include <likeness/compare.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- Quality: whether a picture can carry a verdict -- */

enum { LK_QUALITY_REASONS = 8 };

/* How well a picture was taken. Measured on a gray copy whose longer side is at most 1024 pixels, but for the sides. */
typedef struct lk_quality {
    int32_t width, height; /* of the picture as it came */
    double sharpness;      /* 0..1: 1 - the blur effect of Crete, Dolmiere, Ladret, Nicolas 2007 */
    double brightness;     /* mean of the levels, 0..1 */
    double contrast;       /* 95th minus 5th percentile of the levels, 0..1 */
    double dark, light;    /* share of the pixels at most 4 and at least 251 of 255 */
    double texture;        /* share of 16 x 16 blocks with a standard deviation above 6 levels */
    int32_t stars;         /* 1 (useless) to 5 (nothing to complain of) */
    char reasons[LK_QUALITY_REASONS][120]; /* what is wrong, and what to do about it */
    int32_t reason_count;
} lk_quality;

/* LK_E_MEMORY, LK_E_CANCELLED. */
LK_API LK_MUST_CHECK lk_status lk_quality_measure(lk_quality *out, lk_engine *engine,
                                                  const lk_image *image, lk_error *err);

/* -- Evidence: the numbers a decision is made from -- */

enum { LK_EVIDENCE_MOST = 12 };

/* One number each, in the order of lk_evidence_name; what could not be measured is 0. */
typedef struct lk_evidence {
    double values[LK_EVIDENCE_MOST];
} lk_evidence;

LK_API int32_t lk_evidence_count(void);
/* "inliers", "spread", ...; i from 0. */
LK_API const char *lk_evidence_name(int32_t i);
/* What it is, in one line. */
LK_API const char *lk_evidence_summary(int32_t i);

/* -- Policies: from evidence to a probability, and from that to a verdict -- */

enum { LK_POLICY_BINS = 10 };

/* Of the pairs whose probability lies in one tenth, 0 to 0.1 and so on: what was said, and what was so. */
typedef struct lk_policy_bin {
    int64_t pairs, genuine;
    double said; /* mean probability; 0 without pairs */
} lk_policy_bin;

/* How often a policy was wrong on pairs that it was not fitted on. */
typedef struct lk_policy_record {
    int64_t genuine, impostors; /* pairs */
    double brier;               /* mean squared error of the probability */
    double same_of_genuine,
        different_of_genuine; /* shares by probability and stars; the rest is neither */
    double same_of_impostors, different_of_impostors;
    lk_policy_bin reliability[LK_POLICY_BINS]; /* empty where the document does not tell */
} lk_policy_record;

/* probability = 1 / (1 + exp(-(intercept + sum of weight * (value - mean) / scale))). */
typedef struct lk_policy {
    char name[64];
    int32_t version;
    char notes[512];
    double intercept, weights[LK_EVIDENCE_MOST], means[LK_EVIDENCE_MOST], scales[LK_EVIDENCE_MOST];
    double same_from;       /* at this probability and above: same */
    double different_below; /* below this one: different */
    int32_t stars_least;    /* a photo of fewer stars is never called different */
    double severity_least,
        area_least; /* of a region that makes a thing altered; share of the reference */
    lk_policy_record record;
} lk_policy;

/* The policy called name that is part of the library; "photos" is the default. LK_E_USAGE when there is none. */
LK_API LK_MUST_CHECK lk_status lk_policy_built_in(lk_policy *out, const char *name, lk_error *err);
/* From a document likeness/policy/1. LK_E_CORRUPT names the key. */
LK_API LK_MUST_CHECK lk_status lk_policy_parse(lk_policy *out, const void *text, size_t bytes,
                                               lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_policy_write(lk_bytes *out, const lk_policy *policy,
                                               lk_error *err);
/* The probability that a pair with this evidence shows one thing. */
LK_API double lk_policy_probability(const lk_policy *policy, const lk_evidence *evidence);

/* One labelled pair. */
typedef struct lk_policy_row {
    lk_evidence evidence;
    int32_t stars;
    bool is_genuine;
    bool is_held; /* measured on, not fitted on */
} lk_policy_row;

/* Fits intercept, weights, means and scales by logistic regression (maximum likelihood with a penalty of `ridge` / 2 times
 * the squared weights of standardised evidence; no evidence may count against what it is evidence for, and the weight of
 * `latent` is at most 0.5), then fills record from the rows held back. The rest of *policy is the caller's. LK_E_USAGE without
 * pairs of both kinds to fit on. */
LK_API LK_MUST_CHECK lk_status lk_policy_fit(lk_policy *policy, const lk_policy_row *rows,
                                             size_t count, double ridge, lk_error *err);

/* -- Verify -- */

typedef enum lk_intactness { LK_INTACT, LK_ALTERED, LK_INTACT_UNKNOWN } lk_intactness;
/* "intact", "altered", "cannot-tell". */
LK_API const char *lk_intactness_name(lk_intactness intact);

typedef struct lk_verify_options {
    const lk_policy *policy; /* NULL: "photos" */
    lk_compare_options
        compare; /* measures are added to those the evidence needs; measure.model is asked for `latent` */
} lk_verify_options;

LK_API lk_verify_options lk_verify_options_default(void);

/* How much of large pictures is looked at: a photo whose longer side has twice LK_VERIFY_PHOTO_SIDE pixels or more at 1/2, 1/4 or
 * 1/8 of its size, a reference at LK_VERIFY_FRAME_SIDE at most. Who has a file saves time by decoding it with these as
 * lk_load_options.max_side, and hands over its info. */
enum { LK_VERIFY_PHOTO_SIDE = 1400, LK_VERIFY_FRAME_SIDE = 1200 };

enum { LK_RIVALS_MOST = 16 };

/* Another reference that the photo may show instead. */
typedef struct lk_rival {
    char id[129]; /* in a store */
    int32_t version;
    double alone; /* its probability by the photo and it alone: what lk_verify says */
    double
        probability; /* of all references asked it is this one; lk_verification_weigh fills it in */
} lk_rival;

/* What is found in a picture as it is looked at, once for several calls (lk_compare_options.features). A JPEG is to be decoded
 * as it is for the call. model: with an embedding. LK_E_MEMORY, LK_E_CANCELLED. */
typedef enum lk_picture_role { LK_PICTURE_REFERENCE, LK_PICTURE_PHOTO } lk_picture_role;
LK_API LK_MUST_CHECK lk_status lk_features_make(lk_features **out, lk_engine *engine,
                                                lk_model *model, const lk_image *picture,
                                                lk_picture_role role, lk_error *err);
LK_API void lk_features_free(lk_features *features);

enum { LK_VERIFY_ACTOR_MAX = 200, LK_VERIFY_NOTE_MAX = 4000 }; /* bytes */

/* Two questions, each with its own answer. */
typedef struct lk_verification {
    lk_verdict verdict;   /* is it the same thing? */
    lk_intactness intact; /* is it unchanged? unknown unless it is the same */
    double probability;   /* of being the same thing */
    double alone;         /* the same by this pair alone, before rivals were asked */
    lk_policy policy;     /* that decided */
    lk_quality quality;   /* of the photo */
    lk_evidence evidence;
    char reasons[LK_REASONS_MAX][200];
    int32_t reason_count;
    char advice[200];         /* how to take it again; empty when that would not help */
    lk_comparison comparison; /* what was found; regions below the policy's limits are in it too */
    int32_t changes;          /* regions that count */
    lk_rival rivals[LK_RIVALS_MOST];
    int32_t rival_count;
    char reference_id[129]; /* in a store; empty for none */
    int32_t reference_version;
    char nearest_id
        [129]; /* where a store was searched and the photo shows none of its originals: the one it was held
                           * beside all the same; reference_id is empty then */
    int32_t nearest_version;
    int64_t log_entry; /* lk_verification_record; 0 for none */
    char log_hash[65]; /* of the log up to it */
    char at[32];       /* when it was recorded, UTC: 2026-11-21T19:20:03.123Z */
    char actor[LK_VERIFY_ACTOR_MAX + 1],
        note[LK_VERIFY_NOTE_MAX + 1]; /* who and why, as recorded */
} lk_verification;

/* Verifies photo against reference. Errors as lk_compare. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_verify(lk_verification *out, lk_engine *engine,
                                         const lk_image *reference, const lk_image *photo,
                                         const lk_verify_options *options, lk_error *err);
/* Answers again in the light of other references that were held beside the photo, of which it shows one at most: sister products
 * look alike, each taken alone. Pictures of the very same thing are no rivals. At most LK_RIVALS_MOST of them are taken. */
LK_API void lk_verification_weigh(lk_verification *v, const lk_rival *rivals, int32_t count);
/* Whether the region, one of v->comparison, is a change by the policy's limits. */
LK_API bool lk_verification_counts(const lk_verification *v, const lk_region *region);
LK_API void lk_verification_release(lk_verification *verification);

#ifdef __cplusplus
}
#endif
#endif
