/* SPDX-License-Identifier: Apache-2.0 */
/* What the wavelet signature and its index share: the paper's weights. */
#ifndef LK_JACOBS_H
#define LK_JACOBS_H

#include <likeness/wavelet.h>

/* The weight of the coefficient at place (its sign does not matter) of a channel. */
double jacobs_weight(lk_wavelet_weights weights, int32_t channel, int32_t place);
/* The weighted difference of the averages of a and b. */
double jacobs_colour(const double a[3], const double b[3], lk_wavelet_weights weights);
/* The weight of all coefficients of a signature. */
double jacobs_self(const lk_wavelet *a, lk_wavelet_weights weights);

#endif
