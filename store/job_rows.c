/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: written down, taken, ended. What happens to one and the news of it are written together. */
#include <likeness/jobs.h>

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "store/news.h"

static const char *const state_names[] = {"queued", "running", "done", "failed", "cancelled"};

const char *lk_job_state_name(lk_job_state state) {
    return state >= 0 && state < LK_JOB_STATES ? state_names[state] : "";
}

static lk_job_state state_of(const char *name) {
    int i = 0;
    while (i < LK_JOB_FAILED && strcmp(state_names[i], name) != 0) {
        i++;
    }
    return strcmp(name, state_names[LK_JOB_CANCELLED]) == 0 ? LK_JOB_CANCELLED : (lk_job_state)i;
}

static lk_status no_job(int64_t id, lk_error *err) {
    return error_set(err, LK_E_IO, "there is no job %lld", (long long)id);
}

/* -- Looking -- */

#define COLUMNS                                                                                    \
    "id, kind, subject, settings, actor, state, created, begun, ended, progress, failure, tries, " \
    "cancelled"

static void read_job(lk_job *out, struct sql *q) {
    *out = (lk_job){.id = sql_int(q, 0),
                    .kind = sql_text(q, 1),
                    .subject = sql_text(q, 2),
                    .settings = sql_text(q, 3),
                    .actor = sql_text(q, 4),
                    .state = state_of(sql_text(q, 5)),
                    .created_ms = sql_int(q, 6),
                    .begun_ms = sql_int(q, 7),
                    .ended_ms = sql_int(q, 8),
                    .progress = sql_text(q, 9),
                    .failure = sql_text(q, 10),
                    .tries = (int32_t)sql_int(q, 11),
                    .is_cancelled = sql_int(q, 12) != 0};
}

lk_status lk_job_visit(lk_store *s, const lk_job_query *query,
                       bool (*visit)(void *arg, const lk_job *job), void *arg, lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    sql_begin(&q, &s->at,
              "SELECT " COLUMNS " FROM job WHERE (id = ?1 OR ?1 = 0) AND (kind = ?2 OR ?2 = '') "
              "AND (id < ?3 OR ?3 = 0) ORDER BY id DESC LIMIT ?4");
    sql_bind_int(&q, query->id);
    sql_bind_text(&q, query->kind ? query->kind : "");
    sql_bind_int(&q, query->below);
    sql_bind_int(&q, MAX(query->most, 1));
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        lk_job job;
        read_job(&job, &q);
        goes_on = visit(arg, &job);
    }
    sql_end(&q);
    return status;
}

/* -- What happens to one, told -- */

struct telling {
    lk_store *store;
    const char *type;
    lk_status status;
    lk_error *err;
    bool found;
};

