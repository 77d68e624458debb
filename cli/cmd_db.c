/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/store_place.h"

struct db_settings {
    struct common common;
    const char *db, *blobs;
};

#define AT(member) offsetof(struct db_settings, member)

static const struct option db_options[] = {
    STORE_OPTION(AT(db)),
    BLOBS_OPTION(AT(blobs)),
    OPTION_END,
};

/* What a verb is called with; names are behind it. */
struct db_call {
    const struct db_settings *s;
    lk_engine *engine;
    const char *const *names;
};

static enum exit_code fail(const struct db_call *c, const lk_error *err) {
    return report_error(&c->s->common, err);
}

/* -- Documents -- */

static void document_begin(struct json *j, const char *action, const char *store) {
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/db/1");
    json_text(j, "action", action);
    json_text(j, "store", store);
}

static enum exit_code document_end(const struct db_call *c, struct buf *b, struct json *j,
                                   enum exit_code code) {
    json_object_end(j);
    buf_add_text(b, "\n");
    return print_result(&c->s->common, b, code);
}

/* -- migrate -- */

static void tell_vectors(struct json *j, const lk_store_vectors *v) {
    if (v->failure[0]) {
        json_text(j, "vectors_failure", v->failure);
    }
    if (v->version[0]) {
        json_object_begin(j, "vectors");
        json_text(j, "pgvector", v->version);
        json_int(j, "rows", v->rows);
        json_int(j, "indexes", v->indexes);
        json_object_end(j);
    }
}

static enum exit_code migrate(const struct db_call *c) {
    struct buf b;
    struct json j;
    char where[4096];
    lk_error err = {0};
    int64_t before, after;
    if (!store_place(where, sizeof where, c->s->db)) {
        error_set(&err, LK_E_USAGE, "no place for a store: say --db DIR");
        return fail(c, &err);
    }
    if (lk_store_schema(&before, where, &err) != LK_OK) {
        return fail(c, &err);
    }
    lk_store *store = store_open_kept(&c->s->common, c->s->db, LK_STORE_WRITE);
    if (!store) {
        return EXIT_TROUBLE;
    }
    lk_store_vectors vectors;
    lk_status status = lk_store_vectors_make(&vectors, store, &err);
    status = status == LK_OK ? lk_store_schema(&after, where, &err) : status;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    if (c->s->common.json) {
        document_begin(&j, "migrate", lk_store_folder(store));
        json_int(&j, "version_before", before);
        json_int(&j, "version", after);
        tell_vectors(&j, &vectors);
    } else if (before == after) {
        buf_printf(&b, "version %lld, as this likeness has it\n", (long long)after);
    } else {
        buf_printf(&b, "brought from version %lld to %lld\n", (long long)before, (long long)after);
    }
    if (!c->s->common.json && vectors.version[0]) {
        buf_printf(&b, "%lld vectors in pgvector %s, %lld indexes\n", (long long)vectors.rows,
                   vectors.version, (long long)vectors.indexes);
    }
    if (!c->s->common.json && vectors.failure[0]) {
        buf_printf(&b, "no vectors in the database: %s\n", vectors.failure);
    }
    lk_store_close(store);
    if (status != LK_OK) {
        buf_release(&b);
        return fail(c, &err);
    }
    return c->s->common.json ? document_end(c, &b, &j, EXIT_YES)
                             : print_result(&c->s->common, &b, EXIT_YES);
}

/* -- check -- */

struct problems {
    struct buf lines; /* or items of a list */
    struct json j;
    bool json;
};

static void add_problem(void *arg, const char *text) {
    struct problems *p = arg;
    if (p->json) {
        json_text(&p->j, NULL, text);
    } else {
        buf_printf(&p->lines, "%s\n", text);
    }
}

static const char *plural(int64_t count) {
    return count == 1 ? "" : "s";
}

static void print_check(struct buf *b, const lk_store_check_result *r) {
    buf_printf(b,
               "%s: %lld reference%s, %lld version%s, %lld picture%s, %lld rows of what is "
               "derived, %lld entries of the log\n",
               r->problems ? "DAMAGED" : "ok", (long long)r->references, plural(r->references),
               (long long)r->versions, plural(r->versions), (long long)r->pictures,
               plural(r->pictures), (long long)r->derived, (long long)r->entries);
    if (r->kept) {
        buf_printf(b, "files beside %lld verdict%s\n", (long long)r->kept, plural(r->kept));
    }
    if (r->unused_pictures) {
        buf_printf(b, "%lld picture%s that nothing names, which is harmless\n",
                   (long long)r->unused_pictures, plural(r->unused_pictures));
    }
}

