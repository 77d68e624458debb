/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: begun, looked at, listened to, cancelled; what came of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "serve/answer_fields.h"
#include "serve/jobs.h"
#include "serve/listeners.h"

/* "2026-11-22T08:15:00.123Z"; nothing for 0. */
static void add_moment(struct json *j, const char *key, int64_t at_ms) {
    char text[32], whole[48];
    struct tm parts;
    time_t seconds = (time_t)(at_ms / 1000);
    if (at_ms > 0 && gmtime_r(&seconds, &parts)) {
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        snprintf(whole, sizeof whole, "%s.%03dZ", text, (int)(at_ms % 1000));
        json_text(j, key, whole);
    }
}

static void add_raw(struct json *j, const char *key, const char *document) {
    if (document[0]) {
        json_raw(j, key, document, strlen(document));
    }
}

/* Without its last bracket, so that files may follow. */
static void begin_job(struct json *j, const lk_job *job) {
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/job/1");
    json_int(j, "id", job->id);
    json_text(j, "kind", job->kind);
    json_text(j, "collection", job->subject);
    json_text(j, "state", lk_job_state_name(job->state));
    json_bool(j, "cancelled", job->is_cancelled);
    add_moment(j, "created", job->created_ms);
    add_moment(j, "begun", job->begun_ms);
    add_moment(j, "ended", job->ended_ms);
    json_text(j, "actor", job->actor);
    json_int(j, "tries", job->tries);
    add_raw(j, "settings", job->settings);
    add_raw(j, "progress", job->progress);
    if (job->failure[0]) {
        json_text(j, "failure", job->failure);
    }
}

/* -- One -- */

/* The number that the path has; 0 with a problem as the answer. */
static int64_t job_number(struct request *r) {
    char *end = NULL;
    const char *text = r->parameters[0];
    long long number = text[0] >= '1' && text[0] <= '9' ? strtoll(text, &end, 10) : 0;
    if (number <= 0 || *end != 0 || end - text > 18) {
        answer_problem(r, 404, "not-found", "there is no job %.40s", text);
        return 0;
    }
    return number;
}

struct answering {
    struct json j;
    bool found;
    lk_job_state state;
    char kind[LK_REFERENCE_ID_MAX + 1];
};

static bool write_one(void *arg, const lk_job *job) {
    struct answering *a = arg;
    begin_job(&a->j, job);
    a->found = true;
    a->state = job->state;
    snprintf(a->kind, sizeof a->kind, "%s", job->kind);
    return false;
}

static bool write_file(void *arg, const lk_job_file *file) {
    struct json *j = arg;
    json_object_begin(j, NULL);
    json_text(j, "name", file->name);
    json_text(j, "type", file->type);
    json_int(j, "bytes", (int64_t)file->size);
    json_object_end(j);
    return true;
}

/* The job as a document; a problem where there is none. */
static void answer_job(struct request *r, lk_store *store, int64_t id, uint32_t status) {
    struct answering a = {.found = false};
    const lk_job_query query = {.id = id, .most = 1};
    lk_error err = {0};
    json_init(&a.j, &r->out, 0);
    lk_status read = lk_job_visit(store, &query, write_one, &a, &err);
    if (read == LK_OK && !a.found) {
        answer_problem(r, 404, "not-found", "there is no job %lld", (long long)id);
        return;
    }
    json_array_begin(&a.j, "files");
    read = read == LK_OK ? lk_job_files(store, id, write_file, &a.j, &err) : read;
    json_array_end(&a.j);
    json_object_end(&a.j);
    buf_add_text(&r->out, "\n");
    if (read != LK_OK) {
        answer_error(r, &err);
        return;
    }
    answer_written(r, status);
}

static void get_job(struct request *r, struct bench *bench) {
    int64_t id = job_number(r);
    if (id > 0) {
        answer_job(r, bench->store, id, 200);
    }
}

