/* SPDX-License-Identifier: Apache-2.0 */
/* What of a collection is searched: an item is a content, in the order of the database's ids. Made from the database, which alone
 * is believed, and kept in PATH.find. */
#ifndef LK_FINDING_H
#define LK_FINDING_H

#include "collection/collection.h"
#include "index/coarse.h"
#include "index/flat.h"
#include "index/hamming.h"
#include "index/index_file.h"
#include "index/inverted.h"
#include "index/votes.h"

/* The wavelet signature without the room that is not used. */
struct kept_wavelet {
    float average[3];
    uint8_t count[3], colours;
    int16_t places[3][FACTS_PLACES];
};

struct finding {
    struct index_file file;
    uint32_t count;
    const int64_t *contents;  /* ids in the database, rising */
    struct flat embeddings;   /* dim 0 where there are none */
    struct coarse coarse;     /* their halves */
    struct inverted cells;    /* none where they do not pay */
    char model[MODEL_KEY];    /* whose */
    struct hamming hashes;    /* PDQ of the pictures as they are */
    const uint8_t *qualities; /* of the hashes, 0..100 */
    const struct kept_wavelet *wavelets;
    struct vote_file words; /* no postings where there are no keypoints */
    struct vote_source votes;
};

enum {
    CELLS_ASKED_MOST = 64, /* nearest that are looked for in cells; of more, cells hold too few */
};

/* What is asked of one. */
enum finding_wish {
    FINDING_CELLS = 1, /* cells where they pay: seconds a million to make, so not within a search */
    FINDING_SOUND = 2, /* all of it is held against its checksums now */
};

/* The one that belongs to the collection's state: as it was opened before, mapped, or made anew. *out is the collection's,
 * valid until the next call. A mapped one opens at the same price whatever its size: what its arrays hold is checked when it is
 * looked at, by the searches of index/ themselves, by finding_is_sound else. What is damaged is not found, and file.damaged says so
 * afterwards. LK_E_CORRUPT, LK_E_MEMORY, LK_E_CANCELLED. */
MUST_CHECK lk_status finding_of(struct finding **out, lk_collection *c, lk_engine *engine,
                                uint32_t wish, lk_error *err);
void finding_free(struct finding *f);
bool finding_is_sound(struct finding *f, const void *at, size_t size);

/* The embeddings nearest to query, as flat_search gives them: through cells where there are some, *most* is at most
 * CELLS_ASKED_MOST and not all need be found (docs/algorithms/search.md); else exactly. From any thread. LK_E_MEMORY. */
MUST_CHECK lk_status finding_nearest(struct neighbour *out, size_t most, size_t *count,
                                     const struct finding *f, const lk_engine *engine,
                                     const uint8_t *query, bool exact, lk_error *err);

void finding_wavelet(lk_wavelet *out, const struct kept_wavelet *kept);
/* The words of f's strongest keypoints as votes; at most VOTES_KEYS_MOST of them. */
MUST_CHECK lk_status finding_keys(struct vote_key *out, size_t *count, lk_engine *engine,
                                  const struct sift_points *points, const struct facts *f,
                                  lk_error *err);

#endif
