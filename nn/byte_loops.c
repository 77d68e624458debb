/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/byte_loops.h"

void bytes_to_floats(float *restrict to, const uint8_t *restrict from, size_t count, float scale,
                     int32_t zero) {
    for (size_t i = 0; i < count; i++) {
        to[i] = (float)(from[i] - zero) * scale;
    }
}

/* Adding 1.5 * 2^23 leaves no bits for a fraction: the processor rounds as it is set to, to nearest with ties to even. */
static const float rounding = 12582912.0f;
/* Beyond this a float plus `rounding` is not exact; any quotient that large is cut off anyway. */
static const float most = 4194304.0f;

void floats_to_bytes(uint8_t *restrict to, const float *restrict from, size_t count, float scale,
                     int32_t zero) {
    for (size_t i = 0; i < count; i++) {
        float steps = from[i] / scale;
        steps = steps > -most ? steps : -most;
        steps = steps < most ? steps : most;
        float whole = (steps + rounding) - rounding + (float)zero;
        whole = whole > 0.0f ? whole : 0.0f;
        whole = whole < 255.0f ? whole : 255.0f;
        to[i] = (uint8_t)(int32_t)whole;
    }
}

void bytes_turn(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i] ^ 128;
    }
}
