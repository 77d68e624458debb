/* SPDX-License-Identifier: Apache-2.0 */
/* References: adding and finding. */
#include "store/reference.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/audit_log.h"
#include "store/blob.h"
#include "store/record.h"

int64_t reference_crc(const void *data, size_t size) {
    return (int64_t)libdeflate_crc32(0, data, size);
}

lk_status reference_missing(lk_error *err, const char *id, int32_t version) {
    lk_status status = version > 0
                           ? error_set(err, LK_E_IO, "the reference has no version %d", version)
                           : error_set(err, LK_E_IO, "there is no reference of that id");
    return error_input(err, status, id);
}

/* -- Rows -- */

lk_status reference_row(lk_reference *out, struct sql *q, lk_error *err) {
    const char *text = sql_text(q, 0);
    size_t size = strlen(text);
    *out = (lk_reference){0};
    lk_status status = LK_OK;
    if (reference_crc(text, size) != sql_int(q, 1)) {
        status = error_set(err, LK_E_CORRUPT, "the record's checksum is another");
    } else {
        status = record_read(out, text, size, err);
    }
    if (status == LK_OK &&
        (strcmp(out->id, sql_text(q, 2)) != 0 || out->version != sql_int(q, 3))) {
        lk_reference_release(out);
        status = error_set(err, LK_E_CORRUPT, "the record is of another reference");
    }
    if (status == LK_E_CORRUPT && err) {
        char why[256];
        snprintf(why, sizeof why, "%.255s", err->text);
        status = error_set(err, LK_E_CORRUPT, "version %lld of %.128s is damaged: %s",
                           (long long)sql_int(q, 3), sql_text(q, 2), why);
    }
    if (status != LK_OK) {
        return error_input(err, status, q->database->path);
    }
    out->entry = sql_int(q, 4);
    out->purged = sql_int(q, 5) != 0;
    out->newest = sql_int(q, 6) == out->version;
    out->removed = sql_int(q, 7) != 0;
    return LK_OK;
}

static lk_status insert_version(lk_store *s, const lk_reference *r, const lk_bytes *record,
                                lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "INSERT INTO reference (id, newest) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET "
              "newest = excluded.newest, removed = NULL");
    sql_bind_text(&q, r->id);
    sql_bind_int(&q, r->version);
    lk_status status = sql_finish(&q, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "INSERT INTO version (reference, number, sha256, entry, record, crc, purged) "
              "VALUES (?, ?, ?, ?, ?, ?, ?)");
    sql_bind_text(&q, r->id);
    sql_bind_int(&q, r->version);
    sql_bind_text(&q, r->sha256);
    sql_bind_int(&q, r->entry);
    sql_bind_text(&q, (const char *)record->data);
    sql_bind_int(&q, reference_crc(record->data, record->size));
    sql_bind_text(&q, r->purged ? r->added : NULL);
    return sql_finish(&q, err);
}

