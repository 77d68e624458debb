/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor is cut in halves, each goes to the nearest of 128 centres: the word is both (product quantisation, Jegou, Douze,
 * Schmid 2011). The sketch tells those of one word apart (Hamming embedding, the same authors 2008): bit i is whether the
 * descriptor less the mean lies on the positive side of a random plane, whose normal is of +1 and -1. All sums are of whole
 * numbers, by the kernel that matches descriptors: |c|^2 - 2 c.d for the centres, and for a plane r.d = 2 (those where r is
 * +1).d - 1.d. */
#include "feature/visual_word.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

enum {
    CENTRES = 2 * VISUAL_HALF_WORDS,
    ROWS = CENTRES + VISUAL_SKETCH_BITS, /* in one list: centres, then planes */
    BLOCKS = ROWS / SIFT_BLOCK,
    SEED = 64,
};

struct tables {
    uint8_t list[ROWS * SIFT_BYTES]; /* interleaved by SIFT_BLOCK */
    int32_t offsets[ROWS];
    int32_t least[VISUAL_SKETCH_BITS]; /* what r.d must pass: r.mean */
};

static void put_row(struct tables *t, int32_t row, const uint8_t d[SIFT_BYTES]) {
    uint8_t *to = t->list + row / SIFT_BLOCK * SIFT_BLOCK * SIFT_BYTES + row % SIFT_BLOCK * 4;
    for (int32_t at = 0; at < SIFT_BYTES; at += 4) {
        memcpy(to + (ptrdiff_t)at * SIFT_BLOCK, d + at, 4);
    }
}

static void add_centres(struct tables *t) {
    for (int32_t row = 0; row < CENTRES; row++) {
        uint8_t d[SIFT_BYTES] = {0};
        const uint8_t *centre = visual_word_centres + (ptrdiff_t)row * VISUAL_HALF_BYTES;
        memcpy(d + row / VISUAL_HALF_WORDS * VISUAL_HALF_BYTES, centre, VISUAL_HALF_BYTES);
        put_row(t, row, d);
        for (int32_t i = 0; i < VISUAL_HALF_BYTES; i++) {
            t->offsets[row] += centre[i] * centre[i];
        }
    }
}

static void add_planes(struct tables *t) {
    struct rng r;
    rng_init(&r, SEED);
    for (int32_t bit = 0; bit < VISUAL_SKETCH_BITS; bit++) {
        uint8_t d[SIFT_BYTES];
        for (int32_t i = 0; i < SIFT_BYTES; i++) {
            d[i] = (uint8_t)rng_below(&r, 2);
            t->least[bit] += (2 * d[i] - 1) * visual_word_mean[i];
        }
        put_row(t, CENTRES + bit, d);
    }
}

static uint16_t nearest(const int32_t *values) {
    int32_t best = 0;
    for (int32_t i = 1; i < VISUAL_HALF_WORDS; i++) {
        best = values[i] < values[best] ? i : best;
    }
    return (uint16_t)best;
}

static struct visual_word word_of(const int32_t values[ROWS], const uint8_t *d,
                                  const struct tables *t) {
    struct visual_word w = {.word = (uint16_t)(nearest(values) * VISUAL_HALF_WORDS +
                                               nearest(values + VISUAL_HALF_WORDS))};
    int32_t sum = 0;
    for (int32_t i = 0; i < SIFT_BYTES; i++) {
        sum += d[i];
    }
    for (int32_t bit = 0; bit < VISUAL_SKETCH_BITS; bit++) {
        int32_t side = -values[CENTRES + bit] - sum; /* the kernel gives -2 r+.d */
        w.sketch |= (uint64_t)(side > t->least[bit]) << bit;
    }
    return w;
}

lk_status visual_words_of(struct visual_word *out, lk_engine *engine,
                          const struct sift_points *points, size_t count, int32_t side,
                          lk_error *err) {
    struct tables *t = mem_calloc(1, sizeof *t);
    if (!t) {
        return error_memory(err, sizeof *t);
    }
    add_centres(t);
    add_planes(t);
    for (size_t i = 0; i < MIN(count, points->count); i++) {
        const struct sift_point *p = &points->points[i];
        const uint8_t *d = points->descriptors + i * SIFT_BYTES;
        int32_t values[ROWS];
        engine->kernels.sift.products(values, ROWS, &d, 1, t->list, t->offsets, BLOCKS);
        out[i] = word_of(values, d, t);
        double size = 8 * log2(fmax(p->sigma, 1e-3) * 1024 / side);
        out[i].turn = (uint8_t)(int32_t)(p->turn * 256);
        out[i].size = (int8_t)lround(fmin(fmax(size, INT8_MIN), INT8_MAX));
    }
    mem_free(t);
    return LK_OK;
}

void visual_word_write(uint8_t to[VISUAL_WORD_BYTES], const struct visual_word *w) {
    for (int i = 0; i < 8; i++) {
        to[i] = (uint8_t)(w->sketch >> (8 * i));
    }
    to[8] = (uint8_t)w->word;
    to[9] = (uint8_t)(w->word >> 8);
    to[10] = w->turn;
    to[11] = (uint8_t)w->size;
}

void visual_word_read(struct visual_word *out, const uint8_t from[VISUAL_WORD_BYTES]) {
    *out = (struct visual_word){
        .word = (uint16_t)(from[8] | from[9] << 8), .turn = from[10], .size = (int8_t)from[11]};
    for (int i = 0; i < 8; i++) {
        out->sketch |= (uint64_t)from[i] << (8 * i);
    }
}
