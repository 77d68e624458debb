/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of PATH.find, for the two files that make and read them: docs/formats/index.md. */
#ifndef LK_FINDING_FILE_H
#define LK_FINDING_FILE_H

#include "collection/finding.h"

enum section {
    CONTENTS,
    VECTORS,
    NORMS,
    HALVES,
    HALF_NORMS,
    CELLS, /* the arrays of struct inverted, one after the other */
    HASHES = CELLS + INVERTED_ARRAYS,
    QUALITIES,
    WAVELETS,
    STARTS,
    SKETCHES,
    POSTED,
    TURNS,
    SIZES,
    MODEL,
    SECTIONS
};

/* Whose embeddings, and what is beside them. */
struct kept_model {
    char key[MODEL_KEY];
    int32_t dim;   /* 0 where there are none */
    int32_t error; /* of the halves */
    uint32_t cells, blocks;
};

/* Makes the sections from the database, within a transaction that reads. path: index_file_new. */
MUST_CHECK lk_status finding_make(struct index_file *out, const char *path, lk_collection *c,
                                  lk_engine *engine, const uint8_t key[INDEX_FILE_KEY], bool cells,
                                  lk_error *err);

#endif
