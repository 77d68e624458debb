/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of a photo and a reference, from a table: labelled, with others drawn from them, or to be verified. */
#ifndef LK_PAIRS_H
#define LK_PAIRS_H

#include "cli/command.h"

enum pair_source {
    PAIR_FILE,   /* reference is a picture file */
    PAIR_STORED, /* ID or ID@VERSION of the store */
    PAIR_SOUGHT, /* none: it is looked for in the store */
};

struct pair {
    char *photo, *reference; /* owned */
    enum pair_source from;
    int32_t group; /* of the reference: pairs of one group are held back together */
    bool is_genuine;
};

struct pairs {
    struct pair *items;
    size_t count, capacity;
};

/* A table with the columns photo (or image) and reference (or iconic, original), and maybe same (1 or 0; without it every row is a
 * genuine pair; a row without a reference is passed over). To each photo `impostors` other references of the table are drawn by
 * seed. */
lk_status pairs_read(struct pairs *out, const char *path, int32_t impostors, uint64_t seed,
                     lk_error *err);

/* The rows of a table to be verified, with the columns photo (or image) and reference (or iconic, original), a file, or
 * reference_id (or ref), of the store, which wins. A row without either is sought with `search`, else passed over. */
lk_status pairs_read_batch(struct pairs *out, const char *path, bool search, lk_error *err);

/* The photos that files and folders are, each with the same reference. */
lk_status pairs_of_photos(struct pairs *out, const struct text_list *photos, enum pair_source from,
                          const char *reference, lk_error *err);

void pair_list_release(struct pairs *p);

#endif
