/* SPDX-License-Identifier: Apache-2.0 */
#include "store/kept.h"

#include <libdeflate.h>
#include <likeness/service.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/blob.h"

/* -- Listing -- */

#define FILE_COLUMNS "name, type, bytes, sha256, parts FROM kept_file WHERE entry = ? ORDER BY name"

lk_status lk_kept_list(lk_store *store, int64_t entry,
                       void (*visit)(void *arg, const lk_kept_file *file), void *arg,
                       lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &store->at, "SELECT " FILE_COLUMNS);
    sql_bind_int(&q, entry);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        const lk_kept_file file = {
            .name = sql_text(&q, 0), .type = sql_text(&q, 1), .size = (size_t)sql_int(&q, 2)};
        visit(arg, &file);
    }
    sql_end(&q);
    return status;
}

/* -- Reading -- */

struct reading {
    lk_store *store;
    int64_t entry;
    lk_bytes text;
    bool has_text;
    struct {
        char sha256[65];
        int64_t bytes;
        lk_bytes data;
    } blobs[KEPT_BLOBS_MAX];
    int blob_count;
};

static lk_status say_damaged(const struct reading *r, const char *what, lk_error *err) {
    lk_status status =
        error_set(err, LK_E_CORRUPT, "%s beside entry %lld is damaged", what, (long long)r->entry);
    return error_input(err, status, r->store->at.path);
}

static lk_status inflate(struct reading *r, const void *data, size_t size, int64_t plain,
                         lk_error *err) {
    if (plain < 0 || plain > KEPT_FILE_MAX) {
        return say_damaged(r, "what is kept", err);
    }
    struct libdeflate_decompressor *large = libdeflate_alloc_decompressor();
    r->text.data = mem_alloc((size_t)plain + 1, 1);
    if (!large || !r->text.data) {
        libdeflate_free_decompressor(large);
        return error_memory(err, (size_t)plain);
    }
    enum libdeflate_result result =
        libdeflate_zlib_decompress(large, data, size, r->text.data, (size_t)plain, NULL);
    libdeflate_free_decompressor(large);
    r->text.size = (size_t)plain;
    return result == LIBDEFLATE_SUCCESS ? LK_OK : say_damaged(r, "what is kept", err);
}

static lk_status read_text(struct reading *r, lk_error *err) {
    struct sql q;
    bool row;
    sql_begin(&q, &r->store->at, "SELECT plain, data FROM kept WHERE entry = ?");
    sql_bind_int(&q, r->entry);
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        size_t size;
        const void *data = sql_blob(&q, 1, &size);
        status = inflate(r, data, size, sql_int(&q, 0), err);
    }
    sql_end(&q);
    return status;
}

static lk_status name_blobs(struct reading *r, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &r->store->at,
              "SELECT sha256, bytes FROM kept_blob WHERE entry = ? ORDER BY number");
    sql_bind_int(&q, r->entry);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && r->blob_count < KEPT_BLOBS_MAX) {
        snprintf(r->blobs[r->blob_count].sha256, sizeof r->blobs[0].sha256, "%s", sql_text(&q, 0));
        r->blobs[r->blob_count++].bytes = sql_int(&q, 1);
    }
    sql_end(&q);
    return status;
}

/* What the part is a stretch of, read when it is first wanted. */
static lk_status find_source(const lk_bytes **out, struct reading *r, const struct kept_part *part,
                             lk_error *err) {
    *out = &r->text;
    if (part->kind == KEPT_TEXT) {
        return LK_OK;
    }
    if (part->blob < 0 || part->blob >= r->blob_count) {
        return say_damaged(r, "a file", err);
    }
    *out = &r->blobs[part->blob].data;
    return (*out)->data ? LK_OK
                        : blob_read(&r->blobs[part->blob].data, r->store,
                                    r->blobs[part->blob].sha256, r->blobs[part->blob].bytes, err);
}

static lk_status add_part(struct buf *out, struct reading *r, const struct kept_part *part,
                          lk_error *err) {
    const lk_bytes *from;
    lk_status status = find_source(&from, r, part, err);
    if (status != LK_OK) {
        return status;
    }
    int64_t size = (int64_t)from->size;
    if (part->begin < 0 || part->bytes < 0 || part->begin > size ||
        part->bytes > size - part->begin) {
        return say_damaged(r, "a file", err);
    }
    if (part->kind == KEPT_BASE64) {
        buf_add_base64(out, from->data + part->begin, (size_t)part->bytes);
    } else {
        buf_add(out, from->data + part->begin, (size_t)part->bytes);
    }
    return LK_OK;
}

/* "b1:40+3000", and what follows it; NULL when it is none. */
static const char *read_part(struct kept_part *out, const char *text) {
    long long begin, bytes;
    int n = 0;
    if (sscanf(text, "%c%3d:%18lld+%18lld%n", &out->kind, &out->blob, &begin, &bytes, &n) != 4 ||
        !strchr("trb", out->kind)) {
        return NULL;
    }
    out->begin = begin;
    out->bytes = bytes;
    return text[n] == ' ' ? text + n + 1 : text + n;
}