/* Those of the newest version are those of the reference. */
static lk_status set_tags(lk_store *s, const lk_reference *r, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "DELETE FROM tag WHERE reference = ?");
    sql_bind_text(&q, r->id);
    lk_status status = sql_finish(&q, err);
    for (size_t i = 0; status == LK_OK && i < r->tag_count; i++) {
        sql_begin(&q, &s->at, "INSERT INTO tag (tag, reference) VALUES (?, ?)");
        sql_bind_text(&q, r->tags[i]);
        sql_bind_text(&q, r->id);
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status reference_insert(lk_store *s, lk_reference *r, const char *kind, const char *actor,
                           lk_error *err) {
    struct buf b;
    lk_bytes record;
    lk_audit_head head;
    buf_init(&b, RECORD_BYTES_MAX);
    record_write(&b, r);
    lk_status status = buf_finish(&b, &record, err);
    if (status != LK_OK) {
        return status;
    }
    const lk_audit_record entry = {
        .kind = kind, .actor = actor, .subject = r->id, .payload = (const char *)record.data};
    status = lk_audit_append(&head, s, &entry, err);
    if (status == LK_OK) {
        r->entry = head.count;
        status = insert_version(s, r, &record, err);
    }
    if (status == LK_OK) {
        status = set_tags(s, r, err);
    }
    lk_bytes_release(&record);
    return status;
}

/* -- Finding -- */

lk_status reference_exists(bool *out, lk_store *s, const char *id, int32_t version, lk_error *err) {
    struct sql q;
    int64_t found;
    sql_begin(&q, &s->at,
              "SELECT 1 FROM version WHERE reference = ?1 AND (number = ?2 OR ?2 = 0) LIMIT 1");
    sql_bind_text(&q, id);
    sql_bind_int(&q, version);
    lk_status status = sql_finish_int(&found, &q, 0, err);
    *out = found != 0;
    return status;
}

/* *there is false when there is none. */
static lk_status find(lk_reference *out, bool *there, lk_store *s, const char *id, int32_t version,
                      lk_error *err) {
    struct sql q;
    *out = (lk_reference){0};
    sql_begin(&q, &s->at,
              "SELECT " REFERENCE_COLUMNS REFERENCE_TABLES "WHERE v.reference = ?1 AND v.number = "
              "CASE ?2 WHEN 0 THEN r.newest ELSE ?2 END");
    sql_bind_text(&q, id);
    sql_bind_int(&q, version);
    lk_status status = sql_step(&q, there, err);
    if (status == LK_OK && *there) {
        status = reference_row(out, &q, err);
    }
    sql_end(&q);
    return status;
}

lk_status lk_reference_get(lk_reference *out, lk_store *store, const char *id, int32_t version,
                           lk_error *err) {
    bool there, any = false;
    lk_status status = find(out, &there, store, id, version, err);
    if (status == LK_OK && !there) {
        status = version > 0 ? reference_exists(&any, store, id, 0, err) : LK_OK;
        status = status == LK_OK ? reference_missing(err, id, any ? version : 0) : status;
    }
    return status;
}

lk_status lk_reference_find(lk_reference *out, lk_store *store, const char *text, lk_error *err) {
    char id[LK_REFERENCE_ID_MAX + 1];
    const char *at = strchr(text, '@');
    size_t length = at ? (size_t)(at - text) : strlen(text);
    int64_t version = 0;
    *out = (lk_reference){0};
    snprintf(id, sizeof id, "%.*s", (int)MIN(length, sizeof id - 1), text);
    bool right = length < sizeof id && lk_reference_id_is_valid(id);
    if (at) {
        size_t digits = strspn(at + 1, "0123456789");
        right = right && digits >= 1 && digits <= 9 && !at[1 + digits];
        version = right ? strtoll(at + 1, NULL, 10) : 0;
        right = right && version > 0;
    }
    if (!right) {
        return error_input(err, error_set(err, LK_E_USAGE, "a reference is named ID or ID@VERSION"),
                           text);
    }
    return lk_reference_get(out, store, id, (int32_t)version, err);
}

lk_status lk_reference_picture(lk_bytes *out, lk_store *store, const lk_reference *reference,
                               lk_error *err) {
    *out = (lk_bytes){0};
    if (reference->purged) {
        return error_input(
            err,
            error_set(err, LK_E_IO, "the picture of version %d was erased", reference->version),
            reference->id);
    }
    return blob_read(out, store, reference->sha256, reference->bytes, err);
}

/* -- Adding -- */

static lk_status put_derived(lk_store *s, const lk_reference *r, const lk_reference_draft *d,
                             lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < d->derived_count; i++) {
        status = lk_derived_put(s, r->id, r->version, &d->derived[i], err);
    }
    return status;
}

/* What the draft does not say, the newest version does. Nothing is written when it says the same already. */
static lk_status add_next(lk_reference *r, bool *added, struct blob *blob, lk_store *s,
                          const lk_reference_draft *d, lk_error *err) {
    lk_reference before;
    bool there;
    lk_status status = find(&before, &there, s, d->id, 0, err);
    if (status != LK_OK) {
        return status;
    }
    status = draft_read(r, d, there ? &before : NULL, err);
    if (status == LK_OK && there && !before.removed && !before.purged && record_same(r, &before) &&
        (!d->note || strcmp(r->note, before.note) == 0)) {
        lk_reference_release(r);
        *r = before;
        *added = false;
        return blob_place(blob, s, err); /* in case that the picture was damaged */
    }
    lk_reference_release(&before);
    *added = true;
    if (status == LK_OK) {
        status = blob_place(blob, s, err);
    }
    if (status == LK_OK) {
        status = reference_insert(s, r, "ref.add", d->actor, err);
    }
    return status == LK_OK ? put_derived(s, r, d, err) : status;
}

