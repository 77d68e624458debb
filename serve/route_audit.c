/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log of the store: the document of `likeness audit --json`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "serve/server.h"

enum { PROOF_MOST = 1000 };

static void document_begin(struct json *j, struct request *r, const struct bench *bench) {
    json_init(j, &r->out, 0);
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/audit/1");
    json_text(j, "store", lk_store_folder(bench->store));
}

/* The head belongs to the state of the store that the entries are of, or a later one. */
static void document_end(struct json *j, struct request *r, struct bench *bench, lk_status status,
                         lk_error *err) {
    lk_audit_head head;
    lk_bytes text = {0};
    status = status == LK_OK ? lk_audit_head_get(&head, bench->store, err) : status;
    if (status != LK_OK) {
        answer_error(r, err);
        return;
    }
    status = lk_report_audit_head(&text, &head, NULL);
    json_document(j, "head", status, &text);
    json_object_end(j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 200);
}

struct listing {
    struct json j;
    int64_t left, first, last;
    bool more;
};

static bool list_entry(void *arg, const lk_audit_entry *e) {
    struct listing *l = arg;
    lk_bytes text = {0};
    l->more = l->left-- == 0;
    if (!l->more) {
        lk_status status = lk_report_audit_entry(&text, e, NULL);
        json_document(&l->j, NULL, status, &text);
        l->first = l->first > 0 ? l->first : e->seq;
        l->last = e->seq;
    }
    return !l->more;
}

/* With `after` from there on; else the last ones, or those below `before`. Oldest first, always. */
static void list_entries(struct request *r, struct bench *bench) {
    int64_t limit = request_query_int(r, "limit", 50);
    int64_t before = request_query_int(r, "before", 0);
    bool on = request_query(r, "after") != NULL;
    struct listing l = {.left = limit};
    const lk_audit_query query = {.first = on ? request_query_int(r, "after", 0) + 1 : 0,
                                  .last = before > 0 ? before - 1 : 0,
                                  .newest = on ? 0 : limit,
                                  .kind = request_query(r, "kind"),
                                  .subject = request_query(r, "subject")};
    lk_error err = {0};
    if (on && before > 0) {
        answer_problem(r, 400, "bad-query", "after or before, not both");
        return;
    }
    document_begin(&l.j, r, bench);
    json_array_begin(&l.j, "entries");
    lk_status status =
        before == 1 ? LK_OK : lk_audit_list(bench->store, &query, list_entry, &l, &err);
    json_array_end(&l.j);
    if (on && l.more) {
        json_int(&l.j, "next_after", l.last);
    } else if (!on && l.first > 1) {
        json_int(&l.j, "next_before", l.first);
    }
    document_end(&l.j, r, bench, status, &err);
}

static void get_head(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    document_begin(&j, r, bench);
    json_array_begin(&j, "entries");
    json_array_end(&j);
    document_end(&j, r, bench, LK_OK, &err);
}

/* Whoever holds the head can follow the chain from the entry to it: the hash of each is that of its texts and the one before. */
static void get_proof(struct request *r, struct bench *bench) {
    struct listing l = {.left = PROOF_MOST};
    lk_audit_head head;
    lk_error err = {0};
    const char *number = r->parameters[0];
    int64_t seq = strlen(number) < 18 && strspn(number, "0123456789") == strlen(number)
                      ? strtoll(number, NULL, 10)
                      : 0;
    const lk_audit_query query = {.first = seq, .last = seq + PROOF_MOST};
    if (lk_audit_head_get(&head, bench->store, &err) != LK_OK) {
        answer_error(r, &err);
    } else if (seq < 1 || seq > head.count) {
        answer_problem(r, 404, "not-found", "the log has entries 1 to %lld", (long long)head.count);
    } else if (head.count - seq >= PROOF_MOST) {
        answer_problem(r, 422, "over-limit",
                       "%lld entries lie between it and the head, a proof has %d at most: take the "
                       "whole log (likeness audit export), or its parts (GET /api/v1/audit?after=)",
                       (long long)(head.count - seq), (int)PROOF_MOST);
    } else {
        document_begin(&l.j, r, bench);
        json_array_begin(&l.j, "entries");
        lk_status status = lk_audit_list(bench->store, &query, list_entry, &l, &err);
        json_array_end(&l.j);
        document_end(&l.j, r, bench, status, &err);
    }
}

static void verify_log(struct request *r, struct bench *bench) {
    struct json j;
    lk_audit_head kept;
    lk_audit_check check;
    lk_bytes text = {0};
    lk_error err = {0};
    const char *head = request_query(r, "head");
    if (head && lk_audit_head_parse(&kept, head, &err) != LK_OK) {
        answer_problem(r, 400, "bad-query", "head: %.300s", err.text);
        return;
    }
    if (lk_audit_verify(&check, bench->store, head ? &kept : NULL, &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    document_begin(&j, r, bench);
    lk_status status = lk_report_audit_check(&text, &check, head != NULL, NULL);
    json_document(&j, "check", status, &text);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 200);
}

static const struct field list_query[] = {
    {"after", "from the entry behind this number on", .kind = FIELD_INT, .least = 0, .most = 1e15},
    {"before", "the last ones below this number", .kind = FIELD_INT, .least = 1, .most = 1e15},
    {"limit", "how many at most (50)", .kind = FIELD_INT, .least = 1, .most = 1000},
    {"kind", "whose kind begins so: verify, ref, ref.add", .kind = FIELD_TEXT, .least = 1,
     .most = LK_AUDIT_KIND_MAX},
    {"subject", "about this reference", .kind = FIELD_TEXT, .least = 1,
     .most = LK_REFERENCE_ID_MAX},
    FIELD_END};

static const struct field verify_query[] = {
    {"head", "a head that was kept, COUNT:HASH or HASH: the log must go on from it",
     .kind = FIELD_TEXT, .least = 1, .most = 100},
    FIELD_END};

const struct route audit_routes[] = {
    {.method = "GET",
     .path = "/api/v1/audit",
     .summary = "entries of the audit log, oldest first: the last ones, or from `after` on; as "
                "likeness audit list --json",
     .query = list_query,
     .computes = true,
     .handle = list_entries,
     .schema = "audit-1"},
    {.method = "GET",
     .path = "/api/v1/audit/head",
     .summary = "how far the log goes and the hash of its end: to be kept elsewhere",
     .computes = true,
     .handle = get_head,
     .schema = "audit-1"},
    {.method = "GET",
     .path = "/api/v1/audit/proof/{entry}",
     .summary = "the entry and those after it up to the head: its place in the chain",
     .computes = true,
     .handle = get_proof,
     .schema = "audit-1"},
    {.method = "GET",
     .path = "/api/v1/audit/verify",
     .summary =
         "follow the chain from the first entry to the last; as likeness audit verify --json",
     .query = verify_query,
     .computes = true,
     .handle = verify_log,
     .schema = "audit-1"},
    ROUTE_END,
};