void job_post(struct request *r, struct bench *bench) {
    const struct job_kind *kind = job_kinds;
    const struct collection_place *place = collection_asked(r, request_text(r, "collection"));
    int64_t id = 0;
    lk_error err = {0};
    while (strcmp(kind->path, r->route->path) != 0) {
        kind++;
    }
    const char *wrong = place && kind->check ? kind->check(r->json) : NULL;
    if (wrong) {
        answer_problem(r, 400, "bad-field", "%s", wrong);
    }
    if (!place || wrong) {
        return;
    }
    char *settings = settings_line(r->json, "collection");
    const lk_job_draft draft = {kind->name, place->name, settings ? settings : "",
                                request_actor(r)};
    lk_status status = settings ? lk_job_add(&id, bench->store, &draft, &err) : LK_E_MEMORY;
    mem_free(settings);
    if (status == LK_E_LIMIT) {
        r->retry_after_s = 60;
        answer_problem(r, 503, "busy", "%s", err.text);
    } else if (status != LK_OK) {
        err.status = status;
        answer_error(r, &err);
    } else {
        jobs_nudge(r->server->jobs);
        snprintf(r->location, sizeof r->location, "/api/v1/jobs/%lld", (long long)id);
        answer_job(r, bench->store, id, 202);
    }
}

static void delete_job(struct request *r, struct bench *bench) {
    lk_error err = {0};
    int64_t id = job_number(r);
    if (id == 0) {
        return;
    }
    lk_status status = lk_job_cancel(bench->store, id, &err);
    if (status == LK_E_USAGE) {
        answer_problem(r, 409, "has-ended", "%s", err.text);
    } else if (status != LK_OK) {
        answer_error(r, &err);
    } else {
        jobs_nudge(r->server->jobs);
        answer_job(r, bench->store, id, 202);
    }
}

/* -- All -- */

enum { LIST_USUAL = 50, LIST_MOST = 200 };

struct listing {
    struct json j;
    int64_t last;
    int32_t count;
};

static bool write_row(void *arg, const lk_job *job) {
    struct listing *l = arg;
    begin_job(&l->j, job);
    json_object_end(&l->j);
    l->last = job->id;
    l->count++;
    return true;
}

static void list_jobs(struct request *r, struct bench *bench) {
    struct listing l = {.count = 0};
    const lk_job_query query = {.kind = request_query(r, "kind"),
                                .below = request_query_int(r, "cursor", 0),
                                .most = (int32_t)request_query_int(r, "limit", LIST_USUAL)};
    lk_error err = {0};
    json_init(&l.j, &r->out, 0);
    json_object_begin(&l.j, NULL);
    json_array_begin(&l.j, "jobs");
    lk_status status = lk_job_visit(bench->store, &query, write_row, &l, &err);
    json_array_end(&l.j);
    if (l.count == query.most && l.last > 1) {
        json_int(&l.j, "next", l.last);
    }
    json_object_end(&l.j);
    buf_add_text(&r->out, "\n");
    if (status == LK_OK) {
        answer_written(r, 200);
    } else {
        answer_error(r, &err);
    }
}

/* -- What came of them -- */

/* What a kind says of a file that it leaves; NULL when none leaves one of that name. */
static const struct job_output *output_find(const char *name) {
    for (const struct job_kind *kind = job_kinds; kind->name; kind++) {
        for (const struct job_output *row = kind->outputs; row->name; row++) {
            if (strcmp(row->name, name) == 0) {
                return row;
            }
        }
    }
    return NULL;
}

