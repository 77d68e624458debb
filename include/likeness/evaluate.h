/* SPDX-License-Identifier: Apache-2.0 */
/* How well vectors tell things apart: recall of the nearest ones, and true matches at rates of false ones. */
#ifndef LIKENESS_EVALUATE_H
#define LIKENESS_EVALUATE_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A figure with its 95 % interval. */
typedef struct lk_interval {
    double value, low, high;
} lk_interval;

/* Wilson's interval of a share, hits of count; 0 to 1 when count is 0. */
LK_API lk_interval lk_interval_of_share(int64_t hits, int64_t count);

enum { LK_RECALL_COUNT = 3, LK_ROC_AT_COUNT = 2, LK_ROC_POINTS = 41 };

/* Of queries that have a right answer: the share with one among their k nearest. */
typedef struct lk_recall {
    int32_t queries;                 /* asked */
    int32_t left_out;                /* without a right answer */
    int32_t k[LK_RECALL_COUNT];      /* 1, 5, 10 */
    lk_interval at[LK_RECALL_COUNT]; /* Wilson's */
} lk_recall;

/* One working point: pairs whose cosine is above threshold are accepted. */
typedef struct lk_roc_point {
    double false_match_rate; /* what is allowed: at most this share of impostor pairs is accepted */
    double threshold;        /* a cosine; -2 accepts all */
    lk_interval true_match_rate; /* share of genuine pairs accepted */
} lk_roc_point;

/* Intervals are bootstrapped by query (rates: at least Wilson's), but where resamples is 0: there they are the value. */
typedef struct lk_roc {
    int64_t genuine, impostors; /* pairs; all figures are 0 where there are none of one of them */
    int32_t queries;            /* that the pairs come from */
    int32_t resamples;
    lk_interval area; /* a genuine pair's cosine is above an impostor's; ties count half */
    lk_roc_point at[LK_ROC_AT_COUNT];   /* false match rates of 1 % and 0.1 % */
    lk_roc_point points[LK_ROC_POINTS]; /* 0.0001 to 1, ten a decade; without intervals */
} lk_roc;

typedef struct lk_evaluation {
    lk_recall recall;
    lk_roc roc;
} lk_evaluation;

typedef struct lk_evaluate_options {
    int32_t
        resamples; /* of the bootstrap, at most 10,000; fewer are taken where there are many pairs */
    uint64_t seed;
} lk_evaluate_options;

/* 1,000 resamples, seed 1. */
LK_API lk_evaluate_options lk_evaluate_options_default(void);

/* Vectors, a row each. */
typedef struct lk_vectors {
    const float *data;
    int32_t count, dim;
} lk_vectors;

/* Each vector asks for the others (leave one out); those of its label are right. Results do not depend on the number of threads.
 * docs/algorithms/evaluate.md defines each figure. LK_E_USAGE for a number that is not finite, fewer than two vectors or none with
 * a partner; LK_E_CANCELLED; LK_E_MEMORY. options may be NULL. */
LK_API LK_MUST_CHECK lk_status lk_evaluate_labels(lk_evaluation *out, lk_engine *engine,
                                                  const lk_vectors *vectors, const int32_t *labels,
                                                  const lk_evaluate_options *options,
                                                  lk_error *err);

/* A query and a reference that show the same thing. */
typedef struct lk_true_pair {
    int32_t query, reference;
} lk_true_pair;

/* Each query asks for references; pairs lists the right ones (several a query may be). A query in no pair counts as an impostor of
 * all references. Errors as lk_evaluate_labels; LK_E_USAGE for a pair that names no row. */
LK_API LK_MUST_CHECK lk_status lk_evaluate_pairs(lk_evaluation *out, lk_engine *engine,
                                                 const lk_vectors *queries,
                                                 const lk_vectors *references,
                                                 const lk_true_pair *pairs, int32_t pair_count,
                                                 const lk_evaluate_options *options, lk_error *err);

