/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch of verify writes, and what of it is there already. */
#ifndef LK_VERIFY_ROWS_H
#define LK_VERIFY_ROWS_H

#include "base/csv.h"
#include "cli/pairs.h"
#include "cli/verifier.h"

/* One photo and what became of it. */
struct verified {
    const struct pair *pair;
    lk_verification result;
    bool of_store; /* held beside originals of the store: it is recorded */
    lk_reference
        stored;   /* that original; empty for a file, and where the photo shows none of the store */
    lk_hash mark; /* for the record */
    lk_error err; /* status LK_OK: there is a result */
};
void verified_free(struct verified *v);

extern const char verify_heading[];

void verify_row_csv(struct buf *b, const struct verified *v);
/* A result that cannot be written makes a row with an error, which v->err has then. */
void verify_row_jsonl(struct buf *b, struct verified *v);
void verify_row_text(struct buf *b, const struct common *common, const struct verified *v);

/* Rows that an earlier run has written, by photo and reference. */
struct known_rows {
    struct csv table;
    struct known_row {
        const char *photo, *reference;
        int32_t number;
        bool taken, asked;
    } * rows;
    int32_t count;
};

/* Reads the table of verify --csv at path. Rows with an error, which are tried again, and a last row that was cut are taken out of
 * the file. LK_E_CORRUPT, and the file stays as it is, for any other file. */
MUST_CHECK lk_status known_rows_read(struct known_rows *out, const char *path, lk_error *err);
bool known_rows_has(struct known_rows *k, const struct pair *p);
/* How many rows were the answer of no pair that was asked for above. */
int32_t known_rows_strange(const struct known_rows *k);
void known_rows_release(struct known_rows *k);

/* Brings the rows of the table at path into the order of the pairs; rows of none of them come first. */
MUST_CHECK lk_status verify_rows_arrange(const char *path, const struct pairs *pairs,
                                         lk_error *err);

#endif