static void check_json(struct json *j, const lk_store_check_result *r) {
    json_bool(j, "sound", r->problems == 0);
    json_int(j, "references", r->references);
    json_int(j, "versions", r->versions);
    json_int(j, "pictures", r->pictures);
    json_int(j, "derived", r->derived);
    json_int(j, "entries", r->entries);
    json_int(j, "kept", r->kept);
    json_int(j, "unused_pictures", r->unused_pictures);
}

static enum exit_code check(const struct db_call *c) {
    struct problems p = {.json = c->s->common.json};
    lk_store_check_result r;
    lk_error err = {0};
    lk_store *store = store_open_with(&c->s->common, c->s->db, c->s->blobs, LK_STORE_READ);
    if (!store) {
        return EXIT_TROUBLE;
    }
    buf_init(&p.lines, 1 << 26);
    json_init(&p.j, &p.lines, 0);
    if (p.json) {
        document_begin(&p.j, "check", lk_store_folder(store));
        json_array_begin(&p.j, "problems");
    }
    lk_status status = lk_store_check(&r, store, c->engine, add_problem, &p, &err);
    lk_store_close(store);
    if (status != LK_OK) {
        buf_release(&p.lines);
        return fail(c, &err);
    }
    enum exit_code code = r.problems ? EXIT_NO : EXIT_YES;
    if (p.json) {
        json_array_end(&p.j);
        check_json(&p.j, &r);
        return document_end(c, &p.lines, &p.j, code);
    }
    print_check(&p.lines, &r);
    return print_result(&c->s->common, &p.lines, code);
}

/* -- backup, restore, copy -- */

/* What was copied, with the log's head of what it was copied from or to. */
static enum exit_code print_copied(const struct db_call *c, const char *action,
                                   const lk_store_copied *copied, lk_store *store,
                                   const char *other) {
    struct buf b;
    struct json j;
    lk_audit_check log;
    lk_error err = {0};
    char head[96];
    if (lk_audit_verify(&log, store, NULL, &err) != LK_OK) {
        return fail(c, &err);
    }
    lk_audit_head_text(head, sizeof head, &log.head);
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    if (c->s->common.json) {
        document_begin(&j, action, lk_store_folder(store));
        json_text(&j, strcmp(action, "backup") == 0 ? "to" : "from", other);
        json_int(&j, "tables", copied->tables);
        json_int(&j, "rows", copied->rows);
        json_int(&j, "pictures", copied->pictures);
        json_int(&j, "bytes", copied->bytes);
        json_text(&j, "head", head);
        json_bool(&j, "log_good", log.good);
        return document_end(c, &b, &j, log.good ? EXIT_YES : EXIT_NO);
    }
    buf_printf(&b, "%s: %lld rows of %lld tables, %lld picture%s (%lld bytes)\n", action,
               (long long)copied->rows, (long long)copied->tables, (long long)copied->pictures,
               plural(copied->pictures), (long long)copied->bytes);
    if (log.good) {
        buf_printf(&b, "log: %lld entries, head %s\n", (long long)log.count, head);
    } else {
        buf_printf(&b, "log: ALTERED, as it was: %s\n", log.text);
    }
    return print_result(&c->s->common, &b, log.good ? EXIT_YES : EXIT_NO);
}

static enum exit_code backup(const struct db_call *c) {
    lk_store_copied copied;
    lk_error err = {0};
    lk_store *store = store_open_with(&c->s->common, c->s->db, c->s->blobs, LK_STORE_READ);
    if (!store) {
        return EXIT_TROUBLE;
    }
    enum exit_code code = lk_store_backup(&copied, c->names[0], store, c->engine, &err) == LK_OK
                              ? print_copied(c, "backup", &copied, store, c->names[0])
                              : fail(c, &err);
    lk_store_close(store);
    return code;
}

/* Of the store that is made: what the option alone says, since the environment's is where the other one's are. */
static lk_blob_options made_blobs(const struct db_call *c) {
    lk_blob_options blobs = store_blobs(c->s->blobs);
    blobs.where = c->s->blobs;
    return blobs;
}