lk_status lk_reference_add(lk_reference *out, bool *added, lk_store *store,
                           const lk_reference_draft *draft, lk_error *err) {
    lk_reference r = {0};
    struct blob blob;
    bool fresh = false;
    if (out) {
        *out = (lk_reference){0};
    }
    lk_status status = draft_read(&r, draft, NULL, err); /* before anything is written */
    lk_reference_release(&r);
    if (status == LK_OK) {
        status = store_check_writable(store, err);
    }
    if (status == LK_OK) {
        status = blob_write(&blob, store, draft->picture, draft->picture_bytes, err);
    }
    if (status != LK_OK) {
        return status;
    }
    status = lk_store_begin(store, err);
    if (status == LK_OK) {
        status = add_next(&r, &fresh, &blob, store, draft, err);
        if (status != LK_OK) {
            blob_undo(&blob, store); /* while no other process can name the file */
        }
        status = lk_store_end(store, status, err);
    }
    if (status != LK_OK || !fresh) {
        blob.created = false; /* a commit that failed may have been made to last all the same */
        blob_undo(&blob, store);
    }
    if (status == LK_OK && added) {
        *added = fresh;
    }
    if (status == LK_OK && out) {
        *out = r;
    } else {
        lk_reference_release(&r);
    }
    return status;
}

/* -- Lists -- */

lk_status reference_visit(struct sql *q, bool (*visit)(void *arg, const lk_reference *r), void *arg,
                          int64_t *count, lk_error *err) {
    bool row, more = true;
    lk_status status;
    while (more && (status = sql_step(q, &row, err)) == LK_OK && row) {
        lk_reference r;
        status = reference_row(&r, q, err);
        if (status != LK_OK) {
            break;
        }
        more = visit(arg, &r);
        lk_reference_release(&r);
        ++*count;
    }
    sql_end(q);
    return status;
}

lk_status lk_reference_list(lk_store *store, const lk_reference_query *query,
                            bool (*visit)(void *arg, const lk_reference *r), void *arg,
                            lk_error *err) {
    static const lk_reference_query all = {0};
    const lk_reference_query *a = query ? query : &all;
    char end[LK_REFERENCE_ID_MAX + 2] = "\x7f"; /* above each id */
    char from[LK_REFERENCE_ID_MAX + 2] = "";
    struct sql q;
    int64_t count = 0;
    if (a->prefix && a->prefix[0]) {
        if (!lk_reference_id_is_valid(a->prefix)) {
            return LK_OK; /* no id begins so */
        }
        snprintf(end, sizeof end, "%s\x7f", a->prefix);
        snprintf(from, sizeof from, "%s", a->prefix);
    }
    if (a->after && strcmp(a->after, from) >= 0) {
        snprintf(from, sizeof from, "%.*s\x01", LK_REFERENCE_ID_MAX, a->after);
    }
    sql_begin(
        &q, &store->at,
        "SELECT " REFERENCE_COLUMNS REFERENCE_TABLES "WHERE v.number = r.newest AND "
        "r.id >= ?1 AND r.id < ?2 AND (?3 <> 0 OR r.removed IS NULL) AND (?4 IS NULL OR EXISTS "
        "(SELECT 1 FROM tag t WHERE t.tag = ?4 AND t.reference = r.id)) ORDER BY r.id");
    sql_bind_text(&q, from);
    sql_bind_text(&q, end);
    sql_bind_int(&q, a->removed);
    sql_bind_text(&q, a->tag);
    return reference_visit(&q, visit, arg, &count, err);
}

lk_status lk_reference_history(lk_store *store, const char *id,
                               bool (*visit)(void *arg, const lk_reference *r), void *arg,
                               lk_error *err) {
    struct sql q;
    int64_t count = 0;
    sql_begin(&q, &store->at,
              "SELECT " REFERENCE_COLUMNS REFERENCE_TABLES
              "WHERE v.reference = ? ORDER BY v.number");
    sql_bind_text(&q, id);
    lk_status status = reference_visit(&q, visit, arg, &count, err);
    return status == LK_OK && count == 0 ? reference_missing(err, id, 0) : status;
}
