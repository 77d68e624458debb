/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a store, and what is done as a whole. */
#include "store/store.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/blob_kind.h"
#include "store/migrate.h"

enum { WAIT_MS = 10000 };

lk_status store_check_writable(const lk_store *s, lk_error *err) {
    return s->at.reads_only
               ? error_input(err,
                             error_set(err, LK_E_WRITE, "the store was opened for reading alone"),
                             s->at.path)
               : LK_OK;
}

/* -- Opening -- */

static lk_status say_older(const lk_store *s, int64_t version, const char *why, lk_error *err) {
    lk_status status = error_set(
        err, LK_E_FORMAT,
        "of an older likeness (store version %lld, this one wants %lld), and not brought up to "
        "date: %s; \"likeness ref list\" on it, by somebody who may write there, does that",
        (long long)version, (long long)schema_newest(), why);
    return error_input(err, status, s->at.path);
}

/* What is read needs the tables of today: the store is opened for writing, for as long as they take to be made. */
static lk_status bring_up_to_date(lk_store *s, int64_t version, bool allowed, lk_error *err) {
    const lk_store_options writing = {.wait_ms = s->at.wait_ms};
    lk_store *writer;
    lk_error why = {0};
    if (!allowed) {
        return say_older(s, version, "nothing may be written here", err);
    }
    lk_status status = lk_store_open_again(&writer, s, &writing, &why);
    if (status == LK_E_WRITE || status == LK_E_IO) {
        return say_older(s, version, why.text, err);
    }
    if (status != LK_OK) {
        if (err) {
            *err = why;
        }
        return status;
    }
    lk_store_close(writer);
    return LK_OK;
}

static lk_status open_for_reading(lk_store *s, int64_t version, bool untouched, lk_error *err) {
    if (version == 0) {
        lk_status status = error_set(err, LK_E_IO, "there is no store here");
        return error_input(err, status, s->folder);
    }
    lk_status status =
        version < schema_newest() ? bring_up_to_date(s, version, !untouched, err) : LK_OK;
    if (status == LK_OK) {
        status = s->kind->to_read(s, err);
    }
    status = status == LK_OK ? s->kind->ready(s, err) : status;
    return status == LK_OK ? blob_open(s, err) : status;
}

static lk_status open_for_writing(lk_store *s, lk_error *err) {
    lk_status status = s->kind->to_write(s, err);
    if (status == LK_OK) {
        status = schema_migrate(s, err);
    }
    if (status == LK_OK) {
        status = s->kind->ready(s, err);
    }
    status = status == LK_OK ? blob_open(s, err) : status;
    return status == LK_OK ? blob_prepare(s, err) : status;
}

static lk_status open_all(lk_store *s, const char *place, bool untouched, lk_error *err) {
    int64_t version;
    lk_status status = s->kind->open(s, place, err);
    if (status == LK_OK) {
        status = schema_check(&version, s, err); /* before anything is changed */
    }
    if (status != LK_OK) {
        return status;
    }
    return s->at.reads_only ? open_for_reading(s, version, untouched, err)
                            : open_for_writing(s, err);
}

const struct store_kind *store_kind_of(const char *place) {
    return lk_store_is_address(place) ? &store_kind_postgres : &store_kind_sqlite;
}

lk_store *store_new(const struct store_kind *kind, bool reads_only) {
    lk_store *s = mem_calloc(1, sizeof *s);
    if (s) {
        s->folder_fd = s->blobs_fd = -1;
        s->kind = kind;
        s->at.reads_only = reads_only;
        s->at.wait_ms = WAIT_MS;
    }
    return s;
}

lk_status lk_store_schema(int64_t *out, const char *place, lk_error *err) {
    lk_store *s = store_new(store_kind_of(place), true);
    *out = 0;
    lk_status status = s ? s->kind->open(s, place, err) : error_memory(err, sizeof *s);
    if (status == LK_OK) {
        status = schema_check(out, s, err);
    }
    if (status == LK_OK && *out == 0) {
        status = error_input(err, error_set(err, LK_E_IO, "there is no store here"), s->folder);
    }
    lk_store_close(s);
    return status;
}

