/* SPDX-License-Identifier: Apache-2.0 */
/* A store of originals without pictures worth looking at, whose words, embeddings and hashes are random: as many as a search is to
 * be tried with, in no time. */
#ifndef LK_FINDER_STORE_H
#define LK_FINDER_STORE_H

#include "base/rng.h"
#include "feature/visual_word.h"
#include "tests/unit/finder_world.h"

enum { MADE_POINTS = 24, MADE_KINDS = 7 };

/* Keypoints of a picture of that seed, some of which all of its kind (seed % MADE_KINDS) have nearly alike, so that lists are
 * shared. */
static inline void made_points(struct sift_points *out, uint64_t seed) {
    struct rng own, kind;
    rng_init(&own, 1000 + seed);
    rng_init(&kind, seed % MADE_KINDS);
    *out = (struct sift_points){.count = MADE_POINTS,
                                .points = calloc(MADE_POINTS, sizeof *out->points),
                                .descriptors = calloc(MADE_POINTS, SIFT_BYTES)};
    for (size_t i = 0; i < MADE_POINTS; i++) {
        struct rng *from = i % 2 ? &kind : &own;
        for (size_t k = 0; k < SIFT_BYTES; k++) {
            out->descriptors[i * SIFT_BYTES + k] = (uint8_t)rng_below(from, 40);
        }
        out->descriptors[i * SIFT_BYTES + rng_below(&own, SIFT_BYTES)] ^= 3;
        out->points[i] = (struct sift_point){.x = (float)rng_below(&own, 500),
                                             .y = (float)rng_below(&own, 500),
                                             .sigma = 1 + (float)rng_below(&own, 100) / 10,
                                             .turn = (float)rng_below(&own, 256) / 256};
    }
}

static inline void made_points_free(struct sift_points *s) {
    free(s->points);
    free(s->descriptors);
}

static inline void made_numbers(float *out, int32_t dim, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, 5000 + seed / 2); /* two have the same, and the first of them is the nearest */
    for (int32_t i = 0; i < dim; i++) {
        out[i] = (float)rng_below(&rng, 2001) / 1000 - 1;
    }
}

static inline void made_hash(uint8_t out[PDQ_BYTES + 1], uint64_t seed) {
    struct rng rng;
    rng_init(&rng, 9000 + seed / 2);
    for (int i = 0; i < PDQ_BYTES; i++) {
        out[i] = (uint8_t)rng_below(&rng, 256);
    }
    out[PDQ_BYTES] = 100;
}

/* Adds a version of the reference id, whose numbers are those of the seed. */
static inline void made_add(struct world *w, const char *id, uint64_t seed) {
    lk_error err;
    struct drawn picture;
    struct sift_points points;
    struct visual_word words[MADE_POINTS];
    uint8_t bytes[MADE_POINTS * VISUAL_WORD_BYTES], hash[PDQ_BYTES + 1];
    float numbers[512];
    const int32_t none[3] = {1, 1, 0};
    int32_t dim = lk_model_dim(w->model);
    assert_in_range(dim, 1, 512);
    draw_picture(&picture, w->place->engine, (unsigned)seed);
    made_points(&points, seed);
    assert_ok(visual_words_of(words, w->place->engine, &points, MADE_POINTS, 500, &err));
    for (size_t i = 0; i < MADE_POINTS; i++) {
        visual_word_write(bytes + i * VISUAL_WORD_BYTES, &words[i]);
    }
    made_points_free(&points);
    made_numbers(numbers, dim, seed);
    made_hash(hash, seed);
    const lk_derived derived[] = {
        {derived_key(DERIVED_EMBEDDING, w->model), numbers, (size_t)dim * sizeof *numbers},
        {derived_key(DERIVED_KEYPOINTS, w->model), none, sizeof none},
        {derived_key(DERIVED_WORDS, w->model), bytes, sizeof bytes},
        {derived_key(DERIVED_PDQ, w->model), hash, sizeof hash},
    };
    lk_reference_draft draft = draft_of(id, &picture);
    draft.derived = derived;
    draft.derived_count = ARRAY_COUNT(derived);
    assert_ok(lk_reference_add(NULL, NULL, w->store, &draft, &err));
}

enum { MADE_FOUND = 40 };
struct made_answer {
    int32_t count;
    lk_candidate found[MADE_FOUND];
};

/* Asks for a photo of the picture of that seed. */
static inline void made_ask(struct made_answer *out, struct world *w, const lk_finder *f,
                            uint64_t seed) {
    lk_error err;
    lk_features photo = {.width = 500, .height = 500};
    lk_hash mark = {.quality = 100};
    uint8_t hash[PDQ_BYTES + 1];
    float numbers[512];
    made_points(&photo.sift, seed);
    made_numbers(numbers, lk_model_dim(w->model), seed);
    made_hash(hash, seed);
    memcpy(mark.data, hash, PDQ_BYTES);
    photo.seen = (struct seen){.embedding = numbers, .dim = lk_model_dim(w->model)};
    memset(out, 0, sizeof *out);
    assert_ok(lk_identify(out->found, MADE_FOUND, &out->count, f, w->store, w->place->engine,
                          &photo, &mark, &err));
    made_points_free(&photo.sift);
}

#endif
