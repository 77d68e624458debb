/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_plane.h"

#include <immintrin.h>

/* Two registers of sums at a time hide the latency of the additions; rows shorter than these go to the C version. */
enum { LANES = 16, STEP = 2 * LANES };

static inline void store_two(float *to, __m512 low, __m512 high) {
    _mm512_storeu_ps(to, low);
    _mm512_storeu_ps(to + LANES, high);
}

static void across_even_avx512(float *to, const float *from, const float *weights, int32_t radius,
                               size_t n) {
    struct kernel_plane c;
    size_t x = 0;
    for (; x < n && n >= STEP; x += STEP) {
        x = x + STEP > n ? n - STEP
                         : x; /* the last begins a little earlier, and makes some samples again */
        const float *p = from + x;
        __m512 w = _mm512_set1_ps(weights[0]);
        __m512 low = _mm512_mul_ps(w, _mm512_loadu_ps(p));
        __m512 high = _mm512_mul_ps(w, _mm512_loadu_ps(p + LANES));
        for (int32_t k = radius; k >= 1; k--) {
            w = _mm512_set1_ps(weights[k]);
            low = _mm512_add_ps(low, _mm512_mul_ps(w, _mm512_add_ps(_mm512_loadu_ps(p + k),
                                                                    _mm512_loadu_ps(p - k))));
            high = _mm512_add_ps(high,
                                 _mm512_mul_ps(w, _mm512_add_ps(_mm512_loadu_ps(p + LANES + k),
                                                                _mm512_loadu_ps(p + LANES - k))));
        }
        store_two(to + x, low, high);
    }
    kernel_plane_init_c(&c);
    c.across_even(to + x, from + x, weights, radius, n - x);
}

static void across_odd_avx512(float *to, const float *from, const float *weights, int32_t radius,
                              size_t n) {
    struct kernel_plane c;
    size_t x = 0;
    for (; x + STEP <= n; x += STEP) {
        const float *p = from + x;
        __m512 low = _mm512_setzero_ps(), high = low;
        for (int32_t k = radius; k >= 1; k--) {
            __m512 w = _mm512_set1_ps(weights[k]);
            low = _mm512_add_ps(low, _mm512_mul_ps(w, _mm512_sub_ps(_mm512_loadu_ps(p + k),
                                                                    _mm512_loadu_ps(p - k))));
            high = _mm512_add_ps(high,
                                 _mm512_mul_ps(w, _mm512_sub_ps(_mm512_loadu_ps(p + LANES + k),
                                                                _mm512_loadu_ps(p + LANES - k))));
        }
        store_two(to + x, low, high);
    }
    kernel_plane_init_c(&c);
    c.across_odd(to + x, from + x, weights, radius, n - x);
}

/* The last columns, fewer than STEP. */
static void down_rest(float *to, const float *const *rows, const float *weights, int32_t radius,
                      size_t from, size_t n, int is_odd) {
    for (size_t x = from; x < n; x++) {
        float sum = is_odd ? 0 : weights[0] * rows[radius][x];
        for (int32_t k = radius; k >= 1; k--) {
            float below = rows[radius + k][x], above = rows[radius - k][x];
            sum += weights[k] * (is_odd ? below - above : below + above);
        }
        to[x] = sum;
    }
}

static void down_even_avx512(float *to, const float *const *rows, const float *weights,
                             int32_t radius, size_t n) {
    size_t x = 0;
    for (; x < n && n >= STEP; x += STEP) {
        x = x + STEP > n ? n - STEP
                         : x; /* the last begins a little earlier, and makes some samples again */
        const float *middle = rows[radius] + x;
        __m512 w = _mm512_set1_ps(weights[0]);
        __m512 low = _mm512_mul_ps(w, _mm512_loadu_ps(middle));
        __m512 high = _mm512_mul_ps(w, _mm512_loadu_ps(middle + LANES));
        for (int32_t k = radius; k >= 1; k--) {
            const float *below = rows[radius + k] + x, *above = rows[radius - k] + x;
            w = _mm512_set1_ps(weights[k]);
            low = _mm512_add_ps(low, _mm512_mul_ps(w, _mm512_add_ps(_mm512_loadu_ps(below),
                                                                    _mm512_loadu_ps(above))));
            high = _mm512_add_ps(high,
                                 _mm512_mul_ps(w, _mm512_add_ps(_mm512_loadu_ps(below + LANES),
                                                                _mm512_loadu_ps(above + LANES))));
        }
        store_two(to + x, low, high);
    }
    down_rest(to, rows, weights, radius, x, n, 0);
}

static void down_odd_avx512(float *to, const float *const *rows, const float *weights,
                            int32_t radius, size_t n) {
    size_t x = 0;
    for (; x + STEP <= n; x += STEP) {
        __m512 low = _mm512_setzero_ps(), high = low;
        for (int32_t k = radius; k >= 1; k--) {
            const float *below = rows[radius + k] + x, *above = rows[radius - k] + x;
            __m512 w = _mm512_set1_ps(weights[k]);
            low = _mm512_add_ps(low, _mm512_mul_ps(w, _mm512_sub_ps(_mm512_loadu_ps(below),
                                                                    _mm512_loadu_ps(above))));
            high = _mm512_add_ps(high,
                                 _mm512_mul_ps(w, _mm512_sub_ps(_mm512_loadu_ps(below + LANES),
                                                                _mm512_loadu_ps(above + LANES))));
        }
        store_two(to + x, low, high);
    }
    down_rest(to, rows, weights, radius, x, n, 1);
}

void kernel_plane_init_avx512(struct kernel_plane *k) {
    k->across_even = across_even_avx512;
    k->across_odd = across_odd_avx512;
    k->down_even = down_even_avx512;
    k->down_odd = down_odd_avx512;
}
