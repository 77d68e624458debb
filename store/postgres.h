/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to PostgreSQL, through libpq, which is opened with the first (base/library.h).
 *
 * A connection that was lost between transactions is made anew; one that is lost within fails, and what was written in it is undone
 * by the server. */
#ifndef LK_POSTGRES_H
#define LK_POSTGRES_H

#include <libpq-fe.h>

#include "base/library.h"
#include "store/sql.h"

#define PQ_CALLS(X)                                                                                \
    X(PQclear)                                                                                     \
    X(PQcmdStatus)                                                                                 \
    X(PQconnectdbParams)                                                                           \
    X(PQconninfoFree)                                                                              \
    X(PQconninfoParse)                                                                             \
    X(PQconsumeInput)                                                                              \
    X(PQerrorMessage)                                                                              \
    X(PQexec)                                                                                      \
    X(PQfinish)                                                                                    \
    X(PQfreemem)                                                                                   \
    X(PQftype)                                                                                     \
    X(PQgetResult)                                                                                 \
    X(PQgetisnull)                                                                                 \
    X(PQgetlength)                                                                                 \
    X(PQgetvalue)                                                                                  \
    X(PQlibVersion)                                                                                \
    X(PQnfields)                                                                                   \
    X(PQnotifies)                                                                                  \
    X(PQreset)                                                                                     \
    X(PQresultErrorField)                                                                          \
    X(PQresultStatus)                                                                              \
    X(PQsendQueryParams)                                                                           \
    X(PQserverVersion)                                                                             \
    X(PQsetNoticeProcessor)                                                                        \
    X(PQsetSingleRowMode)                                                                          \
    X(PQsocket)                                                                                    \
    X(PQstatus)

struct pq_calls {
    LIBRARY_POINTERS(PQ_CALLS)
};

struct query;

/* References from which on the server's index of vectors is asked (docs/decisions/0018-pgvector.md has the figures). */
enum { POSTGRES_NEAR_LEAST = 1000000 };

struct postgres {
    struct pq_calls lib;
    void *library;
    PGconn *conn;
    struct query *running; /* whose rows are still coming */
    char *address;         /* libpq's, with the password; owned */
    char *blobs, *cache;   /* our settings in it, or NULL; owned */
    int64_t near_least;    /* as well: store/vectors.h */
    bool begun;            /* a transaction, though the connection may be lost meanwhile */
    bool reads_only;       /* nothing is written any more */
    bool alone;            /* what is changed here needs no other writer to wait */
};

/* Connects; d->wait_ms is set, d->path and d->postgres will be, also when it fails. LK_E_USAGE for what is no address, LK_E_FORMAT
 * without libpq, LK_E_IO. */
MUST_CHECK lk_status postgres_open(struct database *d, const char *address, lk_error *err);
void postgres_close(struct database *d);
/* From here on the server refuses to write. */
MUST_CHECK lk_status postgres_only_reads(const struct database *d, lk_error *err);

/* What the server or libpq says, in words, with the address. `result` may be NULL, and is cleared. */
lk_status postgres_error(const struct database *d, PGresult *result, lk_error *err);
/* Rows that are still coming are kept, so that something else can be asked. */
void postgres_settle(struct postgres *p);
/* The same; between transactions a lost connection is made anew. */
MUST_CHECK lk_status postgres_prepare(const struct database *d, lk_error *err);
/* Statements without values. */
MUST_CHECK lk_status postgres_run(const struct database *d, const char *text, lk_error *err);

/* An address taken apart. */
struct postgres_address {
    char *libpq;         /* without our settings */
    char *shown;         /* without a password, and no more than host, user and name */
    char *blobs, *cache; /* likeness_blobs, likeness_cache; NULL where they are missing */
    int64_t near_least;  /* likeness_near, or POSTGRES_NEAR_LEAST */
};
/* LK_E_USAGE, which never quotes what it was given. The caller releases out. */
MUST_CHECK lk_status postgres_address(struct postgres_address *out, const struct pq_calls *lib,
                                      const char *text, lk_error *err);
void postgres_address_release(struct postgres_address *a);

extern const struct library_row library_pq;

#endif
