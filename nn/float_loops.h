/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over vectors of floats, compiled for speed. Sums have 16 parts in a fixed order, whatever the machine. */
#ifndef LK_FLOAT_LOOPS_H
#define LK_FLOAT_LOOPS_H

#include <stdint.h>

float loops_dot(const float *a, const float *b, int64_t count);
float loops_square_distance(const float *a, const float *b, int64_t count);
/* to += scale * from */
void loops_add(float *to, const float *from, float scale, int64_t count);
/* a's gradient += scale * (x - y), b's -= the same. a and b may be the same only when x and y are. */
void loops_pull(float *a, float *b, const float *x, const float *y, float scale, int64_t count);

/* One step of an optimiser over `count` parameters p with gradients g times `scale`. */
struct sgd_loop {
    float rate, momentum, decay, scale;
    int nesterov, first; /* first: the momentum begins as the gradient */
};
void loops_sgd(float *p, const float *g, float *momentum, const struct sgd_loop *o, int64_t count);
struct adam_loop {
    float rate, beta1, beta2, epsilon, decay, scale;
    float gain1, gain2;       /* 1 - beta, rounded once */
    float correct1, correct2; /* 1 / (1 - beta^step) */
};
void loops_adam(float *p, const float *g, float *mean, float *square, const struct adam_loop *o,
                int64_t count);

#endif
