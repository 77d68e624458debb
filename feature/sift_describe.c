/* SPDX-License-Identifier: Apache-2.0 */
/* A patch of 20x20 gradients is taken from the level nearest to the keypoint's scale s, turned with it:
 *
 *   orientation  samples s 4.5 / 9.5 apart, magnitudes under a Gaussian of 1.5 s into 36 bins, smoothed by 1 4 6 4 1; each
 *                peak of at least 0.8 of the highest, at the vertex of its parabola, is one keypoint
 *   descriptor   samples 3/4 s apart: 4x4 cells of 3 s and half a cell all round; magnitudes under a Gaussian of two cells,
 *                each shared among the nearest two of 8 directions and four cells (trilinear)
 *   RootSIFT     v / |v|2, no value above 0.2, v / |v|1, root: then |.|2 = 1, and Euclidean distance is Hellinger's. As bytes:
 *                512 v, rounded, at most 127
 *
 * Source: Lowe 2004, sections 5 and 6; Arandjelovic and Zisserman, Three things everyone should know to improve object retrieval,
 * CVPR 2012; the width of a cell (3 s) and the smoothing as OpenCV. Deviation: Lowe visits the pixels of the level, whose number
 * grows with s; a level is smooth at the scale of s, so samples 3/4 s apart see the same (docs/algorithms/sift.md).
 * Sines and powers are not the C library's, which differ from machine to machine. */
#include "feature/sift_describe.h"

#include <math.h>
#include <string.h>

enum { BINS = 36 };

static const float peak_share = 0.8f;

/* Of the samples, in sigmas of the keypoint. */
static const double orientation_step = 4.5 / 9.5, orientation_sigma = 1.5;
static const double cell_width = 3;

static const float most_of_norm = 0.2f;

static const float quantum = 512; /* a value of RootSIFT above 127 / 512 is cut off */

void sift_tables_init(struct sift_tables *t) {
    const double middle = (SIFT_PATCH - 1) / 2.0;
    double sigma = orientation_sigma / orientation_step;
    for (int32_t j = 0; j < SIFT_PATCH; j++) {
        for (int32_t i = 0; i < SIFT_PATCH; i++) {
            double d = (i - middle) * (i - middle) + (j - middle) * (j - middle);
            t->around[j * SIFT_PATCH + i] = (float)exp(-d / (2 * sigma * sigma));
        }
    }
    double window = 0.5 * SIFT_CELLS * SIFT_CELL_SAMPLES; /* half of the descriptor's width */
    for (int32_t i = 0; i < SIFT_PATCH; i++) {
        double g = exp(-(i - middle) * (i - middle) / (2 * window * window));
        double along = (i % SIFT_CELL_SAMPLES + 0.5) / SIFT_CELL_SAMPLES;
        t->cells.before[i] = (float)(g * (1 - along));
        t->cells.after[i] = (float)(g * along);
    }
}

float sift_sigma(const struct kernels *k, const struct extremum *e) {
    const float two = 2;
    float power;
    k->math.pow_by(&power, &two, e->layer * (1.0f / SCALE_LAYERS), 1);
    return (float)SCALE_SIGMA * power;
}

/* Cosine and sine of a turn (0..1), by their series over an eighth of a turn. */
static void direction(float *cosine, float *sine, float turn) {
    int32_t quarter = (int32_t)(4 * turn + 0.5f);
    double a = (turn - 0.25 * quarter) * 2 * M_PI, s = a * a;
    double sin_a = a * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72))));
    double cos_a = 1 - s / 2 * (1 - s / 12 * (1 - s / 30 * (1 - s / 56 * (1 - s / 90))));
    const double c[4] = {cos_a, -sin_a, -cos_a, sin_a};
    *cosine = (float)c[quarter % 4];
    *sine = (float)c[(quarter + 3) % 4];
}

static void take_gradients(struct sift_gradients *out, const struct kernels *k,
                           const struct scale_octave *octave, const struct extremum *e, float turn,
                           float step) {
    const struct plane *level = &octave->levels[e->level - 1];
    struct sift_window w = {.picture = level->data,
                            .width = level->width,
                            .height = level->height,
                            .x = e->x,
                            .y = e->y};
    direction(&w.step_x, &w.step_y, turn);
    w.step_x *= step;
    w.step_y *= step;
    k->sift.gradients(out, &w);
}