static bool tell_state(void *arg, const lk_job *job) {
    struct telling *t = arg;
    struct buf b;
    struct json j;
    buf_init(&b, 4 * LK_JOB_TEXT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_int(&j, "job", job->id);
    json_text(&j, "kind", job->kind);
    json_text(&j, "collection", job->subject);
    json_text(&j, "state", lk_job_state_name(job->state));
    if (job->progress[0]) {
        json_raw(&j, "progress", job->progress, strlen(job->progress));
    }
    if (job->failure[0]) {
        json_text(&j, "failure", job->failure);
    }
    json_object_end(&j);
    t->found = true;
    t->status = buf_status(&b, t->err);
    t->status = t->status == LK_OK
                    ? news_add(t->store, t->type, job->id, (const char *)b.data, t->err)
                    : t->status;
    buf_release(&b);
    return false;
}

/* How the job stands now, as news. */
static lk_status tell(lk_store *s, int64_t id, const char *type, lk_error *err) {
    struct telling t = {.store = s, .type = type, .err = err};
    const lk_job_query query = {.id = id, .most = 1};
    lk_status status = lk_job_visit(s, &query, tell_state, &t, err);
    status = status == LK_OK ? t.status : status;
    return status == LK_OK && !t.found ? no_job(id, err) : status;
}

/* -- Adding and cancelling -- */

/* Those that ended long ago go, with their files and what is told of them. */
static lk_status forget_old(lk_store *s, lk_error *err) {
    static const char *const texts[] = {
        "DELETE FROM news WHERE job > 0 AND job <= ?",
        "DELETE FROM job_file WHERE job <= ? AND job IN (SELECT id FROM job WHERE ended > 0)",
        "DELETE FROM job WHERE id <= ? AND ended > 0",
    };
    struct sql q;
    int64_t last;
    sql_begin(&q, &s->at, "SELECT id FROM job WHERE ended > 0 ORDER BY id DESC LIMIT 1 OFFSET ?");
    sql_bind_int(&q, LK_JOB_KEPT);
    lk_status status = sql_finish_int(&last, &q, 0, err);
    for (size_t i = 0; status == LK_OK && last > 0 && i < ARRAY_COUNT(texts); i++) {
        sql_begin(&q, &s->at, texts[i]);
        sql_bind_int(&q, last);
        status = sql_finish(&q, err);
    }
    return status;
}

static lk_status add(int64_t *id, lk_store *s, const lk_job_draft *d, lk_error *err) {
    struct sql q;
    int64_t waiting = 0;
    lk_status status =
        sql_number(&waiting, &s->at, "SELECT count(*) FROM job WHERE state = 'queued'", err);
    if (status == LK_OK && waiting >= LK_JOB_WAITING_MAX) {
        status = error_set(err, LK_E_LIMIT, "%d jobs wait already", LK_JOB_WAITING_MAX);
    }
    status = status == LK_OK ? forget_old(s, err) : status;
    status = status == LK_OK
                 ? sql_number(id, &s->at, "SELECT coalesce(max(id), 0) + 1 FROM job", err)
                 : status;
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "INSERT INTO job (id, kind, subject, settings, actor, state, created) "
              "VALUES (?, ?, ?, ?, ?, 'queued', ?)");
    sql_bind_int(&q, *id);
    sql_bind_text(&q, d->kind);
    sql_bind_text(&q, d->subject);
    sql_bind_text(&q, d->settings);
    sql_bind_text(&q, d->actor ? d->actor : "");
    sql_bind_int(&q, moment_now_ms());
    status = sql_finish(&q, err);
    return status == LK_OK ? tell(s, *id, "job.state", err) : status;
}

lk_status lk_job_add(int64_t *id, lk_store *s, const lk_job_draft *d, lk_error *err) {
    *id = 0;
    if (!lk_reference_id_is_valid(d->kind) || !lk_reference_id_is_valid(d->subject)) {
        return error_set(err, LK_E_USAGE, "kind and subject of a job are names");
    }
    lk_status status = store_check_text("settings", d->settings, LK_JOB_TEXT_MAX, true, err);
    status =
        status == LK_OK ? store_check_text("actor", d->actor, LK_ACTOR_MAX, false, err) : status;
    status = status == LK_OK ? lk_store_begin(s, err) : status;
    return status == LK_OK ? lk_store_end(s, add(id, s, d, err), err) : status;
}

static lk_status cancel(lk_store *s, int64_t id, lk_error *err) {
    struct sql q;
    int64_t ended;
    sql_begin(&q, &s->at, "SELECT ended FROM job WHERE id = ?");
    sql_bind_int(&q, id);
    lk_status status = sql_finish_int(&ended, &q, -1, err);
    if (status == LK_OK && ended != 0) {
        status = ended < 0 ? no_job(id, err)
                           : error_set(err, LK_E_USAGE, "job %lld has ended", (long long)id);
    }
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "UPDATE job SET cancelled = 1, ended = CASE WHEN state = 'queued' THEN ?2 ELSE 0 "
              "END, state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END "
              "WHERE id = ?1");
    sql_bind_int(&q, id);
    sql_bind_int(&q, moment_now_ms());
    status = sql_finish(&q, err);
    return status == LK_OK ? tell(s, id, "job.state", err) : status;
}

lk_status lk_job_cancel(lk_store *s, int64_t id, lk_error *err) {
    lk_status status = lk_store_begin(s, err);
    return status == LK_OK ? lk_store_end(s, cancel(s, id, err), err) : status;
}

/* -- For a node -- */

