/* SPDX-License-Identifier: Apache-2.0 */
/* What a relation is called: kinds, and words for a person. */
#ifndef LK_DUPS_WORDS_H
#define LK_DUPS_WORDS_H

#include <likeness/dups.h>

#include "collection/content_pairs.h"

/* The kind of an enum relation_class; LK_DUPS_SCENE of what is no copy. */
lk_dups_kind dups_kind(int32_t class);
/* What b is to a, or a to b when `turned`. */
void dups_words(char *out, size_t size, const struct pair *p, bool turned);

#endif
