/* SPDX-License-Identifier: Apache-2.0 */
/* Rates of true and false matches from the cosines of pairs. */
#ifndef LK_ROC_H
#define LK_ROC_H

#include <likeness/evaluate.h>

#include "base/compiler.h"

/* One pair: its cosine, whose it is, and what it is. */
struct roc_pair {
    float cosine;
    uint32_t query_kind; /* query << 1, and 1 for a genuine pair */
};

/* Reorders the count pairs, which come from queries numbered below `queries`. LK_E_CANCELLED, LK_E_MEMORY. */
MUST_CHECK lk_status roc_compute(lk_roc *out, lk_engine *engine, struct roc_pair *pairs,
                                 int64_t count, int32_t queries, const lk_evaluate_options *options,
                                 lk_error *err);

/* Wilson's 95 % interval of a share p of n; 0 to 1 when n is 0. */
lk_interval roc_wilson(double p, double n);

#endif
