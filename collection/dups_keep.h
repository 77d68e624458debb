/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of a set of copies is kept, and why. */
#ifndef LK_DUPS_KEEP_H
#define LK_DUPS_KEEP_H

#include "collection/content_pairs.h"
#include "collection/dups_file.h"

struct member {
    struct dups_entry *file;
    bool is_wanted;   /* by keep_glob */
    bool taken;       /* in a group already */
    bool is_complete; /* it was held against all that were left */
    size_t links;     /* of a complete one: files that are left and are copies of it */
    bool is_central;  /* hardly any other that is left has more */
    size_t known,
        edits; /* pairs with others that are left, and what was done from one to the other in all of them */
    bool
        is_near; /* hardly any other has fewer edits a pair: what was made of one picture is nearer to it than to each other */
    bool is_part;     /* of another that is left */
    bool is_bordered; /* another that is left is the same without a border */
};

/* Files that are linked with each other by pairs, those of one item next to each other. */
struct dups_set {
    const lk_dups_options *options;
    struct pairs_try *t;
    struct member *members;
    size_t count;
    size_t
        tests; /* pairs that may still be held against each other: a set of thousands that are no copies of each other, each of
                     the next alone, would take as many as their square */
};

struct dups_set dups_set_of(const lk_dups_options *options, struct pairs_try *t,
                            struct member *members, size_t count);

/* Whether the options ask for such pairs. */
bool dups_counts(const lk_dups_options *options, const struct pair *p);

/* The file to keep of those that are left, held against all others that are left; NULL when none is. As content_pairs_try. */
MUST_CHECK lk_status dups_keep(struct member **kept, struct dups_set *set, lk_error *err);
/* Why x is kept rather than y. */
const char *dups_reason(const lk_dups_options *options, const struct member *x,
                        const struct member *y);

#endif