/* -- What is asked: labelled pictures, or photos of references -- */

typedef struct lk_eval_set {
    char **paths; /* pictures, each once; owned */
    int32_t count;
    bool is_labelled;
    /* Labelled: a class each. */
    int32_t *labels; /* a picture each; owned */
    int32_t classes;
    /* Pairs: which pictures are what, one may be both; places in paths. */
    int32_t *photos, *references; /* owned */
    int32_t photo_count, reference_count;
    lk_true_pair *pairs; /* of places in photos and references; owned */
    int32_t pair_count;
} lk_eval_set;

/* Reads what path names. A folder with a folder a class, or a CSV table with columns `path` (or `file`) and `label` (or `class`):
 * labelled pictures. A CSV table with columns `photo` and `reference` (or `iconic`): pairs, where a photo without a reference
 * must be rejected, and a photo may stand on several lines. Paths are relative to the table. references, a folder or NULL, adds
 * its pictures as references that nothing is paired with, but for those the table names already (links are followed to tell).
 *
 * LK_E_IO; LK_E_CORRUPT naming the line; LK_E_USAGE for a folder without pictures, or for references where pictures are labelled;
 * LK_E_LIMIT above a million pictures; LK_E_MEMORY. err->input is the file. Nothing is decoded. */
LK_API LK_MUST_CHECK lk_status lk_eval_set_read(lk_eval_set *out, const char *path,
                                                const char *references, lk_error *err);
LK_API void lk_eval_set_release(lk_eval_set *set);

/* Leaves of labelled pictures those that training on the same files with this share and seed holds back (lk_train_options), so
 * that whatever else is measured is measured on the same ones. Near duplicates of the others are dropped, as training does; that
 * reads all pictures. LK_E_USAGE for pairs, a share outside 0 to 0.9, or too few pictures; LK_E_CANCELLED; LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_eval_set_hold(lk_eval_set *set, lk_engine *engine, double share,
                                                uint64_t seed, lk_error *err);

/* Evaluates vectors, a row a picture of the set. have says which rows are there (NULL: all): pictures without a row are left out,
 * and with them photos none of whose references has one. Errors as lk_evaluate_labels. */
LK_API LK_MUST_CHECK lk_status lk_eval_set_evaluate(lk_evaluation *out, lk_engine *engine,
                                                    const lk_eval_set *set,
                                                    const lk_vectors *vectors, const bool *have,
                                                    const lk_evaluate_options *options,
                                                    lk_error *err);

enum { LK_SHEET_ROWS_MAX = 64, LK_SHEET_NEAREST_MAX = 16 };

/* Draws questions and answers: `rows` questions that have a right answer, evenly spread over all of them, each with its `nearest`
 * largest cosines; those that are right in a green frame with a tick, the others in a red one with a cross, the cosine below. A
 * picture that cannot be read any more is left empty. LK_E_USAGE for rows or nearest outside 1 to their maximum, or where
 * nothing is asked; otherwise errors as lk_eval_set_evaluate. */
LK_API LK_MUST_CHECK lk_status lk_eval_set_sheet(lk_image *out, lk_engine *engine,
                                                 const lk_eval_set *set, const lk_vectors *vectors,
                                                 const bool *have, int32_t rows, int32_t nearest,
                                                 lk_error *err);

/* What a network has to beat: the picture itself as a vector of 3 x side x side numbers. It is resized to side x side pixels
 * (Pillow's box filter, whatever its shape), and the mean of all its levels is taken off, so that the cosine of two is their
 * correlation. LK_E_USAGE for a side outside 1 to LK_PIXELS_SIDE_MAX; LK_E_MEMORY. */
enum { LK_PIXELS_SIDE_MAX = 256 };
LK_API LK_MUST_CHECK lk_status lk_pixels_embed(float *out, lk_engine *engine, const lk_image *image,
                                               int32_t side, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
