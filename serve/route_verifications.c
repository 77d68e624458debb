/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on record, as the audit log has them, what was made beside them, and what people decided. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "serve/answer_fields.h"
#include "serve/server.h"
#include "serve/verdict_files.h"

enum { CHUNK = 100, LOOKED_AT_MOST = 10000 };

/* -- One record -- */

/* Of the payload, likeness/verdict/1, what a list shows. */
static void record_members(struct json *j, const lk_audit_entry *e, const struct json_t *record) {
    const char *reference = object_text(record, "reference");
    const struct json_t *photo = object_object(record, "photo", 0);
    json_int(j, "entry", e->seq);
    json_text(j, "at", e->at);
    json_text(j, "actor", e->actor);
    json_text(j, "verdict", object_text(record, "verdict"));
    json_text(j, "intact", object_text(record, "intact"));
    json_number(j, "probability", object_number(record, "probability", 0));
    if (reference) {
        json_text(j, "reference", reference);
        json_int(j, "version", object_int(record, "version", 0));
    } else {
        json_null(j, "reference");
    }
    json_text(j, "photo_sha256", photo ? object_text(photo, "sha256") : "");
    json_text(j, "policy", object_text(record, "policy"));
    json_text(j, "note", object_text(record, "note"));
}

/* -- The list, newest first -- */

struct wanted {
    const char *verdict, *reference, *actor, *day, *decision;
};

struct row {
    int64_t entry, decided;
    char decision[32];
    bool fits;
    lk_bytes text; /* the object without its end */
};

struct chunk {
    const struct wanted *wanted;
    struct row rows[CHUNK];
    int32_t count;
    bool earlier; /* than the day that is wanted: nothing more to come */
};

static bool is(const char *wanted, const char *text) {
    return !wanted || (text && strcmp(wanted, text) == 0);
}

static bool fits(const struct wanted *w, const lk_audit_entry *e, const struct json_t *record) {
    return is(w->verdict, object_text(record, "verdict")) && is(w->reference, e->subject) &&
           is(w->actor, e->actor) && (!w->day || strncmp(e->at, w->day, 10) == 0);
}

static bool take_row(void *arg, const lk_audit_entry *e) {
    struct chunk *c = arg;
    struct row *row = &c->rows[c->count];
    struct json_t *record = object_parse(e->payload, e->payload_size);
    struct buf b;
    struct json j;
    memset(row, 0, sizeof *row);
    row->entry = e->seq;
    c->earlier = c->earlier || (c->wanted->day && strncmp(e->at, c->wanted->day, 10) < 0);
    if (strcmp(e->kind, "verify") == 0 && record && fits(c->wanted, e, record)) {
        buf_init(&b, 1 << 16);
        json_init(&j, &b, 0);
        json_object_begin(&j, NULL);
        record_members(&j, e, record);
        row->fits = buf_finish(&b, &row->text, NULL) == LK_OK;
    }
    object_free(record);
    return ++c->count < CHUNK;
}

static void take_decision(void *arg, const lk_decision *d, int64_t entry) {
    struct chunk *c = arg;
    for (int32_t i = 0; i < c->count; i++) {
        if (c->rows[i].entry == d->verdict) {
            c->rows[i].decided = entry;
            snprintf(c->rows[i].decision, sizeof c->rows[i].decision, "%s", d->word);
        }
    }
}

static void write_row(struct buf *out, bool first, const struct row *row) {
    buf_add_text(out, first ? "" : ",");
    buf_add(out, row->text.data, row->text.size);
    if (row->decided > 0) {
        buf_printf(out, ",\"decision\":\"%s\",\"decision_entry\":%lld", row->decision,
                   (long long)row->decided);
    }
    buf_add_text(out, "}");
}

struct listing {
    struct wanted wanted;
    struct buf *out;
    int64_t below, left, looked_at;
    int32_t shown;
    bool ended;
};

/* The next ones that come before `below`. */
static lk_status list_chunk(struct listing *l, lk_store *store, struct chunk *c, lk_error *err) {
    const lk_audit_query query = {
        .last = l->below - 1, .newest = CHUNK, .kind = "verify", .subject = l->wanted.reference};
    const char *decision = l->wanted.decision;
    lk_status status = LK_OK;
    c->wanted = &l->wanted;
    c->count = 0;
    if (l->below > 1) {
        status = lk_audit_list(store, &query, take_row, c, err);
    }
    if (status == LK_OK && c->count > 0) {
        status = lk_decision_visit(store, c->rows[0].entry, c->rows[c->count - 1].entry,
                                   take_decision, c, err);
    }
    l->ended = c->count < CHUNK || c->earlier;
    l->looked_at += c->count;
    for (int32_t i = c->count - 1; i >= 0; i--) {
        struct row *row = &c->rows[i];
        bool shown =
            row->fits && l->left > 0 && is(decision, row->decision[0] ? row->decision : "none");
        if (shown) {
            write_row(l->out, l->shown++ == 0, row);
            l->left--;
        }
        l->below = l->left > 0 || shown ? row->entry : l->below;
        l->ended = l->ended && !(row->fits && !shown && l->left == 0);
        lk_bytes_release(&row->text);
    }
    return status;
}