/* Jobs that were begun so often without an end are told failed: their pictures may be what ends a node. */
static lk_status fail_hopeless(lk_store *s, int64_t now, lk_error *err) {
    struct sql q;
    int64_t id;
    sql_begin(&q, &s->at,
              "SELECT id FROM job WHERE state = 'running' AND lease < ?1 AND (tries >= ?2 OR "
              "cancelled <> 0) ORDER BY id LIMIT 1");
    sql_bind_int(&q, now);
    sql_bind_int(&q, LK_JOB_TRIES);
    lk_status status = sql_finish_int(&id, &q, 0, err);
    if (status != LK_OK || id == 0) {
        return status;
    }
    status = lk_store_begin(s, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "UPDATE job SET state = CASE WHEN cancelled <> 0 THEN 'cancelled' ELSE 'failed' END, "
              "ended = ?2, failure = CASE WHEN cancelled <> 0 THEN '' ELSE 'the service that ran "
              "it ended before it did, again and again' END WHERE id = ?1 AND state = 'running' "
              "AND lease < ?2");
    sql_bind_int(&q, id);
    sql_bind_int(&q, now);
    status = sql_finish(&q, err);
    status = status == LK_OK ? tell(s, id, "job.state", err) : status;
    return lk_store_end(s, status, err);
}

/* "(?, ?, ...)" for so many subjects. */
static void add_places(struct buf *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        buf_add_text(b, i == 0 ? "(?" : ", ?");
    }
    buf_add_text(b, ")");
}

/* One statement: where several nodes ask at once, each gets another job. */
static lk_status take(int64_t *id, lk_store *s, const lk_job_claim *claim, int64_t now,
                      lk_error *err) {
    struct sql q;
    struct buf text;
    buf_init(&text, 1 << 12);
    buf_add_text(&text,
                 "UPDATE job SET state = 'running', node = ?, lease = ?, begun = ?, tries = tries "
                 "+ 1 WHERE id = (SELECT id FROM job WHERE (state = 'queued' OR (state = 'running' "
                 "AND lease < ?)) AND subject IN ");
    add_places(&text, claim->subject_count);
    buf_add_text(&text, " AND subject NOT IN (SELECT subject FROM job WHERE state = 'running' AND "
                        "lease >= ?) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id");
    lk_status status = buf_status(&text, err);
    if (status != LK_OK) {
        buf_release(&text);
        return status;
    }
    sql_begin(&q, &s->at, (const char *)text.data);
    sql_bind_text(&q, claim->node);
    sql_bind_int(&q, now + LK_JOB_LEASE_MS);
    sql_bind_int(&q, now);
    sql_bind_int(&q, now);
    for (size_t i = 0; i < claim->subject_count; i++) {
        sql_bind_text(&q, claim->subjects[i]);
    }
    sql_bind_int(&q, now);
    status = sql_finish_int(id, &q, 0, err);
    buf_release(&text);
    return status;
}

lk_status lk_job_take(int64_t *id, lk_store *s, const lk_job_claim *claim, lk_error *err) {
    struct sql q;
    int64_t now = moment_now_ms(), any = 0;
    *id = 0;
    sql_begin(&q, &s->at,
              "SELECT 1 FROM job WHERE state = 'queued' OR (state = 'running' AND lease < ?) "
              "LIMIT 1");
    sql_bind_int(&q, now);
    lk_status status = sql_finish_int(&any, &q, 0, err); /* mostly there is none to write for */
    if (status != LK_OK || any == 0 || claim->subject_count == 0) {
        return status;
    }
    status = fail_hopeless(s, now, err);
    status = status == LK_OK ? take(id, s, claim, now, err) : status;
    if (status != LK_OK || *id == 0) {
        return status;
    }
    status = lk_store_begin(s, err);
    return status == LK_OK ? lk_store_end(s, tell(s, *id, "job.state", err), err) : status;
}

/* Whether the node still has it; *hold says more. */
static lk_status look(lk_job_hold *hold, lk_store *s, int64_t id, const char *node, lk_error *err) {
    struct sql q;
    int64_t cancelled;
    sql_begin(&q, &s->at,
              "SELECT cancelled FROM job WHERE id = ? AND node = ? AND state = 'running'");
    sql_bind_int(&q, id);
    sql_bind_text(&q, node);
    lk_status status = sql_finish_int(&cancelled, &q, -1, err);
    *hold = cancelled < 0 ? LK_JOB_LOST : cancelled > 0 ? LK_JOB_TO_END : LK_JOB_HELD;
    return status;
}

