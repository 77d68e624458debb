/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of lk_tidy_apply. Those that deal with one file say what hinders them in words and leave the file where it was. */
#ifndef LK_TIDY_H
#define LK_TIDY_H

#include <likeness/tidy.h>

#include <limits.h>
#include <sys/stat.h>

#include "base/compiler.h"

enum { TIDY_WHY = 512 };

/* A file whose bytes were read and are those that were grouped. */
struct witness {
    const char *path; /* borrowed */
    int fd;           /* open for reading; -1: none */
    struct stat at;
};

/* One file on its way. */
struct errand {
    const lk_tidy_options *options;
    const lk_dups_file *kept_file, *copy_file; /* borrowed */
    struct witness kept, copy;
    char to[PATH_MAX];   /* where it goes; empty for links and deletion */
    char info[PATH_MAX]; /* trash: the .trashinfo that was written for it */
    char why[TIDY_WHY];
};

/* Opens path and reads it whole; false, with why, when it is no plain file or not what f says. The caller closes it in any case. */
MUST_CHECK bool witness_open(struct witness *w, const lk_dups_file *f, char why[TIDY_WHY]);
/* Whether the path still leads to what was read. */
MUST_CHECK bool witness_holds(const struct witness *w);
void witness_close(struct witness *w);

/* why = "WHAT: errno in words"; false, for returning. */
bool errand_failed(struct errand *e, const char *what);

/* tidy_trash.c: a free name in the trash of the file's file system, with its .trashinfo. */
MUST_CHECK bool trash_reserve(struct errand *e);
/* Takes the .trashinfo away again. */
void trash_cancel(struct errand *e);

/* tidy_place.c: the folder and a free name for it below options->move_to. */
MUST_CHECK bool place_reserve(struct errand *e);
/* Renames the copy to e->to, where there must be nothing, and syncs both folders. */
MUST_CHECK bool place_move(struct errand *e);
/* Makes a folder and those above it that are missing. */
MUST_CHECK bool place_make_folder(struct errand *e, const char *path, mode_t mode);
/* Syncs the folder that path lies in. That it cannot be is no failure: some file systems sync no folders. */
void place_sync_folder_of(const char *path);
/* NAME with ".N" before its extension into out, for N above 1; cut so that `spare` bytes more are a name still. */
void place_name(char out[NAME_MAX + 1], const char *name, unsigned n, size_t spare);

/* tidy_link.c: what replaces the copy. */
MUST_CHECK bool link_hard(struct errand *e);
MUST_CHECK bool link_symbolic(struct errand *e);
MUST_CHECK bool link_blocks(struct errand *e);

/* tidy_log.c: what was begun and done, for undoing by hand. */
struct tidy_log {
    int fd; /* -1: none */
    const char *path;
};
MUST_CHECK lk_status tidy_log_open(struct tidy_log *log, const char *path, lk_error *err);
/* what: "begin", "done", "failed"; begin is on the disk when this returns. */
MUST_CHECK lk_status tidy_log_add(struct tidy_log *log, const char *what, const struct errand *e,
                                  lk_error *err);
void tidy_log_close(struct tidy_log *log);

#endif
