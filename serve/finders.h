/* SPDX-License-Identifier: Apache-2.0 */
/* What a bench keeps open to search in, from one request to the next: an index for each collection that it was asked about,
 * the originals of the store, and the network that an index's embeddings are of. What stays as it was is not read again. */
#ifndef LK_FINDERS_H
#define LK_FINDERS_H

#include <likeness/collection.h>

#include "serve/jobs.h"

struct finders;

/* The collection's index, open for reading until the bench is closed, or another file lies in its place. LK_E_IO where there is
 * none yet, and as lk_collection_open. */
MUST_CHECK lk_status finders_collection(lk_collection **out, struct bench *b,
                                        const struct collection_place *place, lk_error *err);
/* What fails with an index names the collection, not the file: folders of this machine are nobody's business. Returns status. */
lk_status finders_error(lk_error *err, lk_status status, const struct collection_place *place);
/* The network that the index's embeddings are of, NULL for none: of those that are open, else of the installed ones. As
 * lk_model_open. */
MUST_CHECK lk_status finders_model(lk_model **out, struct bench *b, lk_collection *index,
                                   lk_error *err);
/* The originals in use, opened again when this service changed them, and now and then since others may have. As lk_finder_open. */
MUST_CHECK lk_status finders_originals(lk_finder **out, struct bench *b, lk_error *err);
/* Accepts NULL. */
void finders_free(struct finders *f);

#endif
