/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles of many small values. */
#ifndef LK_QUANTILE_H
#define LK_QUANTILE_H

#include <stdint.h>

enum { BINS = 8192, BINS_A_LEVEL = 32 };

/* A histogram of 1/32 steps up to 256. */
struct quantile {
    int32_t bins[BINS];
    int64_t total;
};

/* Of a value from 0 on. */
static inline int32_t bin_of(float v) {
    float at = v * BINS_A_LEVEL;
    return at < BINS - 1 ? (int32_t)at : BINS - 1;
}

/* The value that `share` of them do not exceed, to the middle of a step. */
static inline double quantile_at(const struct quantile *q, double share) {
    int64_t seen = 0;
    for (int32_t i = 0; i < BINS; i++) {
        seen += q->bins[i];
        if ((double)seen >= share * (double)q->total) {
            return (i + 0.5) / BINS_A_LEVEL;
        }
    }
    return 256;
}

#endif
