/* SPDX-License-Identifier: Apache-2.0 */
/* One statement of PostgreSQL under way. Its rows come one by one, so that a result may be larger than memory. A connection
 * takes one statement at a time: when another is wanted meanwhile, the rows that are left are kept in memory. */
#ifndef LK_QUERY_H
#define LK_QUERY_H

#include "base/buf.h"
#include "store/postgres.h"

enum { QUERY_VALUES = 48, QUERY_COLUMNS = 32, QUERY_KEPT_MAX = 1 << 30 };

struct query {
    struct postgres *postgres;
    const struct database *database;
    char *text;   /* PostgreSQL's; owned */
    bool changes; /* something: it is no SELECT */
    bool alone;   /* changes it without other writers having to wait (SKIP LOCKED) */
    bool sent, ended;
    bool tried; /* once more, over a new connection */
    int count;  /* values */
    Oid types[QUERY_VALUES];
    const char *values[QUERY_VALUES];
    int sizes[QUERY_VALUES], formats[QUERY_VALUES];
    uint8_t numbers[QUERY_VALUES][8];

    int columns;
    Oid column_types[QUERY_COLUMNS];
    PGresult *row; /* the one it stands on, unless that was kept */
    struct buf kept;
    size_t kept_at; /* the row behind the one it stands on */
    const char *cells[QUERY_COLUMNS];
    int64_t cell_sizes[QUERY_COLUMNS]; /* -1: NULL */

    lk_error failed; /* while rows were kept */
};

/* Reads what the server still has to say. */
void query_keep_rows(struct query *q);

#endif
