/* SPDX-License-Identifier: Apache-2.0 */
/* Taking references out of use, and erasing their pictures.
 *
 * Erasing goes in two transactions: the first marks the versions, so that nobody reads their pictures any more; the second deletes
 * those files that nothing else has. An end in between leaves files without a version that is in use; erasing again
 * deletes them. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/audit_log.h"
#include "store/blob.h"
#include "store/reference.h"

/* What is known of a reference before it is removed. */
struct state {
    bool there, removed;
    int64_t pictures; /* versions that have one */
    int64_t verdicts; /* entries of the log that name it in a verdict */
};

static lk_status look(struct state *out, lk_store *s, const char *id, lk_error *err) {
    struct sql q;
    int64_t removed;
    *out = (struct state){0};
    sql_begin(&q, &s->at, "SELECT removed IS NOT NULL FROM reference WHERE id = ?");
    sql_bind_text(&q, id);
    lk_status status = sql_finish_int(&removed, &q, -1, err);
    out->there = removed >= 0;
    out->removed = removed == 1;
    if (status == LK_OK) {
        sql_begin(&q, &s->at,
                  "SELECT count(*) FROM version WHERE reference = ? AND purged IS NULL");
        sql_bind_text(&q, id);
        status = sql_finish_int(&out->pictures, &q, 0, err);
    }
    if (status == LK_OK) {
        sql_begin(&q, &s->at,
                  "SELECT count(*) FROM audit WHERE subject = ? AND subject <> '' AND substr(kind, "
                  "1, 6) = 'verify'");
        sql_bind_text(&q, id);
        status = sql_finish_int(&out->verdicts, &q, 0, err);
    }
    return status;
}

static lk_status mark(lk_store *s, const char *text, const char *id, lk_error *err) {
    struct sql q;
    char now[32];
    moment_text(now, moment_now_ms());
    sql_begin(&q, &s->at, text);
    sql_bind_text(&q, now);
    sql_bind_text(&q, id);
    return sql_finish(&q, err);
}

static lk_status mark_purged(lk_store *s, const char *id, lk_error *err) {
    struct sql q;
    lk_status status =
        mark(s, "UPDATE version SET purged = ? WHERE reference = ? AND purged IS NULL", id, err);
    if (status == LK_OK) {
        sql_begin(&q, &s->at, "DELETE FROM derived WHERE reference = ?");
        sql_bind_text(&q, id);
        status = sql_finish(&q, err);
    }
    return status;
}

/* Marks and logs. */
static lk_status take_out(lk_store *s, const char *id, const lk_reference_removal *how,
                          lk_error *err) {
    struct state is;
    lk_status status = look(&is, s, id, err);
    if (status != LK_OK) {
        return status;
    }
    if (!is.there) {
        return reference_missing(err, id, 0);
    }
    if (is.removed && !how->purge) {
        return error_input(err, error_set(err, LK_E_IO, "the reference is out of use already"), id);
    }
    if (how->purge && is.verdicts > 0) {
        status = error_set(err, LK_E_USAGE,
                           "%lld verdict%s of the audit log could not be checked without its "
                           "pictures: they are kept",
                           (long long)is.verdicts, is.verdicts > 1 ? "s" : "");
        return error_input(err, status, id);
    }
    if (!is.removed) {
        status = mark(s, "UPDATE reference SET removed = ? WHERE id = ?", id, err);
        if (status == LK_OK) {
            status = audit_note(s, "ref.rm", id, how->actor, how->note, err);
        }
    }
    if (status == LK_OK && how->purge && is.pictures > 0) {
        status = mark_purged(s, id, err);
        if (status == LK_OK) {
            status = audit_note(s, "ref.purge", id, how->actor, how->note, err);
        }
    }
    return status;
}

/* Deletes the pictures of the id's versions that nothing has any more. */
static lk_status drop_pictures(lk_store *s, const char *id, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &s->at,
              "SELECT DISTINCT v.sha256 FROM version v WHERE v.reference = ? AND v.purged IS NOT "
              "NULL AND NOT EXISTS "
              "(SELECT 1 FROM picture_in_use p WHERE p.sha256 = v.sha256)");
    sql_bind_text(&q, id);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        status = blob_drop(s, sql_text(&q, 0), err);
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

lk_status lk_reference_remove(lk_store *store, const char *id, const lk_reference_removal *how,
                              lk_error *err) {
    static const lk_reference_removal usual = {0};
    how = how ? how : &usual;
    lk_status status = store_check_text("note", how->note, LK_NOTE_MAX, true, err);
    if (status == LK_OK) {
        status = lk_store_begin(store, err);
    }
    if (status != LK_OK) {
        return status;
    }
    status = lk_store_end(store, take_out(store, id, how, err), err);
    if (status == LK_OK && how->purge) {
        status = lk_store_begin(store, err);
        if (status == LK_OK) {
            status = lk_store_end(store, drop_pictures(store, id, err), err);
        }
    }
    return status;
}
