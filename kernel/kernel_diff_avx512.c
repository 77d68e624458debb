/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_diff.h"

#include <immintrin.h>

static size_t first_beyond_avx512(const uint8_t *a, const uint8_t *b, size_t from, size_t n,
                                  uint8_t tolerance) {
    const __m512i t = _mm512_set1_epi8((char)tolerance);
    for (size_t i = from; i < n; i += 64) {
        __mmask64 live = n - i >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - i)) - 1;
        __m512i x = _mm512_maskz_loadu_epi8(live, a + i);
        __m512i y = _mm512_maskz_loadu_epi8(live, b + i);
        __m512i d = _mm512_or_si512(_mm512_subs_epu8(x, y), _mm512_subs_epu8(y, x));
        uint64_t beyond = _mm512_cmpgt_epu8_mask(d, t);
        if (beyond) {
            return i + (size_t)__builtin_ctzll(beyond);
        }
    }
    return n;
}

void kernel_diff_init_avx512(struct kernel_diff *k) {
    k->first_beyond = first_beyond_avx512;
}
