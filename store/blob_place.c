/* SPDX-License-Identifier: Apache-2.0 */
/* Which place the blobs of a store are in. One that was chosen when the store was made stands in the table blob_place, so that
 * whoever opens the store finds them, or is told; without a row they are where the store itself is. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/blob_kind.h"
#include "store/s3.h"

/* -- Options -- */

static char **member(struct blob_options *o, int i) {
    char **all[] = {&o->where,      &o->endpoint,      &o->region, &o->access_key,
                    &o->secret_key, &o->session_token, &o->ca_file};
    return i < (int)ARRAY_COUNT(all) ? all[i] : NULL;
}

lk_status blob_options_copy(struct blob_options *out, const lk_blob_options *from, lk_error *err) {
    const char *const given[] = {from->where,      from->endpoint,   from->region,
                                 from->access_key, from->secret_key, from->session_token,
                                 from->ca_file};
    *out = (struct blob_options){0};
    for (int i = 0; i < (int)ARRAY_COUNT(given); i++) {
        if (given[i] && given[i][0]) {
            *member(out, i) = mem_strdup(given[i]);
            if (!*member(out, i)) {
                return error_memory(err, strlen(given[i]));
            }
        }
    }
    return LK_OK;
}

void blob_options_release(struct blob_options *o) {
    for (int i = 0; member(o, i); i++) {
        mem_free(*member(o, i));
        *member(o, i) = NULL;
    }
}

lk_blob_options blob_options_given(const struct blob_options *o) {
    return (lk_blob_options){o->where,      o->endpoint,      o->region, o->access_key,
                             o->secret_key, o->session_token, o->ca_file};
}

/* -- What is remembered -- */

static lk_status read_salt(lk_store *s, lk_error *err) {
    struct store_state state;
    lk_status status = store_state(&state, s, err);
    for (int i = 0; status == LK_OK && i < 16; i++) {
        snprintf(s->blob_salt + 2 * i, 3, "%02x", state.salt[i]);
    }
    return status;
}

static const struct blob_kind *kind_of(const char *word) {
    static const struct blob_kind *const kinds[] = {&blob_kind_folder, &blob_kind_rows,
                                                    &blob_kind_s3};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (strcmp(kinds[i]->word, word) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

/* at->kind stays NULL where nothing is. */
static lk_status read_row(struct blob_where *at, const lk_store *s, lk_error *err) {
    struct sql q;
    bool row;
    sql_begin(&q, &s->at, "SELECT kind, place FROM blob_place");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        at->kind = kind_of(sql_text(&q, 0));
        snprintf(at->text, sizeof at->text, "%s", sql_text(&q, 1));
        if (!at->kind) {
            status = error_set(err, LK_E_FORMAT, "its pictures lie in a place of a kind \"%.20s\"",
                               sql_text(&q, 0));
            error_input(err, status, s->at.path);
        }
    }
    sql_end(&q);
    return status;
}

static lk_status insert_row(lk_store *s, const struct blob_where *at, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "INSERT INTO blob_place (one, kind, place) VALUES (1, ?, ?)");
    sql_bind_text(&q, at->kind->word);
    sql_bind_text(&q, at->text);
    return sql_finish(&q, err);
}

/* -- Choosing -- */

static lk_status choose(struct blob_where *at, const struct blob_options *o, lk_error *err) {
    char whole[PATH_MAX];
    *at = (struct blob_where){.kind = &blob_kind_folder, .is_new = true};
    if (s3_is_address(o->where)) {
        at->kind = &blob_kind_s3;
        return s3_address(at->text, sizeof at->text, o->where, o, err);
    }
    lk_status status = store_make_folders(o->where, err);
    if (status != LK_OK) {
        return status;
    }
    if (!realpath(o->where, whole) || strlen(whole) > BLOB_WHERE_MAX) {
        return error_input(err, error_set(err, LK_E_USAGE, "no folder for pictures"), o->where);
    }
    snprintf(at->text, sizeof at->text, "%.*s", BLOB_WHERE_MAX, whole);
    return LK_OK;
}

lk_status blob_remember(lk_store *s, lk_error *err) {
    struct blob_where at;
    if (!s->blob_options.where) {
        return LK_OK;
    }
    lk_status status = choose(&at, &s->blob_options, err);
    status = status == LK_OK ? read_salt(s, err) : status;
    status = status == LK_OK ? at.kind->open(s, &at, err) : status;
    s->blobs = status == LK_OK ? at.kind : NULL;
    if (status != LK_OK && at.kind) {
        at.kind->close(s);
    }
    return status == LK_OK ? insert_row(s, &at, err) : status;
}

/* -- Opening -- */

static lk_status elsewhere(const lk_store *s, const struct blob_where *at, lk_error *err) {
    const char *where = at->text[0]                   ? at->text
                        : at->kind == &blob_kind_rows ? "the database"
                                                      : "the store's own folder";
    lk_status status = error_set(err, LK_E_USAGE,
                                 "its pictures lie in %.300s, not in %.100s; likeness db copy with "
                                 "--blobs moves a store",
                                 where, s->blob_options.where);
    return error_input(err, status, s->at.path);
}

/* A folder that machines share may have another path on each. What an address says of an endpoint counts, since it may have another
 * name here. */
static lk_status follow_options(struct blob_where *at, const lk_store *s, lk_error *err) {
    const char *given = s->blob_options.where;
    bool s3 = given && s3_is_address(given);
    if (!given) {
        return LK_OK;
    }
    if (s3 != (at->kind == &blob_kind_s3) || at->kind == &blob_kind_rows || !at->text[0] ||
        (s3 && !s3_same(given, at->text))) {
        return elsewhere(s, at, err);
    }
    if (!s3 || strchr(given, '?')) {
        snprintf(at->text, sizeof at->text, "%s", given);
    }
    return LK_OK;
}

lk_status blob_open(lk_store *s, lk_error *err) {
    struct blob_where at = {0};
    if (s->blobs) {
        return LK_OK;
    }
    lk_status status = read_row(&at, s, err);
    if (status == LK_OK && !at.kind) {
        status = s->kind->own_blobs(&at, s, err);
    }
    status = status == LK_OK ? follow_options(&at, s, err) : status;
    status = status == LK_OK ? read_salt(s, err) : status;
    if (status == LK_OK) {
        status = at.kind->open(s, &at, err);
        s->blobs = at.kind; /* to be closed in any case */
    }
    return status;
}

/* -- Of two stores -- */

lk_status blob_expect_other(const lk_store *to, const lk_store *from, lk_error *err) {
    struct blob_where of = {0}, chosen;
    if (!to->blob_options.where || from->blobs == &blob_kind_rows) {
        return LK_OK;
    }
    lk_status status = read_row(&of, from, err);
    status = status == LK_OK ? choose(&chosen, &to->blob_options, err) : status;
    bool same = status == LK_OK && of.text[0] && of.kind == chosen.kind &&
                (of.kind == &blob_kind_s3 ? s3_same(of.text, chosen.text)
                                          : strcmp(of.text, chosen.text) == 0);
    if (same) {
        status = error_set(err, LK_E_USAGE, "two stores cannot keep their pictures in one place");
        error_input(err, status, of.text);
    }
    return status;
}