/* YYYY-MM-DD */
static bool is_day(const char *text) {
    static const char pattern[] = "0000-00-00";
    bool right = strlen(text) == 10;
    for (int i = 0; right && i < 10; i++) {
        right = pattern[i] == '-' ? text[i] == '-' : text[i] >= '0' && text[i] <= '9';
    }
    return right;
}

static void list_verifications(struct request *r, struct bench *bench) {
    struct listing l = {.wanted = {request_query(r, "verdict"), request_query(r, "reference"),
                                   request_query(r, "actor"), request_query(r, "day"),
                                   request_query(r, "decision")},
                        .out = &r->out,
                        .below = request_query_int(r, "cursor", INT64_MAX),
                        .left = request_query_int(r, "limit", 50)};
    lk_error err = {0};
    lk_status status = LK_OK;
    if (l.wanted.day && !is_day(l.wanted.day)) {
        answer_problem(r, 400, "bad-query", "day takes YYYY-MM-DD, in UTC");
        return;
    }
    struct chunk *c = mem_calloc(1, sizeof *c);
    buf_add_text(&r->out, "{\"verifications\":[");
    while (c && status == LK_OK && !l.ended && l.left > 0 && l.looked_at < LOOKED_AT_MOST) {
        status = list_chunk(&l, bench->store, c, &err);
    }
    if (!c) {
        answer_problem(r, 503, "busy", "no memory");
    } else if (status != LK_OK) {
        answer_error(r, &err);
    } else {
        buf_add_text(&r->out, "]");
        if (!l.ended) {
            buf_printf(&r->out, ",\"next\":\"%lld\"", (long long)l.below);
        }
        buf_add_text(&r->out, "}\n");
        answer_written(r, 200);
    }
    mem_free(c);
}

/* -- One -- */

struct finding {
    struct json j;
    bool found;
    char subject[LK_REFERENCE_ID_MAX + 1], verdict[16];
};

static bool take_record(void *arg, const lk_audit_entry *e) {
    struct finding *f = arg;
    struct json_t *record = object_parse(e->payload, e->payload_size);
    lk_bytes text = {0};
    if (strcmp(e->kind, "verify") == 0 && record) {
        f->found = true;
        snprintf(f->subject, sizeof f->subject, "%s", e->subject);
        snprintf(f->verdict, sizeof f->verdict, "%s", object_text(record, "verdict"));
        record_members(&f->j, e, record);
        json_raw(&f->j, "record", e->payload, e->payload_size);
        lk_status status = lk_report_audit_entry(&text, e, NULL);
        json_document(&f->j, "log", status, &text);
    }
    object_free(record);
    return false;
}

static int64_t entry_of(const struct request *r) {
    const char *text = r->parameters[0];
    bool right = strlen(text) < 18 && strspn(text, "0123456789") == strlen(text);
    return right ? strtoll(text, NULL, 10) : 0;
}

/* The record into the open object; false with a problem as the answer. */
static bool find_record(struct finding *f, struct request *r, struct bench *bench) {
    int64_t entry = entry_of(r);
    const lk_audit_query query = {.first = entry, .last = entry};
    lk_error err = {0};
    lk_status status =
        entry > 0 ? lk_audit_list(bench->store, &query, take_record, f, &err) : LK_OK;
    if (status != LK_OK) {
        answer_error(r, &err);
    } else if (!f->found) {
        answer_problem(r, 404, "not-found", "no verdict is on record as entry %.20s",
                       r->parameters[0]);
    }
    return !r->is_ready;
}

struct decisions {
    struct json *j;
    int64_t verdict;
};

static bool list_decision(void *arg, const lk_audit_entry *e) {
    struct decisions *d = arg;
    struct json_t *record = object_parse(e->payload, e->payload_size);
    if (record && object_int(record, "entry", 0) == d->verdict) {
        json_object_begin(d->j, NULL);
        json_int(d->j, "entry", e->seq);
        json_text(d->j, "at", e->at);
        json_text(d->j, "actor", e->actor);
        json_text(d->j, "decision", object_text(record, "decision"));
        json_text(d->j, "reason", object_text(record, "reason"));
        json_object_end(d->j);
    }
    object_free(record);
    return true;
}

