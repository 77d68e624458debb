/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/query.h"

static const char *const pq_names[] = {LIBRARY_NAMES(PQ_CALLS)};

static lk_status open_library(void **handle, struct pq_calls *lib, lk_error *err) {
    return library_open(handle, lib, pq_names, ARRAY_COUNT(pq_names), library_pq.soname, err);
}

static lk_status version_of_libpq(char *out, size_t size, lk_error *err) {
    struct pq_calls lib;
    void *handle;
    lk_status status = open_library(&handle, &lib, err);
    if (status == LK_OK) {
        int version = lib.PQlibVersion();
        snprintf(out, size, "%d.%d", version / 10000, version % 10000);
        library_close(handle);
    }
    return status;
}

const struct library_row library_pq = {
    .soname = "libpq.so.5",
    .task = "stores on PostgreSQL",
    .version = version_of_libpq,
};

/* -- Errors -- */

static lk_status say(const struct database *d, lk_status status, const char *text, lk_error *err) {
    return error_input(err, error_set(err, status, "%s", text), d->path);
}

/* The server's sentence behind ours. */
static lk_status say_more(const struct database *d, lk_status status, const char *what,
                          const char *more, lk_error *err) {
    char text[400];
    snprintf(text, sizeof text, "%s: %.300s", what, more);
    return say(d, status, text, err);
}

/* libpq's first line. */
static lk_status say_lost(const struct database *d, const char *what, lk_error *err) {
    char line[301];
    const struct postgres *p = d->postgres;
    snprintf(line, sizeof line, "%s", p->conn ? p->lib.PQerrorMessage(p->conn) : "");
    line[strcspn(line, "\n")] = '\0';
    return say_more(d, LK_E_IO, what, line[0] ? line : "the server closed it", err);
}

static lk_status say_busy(const struct database *d, lk_error *err) {
    char text[128];
    snprintf(text, sizeof text, "another process has been writing to it for more than %g s",
             d->wait_ms / 1000.0);
    return say(d, LK_E_WRITE, text, err);
}

/* What begins so, of the five letters of PostgreSQL's codes (its manual, appendix A), is said so. */
static const struct {
    const char *code;
    lk_status status;
    const char *what;
} meanings[] = {
    {"08", LK_E_IO, "the connection failed"},
    {"0A", LK_E_FORMAT, "the server cannot do that"},
    {"22", LK_E_USAGE, "the server takes no such value"},
    {"23", LK_E_WRITE, NULL},
    {"25006", LK_E_WRITE, "the database is read-only"},
    {"25P02", LK_E_WRITE, "a part that failed could not be undone alone, so nothing is written"},
    {"25", LK_E_IO, "the connection failed"},
    {"28", LK_E_IO, "not let in"},
    {"3D000", LK_E_IO, "there is no such database"},
    {"40", LK_E_WRITE, "somebody else was writing at the same time"},
    {"42501", LK_E_WRITE, "not permitted"},
    {"53100", LK_E_WRITE, "no space left on the server's disk"},
    {"53", LK_E_IO, "the server is short of something"},
    {"54", LK_E_LIMIT, "more than the database takes"},
    {"57014", LK_E_IO, "the server broke off"},
    {"57", LK_E_IO, "the server is going down"},
    {"58", LK_E_IO, "input or output failed on the server"},
    {"P0001", LK_E_WRITE, NULL}, /* our triggers */
    {"XX", LK_E_CORRUPT, "the database is damaged"},
};

lk_status postgres_error(const struct database *d, PGresult *result, lk_error *err) {
    const struct postgres *p = d->postgres;
    const char *code = p->lib.PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = p->lib.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    lk_status status = LK_OK;
    if (!code || p->lib.PQstatus(p->conn) != CONNECTION_OK) {
        status = say_lost(d, "the connection was lost", err);
    } else if (strcmp(code, "55P03") == 0) {
        status = say_busy(d, err);
    }
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(meanings); i++) {
        if (strncmp(code, meanings[i].code, strlen(meanings[i].code)) == 0) {
            status = meanings[i].what ? say_more(d, meanings[i].status, meanings[i].what,
                                                 text ? text : code, err)
                                      : say(d, meanings[i].status, text ? text : code, err);
        }
    }
    if (status == LK_OK) {
        status = say(d, LK_E_CORRUPT, text ? text : code, err);
    }
    p->lib.PQclear(result);
    return status;
}

/* -- Asking -- */

void postgres_settle(struct postgres *p) {
    if (p->running) {
        query_keep_rows(p->running);
    }
}

/* Each result of the text is fine; the last is what it was all about. */
static lk_status run_once(const struct database *d, const char *text, lk_error *err) {
    const struct postgres *p = d->postgres;
    PGresult *result = p->lib.PQexec(p->conn, text);
    ExecStatusType is = p->lib.PQresultStatus(result);
    if (is != PGRES_COMMAND_OK && is != PGRES_TUPLES_OK) {
        return postgres_error(d, result, err);
    }
    p->lib.PQclear(result);
    return LK_OK;
}

/* Notices go to stderr otherwise. */
static void hush(void *arg, const char *text) {
    (void)arg;
    (void)text;
}

