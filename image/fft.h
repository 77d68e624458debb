/* SPDX-License-Identifier: Apache-2.0 */
/* Discrete Fourier transforms of any size, in double precision (docs/decisions/0005-own-fft.md). */
#ifndef LK_FFT_H
#define LK_FFT_H

#include "image/engine.h"

/* width x height complex numbers, rows contiguous: re, im, re, im, ... */
struct spectrum {
    int32_t width, height;
    double *data; /* owned */
};

LK_MUST_CHECK lk_status spectrum_new(struct spectrum *out, int32_t width, int32_t height,
                                     lk_error *err);
void spectrum_release(struct spectrum *s);

static inline double *spectrum_at(const struct spectrum *s, int32_t x, int32_t y) {
    return s->data + 2 * ((size_t)y * (size_t)s->width + (size_t)x);
}

/* In place: F(u, v) = sum of f(x, y) exp(-2 pi i (u x / width + v y / height)); inverse with + and divided by width * height, as
 * NumPy's fft2 and ifft2. O(n log n) for every size. Scratch memory grows with the picture,
 * to several times its own for sizes that are no powers of two: meant for small planes. LK_E_MEMORY. */
LK_MUST_CHECK lk_status fft_2d(struct spectrum *s, lk_engine *engine, bool inverse, lk_error *err);

#endif
