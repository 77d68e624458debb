/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings of references in the database itself, as vectors of pgvector with an index (HNSW) for each model, where the store is
 * on PostgreSQL and the server has the extension. They follow the table `derived` by triggers, whoever writes there. What they
 * find are candidates: the caller holds them against its own vectors. */
#ifndef LK_VECTORS_H
#define LK_VECTORS_H

#include "store/store.h"

/* Of so many embeddings vectors and indexes are made in passing: some seconds. */
enum { VECTORS_IN_PASSING = 20000 };

/* Makes extension, table and triggers where they are missing and may be, with the vectors and indexes of what is there already:
 * false where they cannot, and why says why when the server offers them. Within a transaction that writes; what fails of it is
 * undone alone. Nothing is made of more embeddings than `most`: others wait meanwhile, some milliseconds each. */
MUST_CHECK lk_status vectors_make(bool *made, lk_store *s, int64_t most, lk_error *why,
                                  lk_error *err);

/* Whether the nearest under the key may be asked for: always false in a folder, and where there is no index as yet. One that is not
 * large is made then, where that may be written. */
MUST_CHECK lk_status store_near_ready(bool *out, lk_store *s, const lk_derived_key *key,
                                      int32_t dim, lk_error *err);
/* From how many references on it is worth asking the server (likeness_near in the address). */
int64_t store_near_least(const lk_store *s);
/* Calls visit with versions whose vectors are among the nearest by cosine, the nearest first as far as the index tells, until it
 * returns false; old versions and references out of use among them. */
MUST_CHECK lk_status store_visit_near(lk_store *s, const lk_derived_key *key, const float *vector,
                                      int32_t dim, int32_t most,
                                      bool (*visit)(void *arg, const char *id, int32_t version),
                                      void *arg, lk_error *err);

#endif
