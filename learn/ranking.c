/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/ranking.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Partial sums of a product; rows are filled with zeros to a multiple. */
enum { LANES = 32 };

void unit_vectors_release(struct unit_vectors *v) {
    mem_free(v->data);
    *v = (struct unit_vectors){0};
}

/* False for a number that is not finite, or squares that are not. */
static bool set_unit(float *to, const float *from, int32_t dim) {
    double squares = 0;
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)from[i] * (double)from[i];
    }
    double length = sqrt(squares);
    for (int32_t i = 0; i < dim && length > 0; i++) {
        to[i] = (float)((double)from[i] / length);
    }
    return isfinite(length);
}

lk_status unit_vectors_new(struct unit_vectors *out, const lk_vectors *from, lk_error *err) {
    *out = (struct unit_vectors){0};
    if (from->count < 1 || from->dim < 1) {
        return error_set(err, LK_E_USAGE, "%d vectors of %d numbers", (int)from->count,
                         (int)from->dim);
    }
    size_t stride = ((size_t)from->dim + LANES - 1) / LANES * LANES, n = 0;
    out->data = mem_size_mul(&n, stride, (size_t)from->count)
                    ? mem_alloc_aligned(n, sizeof *out->data)
                    : NULL;
    if (!out->data) {
        return error_memory(err, n * sizeof *out->data);
    }
    memset(out->data, 0, n * sizeof *out->data);
    out->count = from->count;
    out->dim = from->dim;
    out->stride = (int32_t)stride;
    for (int32_t i = 0; i < from->count; i++) {
        const float *row = from->data + (size_t)i * (size_t)from->dim;
        if (!set_unit(out->data + (size_t)i * stride, row, from->dim)) {
            unit_vectors_release(out);
            return error_set(err, LK_E_USAGE, "vector %d has a number that is not finite", (int)i);
        }
    }
    return LK_OK;
}

/* GNU vectors: the compiler makes what the processor has of them, and the order of the sums stays. */
typedef float lanes __attribute__((vector_size(LANES / 4 * sizeof(float))));

static float product(const float *a, const float *b, int32_t stride) {
    lanes sums[4] = {0};
    for (int32_t i = 0; i < stride; i += LANES) {
        for (int32_t k = 0; k < 4; k++) {
            lanes x, y;
            memcpy(&x, a + i + k * (LANES / 4), sizeof x);
            memcpy(&y, b + i + k * (LANES / 4), sizeof y);
            sums[k] += x * y;
        }
    }
    lanes sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

void ranking_row(float *cosines, const struct unit_vectors *queries, int32_t i,
                 const struct unit_vectors *references) {
    const float *query = queries->data + (size_t)i * (size_t)queries->stride;
    for (int32_t k = 0; k < references->count; k++) {
        const float *row = references->data + (size_t)k * (size_t)references->stride;
        /* Rounding may carry equal vectors a hair beyond 1. */
        cosines[k] = fmaxf(-1, fminf(1, product(query, row, queries->stride)));
    }
}

int32_t ranking_nearest(int32_t *out, int32_t k, const float *cosines, int32_t count,
                        int32_t without) {
    int32_t filled = 0;
    for (int32_t i = 0; i < count; i++) {
        int32_t at = filled;
        while (at > 0 && cosines[i] > cosines[out[at - 1]]) {
            at--;
        }
        if (i != without && at < k) {
            int32_t last = MIN(filled, k - 1);
            memmove(&out[at + 1], &out[at], (size_t)(last - at) * sizeof *out);
            out[at] = i;
            filled = MIN(filled + 1, k);
        }
    }
    return filled;
}
