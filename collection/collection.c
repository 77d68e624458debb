/* SPDX-License-Identifier: Apache-2.0 */
/* The database of a collection: opening it, and what it holds in all. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "collection/collection.h"
#include "collection/finding.h"
#include "index/flat.h"

enum { APPLICATION_ID = 0x6c6b6331 /* "lkc1" */, SCHEMA = 2, WAIT_MS = 10000 };

/* A content is what files of the same bytes share; a file without one cannot be read, and `why` says so. SQLite reads a row from
 * its beginning: what PATH.find is made of stands before what is large, and every row of that is read. */
static const char schema[] =
    "CREATE TABLE content ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT," /* never given again: pairs name it */
    "  sha256 BLOB NOT NULL UNIQUE,"
    "  algorithm INTEGER NOT NULL,"
    "  model TEXT NOT NULL,"
    "  facts BLOB NOT NULL,"
    "  embedding BLOB,"
    "  words BLOB,"
    "  pixels BLOB," /* SHA-256 of the decoded picture, where that was asked */
    "  thumb BLOB NOT NULL,"
    "  keypoints BLOB"
    ") STRICT;"
    "CREATE TABLE searched (" /* for copies, by this version of relations; rows of content are long */
    "  content INTEGER PRIMARY KEY,"
    "  version INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE pair ("
    "  a INTEGER NOT NULL,"
    "  b INTEGER NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  kept BLOB NOT NULL,"
    "  PRIMARY KEY (a, b)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE file ("
    "  path BLOB NOT NULL PRIMARY KEY,"
    "  bytes INTEGER NOT NULL,"
    "  modified_ns INTEGER NOT NULL,"
    "  inode INTEGER NOT NULL,"
    "  content INTEGER REFERENCES content (id),"
    "  why TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX file_content ON file (content);"
    "CREATE TABLE root (path BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;"
    "CREATE TABLE state ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  changes INTEGER NOT NULL,"
    "  salt BLOB NOT NULL"
    ") STRICT;"
    "INSERT INTO state (one, changes, salt) VALUES (1, 0, randomblob(16));"
    "PRAGMA application_id = 1818977073;"
    "PRAGMA user_version = 2;";
_Static_assert(APPLICATION_ID == 1818977073, "the number in the schema");

static lk_status say(const lk_collection *c, lk_status status, const char *text, lk_error *err) {
    return error_input(err, error_set(err, status, "%s", text), c->at.path);
}

static lk_status number_of(int64_t *out, const lk_collection *c, const char *text, lk_error *err) {
    struct sql q;
    sql_begin(&q, &c->at, text);
    return sql_finish_int(out, &q, 0, err);
}

/* What is there is ours and of this version, or nothing is there yet: *empty. */
static lk_status check_schema(bool *empty, const lk_collection *c, lk_error *err) {
    int64_t application = 0, version = 0, tables = 0;
    lk_status status = number_of(&tables, c, "SELECT count(*) FROM sqlite_schema", err);
    status = status == LK_OK ? number_of(&application, c, "PRAGMA application_id", err) : status;
    status = status == LK_OK ? number_of(&version, c, "PRAGMA user_version", err) : status;
    *empty = tables == 0 && application == 0;
    if (status == LK_OK && !*empty && application != APPLICATION_ID) {
        return say(c, LK_E_FORMAT, "is a database, but no index of pictures", err);
    }
    if (status == LK_OK && !*empty && version != SCHEMA) {
        return say(c, LK_E_FORMAT,
                   "is an index of another version of likeness: delete it (it can be made again), "
                   "or name another with --index",
                   err);
    }
    return status;
}

static lk_status prepare(lk_collection *c, lk_error *err) {
    bool empty;
    lk_status status = sql_run(&c->at,
                               "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                               "PRAGMA cache_size = -65536",
                               err);
    status = status == LK_OK ? check_schema(&empty, c, err) : status;
    if (status != LK_OK) {
        return status;
    }
    if (c->at.reads_only) {
        return empty ? say(c, LK_E_IO, "there is no index here", err)
                     : sql_run(&c->at, "PRAGMA query_only = ON", err);
    }
    /* What is lost with the power can be made again: no waiting for the disk at each batch. */
    status = sql_run(&c->at, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err);
    if (status == LK_OK && empty) {
        status = collection_begin(c, err);
        if (status == LK_OK) {
            status = check_schema(&empty, c, err); /* another process may have been first */
            status = status == LK_OK && empty ? sql_run(&c->at, schema, err) : status;
            status = collection_end(c, status, err);
        }
    }
    return status;
}