static void note_any(void *arg, const lk_decision *d, int64_t entry) {
    (void)d, (void)entry;
    *(bool *)arg = true;
}

/* All of them, in their order; the last one counts. The log is looked through only where there are any. */
static lk_status list_decisions(struct finding *f, lk_store *store, int64_t entry, lk_error *err) {
    struct decisions d = {&f->j, entry};
    const lk_audit_query query = {
        .first = entry, .kind = "decision", .subject = f->subject[0] ? f->subject : NULL};
    bool any = false;
    json_array_begin(&f->j, "decisions");
    lk_status status = lk_decision_visit(store, entry, entry, note_any, &any, err);
    status = status == LK_OK && any ? lk_audit_list(store, &query, list_decision, &d, err) : status;
    json_array_end(&f->j);
    return status;
}

/* What may be made beside it. */
static const char *const files[] = {"result.json", "report.html", "evidence.lkev", "reference",
                                    "aligned",     "photo",       "heat",          "map",
                                    "differences", "matches"};
enum { FILES = sizeof files / sizeof *files };

static bool find_file(struct shelf_item *out, struct request *r, int64_t entry, const char *name) {
    char key[SHELF_KEY_MAX + 1];
    verdict_file_key(key, entry, name);
    return shelf_find(out, &r->server->pictures, key);
}

static void note_file(void *arg, const lk_kept_file *file) {
    bool *there = arg;
    for (size_t i = 0; i < FILES; i++) {
        there[i] = there[i] || strcmp(files[i], file->name) == 0;
    }
}

/* Those of the store. Those that this process alone has count where it keeps none in the store: what that has forgotten is
 * forgotten. */
static lk_status list_files(struct json *j, struct request *r, struct bench *bench, int64_t entry,
                            lk_error *err) {
    struct shelf_item item;
    bool there[FILES] = {false};
    lk_status status = lk_kept_list(bench->store, entry, note_file, there, err);
    bool own = r->server->options->kept_bytes == 0;
    json_object_begin(j, "files");
    for (size_t i = 0; i < FILES; i++) {
        char path[100];
        if (own && !there[i] && find_file(&item, r, entry, files[i])) {
            close(item.file);
            there[i] = true;
        }
        if (there[i]) {
            snprintf(path, sizeof path, "/api/v1/verifications/%lld/%s", (long long)entry,
                     files[i]);
            json_text(j, files[i], path);
        }
    }
    json_object_end(j);
    return status;
}

