/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over bytes and floats, in a file of their own that is compiled for speed (-O3: the compiler makes vectors of them). */
#ifndef LK_BYTE_LOOPS_H
#define LK_BYTE_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* to = (from - zero) * scale, in float. */
void bytes_to_floats(float *to, const uint8_t *from, size_t count, float scale, int32_t zero);
/* to = from / scale rounded to nearest, ties to even, + zero, cut to 0..255; what is no number becomes 0. */
void floats_to_bytes(uint8_t *to, const float *from, size_t count, float scale, int32_t zero);
/* to = from with the top bit turned: int8 moved by 128, and back. */
void bytes_turn(uint8_t *to, const uint8_t *from, size_t count);

#endif
