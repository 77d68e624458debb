/* SPDX-License-Identifier: Apache-2.0 */
/* What a bench keeps open to search in, from one request to the next: an index for each collection that it was asked about,
 * the contest of the store's originals, and the network that an index's embeddings are of. What stays as it was is not read
 * again. */
#ifndef LK_FINDERS_H
#define LK_FINDERS_H

#include <likeness/collection.h>

#include "serve/jobs.h"

struct finders;

/* The collection's index, open for reading until the bench is closed, or another file lies in its place. *out is NULL where
 * there is none yet. As lk_collection_open. */
MUST_CHECK lk_status finders_collection(lk_collection **out, struct bench *b,
                                        const struct collection_place *place, lk_error *err);
/* What fails with an index names the collection, not the file: folders of this machine are nobody's business. Returns status. */
lk_status finders_error(lk_error *err, lk_status status, const struct collection_place *place);
/* Answers that: a damaged index is no damaged picture, and one that cannot be read is there. */
void answer_index_error(struct request *r, const lk_error *err);
/* The network that the index's embeddings are of, NULL for none: of those that are open, else of the installed ones. As
 * lk_model_open. */
MUST_CHECK lk_status finders_model(lk_model **out, struct bench *b, lk_collection *index,
                                   lk_error *err);
/* The contest of this bench, which verifies and searches originals, opened anew when references have changed. As
 * lk_contest_open. */
MUST_CHECK lk_status finders_contest(lk_contest **out, struct bench *b, lk_error *err);
/* Accepts NULL. */
void finders_free(struct finders *f);

#endif
