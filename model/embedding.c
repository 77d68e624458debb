/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include <likeness/model.h>

double lk_embedding_cosine(const float *a, const float *b, int32_t dim) {
    double dot = 0, aa = 0, bb = 0;
    for (int32_t i = 0; i < dim; i++) {
        dot += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    double size = sqrt(aa * bb);
    /* Rounding may carry equal vectors a hair beyond 1. */
    return size > 0 ? fmax(-1, fmin(1, dot / size)) : 0;
}

double lk_embedding_distance(const float *a, const float *b, int32_t dim) {
    double sum = 0;
    for (int32_t i = 0; i < dim; i++) {
        double d = (double)a[i] - (double)b[i];
        sum += d * d;
    }
    return sqrt(sum);
}
