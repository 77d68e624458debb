/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of jobs, and what they leave there: read, freed of the names of this machine's folders. */
#ifndef LK_JOB_FILES_H
#define LK_JOB_FILES_H

#include "serve/jobs.h"

/* The folder and those above it. LK_E_WRITE. */
MUST_CHECK lk_status folder_make(const char *path, lk_error *err);
/* The folder and the plain files in it. */
void folder_remove(const char *path);

/* text with a name wherever the path (not empty) or something below it stands; to be freed with mem_free, NULL: no memory. */
char *path_replace(const char *text, const char *path, const char *name);

struct job_results {
    lk_job_file files[LK_JOB_FILES_MAX];
    lk_bytes bytes[LK_JOB_FILES_MAX]; /* theirs */
    size_t count;
};
/* Those outputs of the kind that are there. LK_E_IO, LK_E_LIMIT, LK_E_MEMORY. */
MUST_CHECK lk_status job_results_read(struct job_results *out, const struct job_run *run,
                                      lk_error *err);
void job_results_release(struct job_results *r);

#endif
