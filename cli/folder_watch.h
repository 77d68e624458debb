/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for changes below folders (inotify). What changed is not told: the index looks for itself. */
#ifndef LK_FOLDER_WATCH_H
#define LK_FOLDER_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <likeness/status.h>

struct folder_watch {
    int fd;
    size_t count;   /* folders that are watched */
    size_t missing; /* of paths, that were not there when it was looked last */
    const char *const *paths;
    size_t path_count;
};

/* paths are borrowed. LK_E_LIMIT when the system watches no more folders, LK_E_IO. */
lk_status folder_watch_open(struct folder_watch *out, const char *const *paths, size_t count,
                            lk_error *err);
/* Returns true after changes, once they have paused; false when the program is to stop. New folders are watched too. */
bool folder_watch_wait(struct folder_watch *w);
void folder_watch_close(struct folder_watch *w);

#endif
