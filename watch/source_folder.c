/* SPDX-License-Identifier: Apache-2.0 */
/* The pictures of a folder and of those below it, in the order of their names (bytes), as cameras that upload files number them.
 * With --follow it goes on with files that come later, whose names must lie behind the last one given: inotify wakes it, and where
 * that sees nothing (network file systems, folders below) the folder is listed again every few seconds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "image/codec.h"
#include "watch/source_kind.h"

enum { LIST_MS = 5000 }; /* where nothing wakes us, the folder is listed again so often */

struct folder_state {
    struct folder_list list; /* what is still to come begins at `at` */
    size_t at;
    char *last; /* the name given last, or NULL */
    int notify; /* of inotify; -1 when there is none */
};

static bool folder_takes(const char *address) {
    struct stat st;
    return strncmp(address, "dir:", 4) == 0 ||
           (!strstr(address, "://") && stat(address, &st) == 0 && S_ISDIR(st.st_mode));
}

static lk_status folder_open(struct source *s, lk_error *err) {
    struct folder_state *f = s->state;
    struct stat st;
    f->notify = -1;
    f->last = s->after; /* taken over */
    s->after = NULL;
    if (stat(s->address, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return error_set(err, LK_E_IO, "cannot open this folder: %s",
                         strerror(errno ? errno : ENOTDIR));
    }
    if (s->follow) {
        f->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (f->notify >= 0) { /* without it the folder is listed from time to time */
            inotify_add_watch(f->notify, s->address, IN_CLOSE_WRITE | IN_MOVED_TO);
        }
    }
    return LK_OK;
}

static void folder_close(struct source *s) {
    struct folder_state *f = s->state;
    folder_list_release(&f->list);
    mem_free(f->last);
    if (f->notify > 0) {
        close(f->notify);
    }
}

/* arg: the name given last, or NULL. Hidden files are what programs that upload write before they rename. */
static bool comes_next(const void *arg, const char *path) {
    const char *last = arg, *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    return base[0] != '.' && codec_named(path) && (!last || strcmp(path, last) > 0);
}

static lk_status list_again(struct source *s, lk_error *err) {
    struct folder_state *f = s->state;
    folder_list_release(&f->list);
    f->at = 0;
    lk_status status = folder_list(&f->list, s->address, comes_next, f->last, err);
    if (status == LK_OK && s->newest && f->list.count > 0) {
        f->at = f->list.count - 1;
    }
    return status;
}

/* Takes away what inotify tells: only that something happened counts. */
static void drain(const struct folder_state *f) {
    char events[4096];
    while (f->notify >= 0 && read(f->notify, events, sizeof events) > 0) {
    }
}

/* Until there is a next file; *any is false when there is none and none is waited for. */
static lk_status find_next(struct source *s, bool *any, lk_error *err) {
    struct folder_state *f = s->state;
    double end = clock_s() + s->timeout_s;
    *any = f->at < f->list.count;
    while (!*any) {
        drain(f);
        lk_status status = list_again(s, err);
        *any = status == LK_OK && f->at < f->list.count;
        if (status != LK_OK || *any || !s->follow) {
            return status;
        }
        double left_ms = (end - clock_s()) * 1000;
        if (left_ms <= 0) {
            return error_set(err, LK_E_IO, "no new picture for %g s", s->timeout_s);
        }
        status = source_wait(s, f->notify, (int)MIN(left_ms + 1, (double)LIST_MS), err);
        if (status != LK_OK) {
            return status;
        }
    }
    return LK_OK;
}

static lk_status folder_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    struct folder_state *f = s->state;
    lk_status status;
    struct stat st;
    char *path;
    do { /* past files that were taken away meanwhile */
        status = find_next(s, more, err);
        if (status != LK_OK || !*more) {
            return status;
        }
        mem_free(f->last);
        f->last = f->list.paths[f->at];
        f->list.paths[f->at++] = NULL;
        path = folder_join(s->address, f->last);
        if (!path) {
            return error_memory(err, 0);
        }
        if (stat(path, &st) == 0) {
            break;
        }
        mem_free(path);
    } while (true);
    snprintf(out->name, sizeof out->name, "%.255s", f->last);
    status = frame_read(out, s, path, err);
    mem_free(path);
    return status;
}

const struct source_kind source_folder = {
    .state_size = sizeof(struct folder_state),
    .takes = folder_takes,
    .open = folder_open,
    .next = folder_next,
    .close = folder_close,
};
