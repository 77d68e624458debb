/* SPDX-License-Identifier: Apache-2.0 */
/* Up is a plain sum of rows. Sub is a prefix sum over the pixels of a register. Average and Paeth hang on the pixel before
 * and go one pixel at a time, all its bytes at once. Every store ends no later than the bytes already loaded, so rows may
 * be unfiltered in place. */
#include "kernel/kernel_png.h"

#include <string.h>

#include <immintrin.h>

static void up_avx2(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    struct kernel_png c;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(in + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(above + i));
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_add_epi8(x, b));
    }
    kernel_png_init_c(&c);
    c.unfilter[2](out + i, in + i, above + i, n - i, bpp);
}

static size_t sub1(uint8_t *out, const uint8_t *in, size_t n) {
    __m128i left = _mm_setzero_si128(), last = _mm_set1_epi8(15);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(in + i));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 1));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 2));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 4));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 8));
        x = _mm_add_epi8(x, left);
        _mm_storeu_si128((__m128i *)(out + i), x);
        left = _mm_shuffle_epi8(x, last);
    }
    return i;
}

/* Four pixels of three bytes a step; the four bytes above them are loaded and not used. */
static size_t sub3(uint8_t *out, const uint8_t *in, size_t n) {
    const __m128i last = _mm_setr_epi8(9, 10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11, -1, -1, -1, -1);
    __m128i left = _mm_setzero_si128();
    size_t i = 0;
    for (; i + 16 <= n; i += 12) {
        __m128i x = _mm_loadu_si128((const __m128i *)(in + i));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 3));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 6));
        x = _mm_add_epi8(x, left);
        _mm_storel_epi64((__m128i *)(out + i), x);
        int32_t high = _mm_extract_epi32(x, 2);
        memcpy(out + i + 8, &high, 4);
        left = _mm_shuffle_epi8(x, last);
    }
    return i;
}

static size_t sub4(uint8_t *out, const uint8_t *in, size_t n) {
    __m128i left = _mm_setzero_si128();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(in + i));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 4));
        x = _mm_add_epi8(x, _mm_slli_si128(x, 8));
        x = _mm_add_epi8(x, left);
        _mm_storeu_si128((__m128i *)(out + i), x);
        left = _mm_shuffle_epi32(x, 0xff);
    }
    return i;
}

static void sub_avx2(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    size_t i = 0;
    (void)above;
    if (bpp == 1) {
        i = sub1(out, in, n);
    } else if (bpp == 3) {
        i = sub3(out, in, n);
    } else if (bpp == 4) {
        i = sub4(out, in, n);
    }
    for (; i < n; i++) {
        out[i] = (uint8_t)(in[i] + (i < bpp ? 0 : out[i - bpp]));
    }
}

/* A pixel of 3 bytes moves as 4 wherever 4 are left: pieces of 2 and 1 would wait for each other in the store buffer. The
 * byte too much belongs to the next pixel, which is written later and read from `in`, further on. */
static inline __m128i pixel_load(const uint8_t *p, size_t size) {
    uint32_t v = 0;
    memcpy(&v, p, size);
    return _mm_cvtsi32_si128((int)v);
}

static inline void pixel_store(uint8_t *p, __m128i x, size_t size) {
    uint32_t v = (uint32_t)_mm_cvtsi128_si32(x);
    memcpy(p, &v, size);
}

/* The pixel to the left and the one above that, in the form the filter keeps them. */
struct neighbours {
    __m128i left, corner;
};

static inline void average_pixel(struct neighbours *p, uint8_t *out, const uint8_t *in,
                                 const uint8_t *above, size_t size) {
    __m128i b = pixel_load(above, size), x = pixel_load(in, size);
    /* The instruction rounds up; PNG rounds down. */
    __m128i odd = _mm_and_si128(_mm_xor_si128(p->left, b), _mm_set1_epi8(1));
    p->left = _mm_add_epi8(_mm_sub_epi8(x, odd), _mm_avg_epu8(p->left, b));
    pixel_store(out, p->left, size);
}

/* The three distances in 16 bits: |b - c|, |a - c|, |a + b - 2c|. */
static inline void paeth_pixel(struct neighbours *p, uint8_t *out, const uint8_t *in,
                               const uint8_t *above, size_t size) {
    const __m128i zero = _mm_setzero_si128();
    __m128i a = p->left, c = p->corner;
    __m128i b = _mm_unpacklo_epi8(pixel_load(above, size), zero);
    __m128i x = _mm_unpacklo_epi8(pixel_load(in, size), zero);
    __m128i bc = _mm_sub_epi16(b, c), ac = _mm_sub_epi16(a, c);
    __m128i to_a = _mm_abs_epi16(bc), to_b = _mm_abs_epi16(ac);
    __m128i to_c = _mm_abs_epi16(_mm_add_epi16(bc, ac));
    __m128i least = _mm_min_epi16(to_c, _mm_min_epi16(to_a, to_b));
    __m128i nearest = _mm_blendv_epi8(c, b, _mm_cmpeq_epi16(least, to_b));
    nearest = _mm_blendv_epi8(nearest, a, _mm_cmpeq_epi16(least, to_a));
    /* Only the low bytes add: the high ones are 0 and stay so. */
    p->left = _mm_add_epi8(x, nearest);
    p->corner = b;
    pixel_store(out, _mm_packus_epi16(p->left, zero), size);
}

typedef void pixel_step(struct neighbours *p, uint8_t *out, const uint8_t *in, const uint8_t *above,
                        size_t size);

static inline __attribute__((always_inline)) void pixels(pixel_step *step, uint8_t *out,
                                                         const uint8_t *in, const uint8_t *above,
                                                         size_t n, size_t bpp) {
    struct neighbours p = {_mm_setzero_si128(), _mm_setzero_si128()};
    size_t i = 0;
    for (; i + 4 <= n; i += bpp) {
        step(&p, out + i, in + i, above + i, 4);
    }
    if (i < n) {
        step(&p, out + i, in + i, above + i, bpp);
    }
}

static void average_avx2(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n,
                         size_t bpp) {
    struct kernel_png c;
    if (bpp == 3) {
        pixels(average_pixel, out, in, above, n, 3);
    } else if (bpp == 4) {
        pixels(average_pixel, out, in, above, n, 4);
    } else {
        kernel_png_init_c(&c);
        c.unfilter[3](out, in, above, n, bpp);
    }
}

static void paeth_avx2(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n,
                       size_t bpp) {
    struct kernel_png c;
    if (bpp == 3) {
        pixels(paeth_pixel, out, in, above, n, 3);
    } else if (bpp == 4) {
        pixels(paeth_pixel, out, in, above, n, 4);
    } else {
        kernel_png_init_c(&c);
        c.unfilter[4](out, in, above, n, bpp);
    }
}

void kernel_png_init_avx2(struct kernel_png *k) {
    k->unfilter[1] = sub_avx2;
    k->unfilter[2] = up_avx2;
    k->unfilter[3] = average_avx2;
    k->unfilter[4] = paeth_avx2;
}
