/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_edge.h"

#include <immintrin.h>

/* Samples of 16 bits in a register; what is left of a row goes to the C version. */
enum { LANES = 16 };

static inline __m256i load_wide(const uint8_t *p) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline __m256i load16(const uint16_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline __m256i load32(const int32_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* a + 4 b + 6 c + 4 d + e */
static inline __m256i binomial(__m256i a, __m256i b, __m256i c, __m256i d, __m256i e) {
    __m256i outer = _mm256_add_epi16(_mm256_add_epi16(a, e), _mm256_slli_epi16(c, 1));
    __m256i inner = _mm256_add_epi16(_mm256_add_epi16(b, d), c);
    return _mm256_add_epi16(outer, _mm256_slli_epi16(inner, 2));
}

static void blur_down_avx2(uint16_t *to, const uint8_t *const rows[5], size_t n) {
    size_t x = 0;
    for (; x + LANES <= n; x += LANES) {
        __m256i sum =
            binomial(load_wide(rows[0] + x), load_wide(rows[1] + x), load_wide(rows[2] + x),
                     load_wide(rows[3] + x), load_wide(rows[4] + x));
        _mm256_storeu_si256((__m256i *)(void *)(to + x), sum);
    }
    struct kernel_edge c;
    kernel_edge_init_c(&c);
    const uint8_t *const rest[5] = {rows[0] + x, rows[1] + x, rows[2] + x, rows[3] + x,
                                    rows[4] + x};
    c.blur_down(to + x, rest, n - x);
}

static void blur_across_avx2(uint8_t *to, const uint16_t *from, size_t n) {
    const __m256i half = _mm256_set1_epi16(128);
    size_t x = 0;
    for (; x + LANES <= n; x += LANES) {
        const uint16_t *p = from + x;
        __m256i sum =
            binomial(load16(p - 2), load16(p - 1), load16(p), load16(p + 1), load16(p + 2));
        __m256i v = _mm256_srli_epi16(_mm256_add_epi16(sum, half), 8);
        __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        _mm_storeu_si128((__m128i *)(void *)(to + x), bytes);
    }
    struct kernel_edge c;
    kernel_edge_init_c(&c);
    c.blur_across(to + x, from + x, n - x);
}

static void gradient_avx2(int16_t *dx, int16_t *dy, int32_t *squared, const uint8_t *const rows[3],
                          size_t n) {
    size_t x = 0;
    for (; x + LANES <= n; x += LANES) {
        const uint8_t *above = rows[0] + x, *here = rows[1] + x, *below = rows[2] + x;
        __m256i left = _mm256_sub_epi16(load_wide(below - 1), load_wide(above - 1));
        __m256i middle = _mm256_sub_epi16(load_wide(below), load_wide(above));
        __m256i right = _mm256_sub_epi16(load_wide(below + 1), load_wide(above + 1));
        __m256i v = _mm256_add_epi16(_mm256_add_epi16(left, right), _mm256_slli_epi16(middle, 1));
        __m256i top = _mm256_sub_epi16(load_wide(above + 1), load_wide(above - 1));
        __m256i centre = _mm256_sub_epi16(load_wide(here + 1), load_wide(here - 1));
        __m256i bottom = _mm256_sub_epi16(load_wide(below + 1), load_wide(below - 1));
        __m256i h = _mm256_add_epi16(_mm256_add_epi16(top, bottom), _mm256_slli_epi16(centre, 1));
        _mm256_storeu_si256((__m256i *)(void *)(dx + x), h);
        _mm256_storeu_si256((__m256i *)(void *)(dy + x), v);
        __m256i low = _mm256_unpacklo_epi16(h, v), high = _mm256_unpackhi_epi16(h, v);
        low = _mm256_madd_epi16(low, low);    /* lanes 0..3 and 8..11 */
        high = _mm256_madd_epi16(high, high); /* lanes 4..7 and 12..15 */
        _mm256_storeu_si256((__m256i *)(void *)(squared + x),
                            _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(void *)(squared + x + LANES / 2),
                            _mm256_permute2x128_si256(low, high, 0x31));
    }
    struct kernel_edge c;
    kernel_edge_init_c(&c);
    const uint8_t *const rest[3] = {rows[0] + x, rows[1] + x, rows[2] + x};
    c.gradient(dx + x, dy + x, squared + x, rest, n - x);
}

static inline __m256i greater_both(__m256i m, const int32_t *a, const int32_t *b) {
    return _mm256_and_si256(_mm256_cmpgt_epi32(m, load32(a)), _mm256_cmpgt_epi32(m, load32(b)));
}

/* m > *before and m >= *after */
static inline __m256i is_crest(__m256i m, const int32_t *before, const int32_t *after) {
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(load32(after), m),
                               _mm256_cmpgt_epi32(m, load32(before)));
}

/* All ones where pixel x + lane is largest across its edge; is_peak() of the C version, every case computed. */
static inline __m256i peaks(__m256i m, __m256i dx, __m256i dy, const int32_t *const squared[3],
                            size_t x) {
    const int32_t *above = squared[0] + x, *here = squared[1] + x, *below = squared[2] + x;
    __m256i width = _mm256_abs_epi32(dx);
    __m256i across = _mm256_mullo_epi32(width, _mm256_set1_epi32(EDGE_TAN));
    __m256i down = _mm256_slli_epi32(_mm256_abs_epi32(dy), EDGE_TAN_BITS);
    __m256i steep = _mm256_add_epi32(across, _mm256_slli_epi32(width, EDGE_TAN_BITS + 1));
    __m256i falls = _mm256_srai_epi32(_mm256_xor_si256(dx, dy), 31);
    __m256i slanted = _mm256_blendv_epi8(greater_both(m, above - 1, below + 1),
                                         greater_both(m, above + 1, below - 1), falls);
    __m256i result =
        _mm256_blendv_epi8(slanted, is_crest(m, above, below), _mm256_cmpgt_epi32(down, steep));
    return _mm256_blendv_epi8(result, is_crest(m, here - 1, here + 1),
                              _mm256_cmpgt_epi32(across, down));
}

static void thin_avx2(uint8_t *to, const int16_t *dx, const int16_t *dy,
                      const int32_t *const squared[3], const int32_t limits[2], size_t n) {
    enum { STEP = 8 };
    const __m256i low = _mm256_set1_epi32(limits[0]), high = _mm256_set1_epi32(limits[1]);
    size_t x = 0;
    for (; x + STEP <= n; x += STEP) {
        __m256i m = load32(squared[1] + x), edge = _mm256_cmpgt_epi32(m, low);
        if (_mm256_testz_si256(edge, edge)) {
            _mm_storel_epi64((__m128i *)(void *)(to + x), _mm_setzero_si128());
            continue;
        }
        __m256i h = _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(dx + x)));
        __m256i v = _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(dy + x)));
        edge = _mm256_and_si256(edge, peaks(m, h, v, squared, x));
        __m256i strong = _mm256_and_si256(edge, _mm256_cmpgt_epi32(m, high));
        __m256i kind = _mm256_abs_epi32(_mm256_add_epi32(edge, strong)); /* 0, -1 or -2 */
        __m128i words =
            _mm_packs_epi32(_mm256_castsi256_si128(kind), _mm256_extracti128_si256(kind, 1));
        _mm_storel_epi64((__m128i *)(void *)(to + x), _mm_packus_epi16(words, words));
    }
    struct kernel_edge c;
    kernel_edge_init_c(&c);
    const int32_t *const rest[3] = {squared[0] + x, squared[1] + x, squared[2] + x};
    c.thin(to + x, dx + x, dy + x, rest, limits, n - x);
}

void kernel_edge_init_avx2(struct kernel_edge *k) {
    k->blur_down = blur_down_avx2;
    k->blur_across = blur_across_avx2;
    k->gradient = gradient_avx2;
    k->thin = thin_avx2;
}
