/* SPDX-License-Identifier: Apache-2.0 */
/* Long work that is written down in a store before it is begun, so that it outlives whoever asked for it: jobs, how far they are,
 * what came of them, and the news of it in the order in which it happened.
 *
 * Several processes ("nodes") may take jobs of one store. A node holds a job by a lease that it renews; a job whose lease ran out
 * is taken again, as often as LK_JOB_TRIES, and then told failed. */
#ifndef LIKENESS_JOBS_H
#define LIKENESS_JOBS_H

#include <likeness/store.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LK_JOB_TRIES = 3,
    LK_JOB_LEASE_MS = 30000,
    LK_JOB_WAITING_MAX = 100, /* that are not begun */
    LK_JOB_KEPT = 200,        /* ended ones, the newest; older ones go with their files */
    LK_JOB_NEWS_KEPT = 5000,
    LK_JOB_TEXT_MAX = 64 << 10,  /* bytes of settings, progress or a piece of news */
    LK_JOB_FILE_MAX = 256 << 20, /* bytes */
    LK_JOB_FILES_MAX = 64,       /* of a job */
};

typedef enum lk_job_state {
    LK_JOB_QUEUED,
    LK_JOB_RUNNING,
    LK_JOB_DONE,
    LK_JOB_FAILED,
    LK_JOB_CANCELLED,
    LK_JOB_STATES
} lk_job_state;
/* "queued", "running", "done", "failed", "cancelled" */
LK_API const char *lk_job_state_name(lk_job_state state);

/* Times are milliseconds since 1970, 0 for not yet. During a visit everything is borrowed. */
typedef struct lk_job {
    int64_t id;
    const char *kind, *subject; /* what is done, and to what; words of whoever asks */
    const char *settings;       /* JSON of whoever asks */
    const char *actor;
    lk_job_state state;
    int64_t created_ms, begun_ms, ended_ms;
    const char *progress; /* JSON; "" for none */
    const char *failure;  /* why it failed; "" */
    int32_t tries;        /* how often it was taken */
    bool is_cancelled;    /* somebody asked for its end */
} lk_job;

typedef struct lk_job_draft {
    const char *kind, *subject; /* names as an id of a reference */
    const char *settings;       /* JSON */
    const char *actor;          /* NULL for nobody */
} lk_job_draft;

/* Writes a job down, to be taken. LK_E_USAGE for texts out of range, LK_E_LIMIT when LK_JOB_WAITING_MAX wait already, LK_E_WRITE,
 * LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_job_add(int64_t *id, lk_store *store, const lk_job_draft *draft,
                                          lk_error *err);

typedef struct lk_job_query {
    int64_t id;       /* > 0: that one alone */
    const char *kind; /* NULL: any */
    int64_t below;    /* > 0: only ids below, for the next part of a list */
    int32_t most;     /* > 0 */
} lk_job_query;
/* Calls visit with the jobs that fit, the newest first, until it returns false. */
LK_API LK_MUST_CHECK lk_status lk_job_visit(lk_store *store, const lk_job_query *query,
                                            bool (*visit)(void *arg, const lk_job *job), void *arg,
                                            lk_error *err);

/* Asks for the end of a job: one that waits is cancelled at once, one that runs by its node. LK_E_IO when there is none of that
 * number, LK_E_USAGE when it has ended. */
LK_API LK_MUST_CHECK lk_status lk_job_cancel(lk_store *store, int64_t id, lk_error *err);

/* -- For a node -- */

typedef struct lk_job_claim {
    const char *node; /* its name, which no other has */
    const char *const *subjects;
    size_t subject_count; /* only jobs of these; at most 64 */
} lk_job_claim;

/* Takes the oldest job that nobody holds, of a subject on which none runs. *id is 0 where there is none. A job whose node is gone
 * is taken again; one that was taken LK_JOB_TRIES times is told failed. */
LK_API LK_MUST_CHECK lk_status lk_job_take(int64_t *id, lk_store *store, const lk_job_claim *claim,
                                           lk_error *err);

typedef enum lk_job_hold {
    LK_JOB_HELD,
    LK_JOB_TO_END, /* somebody asked for its end */
    LK_JOB_LOST,   /* another node has it, or it is gone */
} lk_job_hold;
/* Renews the lease; progress (NULL: as it was) is JSON. */
LK_API LK_MUST_CHECK lk_status lk_job_renew(lk_job_hold *out, lk_store *store, int64_t id,
                                            const char *node, const char *progress, lk_error *err);
/* A piece of news of a job: type is "job.log", "job.epoch", ...; document JSON. */
LK_API LK_MUST_CHECK lk_status lk_job_tell(lk_store *store, int64_t id, const char *type,
                                           const char *document, lk_error *err);
/* Gives it back, to be taken again: the node ends. */
LK_API LK_MUST_CHECK lk_status lk_job_release(lk_store *store, int64_t id, const char *node,
                                              lk_error *err);

typedef struct lk_job_file {
    const char *name; /* as an id of a reference */
    const char *type; /* of its content: "application/json" */
    const void *data;
    size_t size;
} lk_job_file;
/* The end of a job that the node holds, with its files. LK_E_USAGE when it holds it no more; then nothing is written. */
LK_API LK_MUST_CHECK lk_status lk_job_end(lk_store *store, int64_t id, const char *node,
                                          lk_job_state state, const char *failure,
                                          const lk_job_file *files, size_t file_count,
                                          lk_error *err);

/* Calls visit with name, type and size (data is NULL) of each file of the job, by name, until it returns false. */
LK_API LK_MUST_CHECK lk_status lk_job_files(lk_store *store, int64_t id,
                                            bool (*visit)(void *arg, const lk_job_file *file),
                                            void *arg, lk_error *err);
/* A file; type gets its type. LK_E_IO when there is none. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_job_file_get(lk_bytes *out, char type[64], lk_store *store,
                                               int64_t id, const char *name, lk_error *err);

/* -- News -- */

/* What happened. Numbers only grow, and none is given again. */
typedef struct lk_news {
    int64_t number, at_ms;
    const char *type; /* "job.state", "job.progress", "camera.state", "verification.done", ... */
    int64_t job;      /* 0: of none */
    const char *document; /* JSON */
} lk_news;

/* Calls visit with the news above `after`, the oldest first, at most `most` of them; of one job alone where job is not 0. Of
 * "job.progress" the newest of each job is kept alone. */
LK_API LK_MUST_CHECK lk_status lk_news_visit(lk_store *store, int64_t after, int64_t job,
                                             int32_t most,
                                             bool (*visit)(void *arg, const lk_news *news),
                                             void *arg, lk_error *err);
/* The number of the newest, 0 for none. */
LK_API LK_MUST_CHECK lk_status lk_news_last(int64_t *number, lk_store *store, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
