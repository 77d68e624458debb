/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/float_loops.h"

#include <math.h>

enum { PARTS = 16 };

static float sum_parts(const float parts[PARTS]) {
    float eight[8], four[4];
    for (int i = 0; i < 8; i++) {
        eight[i] = parts[i] + parts[i + 8];
    }
    for (int i = 0; i < 4; i++) {
        four[i] = eight[i] + eight[i + 4];
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
}

float loops_dot(const float *a, const float *b, int64_t count) {
    float parts[PARTS] = {0};
    int64_t i = 0;
    for (; i + PARTS <= count; i += PARTS) {
        for (int k = 0; k < PARTS; k++) {
            parts[k] += a[i + k] * b[i + k];
        }
    }
    for (; i < count; i++) {
        parts[i % PARTS] += a[i] * b[i];
    }
    return sum_parts(parts);
}

float loops_square_distance(const float *a, const float *b, int64_t count) {
    float parts[PARTS] = {0};
    int64_t i = 0;
    for (; i + PARTS <= count; i += PARTS) {
        for (int k = 0; k < PARTS; k++) {
            float d = a[i + k] - b[i + k];
            parts[k] += d * d;
        }
    }
    for (; i < count; i++) {
        float d = a[i] - b[i];
        parts[i % PARTS] += d * d;
    }
    return sum_parts(parts);
}

void loops_add(float *restrict to, const float *restrict from, float scale, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        to[i] += scale * from[i];
    }
}

void loops_pull(float *a, float *b, const float *x, const float *y, float scale, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        float d = scale * (x[i] - y[i]);
        a[i] += d;
        b[i] -= d;
    }
}

void loops_sgd(float *restrict p, const float *restrict g, float *restrict momentum,
               const struct sgd_loop *o, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        float d = o->scale * g[i] + o->decay * p[i];
        momentum[i] = o->first ? d : o->momentum * momentum[i] + d;
        p[i] -= o->rate * (o->nesterov ? d + o->momentum * momentum[i] : momentum[i]);
    }
}

void loops_adam(float *restrict p, const float *restrict g, float *restrict mean,
                float *restrict square, const struct adam_loop *o, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        float d = o->scale * g[i];
        mean[i] = o->beta1 * mean[i] + o->gain1 * d;
        square[i] = o->beta2 * square[i] + o->gain2 * d * d;
        float step = mean[i] * o->correct1 / (sqrtf(square[i] * o->correct2) + o->epsilon);
        p[i] -= o->rate * (step + o->decay * p[i]);
    }
}
