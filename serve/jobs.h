/* SPDX-License-Identifier: Apache-2.0 */
/* Long work on the folders that the operator named. A desk is a thread that takes a job of the store, runs the command for it in a
 * process of its own (job_process.h), tells how far it is, and keeps what came of it in the store. */
#ifndef LK_JOBS_H
#define LK_JOBS_H

#include <likeness/jobs.h>

#include "serve/server.h"

enum { DESKS_MOST = 8, COLLECTIONS_MOST = 64 };

struct jobs;

/* A folder that may be read, called by its name. */
struct collection_place {
    char name[LK_REFERENCE_ID_MAX + 1];
    char folder[4096]; /* absolute, without links */
    char index[4096];  /* likeness index; may not be there yet */
};

/* Looks at the folders and starts the desks; without collections there are none. LK_E_USAGE for a name or folder that cannot be,
 * LK_E_IO, LK_E_WRITE, and as lk_store_open. */
MUST_CHECK lk_status jobs_start(struct jobs **out, struct server *s, lk_error *err);
/* Ends what runs: it is given back, to be taken when the service is there again. */
void jobs_drain(struct jobs *j);
/* Once they are drained; accepts NULL. */
void jobs_stop(struct jobs *j);
/* A job was added: a desk that waits looks now. */
void jobs_nudge(struct jobs *j);

/* places.c: looks at the folders; *out is to be freed with mem_free. */
MUST_CHECK lk_status places_open(struct collection_place **out, size_t *count,
                                 const struct serve_options *o, lk_error *err);
size_t collection_count(const struct jobs *j);
const struct collection_place *collection_at(const struct jobs *j, size_t i);
/* NULL when there is none of that name; name may be NULL. */
const struct collection_place *collection_find(const struct jobs *j, const char *name);
/* The one that the request names; NULL when the answer is a problem already. */
const struct collection_place *collection_asked(struct request *r, const char *name);

/* -- Kinds -- */

/* A file that a job leaves, which is kept under its name. */
struct job_output {
    const char *name, *type;
    bool
        names_files; /* text: folders of this machine in it are replaced by the collection's name */
};

struct job_run;
/* One row a kind of work. */
struct job_kind {
    const char *name;
    const char *path;                 /* of the route that begins one */
    const struct job_output *outputs; /* the first is the result; ended by a row without a name */
    /* What of the settings cannot be, beyond what the fields of the route say; NULL. */
    const char *(*check)(const struct json_t *settings);
    /* Runs the commands. */
    lk_status (*run)(struct job_run *r, lk_error *err);
};
extern const struct job_kind job_kinds[]; /* ended by a row without a name */
const struct job_kind *job_kind_find(const char *name);

/* route_jobs.c: writes down the job that the route begins. */
void job_post(struct request *r, struct bench *bench);

/* A job while it runs. */
struct job_run {
    const struct job_kind *kind;
    const struct collection_place *place;
    const struct json_t *settings;
    char folder[4096]; /* its own, where outputs go */
    void *desk;        /* jobs.c's */
};

/* A command line. */
enum { WORDS_MOST = 64 };
struct job_words {
    char *words[WORDS_MOST + 1];
    int32_t count;
    bool failed;
};
void words_add(struct job_words *w, const char *format, ...) PRINTF_LIKE(2, 3);
void words_release(struct job_words *w);
/* Runs it; what: which part of the job it is, for whoever watches. The words are released. LK_E_CANCELLED when the job is to end;
 * other failures in the words of the command. */
MUST_CHECK lk_status job_command(struct job_run *r, const char *what, struct job_words *w,
                                 lk_error *err);

/* job_settings.c: JSON as text. NULL when it is none, or memory is short. */
struct json_t *settings_parse(const char *text);
void settings_free(struct json_t *settings);
/* One line, without the key `without`; to be freed with mem_free. */
char *settings_line(const struct json_t *settings, const char *without);
const char *settings_text_at(const struct json_t *settings, const char *object, const char *name);

#endif
