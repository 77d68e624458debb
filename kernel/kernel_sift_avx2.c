/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_sift.h"

#include <immintrin.h>

#include "base/compiler.h"
#include "kernel/kernel_scan.h"

enum { LANES = 8, SAMPLES = SIFT_PATCH + 2, SAMPLE_ROW = 32 };

static void subtract_avx2(float *to, const float *a, const float *b, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm256_storeu_ps(to + i, _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
    }
    for (; i < n; i++) {
        to[i] = a[i] - b[i];
    }
}

/* Extremes of three neighbours in a row. */
static inline void widen(__m256 *least, __m256 *most, const float *p) {
    __m256 a = _mm256_loadu_ps(p - 1), b = _mm256_loadu_ps(p), c = _mm256_loadu_ps(p + 1);
    *least = _mm256_min_ps(*least, _mm256_min_ps(a, _mm256_min_ps(b, c)));
    *most = _mm256_max_ps(*most, _mm256_max_ps(a, _mm256_max_ps(b, c)));
}

/* Lanes that stand out from the neighbours before them and are not below (above) those after them. */
static int peaks_8(const float *const rows[9], size_t x, __m256 threshold) {
    const __m256 v = _mm256_loadu_ps(rows[4] + x);
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
    __m256 strong = _mm256_cmp_ps(size, threshold, _CMP_GT_OQ);
    if (_mm256_testz_ps(strong, strong)) {
        return 0;
    }
    __m256 least = _mm256_loadu_ps(rows[4] + x - 1), most = least; /* before */
    __m256 low = _mm256_loadu_ps(rows[4] + x + 1), high = low;     /* after */
    widen(&least, &most, rows[3] + x);
    widen(&low, &high, rows[5] + x);
    __m256 up =
        _mm256_and_ps(_mm256_cmp_ps(v, most, _CMP_GT_OQ), _mm256_cmp_ps(v, high, _CMP_GE_OQ));
    __m256 down =
        _mm256_and_ps(_mm256_cmp_ps(v, least, _CMP_LT_OQ), _mm256_cmp_ps(v, low, _CMP_LE_OQ));
    if (_mm256_testz_ps(_mm256_or_ps(up, down), strong)) {
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        widen(&least, &most, rows[i] + x);
        widen(&low, &high, rows[6 + i] + x);
    }
    const __m256 zero = _mm256_setzero_ps();
    up = _mm256_and_ps(_mm256_cmp_ps(v, most, _CMP_GT_OQ), _mm256_cmp_ps(v, high, _CMP_GE_OQ));
    up = _mm256_and_ps(up, _mm256_cmp_ps(v, zero, _CMP_GT_OQ));
    down = _mm256_and_ps(_mm256_cmp_ps(v, least, _CMP_LT_OQ), _mm256_cmp_ps(v, low, _CMP_LE_OQ));
    down = _mm256_and_ps(down, _mm256_cmp_ps(v, zero, _CMP_LT_OQ));
    return _mm256_movemask_ps(_mm256_and_ps(_mm256_or_ps(up, down), strong));
}

static size_t extrema_avx2(int32_t *at, const float *const rows[9], size_t n, float threshold) {
    const __m256 t = _mm256_set1_ps(threshold);
    size_t count = 0, x = 0;
    for (; x + LANES <= n; x += LANES) {
        for (unsigned mask = (unsigned)peaks_8(rows, x, t); mask; mask &= mask - 1) {
            at[count++] = (int32_t)x + __builtin_ctz(mask);
        }
    }
    const float *rest[9];
    for (int i = 0; i < 9; i++) {
        rest[i] = rows[i] + x;
    }
    struct kernel_sift c;
    kernel_sift_init_c(&c);
    size_t more = c.extrema(at + count, rest, n - x, threshold);
    for (size_t i = 0; i < more; i++) {
        at[count + i] += (int32_t)x;
    }
    return count + more;
}

/* Two neighbours from eight places: the even and the odd floats of eight pairs. */
static inline void gather_pairs(__m256 *left, __m256 *right, const float *p, __m256i at) {
    const double *pairs = (const double *)(const void *)p;
    __m256 a = _mm256_castpd_ps(_mm256_i32gather_pd(pairs, _mm256_castsi256_si128(at), 4));
    __m256 b = _mm256_castpd_ps(_mm256_i32gather_pd(pairs, _mm256_extracti128_si256(at, 1), 4));
    const __m256i order = _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7);
    *left = _mm256_permutevar8x32_ps(_mm256_shuffle_ps(a, b, 0x88), order);
    *right = _mm256_permutevar8x32_ps(_mm256_shuffle_ps(a, b, 0xdd), order);
}

