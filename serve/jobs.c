/* SPDX-License-Identifier: Apache-2.0 */
/* Desks: each takes a job, runs its commands, renews its hold on it, and writes down what came of it. */
#include "serve/jobs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "serve/job_files.h"
#include "serve/job_process.h"
#include "serve/listeners.h"

/* Seconds between looks for jobs of other nodes, and where one is told of them; between renewals with and without something to
 * tell; for which the end of a job is tried to be written down. Pieces of talk that are kept of one. */
enum { LOOK_S = 2, LOOK_TOLD_S = 10, QUIET_S = 5, END_S = 20, LOG_MOST = 200, NAME_BYTES = 200 };
static const double tell_s = 1;

struct desk {
    struct jobs *jobs;
    pthread_t thread;
    lk_store *store;
    char node[96];
    /* Of the job that runs. */
    int64_t job;
    struct job_run *run;
    const char *what;
    struct buf progress; /* not told yet; empty: nothing new */
    double renewed_s;
    int32_t logged;
    lk_job_hold hold;
    char failure[600]; /* the last words of the command */
    bool told_error;   /* they were an error as JSON */
};

struct jobs {
    struct server *server;
    struct collection_place *places;
    size_t place_count;
    struct desk desks[DESKS_MOST];
    int32_t desk_count;
    struct listeners *listeners;
    pthread_mutex_t lock;
    pthread_cond_t came;
    uint64_t nudges; /* so far: none between a look and the wait behind it is missed */
    bool ends;
};

/* -- Collections -- */

size_t collection_count(const struct jobs *j) {
    return j->place_count;
}

const struct collection_place *collection_at(const struct jobs *j, size_t i) {
    return &j->places[i];
}

const struct collection_place *collection_find(const struct jobs *j, const char *name) {
    for (size_t i = 0; name && i < j->place_count; i++) {
        if (strcmp(j->places[i].name, name) == 0) {
            return &j->places[i];
        }
    }
    return NULL;
}

const struct collection_place *collection_asked(struct request *r, const char *name) {
    const struct collection_place *place = collection_find(r->server->jobs, name);
    if (!place) {
        answer_problem(r, 404, "no-collection",
                       "no collection is called that: likeness serve --collection NAME=DIR");
    }
    return place;
}

/* -- What a command tells -- */

