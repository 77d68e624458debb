/* SPDX-License-Identifier: Apache-2.0 */
/* Clearing up duplicates: what is done to the copies of groups, so that no picture is ever lost. */
#ifndef LIKENESS_TIDY_H
#define LIKENESS_TIDY_H

#include <likeness/dups.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lk_tidy_action {
    LK_TIDY_NONE,     /* looked at, as for the trash, and nothing done */
    LK_TIDY_TRASH,    /* freedesktop.org's trash of the file's own file system */
    LK_TIDY_HARDLINK, /* the name leads to the bytes of the file kept; only of equal bytes */
    LK_TIDY_REFLINK, /* the file stays and shares its blocks with the one kept; only of equal bytes */
    LK_TIDY_SYMLINK, /* a symbolic link to the file kept; only of equal bytes */
    LK_TIDY_MOVE,    /* to another folder, with the path that it has below its own */
    LK_TIDY_DELETE,  /* for good */
} lk_tidy_action;
/* "none", "trash", "hardlink", ... */
LK_API const char *lk_tidy_action_name(lk_tidy_action action);

typedef enum lk_tidy_state {
    LK_TIDY_KEPT,    /* the file that its group keeps */
    LK_TIDY_LEFT,    /* nothing is done to it; why says the reason */
    LK_TIDY_PLANNED, /* would go, or is still to go */
    LK_TIDY_DONE,
    LK_TIDY_FAILED, /* it is where it was; why says the reason */
} lk_tidy_state;
LK_API const char *lk_tidy_state_name(lk_tidy_state state);

typedef struct lk_tidy_file {
    lk_tidy_state state;
    char *why; /* NULL where there is nothing to say */
    char *to;  /* trash, move: where it is now; else NULL */
} lk_tidy_file;

typedef struct lk_tidy_options {
    lk_tidy_action action;
    const char *
        home_trash; /* of the user, mostly $XDG_DATA_HOME/Trash; NULL: only those of file systems */
    const char *move_to; /* is made where it is not there */
    const char *const *
        roots; /* move: the folders that were searched; what lies below one keeps that part of its path */
    size_t root_count;
    const char
        *log; /* JSON lines are added to it: what is begun, and what came of it; NULL: none */
    const int *stop; /* asked before each file; may be NULL */
    /* Called before each file that is to be changed. May be NULL. */
    void (*step)(void *arg, size_t total, const char *path);
    void *arg;
} lk_tidy_options;

/* What is done to each file of each group, in the order of lk_dups. */
typedef struct lk_tidy {
    lk_tidy_file *files;
    size_t count;
    int64_t planned_files, planned_bytes; /* all that were to go, done or not */
    int64_t done_files, done_bytes;
    int64_t left_files, failed_files; /* left: of those that are not kept */
} lk_tidy;

/* Says what would be done. Nothing is opened or changed. Left are files that are protected, show only the same scene, are links, or
 * lead to the bytes of the file kept already; for links, those of other bytes. LK_E_MEMORY. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_tidy_plan(lk_tidy *out, const lk_dups *dups,
                                            const lk_tidy_options *options, lk_error *err);

/* Does what is planned, one file after the other, each on the disk before the next. Of every file that goes, the bytes of the one
 * kept and its own are read again, and must be those that were grouped; what has changed is left. A file that cannot be dealt with
 * is no error of the whole: its state says so, and the others go on. Killed at any moment, every picture is still there, and
 * none is half written. LK_E_WRITE when the log cannot be written, LK_E_CANCELLED, LK_E_MEMORY: what is not done then is
 * planned still. */
LK_API LK_MUST_CHECK lk_status lk_tidy_apply(lk_tidy *tidy, const lk_dups *dups,
                                             const lk_tidy_options *options, lk_error *err);
LK_API void lk_tidy_release(lk_tidy *tidy);

#ifdef __cplusplus
}
#endif
#endif
