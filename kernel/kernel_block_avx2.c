/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_block.h"

#include <immintrin.h>

enum { LANES = 16, HALF = 8 };

static int32_t sad_avx2(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
                        int32_t width, int32_t height) {
    struct kernel_block c;
    __m128i sums = _mm_setzero_si128();
    int32_t whole = width / LANES * LANES;
    const uint8_t *p = a, *q = b;
    for (int32_t y = 0; y < height; y++, p += a_stride, q += b_stride) {
        for (int32_t x = 0; x < whole; x += LANES) {
            __m128i va = _mm_loadu_si128((const __m128i *)(const void *)(p + x));
            __m128i vb = _mm_loadu_si128((const __m128i *)(const void *)(q + x));
            sums = _mm_add_epi64(sums, _mm_sad_epu8(va, vb));
        }
        if (width - whole >= HALF) {
            __m128i va = _mm_loadl_epi64((const __m128i *)(const void *)(p + whole));
            __m128i vb = _mm_loadl_epi64((const __m128i *)(const void *)(q + whole));
            sums = _mm_add_epi64(sums, _mm_sad_epu8(va, vb));
        }
    }
    whole += width - whole >= HALF ? HALF : 0;
    int32_t sum = (int32_t)(_mm_cvtsi128_si64(sums) + _mm_extract_epi64(sums, 1));
    kernel_block_init_c(&c);
    return whole == width
               ? sum
               : sum + c.sad(a + whole, a_stride, b + whole, b_stride, width - whole, height);
}

static void average_avx2(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t n) {
    struct kernel_block c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        __m128i va = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
        __m128i vb = _mm_loadu_si128((const __m128i *)(const void *)(b + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_avg_epu8(va, vb));
    }
    kernel_block_init_c(&c);
    c.average(to + i, a + i, b + i, n - i);
}

static inline __m256i pair_sum(const uint8_t *a, const uint8_t *b) {
    return _mm256_add_epi16(
        _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)a)),
        _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)b)));
}

/* All fits 16 bits: at most 42 * 255 + 16, at least -10 * 255. */
static void six_tap_avx2(uint8_t *to, const uint8_t *const p[6], size_t n) {
    const __m256i five = _mm256_set1_epi16(5), twenty = _mm256_set1_epi16(20),
                  half = _mm256_set1_epi16(16);
    struct kernel_block c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        __m256i outer = pair_sum(p[0] + i, p[5] + i), between = pair_sum(p[1] + i, p[4] + i);
        __m256i inner = pair_sum(p[2] + i, p[3] + i);
        __m256i v = _mm256_sub_epi16(outer, _mm256_mullo_epi16(between, five));
        v = _mm256_add_epi16(_mm256_add_epi16(v, _mm256_mullo_epi16(inner, twenty)), half);
        v = _mm256_srai_epi16(_mm256_max_epi16(v, _mm256_setzero_si256()), 5);
        __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0x08);
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm256_castsi256_si128(packed));
    }
    const uint8_t *const rest[6] = {p[0] + i, p[1] + i, p[2] + i, p[3] + i, p[4] + i, p[5] + i};
    kernel_block_init_c(&c);
    c.six_tap(to + i, rest, n - i);
}

void kernel_block_init_avx2(struct kernel_block *k) {
    k->sad = sad_avx2;
    k->average = average_avx2;
    k->six_tap = six_tap_avx2;
}