/* The store that was made, which is opened to be told of. */
static enum exit_code tell_made(const struct db_call *c, const char *action,
                                const lk_store_copied *copied, const char *place,
                                const char *other) {
    lk_store *store = store_open_with(&c->s->common, place, c->s->blobs, LK_STORE_READ);
    enum exit_code code = store ? print_copied(c, action, copied, store, other) : EXIT_TROUBLE;
    lk_store_close(store);
    return code;
}

static enum exit_code restore(const struct db_call *c) {
    lk_store_copied copied;
    lk_error err = {0};
    char where[4096];
    if (!store_place(where, sizeof where, c->s->db)) {
        error_set(&err, LK_E_USAGE, "no place for a store: say --db DIR");
        return fail(c, &err);
    }
    const lk_blob_options blobs = made_blobs(c);
    return lk_store_restore(&copied, where, &blobs, c->names[0], c->engine, &err) == LK_OK
               ? tell_made(c, "restore", &copied, c->s->db, c->names[0])
               : fail(c, &err);
}

static enum exit_code copy(const struct db_call *c) {
    lk_store_copied copied;
    lk_error err = {0};
    char where[4096];
    if (c->s->db) {
        return report_usage(&c->s->common, &command_db, "copy takes two stores, and no --db");
    }
    if (!store_place(where, sizeof where, c->names[1])) {
        error_set(&err, LK_E_USAGE, "the place of the second store is too long");
        return fail(c, &err);
    }
    lk_store *from = store_open(&c->s->common, c->names[0], LK_STORE_READ);
    if (!from) {
        return EXIT_TROUBLE;
    }
    const lk_blob_options blobs = made_blobs(c);
    enum exit_code code = lk_store_copy(&copied, where, &blobs, from, c->engine, &err) == LK_OK
                              ? tell_made(c, "copy", &copied, c->names[1], lk_store_folder(from))
                              : fail(c, &err);
    lk_store_close(from);
    return code;
}

/* -- The table of verbs -- */

static const struct verb {
    const char *name, *wants;
    size_t names;
    enum exit_code (*run)(const struct db_call *c);
} verbs[] = {
    {"migrate", "db migrate takes no name: --db says which store", 0, migrate},
    {"check", "db check takes no name: --db says which store", 0, check},
    {"backup", "db backup wants the name of a new file", 1, backup},
    {"restore", "db restore wants the name of a file that backup wrote", 1, restore},
    {"copy", "db copy wants two stores: one to read, and one to make", 2, copy},
};

static void add_words(struct buf *b) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        buf_printf(b, "%s%s", i > 0 ? " " : "", verbs[i].name);
    }
}

static enum exit_code db_command_run(void *settings, lk_engine *engine) {
    struct db_settings *s = settings;
    const struct db_call call = {s, engine, s->common.args.items + 1};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, s->common.args.items[0]) == 0) {
            return s->common.args.count - 1 == verbs[i].names
                       ? verbs[i].run(&call)
                       : report_usage(&s->common, &command_db, verbs[i].wants);
        }
    }
    return report_usage(&s->common, &command_db,
                        "the verbs are migrate, check, backup, restore and copy");
}

const struct command command_db = {
    .name = "db",
    .summary =
        "the store as a whole: bring up to date, check, back up, restore, move to PostgreSQL",
    .arguments = "migrate | check | backup FILE | restore FILE | copy FROM TO",
    .details =
        "A store is a folder, or a database of PostgreSQL for several machines: "
        "postgresql://USER@HOST/NAME, with\n"
        "--blobs DIR for pictures in a folder that all of them share, or s3://BUCKET/PREFIX. "
        "Passwords belong into\n"
        "~/.pgpass or PGPASSWORD, keys into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.\n"
        "copy makes TO of all that FROM holds, to the bit: versions, pictures, the log with its "
        "chain, cameras. backup writes the same\n"
        "into one file, and restore makes a store of that. They take one moment of the store, "
        "whoever writes meanwhile, and\n"
        "overwrite nothing. check looks at every row and picture; it ends with 1 when something is "
        "damaged.",
    .examples =
        "  likeness db check\n"
        "  likeness db backup /media/usb/likeness-2026-11-22.backup\n"
        "  likeness db restore --db new /media/usb/likeness-2026-11-22.backup\n"
        "  likeness db copy ~/.local/share/likeness postgresql://likeness@db.example/likeness\n",
    .least_args = 1,
    .most_args = 3,
    .add_words = add_words,
    .options = db_options,
    .settings_size = sizeof(struct db_settings),
    .run = db_command_run,
};