static lk_status renew(lk_job_hold *out, lk_store *s, int64_t id, const char *node,
                       const char *progress, lk_error *err) {
    struct sql q;
    lk_status status = look(out, s, id, node, err);
    if (status != LK_OK || *out == LK_JOB_LOST) {
        return status;
    }
    sql_begin(&q, &s->at,
              progress ? "UPDATE job SET lease = ?2, progress = ?3 WHERE id = ?1"
                       : "UPDATE job SET lease = ?2 WHERE id = ?1");
    sql_bind_int(&q, id);
    sql_bind_int(&q, moment_now_ms() + LK_JOB_LEASE_MS);
    if (progress) {
        sql_bind_text(&q, progress);
    }
    status = sql_finish(&q, err);
    return status == LK_OK && progress ? tell(s, id, "job.progress", err) : status;
}

lk_status lk_job_renew(lk_job_hold *out, lk_store *s, int64_t id, const char *node,
                       const char *progress, lk_error *err) {
    lk_status status = store_check_text("progress", progress, LK_JOB_TEXT_MAX, true, err);
    *out = LK_JOB_HELD;
    status = status == LK_OK ? lk_store_begin(s, err) : status;
    return status == LK_OK ? lk_store_end(s, renew(out, s, id, node, progress, err), err) : status;
}

lk_status lk_job_tell(lk_store *s, int64_t id, const char *type, const char *document,
                      lk_error *err) {
    lk_status status = store_check_text("news", document, LK_JOB_TEXT_MAX, true, err);
    status = status == LK_OK ? lk_store_begin(s, err) : status;
    return status == LK_OK ? lk_store_end(s, news_add(s, type, id, document, err), err) : status;
}

static lk_status put_file(lk_store *s, int64_t id, const lk_job_file *f, lk_error *err) {
    struct sql q;
    if (f->size > LK_JOB_FILE_MAX || !lk_reference_id_is_valid(f->name)) {
        return error_input(err,
                           error_set(err, LK_E_LIMIT, "a result has a name, and at most %d bytes",
                                     LK_JOB_FILE_MAX),
                           f->name);
    }
    sql_begin(&q, &s->at,
              "INSERT INTO job_file (job, name, type, bytes, data) VALUES (?, ?, ?, ?, ?)");
    sql_bind_int(&q, id);
    sql_bind_text(&q, f->name);
    sql_bind_text(&q, f->type);
    sql_bind_int(&q, (int64_t)f->size);
    sql_bind_blob(&q, f->data, f->size);
    return sql_finish(&q, err);
}

static lk_status set_state(lk_store *s, int64_t id, const char *node, lk_job_state state,
                           const char *failure, lk_error *err) {
    struct sql q;
    lk_job_hold hold;
    lk_status status = look(&hold, s, id, node, err);
    if (status == LK_OK && hold == LK_JOB_LOST) {
        status = error_set(err, LK_E_USAGE, "another has job %lld by now", (long long)id);
    }
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "UPDATE job SET state = ?2, failure = ?3, ended = ?4, lease = 0, node = '' "
              "WHERE id = ?1");
    sql_bind_int(&q, id);
    sql_bind_text(&q, lk_job_state_name(state));
    sql_bind_text(&q, failure ? failure : "");
    sql_bind_int(&q, state == LK_JOB_QUEUED ? 0 : moment_now_ms());
    return sql_finish(&q, err);
}

lk_status lk_job_end(lk_store *s, int64_t id, const char *node, lk_job_state state,
                     const char *failure, const lk_job_file *files, size_t file_count,
                     lk_error *err) {
    lk_status status = lk_store_begin(s, err);
    if (status != LK_OK) {
        return status;
    }
    status = set_state(s, id, node, state, failure, err);
    for (size_t i = 0; status == LK_OK && i < file_count; i++) {
        status = put_file(s, id, &files[i], err);
    }
    status = status == LK_OK ? tell(s, id, "job.state", err) : status;
    return lk_store_end(s, status, err);
}

lk_status lk_job_release(lk_store *s, int64_t id, const char *node, lk_error *err) {
    struct sql q;
    lk_status status = lk_store_begin(s, err);
    if (status != LK_OK) {
        return status;
    }
    status = set_state(s, id, node, LK_JOB_QUEUED, NULL, err);
    if (status == LK_OK) { /* it was no fault of the job's */
        sql_begin(&q, &s->at, "UPDATE job SET tries = tries - 1, begun = 0 WHERE id = ?");
        sql_bind_int(&q, id);
        status = sql_finish(&q, err);
    }
    status = status == LK_OK ? tell(s, id, "job.state", err) : status;
    return lk_store_end(s, status, err);
}