static void smooth(float to[BINS], const float from[BINS]) {
    for (int32_t i = 0; i < BINS; i++) {
        float one = from[(i + 1) % BINS] + from[(i + BINS - 1) % BINS];
        float two = from[(i + 2) % BINS] + from[(i + BINS - 2) % BINS];
        to[i] = 0.375f * from[i] + 0.25f * one + 0.0625f * two;
    }
}

/* The peaks of a histogram, the highest first. */
static int32_t find_peaks(float turns[SIFT_POINTS_AT_ONE], const float h[BINS]) {
    float heights[SIFT_POINTS_AT_ONE], most = 0;
    int32_t count = 0;
    for (int32_t i = 0; i < BINS; i++) {
        most = h[i] > most ? h[i] : most;
    }
    for (int32_t i = 0; i < BINS; i++) {
        float left = h[(i + BINS - 1) % BINS], right = h[(i + 1) % BINS];
        if (!(h[i] > left && h[i] >= right && h[i] >= peak_share * most)) {
            continue;
        }
        int32_t at = count;
        while (at > 0 && heights[at - 1] < h[i]) {
            at--;
        }
        count = MIN(count + 1, (int32_t)SIFT_POINTS_AT_ONE);
        for (int32_t m = count - 1; m > at; m--) {
            heights[m] = heights[m - 1];
            turns[m] = turns[m - 1];
        }
        if (at < count) {
            float vertex = 0.5f * (left - right) / (left - 2 * h[i] + right);
            float turn = ((float)i + vertex) / BINS;
            heights[at] = h[i];
            turns[at] = turn < 0 ? turn + 1 : turn;
        }
    }
    return count;
}

int32_t sift_turns(float turns[SIFT_POINTS_AT_ONE], const struct kernels *k,
                   const struct scale_octave *octave, const struct extremum *e,
                   const struct sift_tables *t) {
    struct sift_gradients g;
    float raw[BINS] = {0}, smoothed[BINS];
    take_gradients(&g, k, octave, e, 0, sift_sigma(k, e) * (float)orientation_step);
    for (int32_t j = 0; j < SIFT_PATCH; j++) {
        for (int32_t i = 0; i < SIFT_PATCH; i++) {
            int32_t bin = (int32_t)(g.turn[j * SIFT_PATCH_ROW + i] * BINS + 0.5f);
            raw[bin < BINS ? bin : 0] +=
                t->around[j * SIFT_PATCH + i] * g.magnitude[j * SIFT_PATCH_ROW + i];
        }
    }
    smooth(smoothed, raw);
    return find_peaks(turns, smoothed);
}

/* Sum of v or of its squares, in one order. */
static float sum_of(const float v[SIFT_BYTES], bool squares) {
    float sum = 0;
    for (int32_t i = 0; i < SIFT_BYTES; i++) {
        sum += squares ? v[i] * v[i] : v[i];
    }
    return sum;
}

static void quantise(uint8_t out[SIFT_BYTES], float v[SIFT_BYTES]) {
    float most = most_of_norm * sqrtf(sum_of(v, true));
    for (int32_t i = 0; i < SIFT_BYTES; i++) {
        v[i] = MIN(v[i], most);
    }
    float sum = sum_of(v, false);
    float scale = sum > 0 ? 1 / sum : 0;
    for (int32_t i = 0; i < SIFT_BYTES; i++) {
        float value = sqrtf(v[i] * scale) * quantum + 0.5f;
        out[i] = (uint8_t)(value < 127 ? value : 127);
    }
}

void sift_describe(uint8_t out[SIFT_BYTES], const struct kernels *k,
                   const struct scale_octave *octave, const struct extremum *e, float turn,
                   const struct sift_tables *t) {
    struct sift_gradients g;
    float v[SIFT_BYTES];
    float step = sift_sigma(k, e) * (float)(cell_width / SIFT_CELL_SAMPLES);
    take_gradients(&g, k, octave, e, turn, step);
    k->sift.cells(v, &g, &t->cells);
    quantise(out, v);
}
