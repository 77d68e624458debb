/* SPDX-License-Identifier: Apache-2.0 */
/* What of folders is new, changed or gone since a collection was brought up to date last. */
#ifndef LK_WALK_H
#define LK_WALK_H

#include <likeness/folder.h>

#include "collection/collection.h"

/* What is known of a file without opening it. The bytes are STAMP_AGAIN where it could not be read for a reason that does not lie
 * in it: rights, a limit. They may be other ones at the next run, and the file the same. */
enum { STAMP_AGAIN = -1 };
struct stamp {
    int64_t bytes, modified_ns, inode;
};

struct walk {
    lk_collection *collection;
    const lk_collection_options *options;
    lk_collection_changes *changes;
    char model_key[MODEL_KEY]; /* of options->model; empty without one */
    /* What was found. */
    lk_picture_list list; /* absolute paths, in byte order */
    char **roots;         /* what was asked for, absolute */
    size_t root_count;
    struct task {
        const char *path;
        struct stamp stamp;
    } * tasks; /* files to be looked at */
    size_t task_count;
    struct paths {
        char **paths;
        size_t count, room;
    } gone,     /* files that the collection is to forget */
        unread; /* folders and files that could not be looked at: what is known below stays */
};

/* Finds what is to be done, and counts what is unchanged, added and changed. As lk_collection_update. */
MUST_CHECK lk_status walk_run(struct walk *w, const char *const *paths, size_t count,
                              lk_error *err);
void walk_release(struct walk *w);
/* Whether path is root or lies below it; both are absolute, without dots. */
bool walk_is_below(const char *root, const char *path);
/* Counts a file that cannot be read, and tells of it. */
void walk_skip(struct walk *w, const char *path, const char *why);

#endif
