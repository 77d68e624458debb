/* SPDX-License-Identifier: Apache-2.0 */
/* Light to levels. Noise has the variance noise^2 (light + a floor); it is added after the curve of sRGB, multiplied by that
 * curve's slope, which is the same to first order. Then the tone: level -> gray + contrast (level^gamma - gray). */
#include <math.h>

#include "base/rng.h"
#include "simulate/lighting.h"
#include "simulate/portable_math.h"

/* to_level after the tone: 256 places of the tone are computed and mixed. */
static void tone_table(float out[LIGHTS], const float to_level[LIGHTS],
                       const lk_simulator *camera) {
    float tone[257];
    for (int32_t i = 0; i <= 256; i++) {
        double v = fmin(i / 255.0, 1);
        v = camera->gamma == 1 ? v : portable_pow(v, camera->gamma);
        tone[i] = (float)(255 * fmin(fmax(0.5 + camera->contrast * (v - 0.5), 0), 1));
    }
    for (int32_t i = 0; i < LIGHTS; i++) {
        int32_t at = (int32_t)to_level[i];
        out[i] = tone[at] + (tone[at + 1] - tone[at]) * (to_level[i] - (float)at);
    }
}

static void develop_run(uint8_t *to, const light4 *from, int32_t count, const float *level,
                        const float *noise_at, const float *normals) {
    for (int32_t x = 0; x < count; x++, to += 3, normals += 3) {
        whole4 at = light_whole(light_clamp(from[x] * (LIGHTS - 1) + 0.5f, 0, LIGHTS - 1));
        light4 v = {level[at[0]], level[at[1]], level[at[2]], 0};
        whole4 at_noise = at >> 2;
        light4 noise = {noise_at[at_noise[0]], noise_at[at_noise[1]], noise_at[at_noise[2]], 0};
        light4 random = {normals[0], normals[1], normals[2], 0};
        whole4 byte = light_whole(light_clamp(v + noise * random, 0, 255) + 0.5f);
        to[0] = (uint8_t)byte[0];
        to[1] = (uint8_t)byte[1];
        to[2] = (uint8_t)byte[2];
    }
}

static void saturate(light4 *row, int32_t width, float saturation) {
    const light4 luma = {0.2126f, 0.7152f, 0.0722f, 0}; /* of linear light, BT.709 */
    for (int32_t x = 0; x < width; x++) {
        light4 parts = row[x] * luma, gray = light_all(parts[0] + parts[1] + parts[2]);
        row[x] = gray + (row[x] - gray) * light_all(saturation);
    }
}

void sensor_develop(uint8_t *out, const struct light *photo, const struct lk_view_scratch *scratch,
                    const lk_simulator *camera) {
    float level[LIGHTS], noise_at[NOISES];
    struct rng r;
    rng_init(&r, camera->seed ^ 0x6e6f697365u);
    tone_table(level, scratch->to_level, camera);
    for (int32_t i = 0; i < NOISES; i++) {
        noise_at[i] = scratch->noise_at[i] * (float)camera->noise;
    }
    for (int32_t y = 0; y < photo->height; y++) {
        light4 *row = light_row(photo, y);
        if (camera->saturation != 1) {
            saturate(row, photo->width, (float)camera->saturation);
        }
        for (int32_t x = 0; x < photo->width; x += RUN_PIXELS) {
            const float *normals = scratch->normals + rng_below(&r, NORMALS / 2);
            int32_t count = MIN(photo->width - x, (int32_t)RUN_PIXELS);
            develop_run(out, row + x, count, level, noise_at, normals);
            out += 3 * count;
        }
    }
}
