/* SPDX-License-Identifier: Apache-2.0 */
/* Visual words: a SIFT keypoint in 12 bytes, to be found again among those of very many pictures. */
#ifndef LK_VISUAL_WORD_H
#define LK_VISUAL_WORD_H

#include "feature/sift.h"

enum {
    VISUAL_HALF_WORDS = 128,
    VISUAL_HALF_BYTES = SIFT_BYTES / 2,
    VISUAL_WORDS = VISUAL_HALF_WORDS * VISUAL_HALF_WORDS,
    VISUAL_SKETCH_BITS = 64,
    VISUAL_WORD_BYTES = 12,  /* as it is kept */
    VISUAL_WORD_VERSION = 1, /* raised when other words come out */
};

struct visual_word {
    uint64_t sketch; /* near descriptors differ in few bits */
    uint16_t word;   /* of VISUAL_WORDS */
    uint8_t turn;    /* of the keypoint, in 1/256 */
    int8_t size;     /* 8 log2 of its sigma, as a share of 1/1024 of the picture's longer side */
};

/* The words of the first `count` keypoints (as many as there are, at most), which lie in a picture whose longer side is `side`. */
LK_MUST_CHECK lk_status visual_words_of(struct visual_word *out, lk_engine *engine,
                                        const struct sift_points *points, size_t count,
                                        int32_t side, lk_error *err);

/* Little-endian. */
void visual_word_write(uint8_t to[VISUAL_WORD_BYTES], const struct visual_word *w);
void visual_word_read(struct visual_word *out, const uint8_t from[VISUAL_WORD_BYTES]);

extern const uint8_t visual_word_centres[2 * VISUAL_HALF_WORDS * VISUAL_HALF_BYTES];
extern const uint8_t visual_word_mean[SIFT_BYTES];

#endif
