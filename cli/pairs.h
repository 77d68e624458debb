/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled pairs of a photo and a reference, from a table, and others drawn from it. */
#ifndef LK_PAIRS_H
#define LK_PAIRS_H

#include "cli/command.h"

struct pair {
    char *photo, *reference; /* owned */
    int32_t group;           /* of the reference: pairs of one group are held back together */
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
void pairs_release(struct pairs *p);

#endif