static void answer_result(struct request *r, struct bench *bench, int64_t id, const char *name) {
    lk_bytes bytes;
    char type[64];
    lk_error err = {0};
    const struct job_output *row = output_find(name);
    if (!row) {
        answer_problem(r, 404, "not-found", "jobs leave no file of that name");
        return;
    }
    if (lk_job_file_get(&bytes, type, bench->store, id, name, &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    r->type = row->type;
    r->saves_as = strcmp(row->type, "application/json") == 0 ? NULL : row->name;
    answer_bytes(r, 200, &bytes);
}

static void get_file(struct request *r, struct bench *bench) {
    int64_t id = job_number(r);
    if (id > 0) {
        answer_result(r, bench, id, r->parameters[1]);
    }
}

/* The result of a job of the kind that the path names; 409 while it has none. */
static void get_result(struct request *r, struct bench *bench) {
    struct buf nothing;
    struct answering a = {.found = false};
    const struct job_kind *kind = job_kinds;
    lk_error err = {0};
    int64_t id = job_number(r);
    const lk_job_query query = {.id = id, .most = 1};
    if (id == 0) {
        return;
    }
    while (strncmp(r->route->path, kind->path, strlen(kind->path)) != 0) {
        kind++;
    }
    buf_init(&nothing, 4 * LK_JOB_TEXT_MAX);
    json_init(&a.j, &nothing, 0);
    lk_status status = lk_job_visit(bench->store, &query, write_one, &a, &err);
    buf_release(&nothing);
    if (status != LK_OK) {
        answer_error(r, &err);
    } else if (!a.found || strcmp(a.kind, kind->name) != 0) {
        answer_problem(r, 404, "not-found", "there is no job %lld of this kind", (long long)id);
    } else if (a.state != LK_JOB_DONE) {
        answer_problem(r, 409, "no-result", "job %lld is %s: it has no result%s", (long long)id,
                       lk_job_state_name(a.state), a.state <= LK_JOB_RUNNING ? " yet" : "");
    } else {
        answer_result(r, bench, id, kind->outputs[0].name);
    }
}

/* -- News -- */

/* The number of the last event that a listener saw, by the header that browsers send or by ?after=; -1: none. */
static int64_t last_seen(const struct request *r) {
    const char *header = request_header(r, "Last-Event-ID");
    char *end = NULL;
    long long number = header && *header >= '0' && *header <= '9' ? strtoll(header, &end, 10) : -1;
    return end && *end == 0 ? (int64_t)number : request_query_int(r, "after", -1);
}

static void listen_job(struct request *r, struct bench *bench) {
    int64_t id = job_number(r);
    if (id > 0) {
        listen_answer(r, bench, id, last_seen(r));
    }
}

static void listen_all(struct request *r, struct bench *bench) {
    listen_answer(r, bench, 0, last_seen(r));
}

static const struct field list_query[] = {
    {"kind", "jobs of this kind alone", .kind = FIELD_TEXT,
     .words = "index duplicates map vectors training"},
    {"limit", "at most so many (50)", .kind = FIELD_INT, .least = 1, .most = LIST_MOST},
    {"cursor", "what `next` of the part before says", .kind = FIELD_INT, .least = 1, .most = 1e15},
    FIELD_END,
};
static const struct field listen_query[] = {
    {"after", "events above this number alone, as the header Last-Event-ID", .kind = FIELD_INT,
     .least = 0, .most = 1e15},
    FIELD_END,
};

#define JOB "/api/v1/jobs/{job}"
#define EVENTS "text/event-stream"

const struct route job_routes[] = {
    {.method = "GET",
     .path = "/api/v1/jobs",
     .summary = "long work, the newest first",
     .query = list_query,
     .computes = true,
     .answer = answer_jobs,
     .handle = list_jobs},
    {.method = "GET",
     .path = JOB,
     .summary = "a job: how far it is, and what files it left",
     .computes = true,
     .answer = answer_job_keys,
     .handle = get_job},
    {.method = "DELETE",
     .path = JOB,
     .summary = "cancel a job that has not ended",
     .computes = true,
     .answer = answer_job_keys,
     .handle = delete_job,
     .success = 202},
    {.method = "GET",
     .path = JOB "/events",
     .summary = "what happens to a job, from its beginning, as server-sent events",
     .query = listen_query,
     .computes = true,
     .handle = listen_job,
     .type = EVENTS},
    {.method = "GET",
     .path = JOB "/files/{file}",
     .summary = "a file that a job left",
     .computes = true,
     .handle = get_file,
     .type = "application/octet-stream"},
    {.method = "GET",
     .path = "/api/v1/events",
     .summary = "what happens from now on, as server-sent events",
     .query = listen_query,
     .computes = true,
     .handle = listen_all,
     .type = EVENTS},
    {.method = "GET",
     .path = "/api/v1/duplicates/{job}",
     .summary = "the groups that a job found; as likeness dups --json",
     .computes = true,
     .handle = get_result,
     .schema = "dups-1"},
    {.method = "GET",
     .path = "/api/v1/maps/{job}",
     .summary = "the map that a job made; as likeness map --json",
     .computes = true,
     .handle = get_result,
     .schema = "map-1"},
    ROUTE_END,
};