lk_status lk_store_open(lk_store **out, const char *place, const lk_store_options *options,
                        lk_error *err) {
    const bool remote = lk_store_is_address(place);
    const lk_store_mode mode = options ? options->mode : LK_STORE_WRITE;
    lk_store *s = *out = store_new(store_kind_of(place), mode != LK_STORE_WRITE);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    s->at.wait_ms = options && options->wait_ms > 0 ? options->wait_ms : WAIT_MS;
    lk_status status = options && options->blobs
                           ? blob_options_copy(&s->blob_options, options->blobs, err)
                           : LK_OK;
    status = status == LK_OK ? open_all(s, place, mode == LK_STORE_UNTOUCHED, err) : status;
    if (status != LK_OK) {
        lk_store_close(s);
        *out = NULL;
        return remote ? status : error_input(err, status, place); /* it may hold a password */
    }
    return LK_OK;
}

lk_status lk_store_open_again(lk_store **out, const lk_store *store,
                              const lk_store_options *options, lk_error *err) {
    const lk_blob_options blobs = blob_options_given(&store->blob_options);
    lk_store_options same = options ? *options : (lk_store_options){0};
    same.blobs = same.blobs ? same.blobs : &blobs;
    return lk_store_open(out, store->given ? store->given : store->folder, &same, err);
}

bool lk_store_is_address(const char *place) {
    return strncmp(place, "postgresql://", 13) == 0 || strncmp(place, "postgres://", 11) == 0;
}

void lk_store_close(lk_store *s) {
    if (s) {
        if (s->blobs) {
            s->blobs->close(s);
        }
        s->kind->close(s);
        if (s->folder_fd >= 0) {
            close(s->folder_fd);
        }
        store_forget_fingerprints(s);
        mem_free(s->folder);
        mem_free(s->blobs_folder);
        blob_options_release(&s->blob_options);
        mem_free(s->given);
        mem_free(s->at.path);
        mem_free(s);
    }
}

const char *lk_store_folder(const lk_store *store) {
    return store->folder;
}

bool lk_store_reads_only(const lk_store *store) {
    return store->at.reads_only;
}

/* -- As a whole -- */

static lk_status say_spoilt(const lk_store *s, lk_error *err) {
    lk_status status = error_set(
        err, LK_E_WRITE, "a part that failed could not be undone alone, so nothing is written");
    return error_input(err, status, s->at.path);
}

lk_status lk_store_begin(lk_store *s, lk_error *err) {
    lk_status status = s->spoilt ? say_spoilt(s, err) : store_check_writable(s, err);
    if (status == LK_OK) {
        status = s->depth == 0 ? sql_write_begin(&s->at, err) : sql_part_begin(&s->at, err);
    }
    s->depth += status == LK_OK;
    return status;
}

/* Ends the transaction without a trace. */
static void roll_back(lk_store *s) {
    sql_roll_back(&s->at);
    s->spoilt = false;
}

static void roll_back_inner(lk_store *s) {
    if (!sql_part_undo(&s->at)) {
        s->spoilt = true;
    }
}

lk_status lk_store_end(lk_store *s, lk_status so_far, lk_error *err) {
    s->depth--;
    bool outermost = s->depth == 0;
    if (so_far == LK_OK && s->spoilt) {
        so_far = say_spoilt(s, err);
    }
    if (so_far == LK_OK) {
        so_far = outermost ? sql_commit(&s->at, err) : sql_part_keep(&s->at, err);
    }
    if (so_far != LK_OK) {
        store_forget_fingerprints(s);
    }
    if (so_far != LK_OK && outermost) {
        roll_back(s);
    } else if (so_far != LK_OK) {
        roll_back_inner(s);
    }
    return so_far;
}

lk_status store_read_begin(lk_store *s, lk_error *err) {
    lk_status status = s->depth == 0 ? sql_read_begin(&s->at, err) : LK_OK;
    s->depth += status == LK_OK;
    return status;
}

void store_read_end(lk_store *s) {
    s->depth--;
    if (s->depth == 0) {
        roll_back(s); /* nothing was written */
    }
}