static void get_verification(struct request *r, struct bench *bench) {
    struct finding f = {.found = false};
    int64_t entry = entry_of(r);
    lk_error err = {0};
    json_init(&f.j, &r->out, 0);
    json_object_begin(&f.j, NULL);
    if (!find_record(&f, r, bench)) {
        return;
    }
    if (list_decisions(&f, bench->store, entry, &err) != LK_OK ||
        list_files(&f.j, r, bench, entry, &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    json_object_end(&f.j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 200);
}

/* Why there is none. */
static void answer_gone(struct request *r, struct bench *bench) {
    struct finding f = {.found = false};
    struct buf rest;
    buf_init(&rest, 1 << 20);
    json_init(&f.j, &rest, 0);
    if (find_record(&f, r, bench)) {
        answer_problem(r, 410, "gone",
                       "it was not made (\"pictures\", \"report\" and \"evidence\" of the request "
                       "say what is), or is kept no longer (--keep-verdicts)");
    }
    buf_release(&rest);
}

/* The file in item, or -1 there; false with a problem as the answer. */
static bool find_kept(struct shelf_item *item, struct request *r, struct bench *bench,
                      int64_t entry, const char *name) {
    bool there[FILES] = {false}, listed = false;
    lk_error err = {0};
    item->file = -1;
    if (lk_kept_list(bench->store, entry, note_file, there, &err) != LK_OK) {
        answer_error(r, &err);
        return false;
    }
    for (size_t i = 0; i < FILES; i++) {
        listed = listed || (there[i] && strcmp(files[i], name) == 0);
    }
    if (!listed && r->server->options->kept_bytes > 0) {
        return true;
    }
    return find_file(item, r, entry, name) || !listed ||
           verdict_files_fetch(item, r, bench, entry, name);
}

static void get_file(struct request *r, struct bench *bench) {
    struct shelf_item item;
    const char *name = r->parameters[1];
    int64_t entry = entry_of(r);
    bool known = false;
    for (size_t i = 0; i < FILES; i++) {
        known = known || strcmp(files[i], name) == 0;
    }
    if (!known) {
        answer_problem(r, 404, "not-found", "nothing is at that path");
        return;
    }
    if (!find_kept(&item, r, bench, entry, name)) {
        return;
    }
    if (item.file >= 0) {
        r->saves_as = strncmp(item.type, "image/", 6) == 0 ? NULL : name;
        answer_file(r, &item);
    } else {
        answer_gone(r, bench);
    }
}

/* -- Decisions -- */

static bool goes_against(const char *verdict, const char *word) {
    return (strcmp(word, "accept") == 0 && strcmp(verdict, "same") != 0) ||
           (strcmp(word, "reject") == 0 && strcmp(verdict, "same") == 0);
}

static void post_decision(struct request *r, struct bench *bench) {
    struct finding f = {.found = false};
    struct buf rest;
    struct json j;
    lk_error err = {0};
    int64_t number;
    const char *reason = request_text(r, "reason");
    const lk_decision d = {.verdict = entry_of(r),
                           .word = request_text(r, "decision"),
                           .reason = reason,
                           .actor = request_actor(r)};
    buf_init(&rest, 4 << 20);
    json_init(&f.j, &rest, 0);
    bool found = find_record(&f, r, bench);
    buf_release(&rest);
    if (!found) {
        return;
    }
    if (goes_against(f.verdict, d.word) && !(reason && reason[strspn(reason, " \t\r\n")])) {
        answer_problem(r, 422, "reason-required", "to %s what the machine calls %s wants a reason",
                       d.word, f.verdict);
        return;
    }
    if (lk_decision_add(&number, bench->store, &d, &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_int(&j, "entry", number);
    json_int(&j, "verdict_entry", d.verdict);
    json_text(&j, "decision", d.word);
    json_text(&j, "reason", reason ? reason : "");
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 201);
}

static const struct field list_query[] = {
    {"limit", "how many at most (50)", .kind = FIELD_INT, .least = 1, .most = 500},
    {"cursor", "\"next\" of the answer before", .kind = FIELD_INT, .least = 1, .most = 1e15},
    {"verdict", "only these", .kind = FIELD_TEXT, .words = "same different cannot-tell"},
    {"reference", "only of this one", .kind = FIELD_TEXT, .least = 1, .most = LK_REFERENCE_ID_MAX},
    {"actor", "only by this one", .kind = FIELD_TEXT, .least = 1, .most = LK_ACTOR_MAX},
    {"day", "only of this day, YYYY-MM-DD in UTC", .kind = FIELD_TEXT, .least = 10, .most = 11},
    {"decision", "only those on which a person decided so, or nobody has", .kind = FIELD_TEXT,
     .words = "accept reject retake none"},
    FIELD_END};

static const struct field decision_fields[] = {
    {"decision", "what a person says", .kind = FIELD_TEXT, .required = true,
     .words = "accept reject retake"},
    {"reason", "required where it goes against the verdict", .kind = FIELD_TEXT,
     .most = LK_NOTE_MAX},
    ACTOR_FIELD,
    FIELD_END};

const struct route verification_routes[] = {
    {.method = "GET",
     .path = "/api/v1/verifications",
     .summary = "verdicts on record, the newest first",
     .query = list_query,
     .computes = true,
     .scope = SCOPE_READ | SCOPE_VERIFY,
     .answer = answer_verifications,
     .handle = list_verifications},
    {.method = "GET",
     .path = "/api/v1/verifications/{entry}",
     .summary = "a verdict on record, its entry of the log, decisions on it, and what was made "
                "beside it and is still kept",
     .computes = true,
     .scope = SCOPE_READ | SCOPE_VERIFY,
     .handle = get_verification},
    {.method = "GET",
     .path = "/api/v1/verifications/{entry}/{file}",
     .summary = "what was made beside it: result.json, report.html, evidence.lkev, or a picture "
                "(reference, aligned, photo, heat, map, differences, matches), the same bytes each "
                "time; 410 when it is kept no longer",
     .computes = true,
     .scope = SCOPE_READ | SCOPE_VERIFY,
     .handle = get_file,
     .type = "*/*"},
    {.method = "POST",
     .path = "/api/v1/verifications/{entry}/decision",
     .summary = "what a person decides on a verdict, as an entry of the log of its own",
     .body = BODY_JSON,
     .fields = decision_fields,
     .computes = true,
     .scope = SCOPE_DECIDE,
     .handle = post_decision,
     .success = 201},
    ROUTE_END,
};