static inline __m256 clamped(__m256 v, __m256 most) {
    return _mm256_min_ps(_mm256_max_ps(v, _mm256_setzero_ps()), most);
}

static inline __m256 mix(__m256 a, __m256 b, __m256 share) {
    return _mm256_add_ps(a, _mm256_mul_ps(share, _mm256_sub_ps(b, a)));
}

/* The row of samples that begins at (x, y): the middle of the row is at u = 0. */
static void sample_row(float *to, const struct sift_window *w, float row_x, float row_y) {
    const __m256 most_x = _mm256_set1_ps((float)(w->width - 1));
    const __m256 most_y = _mm256_set1_ps((float)(w->height - 1));
    const __m256i last_x = _mm256_set1_epi32(w->width - 2),
                  last_y = _mm256_set1_epi32(w->height - 2);
    __m256 u =
        _mm256_sub_ps(_mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_ps((SAMPLES - 1) / 2.0f));
    for (int i = 0; i < SAMPLES; i += LANES, u = _mm256_add_ps(u, _mm256_set1_ps(LANES))) {
        __m256 x =
            _mm256_add_ps(_mm256_set1_ps(row_x), _mm256_mul_ps(u, _mm256_set1_ps(w->step_x)));
        __m256 y =
            _mm256_add_ps(_mm256_set1_ps(row_y), _mm256_mul_ps(u, _mm256_set1_ps(w->step_y)));
        x = clamped(x, most_x);
        y = clamped(y, most_y);
        __m256i ix = _mm256_min_epi32(_mm256_cvttps_epi32(x), last_x);
        __m256i iy = _mm256_min_epi32(_mm256_cvttps_epi32(y), last_y);
        __m256 fx = _mm256_sub_ps(x, _mm256_cvtepi32_ps(ix));
        __m256 fy = _mm256_sub_ps(y, _mm256_cvtepi32_ps(iy));
        __m256i at = _mm256_add_epi32(_mm256_mullo_epi32(iy, _mm256_set1_epi32(w->width)), ix);
        __m256 a, b, c, d;
        gather_pairs(&a, &b, w->picture, at);
        gather_pairs(&c, &d, w->picture + w->width, at);
        _mm256_storeu_ps(to + i, mix(mix(a, b, fx), mix(c, d, fx), fy));
    }
}

static inline __m256 turn_of(__m256 gx, __m256 gy) {
    const __m256 sign = _mm256_set1_ps(-0.0f), zero = _mm256_setzero_ps();
    __m256 ax = _mm256_andnot_ps(sign, gx), ay = _mm256_andnot_ps(sign, gy);
    __m256 q = _mm256_div_ps(_mm256_min_ps(ax, ay),
                             _mm256_add_ps(_mm256_max_ps(ax, ay), _mm256_set1_ps(SIFT_TINY)));
    __m256 s = _mm256_mul_ps(q, q);
    __m256 t =
        _mm256_add_ps(_mm256_mul_ps(_mm256_set1_ps(SIFT_ATAN_C7), s), _mm256_set1_ps(SIFT_ATAN_C5));
    t = _mm256_add_ps(_mm256_mul_ps(t, s), _mm256_set1_ps(SIFT_ATAN_C3));
    t = _mm256_add_ps(_mm256_mul_ps(t, s), _mm256_set1_ps(SIFT_ATAN_C1));
    t = _mm256_mul_ps(t, q);
    t = _mm256_blendv_ps(t, _mm256_sub_ps(_mm256_set1_ps(0.25f), t),
                         _mm256_cmp_ps(ay, ax, _CMP_GT_OQ));
    t = _mm256_blendv_ps(t, _mm256_sub_ps(_mm256_set1_ps(0.5f), t),
                         _mm256_cmp_ps(gx, zero, _CMP_LT_OQ));
    return _mm256_blendv_ps(t, _mm256_sub_ps(_mm256_set1_ps(1), t),
                            _mm256_cmp_ps(gy, zero, _CMP_LT_OQ));
}