/* News of the job: {"job": 7, KEY: value}, the value being JSON or a text. */
static void tell(struct desk *d, const char *type, const char *key, const char *value,
                 bool is_json) {
    struct buf b;
    struct json j;
    lk_error ignored;
    buf_init(&b, LK_JOB_TEXT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_int(&j, "job", d->job);
    if (is_json) {
        json_raw(&j, key, value, strlen(value));
    } else {
        json_text(&j, key, value);
    }
    json_object_end(&j);
    if (b.status == LK_OK &&
        lk_job_tell(d->store, d->job, type, (const char *)b.data, &ignored) == LK_OK) {
        listeners_nudge(d->jobs->listeners);
    }
    buf_release(&b);
}

static void tell_log(struct desk *d, const char *text) {
    if (++d->logged <= LOG_MOST) {
        tell(d, "job.log", "text", d->logged == LOG_MOST ? "... and more" : text, false);
    }
}

/* Folders of this machine are nobody's business. */
static char *without_folders(const struct desk *d, const char *text) {
    const struct collection_place *p = d->run->place;
    char *once = path_replace(text, p->folder, p->name);
    char *twice = once ? path_replace(once, d->run->folder, "result") : NULL;
    mem_free(once);
    once = twice ? path_replace(twice, p->index, "index") : NULL;
    mem_free(twice);
    return once;
}

static void take_progress(struct desk *d, const struct json_t *line) {
    struct json j;
    const char *name = object_text(line, "name"), *what = object_text(line, "what");
    char *shown = name ? without_folders(d, name) : NULL;
    buf_release(&d->progress);
    buf_init(&d->progress, LK_JOB_TEXT_MAX);
    json_init(&j, &d->progress, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "step", d->what);
    if (what) {
        json_text(&j, "what", what);
    }
    json_int(&j, "done", object_int(line, "done", 0));
    json_int(&j, "total", object_int(line, "total", 0));
    json_number(&j, "left_s", object_number(line, "left_s", 0));
    if (shown) {
        json_text(&j, "name", shown);
    }
    json_object_end(&j);
    mem_free(shown);
}

/* {"error": {"input": ..., "text": ...}} */
static void take_error(struct desk *d, const struct json_t *line) {
    const char *input = settings_text_at(line, "error", "input");
    char whole[1200];
    snprintf(whole, sizeof whole, "%s%s%s", input, *input ? ": " : "",
             settings_text_at(line, "error", "text"));
    char *text = without_folders(d, whole);
    if (text) {
        snprintf(d->failure, sizeof d->failure, "%s", text);
        d->told_error = true;
        tell_log(d, text);
    }
    mem_free(text);
}

static void take_words(struct desk *d, const char *words) {
    static const char own_name[] = "likeness: ";
    char *text = without_folders(d, words);
    const char *told = text ? text : "";
    if (strncmp(told, own_name, strlen(own_name)) == 0) {
        told += strlen(own_name);
    }
    if (!d->told_error) {
        snprintf(d->failure, sizeof d->failure, "%s", told);
    }
    tell_log(d, told);
    mem_free(text);
}

static void take_line(void *arg, bool is_talk, const char *text) {
    struct desk *d = arg;
    struct json_t *line = text[0] == '{' ? settings_parse(text) : NULL;
    const char *event = line ? object_text(line, "event") : NULL;
    if (line && event && strcmp(event, "progress") == 0) {
        take_progress(d, line);
    } else if (line && !is_talk) {
        tell(d, "job.epoch", "training", text, true);
    } else if (line && object_has(line, "error")) {
        take_error(d, line);
    } else if (is_talk) {
        take_words(d, text);
    }
    settings_free(line);
}

static bool desk_ends(const struct desk *d) {
    pthread_mutex_lock(&d->jobs->lock);
    bool ends = d->jobs->ends;
    pthread_mutex_unlock(&d->jobs->lock);
    return ends;
}

/* Renews the hold, and tells how far it is. A store that cannot be written to for a while is asked again. */
static bool goes_on(void *arg) {
    struct desk *d = arg;
    lk_error ignored;
    lk_job_hold hold = d->hold;
    double since = clock_s() - d->renewed_s;
    if (since > (d->progress.size > 0 ? tell_s : (double)QUIET_S)) {
        const char *progress = d->progress.size > 0 ? (const char *)d->progress.data : NULL;
        if (lk_job_renew(&hold, d->store, d->job, d->node, progress, &ignored) == LK_OK) {
            d->hold = hold;
            buf_release(&d->progress);
            listeners_nudge(d->jobs->listeners);
        }
        d->renewed_s = clock_s();
    }
    return d->hold == LK_JOB_HELD && !desk_ends(d);
}

/* -- Commands -- */

void words_add(struct job_words *w, const char *format, ...) {
    char text[8400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *copy = w->count < WORDS_MOST ? mem_strdup(text) : NULL;
    w->failed = w->failed || !copy;
    if (copy) {
        w->words[w->count++] = copy;
        w->words[w->count] = NULL;
    }
}

void words_release(struct job_words *w) {
    for (int32_t i = 0; i < w->count; i++) {
        mem_free(w->words[i]);
    }
    *w = (struct job_words){0};
}

/* 2 is also what a command says that did its work, but for files that could not be read: then its result is there, and no error is
 * told as JSON. (vectors tells each such file so, but in words.) */
static lk_status judge(const struct job_run *r, const struct desk *d, const char *what,
                       const struct process_end *end, lk_error *err) {
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", r->folder, r->kind->outputs[0].name);
    bool has_result = strcmp(what, "index") == 0 || access(path, F_OK) == 0;
    if (end->code == 0 || end->code == 1 || (end->code == 2 && has_result && !d->told_error)) {
        return LK_OK;
    }
    if (end->signal != 0) {
        return error_set(err, LK_E_CORRUPT, "the process was ended by a signal: %s",
                         strsignal(end->signal));
    }
    return error_set(err, LK_E_IO, "%s",
                     d->failure[0] ? d->failure : "the command failed without a word");
}

lk_status job_command(struct job_run *r, const char *what, struct job_words *w, lk_error *err) {
    struct desk *d = r->desk;
    struct process_end end;
    const struct process_ask ask = {
        .words = (const char *const *)w->words, .line = take_line, .goes_on = goes_on, .arg = d};
    d->what = what;
    d->failure[0] = 0;
    d->told_error = false;
    lk_status status = w->failed ? error_set(err, LK_E_USAGE, "the settings are too long") : LK_OK;
    status = status == LK_OK ? process_run(&end, &ask, err) : status;
    words_release(w);
    if (status == LK_OK && (d->hold != LK_JOB_HELD || desk_ends(d))) {
        return error_set(err, LK_E_CANCELLED, "cancelled");
    }
    return status == LK_OK ? judge(r, d, what, &end, err) : status;
}

/* -- One job -- */

struct wanted {
    char kind[LK_REFERENCE_ID_MAX + 1], subject[LK_REFERENCE_ID_MAX + 1];
    struct json_t *settings;
};

static bool note_job(void *arg, const lk_job *job) {
    struct wanted *w = arg;
    snprintf(w->kind, sizeof w->kind, "%s", job->kind);
    snprintf(w->subject, sizeof w->subject, "%s", job->subject);
    w->settings = settings_parse(job->settings);
    return false;
}

static lk_status run_kind(struct desk *d, struct job_run *run, const struct wanted *w,
                          lk_error *err) {
    const struct serve_options *o = d->jobs->server->options;
    run->kind = job_kind_find(w->kind);
    run->place = collection_find(d->jobs, w->subject);
    run->settings = w->settings;
    run->desk = d;
    snprintf(run->folder, sizeof run->folder, "%.3500s/jobs/%lld", o->work, (long long)d->job);
    if (!run->kind || !run->place || !w->settings) {
        return error_set(err, LK_E_USAGE, "this likeness does not know jobs of kind %.60s",
                         w->kind);
    }
    lk_status status = folder_make(run->folder, err);
    return status == LK_OK ? run->kind->run(run, err) : status;
}

/* The end is written down, if need be again and again: what was done is not to be done twice. */
static void end_job(struct desk *d, const struct job_run *run, lk_status status,
                    const lk_error *why) {
    struct job_results results = {0};
    lk_error err = {0};
    char failure[1100] = "";
    double until = clock_s() + END_S;
    lk_job_state state = status == LK_OK            ? LK_JOB_DONE
                         : status == LK_E_CANCELLED ? LK_JOB_CANCELLED
                                                    : LK_JOB_FAILED;
    if (state == LK_JOB_DONE && job_results_read(&results, run, &err) != LK_OK) {
        state = LK_JOB_FAILED;
        why = &err;
    }
    if (state == LK_JOB_FAILED) {
        snprintf(failure, sizeof failure, "%s%s%s", why->input, why->input[0] ? ": " : "",
                 why->text);
    }
    do {
        status = lk_job_end(d->store, d->job, d->node, state, failure, results.files, results.count,
                            &err);
    } while (status == LK_E_WRITE && clock_s() < until && sleep(1) == 0);
    job_results_release(&results);
    if (status == LK_E_LIMIT && state == LK_JOB_DONE) { /* a result that is too large */
        status = lk_job_end(d->store, d->job, d->node, LK_JOB_FAILED, err.text, NULL, 0, &err);
    }
}

static void run_job(struct desk *d, int64_t id) {
    struct job_run run = {0};
    struct wanted w = {.settings = NULL};
    const lk_job_query query = {.id = id, .most = 1};
    lk_error err = {0};
    d->job = id;
    d->run = &run;
    d->hold = LK_JOB_HELD;
    d->logged = 0;
    d->renewed_s = clock_s();
    listeners_nudge(d->jobs->listeners);
    lk_status status = lk_job_visit(d->store, &query, note_job, &w, &err);
    status = status == LK_OK ? run_kind(d, &run, &w, &err) : status;
    if (desk_ends(d) && status == LK_E_CANCELLED && d->hold == LK_JOB_HELD) {
        status = lk_job_release(d->store, id, d->node, &err); /* its folder stays, to go on from */
    } else if (d->hold != LK_JOB_LOST) {
        end_job(d, &run, status, &err);
        folder_remove(run.folder);
    }
    buf_release(&d->progress);
    settings_free(w.settings);
    d->run = NULL;
    listeners_nudge(d->jobs->listeners);
}

/* -- Desks -- */

static uint64_t nudges(struct jobs *j) {
    pthread_mutex_lock(&j->lock);
    uint64_t count = j->nudges;
    pthread_mutex_unlock(&j->lock);
    return count;
}

/* Until there is another nudge than those that were seen. */
static void wait_for_jobs(struct jobs *j, uint64_t seen) {
    bool told = __atomic_load_n(&j->server->hears, __ATOMIC_RELAXED);
    const struct timespec until = clock_in_ms(1000 * (told ? LOOK_TOLD_S : LOOK_S));
    pthread_mutex_lock(&j->lock);
    if (!j->ends && j->nudges == seen) {
        pthread_cond_timedwait(&j->came, &j->lock, &until);
    }
    pthread_mutex_unlock(&j->lock);
}

static void *desk_run(void *arg) {
    struct desk *d = arg;
    struct jobs *j = d->jobs;
    const char *subjects[COLLECTIONS_MOST];
    const lk_job_claim claim = {d->node, subjects, j->place_count};
    for (size_t i = 0; i < j->place_count; i++) {
        subjects[i] = j->places[i].name;
    }
    while (!desk_ends(d)) {
        int64_t id = 0;
        uint64_t seen = nudges(j);
        lk_error err = {0};
        if (lk_job_take(&id, d->store, &claim, &err) == LK_OK && id > 0) {
            run_job(d, id);
        } else {
            wait_for_jobs(j, seen);
        }
    }
    return NULL;
}

static lk_status start_desk(struct jobs *j, lk_error *err) {
    struct desk *d = &j->desks[j->desk_count];
    char host[40] = "";
    gethostname(host, sizeof host - 1);
    *d = (struct desk){.jobs = j};
    snprintf(d->node, sizeof d->node, "%s.%lld.%d.%llx", host, (long long)getpid(), j->desk_count,
             (unsigned long long)(clock_s() * 1e6));
    lk_status status = server_store(&d->store, j->server, err);
    if (status == LK_OK && pthread_create(&d->thread, NULL, desk_run, d) != 0) {
        lk_store_close(d->store);
        status = error_memory(err, 0);
    }
    j->desk_count += status == LK_OK;
    return status;
}

lk_status jobs_start(struct jobs **out, struct server *s, lk_error *err) {
    const struct serve_options *o = s->options;
    struct jobs *j = *out = mem_calloc(1, sizeof *j);
    char indexes[4096];
    if (!j) {
        return error_memory(err, sizeof *j);
    }
    j->server = s;
    pthread_mutex_init(&j->lock, NULL);
    clock_cond_init(&j->came);
    lk_status status = places_open(&j->places, &j->place_count, o, err);
    if (status == LK_OK && j->place_count > 0) {
        snprintf(indexes, sizeof indexes, "%.3500s/indexes", o->work);
        status = folder_make(indexes, err);
    }
    status = status == LK_OK ? listeners_start(&j->listeners, s, err) : status;
    s->listeners = j->listeners;
    for (int32_t i = 0; status == LK_OK && j->place_count > 0 && i < o->jobs; i++) {
        status = start_desk(j, err);
    }
    return status;
}

void jobs_nudge(struct jobs *j) {
    pthread_mutex_lock(&j->lock);
    j->nudges++;
    pthread_cond_broadcast(&j->came);
    pthread_mutex_unlock(&j->lock);
    listeners_nudge(j->listeners);
}

void jobs_drain(struct jobs *j) {
    pthread_mutex_lock(&j->lock);
    j->ends = true;
    pthread_cond_broadcast(&j->came);
    pthread_mutex_unlock(&j->lock);
    listeners_drain(j->listeners);
}

void jobs_stop(struct jobs *j) {
    if (!j) {
        return;
    }
    jobs_drain(j);
    for (int32_t i = 0; i < j->desk_count; i++) {
        pthread_join(j->desks[i].thread, NULL);
        lk_store_close(j->desks[i].store);
    }
    listeners_stop(j->listeners);
    mem_free(j->places);
    pthread_cond_destroy(&j->came);
    pthread_mutex_destroy(&j->lock);
    mem_free(j);
}