static lk_status make_file(lk_bytes *out, struct reading *r, struct sql *row, lk_error *err) {
    struct buf whole;
    char sha256[65];
    lk_status status = LK_OK;
    buf_init(&whole, (size_t)KEPT_FILE_MAX);
    for (const char *text = sql_text(row, 4); status == LK_OK && *text;) {
        struct kept_part part;
        text = read_part(&part, text);
        status = text ? add_part(&whole, r, &part, err) : say_damaged(r, "a file", err);
        text = text ? text : "";
    }
    if (status != LK_OK) {
        buf_release(&whole);
        return status;
    }
    status = buf_finish(&whole, out, err);
    if (status == LK_OK) {
        digest_sha256_hex(sha256, out->data, out->size);
        if (strcmp(sha256, sql_text(row, 3)) != 0) {
            status = say_damaged(r, "a file", err);
        }
    }
    return status;
}

static lk_status read_files(struct reading *r, bool (*wants)(void *arg, const char *name),
                            void (*visit)(void *arg, const lk_kept_file *file), void *arg,
                            lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &r->store->at, "SELECT " FILE_COLUMNS);
    sql_bind_int(&q, r->entry);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        lk_bytes whole = {0};
        if (!wants(arg, sql_text(&q, 0))) {
            continue;
        }
        status = make_file(&whole, r, &q, err);
        if (status == LK_OK) {
            const lk_kept_file file = {.name = sql_text(&q, 0),
                                       .type = sql_text(&q, 1),
                                       .data = whole.data,
                                       .size = whole.size};
            visit(arg, &file);
        }
        lk_bytes_release(&whole);
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

lk_status lk_kept_read(lk_store *store, int64_t entry, bool (*wants)(void *arg, const char *name),
                       void (*visit)(void *arg, const lk_kept_file *file), void *arg,
                       lk_error *err) {
    struct reading r = {.store = store, .entry = entry};
    lk_status status = store_read_begin(store, err); /* it may be forgotten meanwhile */
    if (status != LK_OK) {
        return status;
    }
    status = name_blobs(&r, err);
    status = status == LK_OK ? read_text(&r, err) : status;
    status = status == LK_OK ? read_files(&r, wants, visit, arg, err) : status;
    store_read_end(store);
    lk_bytes_release(&r.text);
    for (int i = 0; i < r.blob_count; i++) {
        lk_bytes_release(&r.blobs[i].data);
    }
    return status;
}

/* -- Forgetting -- */

enum { AT_ONCE = 16 };

static lk_status drop_rows(lk_store *s, const char *text, int64_t entry, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, text);
    sql_bind_int(&q, entry);
    return sql_finish(&q, err);
}

static lk_status forget(lk_store *s, int64_t entry, lk_error *err) {
    static const char *const steps[] = {
        "INSERT INTO kept_gone (sha256) SELECT DISTINCT sha256 FROM kept_blob WHERE entry = ? ON "
        "CONFLICT (sha256) DO NOTHING",
        "DELETE FROM kept_file WHERE entry = ?",
        "DELETE FROM kept_blob WHERE entry = ?",
        "DELETE FROM kept WHERE entry = ?",
    };
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(steps); i++) {
        status = drop_rows(s, steps[i], entry, err);
    }
    return status;
}

/* A blob counts once, and not where an original is it. */
#define OWN_BLOBS                                                                                  \
    "(SELECT sha256, max(bytes) AS bytes FROM kept_blob GROUP BY sha256) AS b WHERE NOT EXISTS "   \
    "(SELECT 1 FROM version v WHERE v.sha256 = b.sha256)"
#define TOTAL                                                                                      \
    "CAST((SELECT coalesce(sum(bytes), 0) FROM kept) + (SELECT coalesce(sum(b.bytes), 0) "         \
    "FROM " OWN_BLOBS ") AS INTEGER)"

/* What goes with the entry: its row, and its blobs that nobody else has. */
static lk_status bytes_with(int64_t *out, lk_store *s, int64_t entry, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "SELECT CAST((SELECT bytes FROM kept WHERE entry = ?1) + (SELECT "
              "coalesce(sum(b.bytes), 0) FROM kept_blob b WHERE b.entry = ?1 AND NOT EXISTS "
              "(SELECT 1 FROM kept_blob o WHERE o.sha256 = b.sha256 AND o.entry <> ?1) AND NOT "
              "EXISTS (SELECT 1 FROM version v WHERE v.sha256 = b.sha256)) AS INTEGER)");
    sql_bind_int(&q, entry);
    return sql_finish_int(out, &q, 0, err);
}

