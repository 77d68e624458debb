/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at everything that a store holds. */
#include <likeness/service.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "store/audit_log.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/reference.h"
#include "store/store_kind.h"

struct care {
    lk_store *store;
    lk_engine *engine;
    lk_store_check_result *out;
    void (*visit)(void *arg, const char *problem);
    void *arg;
};

static PRINTF_LIKE(2, 3) void problem(struct care *c, const char *format, ...) {
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->out->problems++;
    if (c->visit) {
        c->visit(c->arg, text);
    }
}

/* What is damage is a problem to tell; everything else ends the check. */
static lk_status tell(struct care *c, lk_status status, const lk_error *err) {
    if (status == LK_E_CORRUPT || status == LK_E_IO) {
        problem(c, "%s: %s", err->input, err->text);
        return LK_OK;
    }
    return status;
}

/* The lines that SQLite's own check and queries for what must not be give, each with `what` in front. */
static lk_status tell_rows(struct care *c, const char *query, const char *what, const char *fine,
                           lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->store->at, query);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        if (strcmp(sql_text(&q, 0), fine) != 0) {
            problem(c, "%s: %s", what, sql_text(&q, 0));
        }
    }
    sql_end(&q);
    return tell(c, status, err);
}

static lk_status check_structure(struct care *c, lk_error *err) {
    const char *const queries[][2] = {
        {c->store->kind->integrity, "the database's structure"},
        {"SELECT r.id FROM reference r WHERE r.newest <> (SELECT max(number) FROM version v WHERE "
         "v.reference = r.id) OR "
         "NOT EXISTS (SELECT 1 FROM version v WHERE v.reference = r.id)",
         "the newest version is another one"},
        {"SELECT v.reference FROM version v LEFT JOIN audit a ON a.seq = v.entry WHERE a.payload "
         "IS NULL OR a.payload <> v.record",
         "a version is not as the log says"},
        {"SELECT r.id FROM reference r WHERE (r.removed IS NULL) = (coalesce((SELECT a.kind FROM "
         "audit a WHERE "
         "a.subject = r.id AND a.subject <> '' AND a.kind IN ('ref.add', 'ref.import', 'ref.rm') "
         "ORDER BY a.seq DESC LIMIT 1), '') = 'ref.rm')",
         "in use or not, against the log"},
        {"SELECT v.reference FROM version v WHERE v.reference NOT IN (SELECT id FROM reference)",
         "a version without its reference"},
    };
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(queries); i++) {
        status = tell_rows(c, queries[i][0], queries[i][1], i == 0 ? "ok" : "", err);
    }
    return status;
}

static lk_status check_picture(struct care *c, const lk_reference *r, lk_error *err) {
    lk_bytes picture;
    lk_status status = engine_check_stop(c->engine, err);
    if (status != LK_OK || r->purged) {
        return status;
    }
    status = lk_reference_picture(&picture, c->store, r, err);
    c->out->pictures++;
    lk_bytes_release(&picture);
    return tell(c, status, err);
}

static lk_status check_versions(struct care *c, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->store->at,
              "SELECT " REFERENCE_COLUMNS REFERENCE_TABLES "ORDER BY v.reference, v.number");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        lk_reference r;
        c->out->versions++;
        c->out->references += sql_int(&q, 3) == 1;
        status = reference_row(&r, &q, err);
        if (status == LK_OK) {
            status = check_picture(c, &r, err);
            lk_reference_release(&r);
        } else {
            status = tell(c, status, err);
        }
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return tell(c, status, err);
}

static lk_status check_derived(struct care *c, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->store->at, "SELECT kind, algorithm, model, reference, number FROM derived");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        const lk_derived_key key = {sql_text(&q, 0), (int32_t)sql_int(&q, 1), sql_text(&q, 2)};
        lk_bytes data;
        bool there;
        c->out->derived++;
        status = lk_derived_get(&data, &there, c->store, sql_text(&q, 3), (int32_t)sql_int(&q, 4),
                                &key, err);
        lk_bytes_release(&data);
        status = tell(c, status, err);
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return tell(c, status, err);
}

static bool pass_over(void *arg, const lk_submission *p) {
    (void)arg;
    (void)p;
    return true;
}

static lk_status check_log(struct care *c, lk_error *err) {
    lk_audit_check check;
    lk_status status = lk_audit_verify(&check, c->store, NULL, err);
    if (status == LK_OK) {
        c->out->entries = check.count;
        if (!check.good) {
            problem(c, "the audit log: %s", check.text);
        }
        status = lk_submission_visit(c->store, NULL, pass_over, NULL, err);
    }
    return tell(c, status, err);
}

static bool want_all(void *arg, const char *name) {
    (void)arg, (void)name;
    return true;
}

static void pass_file(void *arg, const lk_kept_file *file) {
    (void)arg, (void)file;
}

/* Each file beside a verdict, against its own SHA-256. */
static lk_status check_kept(struct care *c, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->store->at, "SELECT entry FROM kept ORDER BY entry");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        c->out->kept++;
        status = engine_check_stop(c->engine, err);
        if (status == LK_OK) {
            status = lk_kept_read(c->store, sql_int(&q, 0), want_all, pass_file, NULL, err);
            status = tell(c, status, err);
        }
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return tell(c, status, err);
}

/* Files in the folder of pictures that nothing in use names. */
static void look_at_file(void *arg, const char *name) {
    struct care *c = arg;
    struct sql q;
    int64_t used;
    sql_begin(&q, &c->store->at, "SELECT count(*) FROM picture_in_use WHERE sha256 = ?");
    sql_bind_text(&q, name);
    if (sql_finish_int(&used, &q, 0, NULL) == LK_OK && used == 0) {
        c->out->unused_pictures++;
    }
}

lk_status lk_store_check(lk_store_check_result *out, lk_store *store, lk_engine *engine,
                         void (*visit)(void *arg, const char *problem), void *arg, lk_error *err) {
    lk_error kept; /* what is told to visit needs words, also when the caller wants none */
    struct care c = {store, engine, out, visit, arg};
    err = err ? err : &kept;
    *out = (lk_store_check_result){0};
    lk_status status = store_read_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    status = check_structure(&c, err);
    if (status == LK_OK) {
        status = check_versions(&c, err);
    }
    if (status == LK_OK) {
        status = check_derived(&c, err);
    }
    if (status == LK_OK) {
        status = check_log(&c, err);
    }
    if (status == LK_OK) {
        status = check_kept(&c, err);
    }
    if (status == LK_OK) {
        status = blob_visit(store, look_at_file, &c, err);
    }
    store_read_end(store);
    return status;
}
