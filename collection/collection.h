/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a collection, for the files of this layer. */
#ifndef LK_COLLECTION_H
#define LK_COLLECTION_H

#include <likeness/collection.h>

#include "collection/facts.h"
#include "feature/visual_word.h"
#include "store/sql.h"

struct finding;

struct lk_collection {
    struct database at;
    bool in_memory;
    struct finding *finding; /* what is searched; opened when it is asked for */
    uint8_t finding_key[48]; /* the state it is of */
};

/* Reads of one moment; the caller ends them with COMMIT. */
MUST_CHECK lk_status collection_read_begin(lk_collection *c, lk_error *err);
/* LK_OK runs COMMIT, anything else ROLLBACK; returns so_far or what failed. */
MUST_CHECK lk_status collection_begin(lk_collection *c, lk_error *err);
MUST_CHECK lk_status collection_end(lk_collection *c, lk_status so_far, lk_error *err);

enum { FACTS_WORDS = 256, FACTS_PLACES = 40, MODEL_KEY = 136 };

/* Name and identity of a model: whose embeddings are whose. */
void collection_model_key(char out[MODEL_KEY], const lk_model *model);

/* update.c. vector to unit length; one of zeros stays. */
void collection_unit(float *vector, int32_t dim);
/* Fills f->embedding from f->side. As lk_model_run. */
MUST_CHECK lk_status collection_embed(struct facts *f, lk_model *model, lk_error *err);

/* content.c: a row of the table `content`. Parts that f lacks are left as they were there. *id is the row's. */
MUST_CHECK lk_status content_put(int64_t *id, lk_collection *c, const uint8_t sha256[32],
                                 const struct facts *f, const char *model_key, lk_engine *engine,
                                 lk_error *err);
/* Parts that are not asked for are left empty. LK_E_CORRUPT for a damaged row, LK_E_IO for none. */
enum content_part { CONTENT_EMBEDDING = 1, CONTENT_KEYPOINTS = 2, CONTENT_THUMB = 4 };
MUST_CHECK lk_status content_get(struct facts *out, lk_collection *c, int64_t id, int32_t parts,
                                 lk_engine *engine, lk_error *err);
/* The same in two steps: reading the row, one thread at a time, and decoding it, which any thread may. */
struct content_row {
    lk_bytes blobs[4];
    int32_t parts;
};
MUST_CHECK lk_status content_read(struct content_row *out, lk_collection *c, int64_t id,
                                  int32_t parts, lk_error *err);
MUST_CHECK lk_status content_open(struct facts *out, const struct content_row *row,
                                  lk_engine *engine, lk_error *err);
void content_row_release(struct content_row *row);

/* A column that content_put sealed, without its checksum; NULL where there is none, or it is damaged. */
const void *content_blob(size_t *size, struct sql *q, int column);
/* The fixed part of facts in such a column; false when it is damaged. Nothing in it is owned. */
bool content_facts(struct facts *out, struct sql *q, int column);

#endif
