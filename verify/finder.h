/* SPDX-License-Identifier: Apache-2.0 */
/* The originals of a store in one piece of memory, to be searched: names, embeddings, hashes, and for each visual word the
 * keypoints that have it. It is made from the database, which alone is believed, and kept in a file beside it
 * (docs/formats/store.md). */
#ifndef LK_FINDER_H
#define LK_FINDER_H

#include "feature/visual_word.h"
#include "verify/features.h"

struct store_state;

enum finder_section {
    FINDER_NAMES,   /* struct finder_name each */
    FINDER_VECTORS, /* bytes 0..127, interleaved by SIFT_BLOCK as kernel_sift.h has it, a layer of SIFT_BYTES after the other */
    FINDER_NORMS, /* int32_t each, of the whole blocks: squared lengths, FINDER_FAR where there is no vector */
    FINDER_HASHES, /* PDQ_BYTES each */
    FINDER_LISTS,  /* struct finder_list of each visual word */
    FINDER_POSTINGS,
    FINDER_SECTIONS
};

enum {
    FINDER_LAYOUT = 3, /* of the file; raised when it changes */
    FINDER_FAR = 1 << 28,
    FINDER_LAYERS_MOST = 64,
    FINDER_ALIGN = 64,             /* of sections and lists */
    POSTING_BYTES = 8 + 4 + 1 + 1, /* sketch, reference, turn, size */
};

struct finder_name {
    char id[LK_REFERENCE_ID_MAX + 4];
    int32_t version;
    uint32_t postings; /* that it has in the lists */
};

/* Where the postings of a word begin, in 8 bytes from the section's begin: count sketches of 64 bits, then count of uint32_t,
 * which reference, then count turns and count sizes of 8 bits; filled up to 8 bytes. */
struct finder_list {
    uint64_t at;
    uint32_t count, crc;
};

struct finder_head {
    char magic[8];
    uint32_t layout, crc; /* of this head, with 0 here */
    uint8_t salt[16];     /* of the store */
    int64_t changes;      /* of the state it was made of */
    int64_t entries;      /* of the log then, */
    uint8_t log[32];      /* and its hash */
    int64_t since;        /* the references that were changed after this; STORE_EVER for all */
    char key[160];        /* kinds, versions and the model */
    uint64_t count, layers, postings, size;
    struct {
        uint64_t at, size;
        uint32_t crc, filler; /* not of the postings, which are checked list by list */
    } sections[FINDER_SECTIONS];
};

/* A file, or what one is written of. */
struct finder_part {
    const uint8_t *data; /* head and sections */
    size_t size;
    bool mapped;    /* else on the heap */
    uint64_t inode; /* of the file that is mapped */
    uint8_t *sound; /* of each list: 0 not looked at yet, 1 sound, 2 damaged */
    uint32_t *
        numbers; /* of its references among all, FINDER_GONE for what the other part has anew or nobody */
    bool gone; /* whether there are such */
};

enum { FINDER_WHOLE, FINDER_TAIL, FINDER_PARTS };
#define FINDER_GONE UINT32_MAX

/* Two parts that are searched as one: the references of some state of the store, and those that were changed since. Numbers are
 * those that one part of all would give. */
struct lk_finder {
    struct finder_part parts[FINDER_PARTS];
    int32_t part_count;
    const struct finder_name **names; /* of each number */
    uint32_t count;                   /* of numbers */
    uint64_t postings;                /* of all of them */
    int folder_fd;          /* of the store, for finder_discard; -1 where nothing may be written */
    int32_t dim;            /* of the model's embeddings */
    lk_derived_key vectors; /* of them; its model is the next */
    char model[LK_NAME_MAX + 1];
    bool near;          /* the store's server is asked for those that are near */
    uint32_t list_most; /* postings of the longest list, of both parts */
};

static inline const struct finder_head *finder_head_of(const struct finder_part *p) {
    return (const struct finder_head *)(const void *)p->data;
}
const void *finder_section(const struct finder_part *p, enum finder_section section);

/* The embedding as bytes: a layer of SIFT_BYTES each, of unit length before. Euclidean distances of such bytes order as cosines
 * do. */
int32_t finder_layers(int32_t dim);
void finder_quantise(uint8_t *out, const float *vector, int32_t dim);
double finder_cosine(double distance, int32_t dim);

/* finder_build.c: from the database, into memory: of the references changed after state `since`. Damaged rows are left out;
 * *damaged is 0 only when there are none. */
LK_MUST_CHECK lk_status finder_build(struct finder_part *out, int64_t *damaged, lk_store *store,
                                     lk_model *model, const struct store_state *state,
                                     int64_t since, const char *key, lk_error *err);
/* finder_file.c. The whole of a state at or before this one, or the tail of just this one behind the whole of `since`. False for no
 * file, and for one that is damaged or of another state, key or length of embeddings. */
LK_MUST_CHECK bool finder_map(struct finder_part *out, const lk_store *store,
                              const struct store_state *state, int64_t since, const char *key,
                              uint64_t layers);
/* That it cannot be written is no error: it will be made again. */
void finder_write(const struct finder_part *p, const lk_store *store);
void finder_part_release(struct finder_part *p);
/* Fills crc of head and sections. */
void finder_seal(uint8_t *data);
/* Whether everything that is not a posting is as it was sealed, and whatever was sealed can be read and searched: sections and
 * lists lie inside, of the sizes that the counts ask for, names end and rise, lengths do not overflow. */
bool finder_is_sound(const uint8_t *data, size_t size);
/* Takes the part's file away, unless it is another one by now: it is damaged. */
void finder_discard(const struct lk_finder *f, int32_t part);
/* The list of a word; NULL when it is damaged. Postings may name references that there are not. */
const struct finder_list *finder_list_at(const struct finder_part *p, int32_t word);

#endif
