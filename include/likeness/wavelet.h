/* SPDX-License-Identifier: Apache-2.0 */
/* Wavelet signatures: the few largest coefficients of a picture of 128 x 128, to find a picture among many. */
#ifndef LIKENESS_WAVELET_H
#define LIKENESS_WAVELET_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lk_wavelet_colours { LK_WAVELET_YIQ, LK_WAVELET_YUV } lk_wavelet_colours;

/* Whose weights, fitted by the paper's authors: for a picture that was scanned (a copy), or one painted from memory. */
typedef enum lk_wavelet_weights { LK_WAVELET_SCANNED, LK_WAVELET_PAINTED } lk_wavelet_weights;

typedef struct lk_wavelet_options {
    int32_t coefficients; /* kept a channel, 1..LK_WAVELET_COEFFICIENTS_MAX; 40 */
    lk_wavelet_colours colours;
} lk_wavelet_options;

LK_API lk_wavelet_options lk_wavelet_options_default(void);

enum { LK_WAVELET_COEFFICIENTS_MAX = 128 };

/* The signature of one picture, three channels. A place is y * 128 + x of a coefficient, 1..16383, negative when the
 * coefficient is; ascending without the sign. */
typedef struct lk_wavelet {
    lk_wavelet_colours colours;
    double average[3]; /* Y in 0..1; I, Q, U and V around 0 */
    int32_t count[3];  /* of places: fewer than asked for where the others vanish */
    int16_t places[3][LK_WAVELET_COEFFICIENTS_MAX];
} lk_wavelet;

/* options may be NULL. LK_E_USAGE for options out of range, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_wavelet_compute(lk_wavelet *out, lk_engine *engine,
                                                  const lk_image *image,
                                                  const lk_wavelet_options *options, lk_error *err);

/* How alike two signatures are. The paper's number is colour - matched: lower is more alike. */
typedef struct lk_wavelet_match {
    double colour;   /* weighted difference of the averages */
    double matched;  /* weight of the coefficients that both have, with the same sign */
    double most;     /* what equal signatures would match: the mean of both, each with itself */
    double distance; /* colour + most - matched: 0 for equal signatures only */
    double score;    /* 0..1: (matched / most) * (1 - colour / the largest possible) */
} lk_wavelet_match;

/* LK_E_USAGE when the signatures are of different colours. Symmetric. */
LK_API LK_MUST_CHECK lk_status lk_wavelet_compare(lk_wavelet_match *out, const lk_wavelet *a,
                                                  const lk_wavelet *b, lk_wavelet_weights weights,
                                                  lk_error *err);

/* Many signatures, by coefficient: a query looks only at those that share one. */
typedef struct lk_wavelet_index lk_wavelet_index;

/* The signatures may be freed afterwards. LK_E_USAGE when their colours differ or count exceeds 2^32 - 1. */
LK_API LK_MUST_CHECK lk_status lk_wavelet_index_new(lk_wavelet_index **out, const lk_wavelet *items,
                                                    size_t count, lk_error *err);
LK_API void lk_wavelet_index_free(lk_wavelet_index *index);

typedef struct lk_wavelet_hit {
    size_t item;
    double
        distance; /* the paper's number, plus what query matches with itself: 0 for an equal item */
} lk_wavelet_hit;

/* The `most` items nearest to query, at most all, the nearest first, equal ones in their order. *found is their number; hits holds
 * `most`. LK_E_USAGE when query is of other colours, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_wavelet_index_query(lk_wavelet_hit *hits, size_t *found,
                                                      size_t most, const lk_wavelet_index *index,
                                                      const lk_wavelet *query,
                                                      lk_wavelet_weights weights, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