/* Entries that the statement gives, which takes two numbers. */
static lk_status list_entries(int64_t out[AT_ONCE], int *count, lk_store *s, const char *text,
                              const int64_t values[2], lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    *count = 0;
    sql_begin(&q, &s->at, text);
    sql_bind_int(&q, values[0]);
    sql_bind_int(&q, values[1]);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && *count < AT_ONCE) {
        out[(*count)++] = sql_int(&q, 0);
    }
    sql_end(&q);
    return status;
}

/* Also those that a clock which was wrong has put so far into the future. */
static lk_status forget_old(bool *more, lk_store *s, const int64_t span[2], lk_error *err) {
    int64_t entries[AT_ONCE];
    int count;
    lk_status status = list_entries(
        entries, &count, s, "SELECT entry FROM kept WHERE at < ?1 OR at > ?2 LIMIT 16", span, err);
    for (int i = 0; status == LK_OK && i < count; i++) {
        status = forget(s, entries[i], err);
    }
    *more = count == AT_ONCE;
    return status;
}

static lk_status forget_most(bool *more, lk_store *s, int64_t most_bytes, lk_error *err) {
    static const int64_t all[2] = {0, 0};
    int64_t entries[AT_ONCE], total, bytes;
    struct sql q;
    int count, i = 0;
    sql_begin(&q, &s->at, "SELECT " TOTAL);
    lk_status status = sql_finish_int(&total, &q, 0, err);
    status = status == LK_OK
                 ? list_entries(entries, &count, s,
                                "SELECT entry FROM kept WHERE entry > ?1 AND entry > ?2 ORDER BY "
                                "entry LIMIT 16",
                                all, err)
                 : status;
    for (; status == LK_OK && i < count && total > most_bytes; i++) {
        status = bytes_with(&bytes, s, entries[i], err);
        status = status == LK_OK ? forget(s, entries[i], err) : status;
        total -= bytes;
    }
    *more = *more || i == AT_ONCE;
    return status;
}

static lk_status forget_oldest(bool *more, lk_store *s, int64_t most_bytes, const int64_t span[2],
                               lk_error *err) {
    lk_status status = forget_old(more, s, span, err);
    return status == LK_OK ? forget_most(more, s, most_bytes, err) : status;
}

/* In a transaction of its own, so that what is deleted is in no row that comes back. */
static lk_status drop_gone(lk_store *s, lk_error *err) {
    char names[AT_ONCE * KEPT_BLOBS_MAX][65];
    struct sql q;
    bool row, used;
    int count = 0;
    lk_status status;
    sql_begin(&q, &s->at, "SELECT sha256 FROM kept_gone LIMIT ?");
    sql_bind_int(&q, AT_ONCE * KEPT_BLOBS_MAX);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        snprintf(names[count++], sizeof names[0], "%s", sql_text(&q, 0));
    }
    sql_end(&q);
    for (int i = 0; status == LK_OK && i < count; i++) {
        status = kept_is_used(&used, s, names[i], err);
        status = status == LK_OK && !used ? blob_drop(s, names[i], err) : status;
        if (status == LK_OK) {
            sql_begin(&q, &s->at, "DELETE FROM kept_gone WHERE sha256 = ?");
            sql_bind_text(&q, names[i]);
            status = sql_finish(&q, err);
        }
    }
    return status;
}

/* Whether there is anything to do: most of the time there is not, and others may want to write. */
static lk_status look(bool *due, lk_store *s, int64_t most_bytes, const int64_t span[2],
                      lk_error *err) {
    struct sql q;
    int64_t found;
    sql_begin(&q, &s->at,
              "SELECT 1 FROM state WHERE EXISTS (SELECT 1 FROM kept_gone) OR EXISTS (SELECT 1 FROM "
              "kept WHERE at < ?1 OR at > ?2) OR ?3 < " TOTAL);
    sql_bind_int(&q, span[0]);
    sql_bind_int(&q, span[1]);
    sql_bind_int(&q, most_bytes);
    lk_status status = sql_finish_int(&found, &q, 0, err);
    *due = found == 1;
    return status;
}

lk_status lk_kept_prune(bool *more, lk_store *store, int64_t most_bytes, int64_t age_ms,
                        lk_error *err) {
    const int64_t now = moment_now_ms();
    const int64_t span[2] = {age_ms > 0 ? now - age_ms : INT64_MIN,
                             age_ms > 0 ? now + age_ms : INT64_MAX};
    bool due;
    *more = false;
    lk_status status = look(&due, store, most_bytes, span, err);
    if (status != LK_OK || !due) {
        return status;
    }
    status = lk_store_begin(store, err);
    if (status == LK_OK) {
        status = lk_store_end(store, forget_oldest(more, store, most_bytes, span, err), err);
    }
    status = status == LK_OK ? lk_store_begin(store, err) : status;
    return status == LK_OK ? lk_store_end(store, drop_gone(store, err), err) : status;
}
