/* SPDX-License-Identifier: Apache-2.0 */
/* Which items share visual words with a query: an inverted file and the votes of a query's keypoints.
 *
 * A keypoint of the query votes for each item that has one of the same word with a near sketch (Jegou, Douze, Schmid 2008: Hamming
 * embedding); what many items have counts less. Those with most votes are counted again by how the query would have to be turned
 * and scaled (weak geometric consistency, same paper): votes for one thing agree, votes by chance do not. */
#ifndef LK_VOTES_H
#define LK_VOTES_H

#include "image/engine.h"
#include "index/index_file.h"

/* A keypoint, as the inverted file knows it. */
struct vote_key {
    uint64_t sketch; /* near descriptors differ in few bits */
    uint16_t word;
    uint8_t turn; /* in 1/256 */
    int8_t size;  /* in eighths of an octave */
};

/* The keypoints of all items that have one word, by item. */
struct vote_list {
    const uint64_t *sketches;
    const uint32_t *items;
    const uint8_t *turns;
    const int8_t *sizes;
    uint32_t count;
};

/* The inverted file, whatever it lies in. */
struct vote_source {
    const void *arg;
    /* Fills out; an empty list where a word's is damaged. */
    void (*list_at)(const void *arg, uint16_t word, struct vote_list *out);
    uint32_t items;    /* numbers in lists are below; others are passed over */
    uint64_t postings; /* in all lists */
    uint32_t longest;  /* of them */
};

struct vote_hit {
    double score; /* of the best turn and size; about 6 a keypoint that only one item has */
    uint32_t item;
};

/* What a thread needs to search; made once for many queries. The source is borrowed. */
struct votes;
LK_MUST_CHECK lk_status votes_new(struct votes **out, const struct vote_source *source,
                                  lk_engine *engine, lk_error *err);
void votes_free(struct votes *v);

/* The `most` items (at most VOTES_MOST) with most votes, most first, equal ones by item; *count is how many there are.
 * LK_E_MEMORY. */
enum { VOTES_MOST = 1024, VOTES_KEYS_MOST = 1000 };
LK_MUST_CHECK lk_status votes_search(struct vote_hit *out, size_t most, size_t *count,
                                     struct votes *v, const struct vote_key *keys, size_t key_count,
                                     lk_error *err);

/* -- An inverted file in plain arrays -- */

/* starts holds words + 1 numbers: where each word's postings begin. The other arrays hold starts[words] each. */
struct vote_file {
    uint32_t words;
    const uint32_t *starts;
    const uint64_t *sketches;
    const uint32_t *items;
    const uint8_t *turns;
    const int8_t *sizes;
    struct index_file
        *file; /* that the last four lie in: a list that is damaged there is empty; NULL: none */
};
/* Borrows file. starts must rise. */
struct vote_source vote_source_of(const struct vote_file *file, uint32_t items);

#endif