/* What every session of ours has. synchronous_commit is left alone unless it is off: an acknowledgement has to last. */
static lk_status set_up(const struct database *d, lk_error *err) {
    char text[600];
    const struct postgres *p = d->postgres;
    p->lib.PQsetNoticeProcessor(p->conn, hush, NULL);
    snprintf(text, sizeof text,
             "SET lock_timeout = %d; SET standard_conforming_strings = on; "
             "SET default_transaction_isolation = 'read committed'; "
             "SET default_transaction_read_only = %s; "
             "SELECT set_config('synchronous_commit', 'on', false) "
             "WHERE current_setting('synchronous_commit') = 'off'",
             d->wait_ms, p->reads_only ? "on" : "off");
    return run_once(d, text, err);
}

static bool is_lost(const struct postgres *p) {
    return p->lib.PQstatus(p->conn) != CONNECTION_OK;
}

/* A server that ended while nothing was asked has said so, and closed: the first look finds the words, the second the end. Without
 * it, what changes something would be sent into nothing, and nobody could tell whether it came to be. */
static bool was_closed(const struct postgres *p) {
    for (int i = 0; i < 2 && !is_lost(p) && p->lib.PQconsumeInput(p->conn); i++) {
    }
    return is_lost(p);
}

lk_status postgres_prepare(const struct database *d, lk_error *err) {
    struct postgres *p = d->postgres;
    postgres_settle(p);
    if (p->begun ? !is_lost(p) : !was_closed(p)) {
        return LK_OK;
    }
    if (p->begun) {
        return say(d, LK_E_IO, "the connection was lost, and what was being written is undone",
                   err);
    }
    p->lib.PQreset(p->conn);
    return is_lost(p) ? say_lost(d, "cannot connect again", err) : set_up(d, err);
}

lk_status postgres_run(const struct database *d, const char *text, lk_error *err) {
    lk_status status = postgres_prepare(d, err);
    if (status == LK_OK) {
        status = run_once(d, text, err);
    }
    if (status != LK_OK && !d->postgres->begun && is_lost(d->postgres)) { /* it was so before */
        status = postgres_prepare(d, err);
        status = status == LK_OK ? run_once(d, text, err) : status;
    }
    return status;
}

/* -- Opening -- */

static lk_status connect_to(struct database *d, lk_error *err) {
    struct postgres *p = d->postgres;
    char wait[16];
    snprintf(wait, sizeof wait, "%d", MAX(d->wait_ms / 1000, 2)); /* fewer are no limit */
    /* What stands before the address is what holds when that says nothing. */
    const char *const names[] = {
        "connect_timeout",  "keepalives_idle", "keepalives_interval", "keepalives_count",
        "application_name", "dbname",          "client_encoding",     NULL};
    const char *const values[] = {wait, "20", "5", "4", "likeness", p->address, "UTF8", NULL};
    p->conn = p->lib.PQconnectdbParams(names, values, 1);
    if (!p->conn) {
        return error_memory(err, 0);
    }
    return is_lost(p) ? say_lost(d, "cannot connect", err) : set_up(d, err);
}

/* Queries name no schema: there has to be one that tables are made in, and texts have to be UTF-8. */
static lk_status look_at_server(const struct database *d, lk_error *err) {
    struct sql q;
    bool row, right = false, schema = false;
    enum { OLDEST_VERSION = 130000 }; /* gen_random_uuid() */
    if (d->postgres->lib.PQserverVersion(d->postgres->conn) < OLDEST_VERSION) {
        return say(d, LK_E_FORMAT, "the server is too old: PostgreSQL 13 is wanted", err);
    }
    sql_begin(&q, d,
              "SELECT current_setting('server_encoding') = 'UTF8', current_schema() IS NOT NULL");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        right = sql_int(&q, 0) != 0;
        schema = sql_int(&q, 1) != 0;
    }
    sql_end(&q);
    if (status == LK_OK && !right) {
        status = say(d, LK_E_FORMAT, "the database is not of UTF-8 (ENCODING 'UTF8')", err);
    } else if (status == LK_OK && !schema) {
        status = say(d, LK_E_IO, "the database has no schema of its search_path", err);
    }
    return status;
}

lk_status postgres_open(struct database *d, const char *address, lk_error *err) {
    struct postgres_address parts;
    struct postgres *p = mem_calloc(1, sizeof *p);
    if (!p) {
        return error_memory(err, sizeof *p);
    }
    lk_status status = open_library(&p->library, &p->lib, err);
    if (status != LK_OK) {
        mem_free(p);
        return error_input(err, status, "a store on PostgreSQL");
    }
    d->postgres = p;
    status = postgres_address(&parts, &p->lib, address, err);
    if (status == LK_OK) {
        p->address = parts.libpq;
        p->blobs = parts.blobs;
        p->cache = parts.cache;
        p->near_least = parts.near_least;
        d->path = parts.shown;
        status = connect_to(d, err);
    } else {
        postgres_address_release(&parts);
    }
    return status == LK_OK ? look_at_server(d, err) : status;
}

void postgres_close(struct database *d) {
    struct postgres *p = d->postgres;
    if (p) {
        p->lib.PQfinish(p->conn);
        library_close(p->library);
        mem_free(p->address);
        mem_free(p->blobs);
        mem_free(p->cache);
        mem_free(p);
        d->postgres = NULL;
    }
}

lk_status postgres_only_reads(const struct database *d, lk_error *err) {
    d->postgres->reads_only = true;
    return postgres_run(d, "SET default_transaction_read_only = on", err);
}