static lk_status open_database(lk_collection *c, lk_error *err) {
    struct stat st;
    bool there = !c->in_memory && stat(c->at.path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        return say(c, LK_E_IO, "is no plain file", err);
    }
    if (!there && c->at.reads_only) {
        return say(c, LK_E_IO, "there is no index here: likeness index DIR makes one", err);
    }
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
                SQLITE_OPEN_READWRITE | (c->at.reads_only ? 0 : SQLITE_OPEN_CREATE);
    int code = sqlite3_open_v2(c->in_memory ? ":memory:" : c->at.path, &c->at.db, flags, NULL);
    if (code != SQLITE_OK) {
        return database_error(&c->at, code, err);
    }
    sqlite3_busy_timeout(c->at.db, c->at.wait_ms);
    sqlite3_db_config(c->at.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return prepare(c, err);
}

lk_status lk_collection_open(lk_collection **out, const char *path, lk_collection_mode mode,
                             lk_error *err) {
    *out = NULL;
    lk_collection *c = mem_calloc(1, sizeof *c);
    if (!c) {
        return error_memory(err, sizeof *c);
    }
    c->in_memory = mode == LK_COLLECTION_MEMORY;
    c->at.reads_only = mode == LK_COLLECTION_READ;
    c->at.wait_ms = WAIT_MS;
    c->at.path = mem_strdup(c->in_memory ? "the index in memory" : path);
    lk_status status = c->at.path ? open_database(c, err) : error_memory(err, strlen(path));
    if (status != LK_OK) {
        lk_collection_close(c);
        return error_input(err, status, path);
    }
    *out = c;
    return LK_OK;
}

void lk_collection_close(lk_collection *c) {
    if (c) {
        finding_free(c->finding);
        sqlite3_close(c->at.db);
        mem_free(c->at.path);
        mem_free(c);
    }
}

/* None is inside another: one that is open still could not be ended, for want of memory. */
static lk_status begin(lk_collection *c, const char *text, lk_error *err) {
    lk_status status = sqlite3_get_autocommit(c->at.db) ? LK_OK : sql_run(&c->at, "ROLLBACK", err);
    return status == LK_OK ? sql_run(&c->at, text, err) : status;
}

lk_status collection_read_begin(lk_collection *c, lk_error *err) {
    return begin(c, "BEGIN", err);
}

lk_status collection_begin(lk_collection *c, lk_error *err) {
    return begin(c, "BEGIN IMMEDIATE", err);
}

lk_status collection_end(lk_collection *c, lk_status so_far, lk_error *err) {
    if (so_far == LK_OK) {
        so_far = sql_run(&c->at, "UPDATE state SET changes = changes + 1; COMMIT", err);
    }
    if (so_far != LK_OK && !sqlite3_get_autocommit(c->at.db)) {
        lk_status undone = sql_run(&c->at, "ROLLBACK", NULL);
        (void)undone; /* closing the database undoes it as well */
    }
    return so_far;
}

/* The model that most embeddings are of, as of what is searched: an index may have been made with several. */
#define THE_MODEL                                                                                  \
    "(SELECT model FROM content WHERE embedding IS NOT NULL "                                      \
    "GROUP BY model ORDER BY count(*) DESC, model LIMIT 1)"

lk_status lk_collection_look(lk_collection_state *out, lk_collection *c, lk_error *err) {
    struct sql q;
    bool row;
    *out = (lk_collection_state){0};
    sql_begin(&q, &c->at,
              "SELECT (SELECT count(*) FROM file WHERE content IS NOT NULL),"
              "(SELECT count(*) FROM file WHERE content IS NULL), count(*), count(embedding),"
              "count(keypoints), coalesce(" THE_MODEL ", '') FROM content");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        out->files = sql_int(&q, 0);
        out->skipped = sql_int(&q, 1);
        out->pictures = sql_int(&q, 2);
        out->embedded = sql_int(&q, 3);
        out->with_keypoints = sql_int(&q, 4);
        snprintf(out->model, sizeof out->model, "%.63s", sql_text(&q, 5));
        out->model[strcspn(out->model, " ")] = '\0';
    }
    sql_end(&q);
    return status;
}