static void gradients_avx2(struct sift_gradients *out, const struct sift_window *w) {
    float samples[SAMPLES][SAMPLE_ROW];
    const float middle = (SAMPLES - 1) / 2.0f;
    for (int j = 0; j < SAMPLES; j++) {
        float v = (float)j - middle;
        sample_row(samples[j], w, w->x - v * w->step_y, w->y + v * w->step_x);
        _mm256_storeu_ps(samples[j] + SIFT_PATCH_ROW, _mm256_setzero_ps());
    }
    for (int j = 0; j < SIFT_PATCH; j++) {
        for (int i = 0; i < SIFT_PATCH_ROW; i += LANES) {
            __m256 gx = _mm256_sub_ps(_mm256_loadu_ps(samples[j + 1] + i + 2),
                                      _mm256_loadu_ps(samples[j + 1] + i));
            __m256 gy = _mm256_sub_ps(_mm256_loadu_ps(samples[j + 2] + i + 1),
                                      _mm256_loadu_ps(samples[j] + i + 1));
            __m256 sum = _mm256_add_ps(_mm256_mul_ps(gx, gx), _mm256_mul_ps(gy, gy));
            _mm256_storeu_ps(out->magnitude + j * SIFT_PATCH_ROW + i, _mm256_sqrt_ps(sum));
            _mm256_storeu_ps(out->turn + j * SIFT_PATCH_ROW + i, turn_of(gx, gy));
        }
    }
}

static inline void add_share(__m256 *sum, __m256 v, const float *weight) {
    *sum = _mm256_add_ps(*sum, _mm256_mul_ps(v, _mm256_broadcast_ss(weight)));
}

/* The eight directions are the lanes. */
static void cells_avx2(float out[SIFT_BYTES], const struct sift_gradients *g,
                       const struct sift_weights *w) {
    const __m256 direction = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7),
                 turns = _mm256_set1_ps(SIFT_TURNS);
    const __m256 one = _mm256_set1_ps(1), zero = _mm256_setzero_ps(), sign = _mm256_set1_ps(-0.0f);
    __m256 all[SIFT_CELLS + 2][SIFT_CELLS];
    for (int i = 0; i < (SIFT_CELLS + 2) * SIFT_CELLS; i++) {
        all[i / SIFT_CELLS][i % SIFT_CELLS] = zero;
    }
    for (int j = 0; j < SIFT_PATCH; j++) {
        const float *magnitude = g->magnitude + j * SIFT_PATCH_ROW,
                    *turn = g->turn + j * SIFT_PATCH_ROW;
        __m256 row[SIFT_CELLS + 2] = {zero, zero, zero, zero, zero, zero};
        for (int i = 0; i < SIFT_PATCH; i++) {
            __m256 t = _mm256_mul_ps(_mm256_broadcast_ss(turn + i), turns);
            __m256 d = _mm256_andnot_ps(sign, _mm256_sub_ps(t, direction));
            d = _mm256_min_ps(d, _mm256_sub_ps(turns, d));
            __m256 v = _mm256_mul_ps(_mm256_max_ps(_mm256_sub_ps(one, d), zero),
                                     _mm256_broadcast_ss(magnitude + i));
            add_share(&row[i / SIFT_CELL_SAMPLES], v, w->before + i);
            add_share(&row[i / SIFT_CELL_SAMPLES + 1], v, w->after + i);
        }
        for (int c = 0; c < SIFT_CELLS; c++) {
            add_share(&all[j / SIFT_CELL_SAMPLES][c], row[c + 1], w->before + j);
            add_share(&all[j / SIFT_CELL_SAMPLES + 1][c], row[c + 1], w->after + j);
        }
    }
    for (int i = 0; i < SIFT_CELLS * SIFT_CELLS; i++) {
        _mm256_storeu_ps(out + i * SIFT_TURNS, all[1 + i / SIFT_CELLS][i % SIFT_CELLS]);
    }
}

static void products_avx2(int32_t *out, size_t stride, const uint8_t *const *queries, size_t count,
                          const uint8_t *list, const int32_t *offsets, size_t blocks) {
    kernel_scan_products_avx2(out, stride, queries, count, list, offsets, blocks, SIFT_BYTES);
}

static int32_t least_avx2(const int32_t *values, size_t n) {
    int32_t lanes[LANES], least = values[0];
    size_t i = 0;
    __m256i a = _mm256_set1_epi32(least), b = a;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        a = _mm256_min_epi32(a, _mm256_loadu_si256((const __m256i *)(const void *)(values + i)));
        b = _mm256_min_epi32(
            b, _mm256_loadu_si256((const __m256i *)(const void *)(values + i + LANES)));
    }
    _mm256_storeu_si256((__m256i *)(void *)lanes, _mm256_min_epi32(a, b));
    for (size_t k = 0; k < LANES; k++) {
        least = MIN(least, lanes[k]);
    }
    for (; i < n; i++) {
        least = MIN(least, values[i]);
    }
    return least;
}

void kernel_sift_init_avx2(struct kernel_sift *k) {
    k->subtract = subtract_avx2;
    k->extrema = extrema_avx2;
    k->gradients = gradients_avx2;
    k->cells = cells_avx2;
    k->products = products_avx2;
    k->least = least_avx2;
}
