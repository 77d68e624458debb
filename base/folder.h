/* SPDX-License-Identifier: Apache-2.0 */
/* The files below a folder. */
#ifndef LK_FOLDER_H
#define LK_FOLDER_H

#include <likeness/status.h>
#include <stdbool.h>

#include "base/compiler.h"

struct folder_list {
    char **paths; /* below the folder, with slashes, in byte order; owned */
    size_t count, capacity;
};

/* Lists the files below path for which wanted(arg, path below it) is true. Links to files count, links to folders are passed
 * over. LK_E_IO for a folder that cannot be read, LK_E_LIMIT ("files" above 1 million, or 64 levels), LK_E_MEMORY; err->input is
 * the folder. */
MUST_CHECK lk_status folder_list(struct folder_list *out, const char *path,
                                 bool (*wanted)(const void *arg, const char *path), const void *arg,
                                 lk_error *err);

/* Called with a folder or file that cannot be looked at, and why. */
struct folder_skip {
    void (*tell)(void *arg, const char *path, const char *why);
    void *arg;
};
/* The same, but what cannot be looked at, path itself too, is told of and passed over: a folder that cannot be read or lies too
 * deep, a file that cannot be asked what it is. What went since its folder was read is passed over silently. LK_E_LIMIT for too
 * many files, LK_E_MEMORY. */
MUST_CHECK lk_status folder_list_readable(struct folder_list *out, const char *path,
                                          bool (*wanted)(const void *arg, const char *path),
                                          const void *arg, const struct folder_skip *skip,
                                          lk_error *err);
void folder_list_release(struct folder_list *list);

/* "folder/path", owned by the caller; NULL when memory is short. */
char *folder_join(const char *folder, const char *path);

#endif