/* The embedding of this row, copied out of the blob, which need not lie as floats want. */
static bool read_vector(float *out, int32_t *dim, struct sql *q, int column) {
    size_t size = 0;
    const void *data = content_blob(&size, q, column);
    *dim = data ? (int32_t)(MIN(size, FLAT_DIM_MOST * sizeof *out) / sizeof *out) : 0;
    if (*dim > 0) {
        memcpy(out, data, (size_t)*dim * sizeof *out);
    }
    return *dim > 0;
}

static lk_status visit_row(bool *more, struct sql *q, float *vector,
                           bool (*visit)(void *arg, const lk_collection_picture *picture),
                           void *arg, lk_error *err) {
    lk_collection_picture p = {.bytes = sql_int(q, 1), .modified_ns = sql_int(q, 2)};
    struct facts facts;
    size_t size;
    const void *path = sql_blob(q, 0, &size);
    char *copy = mem_calloc(size + 1, 1);
    if (!copy) {
        return error_memory(err, size);
    }
    memcpy(copy, path, size);
    p.path = copy;
    if (content_facts(&facts, q, 3)) {
        p.width = facts.width;
        p.height = facts.height;
    }
    p.embedding = read_vector(vector, &p.dim, q, 4) ? vector : NULL;
    const void *thumb = content_blob(&size, q, 5);
    if (thumb) {
        p.thumb = (lk_bytes){mem_alloc(size, 1), size};
        if (!p.thumb.data) {
            mem_free(copy);
            return error_memory(err, size);
        }
        memcpy(p.thumb.data, thumb, size);
    }
    *more = visit(arg, &p);
    lk_bytes_release(&p.thumb);
    mem_free(copy);
    return LK_OK;
}

#define PICTURES                                                                                   \
    "SELECT min(path), bytes, modified_ns, facts, CASE WHEN model = " THE_MODEL                    \
    " THEN embedding END, thumb FROM content JOIN file ON file.content = content.id "

/* The rows of a statement, and its end. */
static lk_status visit_rows(struct sql *q,
                            bool (*visit)(void *arg, const lk_collection_picture *picture),
                            void *arg, lk_error *err) {
    bool row = true, more = true;
    float *vector = mem_alloc(FLAT_DIM_MOST, sizeof *vector);
    lk_status status = vector ? LK_OK : error_memory(err, FLAT_DIM_MOST * sizeof *vector);
    while (status == LK_OK && more && (status = sql_step(q, &row, err)) == LK_OK && row) {
        status = visit_row(&more, q, vector, visit, arg, err);
    }
    sql_end(q);
    mem_free(vector);
    return status;
}

lk_status lk_collection_visit(lk_collection *c,
                              bool (*visit)(void *arg, const lk_collection_picture *picture),
                              void *arg, lk_error *err) {
    struct sql q;
    sql_begin(&q, &c->at, PICTURES "GROUP BY content.id ORDER BY 1");
    return visit_rows(&q, visit, arg, err);
}

lk_status lk_collection_find(lk_collection *c, const char *sha256,
                             bool (*visit)(void *arg, const lk_collection_picture *picture),
                             void *arg, lk_error *err) {
    struct sql q;
    uint8_t sum[DIGEST_BYTES];
    if (strlen(sha256) != 2 * DIGEST_BYTES || !digest_from_hex(sum, sha256)) {
        return LK_OK;
    }
    sql_begin(&q, &c->at, PICTURES "WHERE sha256 = ? GROUP BY content.id");
    sql_bind_blob(&q, sum, sizeof sum);
    return visit_rows(&q, visit, arg, err);
}
