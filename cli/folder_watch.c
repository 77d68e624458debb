/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/folder_watch.h"

#include <errno.h>
#include <fts.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/stop.h"

enum { PAUSE_MS = 700, LOOK_MS = 250, AGAIN_LOOKS = 8 };
/* Changes that never pause are looked at all the same. */
static const double longest_s = 10;

static const uint32_t wanted = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                               IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;

static lk_status fail(lk_error *err, const char *path) {
    bool full = errno == ENOSPC || errno == EMFILE;
    *err = (lk_error){.status = full ? LK_E_LIMIT : LK_E_IO};
    snprintf(err->input, sizeof err->input, "%.500s", path);
    snprintf(err->text, sizeof err->text, "%s",
             full ? "the system watches no more folders: raise fs.inotify.max_user_watches"
                  : strerror(errno));
    return err->status;
}

/* A folder that went, or that may not be read, is passed over: what it lies in says when that changes. */
static bool is_passed_over(int cause) {
    return cause == ENOENT || cause == ENOTDIR || cause == EACCES;
}

/* Watches what is not watched yet: asking again for the same folder changes nothing. */
static lk_status add_all(struct folder_watch *w, lk_error *err) {
    lk_status status = LK_OK;
    w->count = w->missing = 0;
    for (size_t i = 0; status == LK_OK && i < w->path_count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s", w->paths[i]);
        char *const roots[] = {path, NULL};
        FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        if (!tree) {
            return fail(err, w->paths[i]);
        }
        for (FTSENT *e; status == LK_OK && (e = fts_read(tree));) {
            bool watched = e->fts_info == FTS_D || (e->fts_level == 0 && e->fts_info == FTS_F);
            if (watched && inotify_add_watch(w->fd, e->fts_path, wanted) >= 0) {
                w->count++;
            } else if (watched && !is_passed_over(errno)) {
                status = fail(err, e->fts_path);
            }
            w->missing += e->fts_level == 0 && e->fts_info == FTS_NS;
        }
        fts_close(tree);
    }
    return status;
}

lk_status folder_watch_open(struct folder_watch *out, const char *const *paths, size_t count,
                            lk_error *err) {
    *out = (struct folder_watch){.paths = paths, .path_count = count};
    out->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (out->fd < 0) {
        return fail(err, paths[0]);
    }
    lk_status status = add_all(out, err);
    if (status != LK_OK) {
        folder_watch_close(out);
    }
    return status;
}

/* Takes what there is; whether there was anything. */
static bool drain(struct folder_watch *w) {
    char events[1 << 14];
    bool any = false;
    while (read(w->fd, events, sizeof events) > 0) {
        any = true;
    }
    return any;
}

static bool wait_for(struct folder_watch *w, int ms) {
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    return poll(&p, 1, ms) > 0 && drain(w);
}

/* Whether one of the paths that were gone is there again: nothing that is watched tells of it. */
static bool is_back(struct folder_watch *w) {
    lk_error ignored;
    const size_t missing = w->missing;
    return missing > 0 && add_all(w, &ignored) == LK_OK && w->missing < missing;
}

bool folder_watch_wait(struct folder_watch *w) {
    lk_error ignored;
    for (int look = 1; !stop_asked() && !wait_for(w, LOOK_MS); look++) {
        if (look % AGAIN_LOOKS == 0 && is_back(w)) {
            break;
        }
    }
    for (double began = clock_s(); !stop_asked() && clock_s() - began < longest_s;) {
        if (!wait_for(w, PAUSE_MS)) {
            break;
        }
    }
    lk_status status = add_all(w, &ignored); /* what is not watched is found by the next change */
    (void)status;
    return !stop_asked();
}

void folder_watch_close(struct folder_watch *w) {
    close(w->fd);
    w->fd = -1;
}
