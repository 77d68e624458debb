/* SPDX-License-Identifier: Apache-2.0 */
/* Clearing up duplicates, one copy after the other.
 *
 * The order is what keeps pictures safe: the file kept and the copy are read again and compared with what was grouped; the
 * kept one is brought to the disk; the log says what is begun; then one system call changes one name (rename, unlink) or
 * nothing but blocks (reflink). Between the reading and that call another process may still replace a
 * file; names are looked at once more just before, and what goes to the trash or a folder is not lost even then. */
#include "collection/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"

enum { READ_BYTES = 1 << 18 };

const char *lk_tidy_action_name(lk_tidy_action action) {
    static const char *const names[] = {"none",    "trash", "hardlink", "reflink",
                                        "symlink", "move",  "delete"};
    return names[action];
}

const char *lk_tidy_state_name(lk_tidy_state state) {
    static const char *const names[] = {"kept", "left", "planned", "done", "failed"};
    return names[state];
}

/* -- Files whose bytes are known -- */

static bool same_time(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool read_digest(int fd, char hex[65]) {
    uint8_t *block = mem_alloc(READ_BYTES, 1), sum[DIGEST_BYTES];
    struct digest d;
    ssize_t n = -1;
    digest_begin(&d);
    while (block && ((n = read(fd, block, READ_BYTES)) > 0 || (n < 0 && errno == EINTR))) {
        digest_add(&d, block, n > 0 ? (size_t)n : 0);
    }
    int failed = block ? errno : ENOMEM;
    digest_end(sum, &d);
    digest_hex(hex, sum);
    mem_free(block);
    errno = failed;
    return n == 0;
}

bool witness_holds(const struct witness *w) {
    struct stat open_now, named_now;
    return fstat(w->fd, &open_now) == 0 && lstat(w->path, &named_now) == 0 &&
           same_file(&open_now, &named_now) && open_now.st_size == w->at.st_size &&
           same_time(&open_now.st_mtim, &w->at.st_mtim);
}

bool witness_open(struct witness *w, const lk_dups_file *f, char why[TIDY_WHY]) {
    char hex[65];
    struct stat named;
    *w = (struct witness){.path = f->path, .fd = -1};
    if (lstat(f->path, &named) == 0 && !S_ISREG(named.st_mode)) {
        snprintf(why, TIDY_WHY, "is no plain file any more");
        return false;
    }
    w->fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (w->fd < 0 || fstat(w->fd, &w->at) != 0) {
        snprintf(why, TIDY_WHY, "cannot be read again: %s", strerror(errno));
        return false;
    }
    if (!S_ISREG(w->at.st_mode) || w->at.st_size != f->bytes) {
        snprintf(why, TIDY_WHY, "has changed since it was looked at");
        return false;
    }
    if (!read_digest(w->fd, hex)) {
        snprintf(why, TIDY_WHY, "cannot be read again: %s", strerror(errno));
        return false;
    }
    if (strcmp(hex, f->sha256) != 0 || !witness_holds(w)) {
        snprintf(why, TIDY_WHY, "has changed since it was looked at");
        return false;
    }
    return true;
}

void witness_close(struct witness *w) {
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->fd = -1;
}

bool errand_failed(struct errand *e, const char *what) {
    snprintf(e->why, sizeof e->why, "%.300s: %s", what, strerror(errno));
    return false;
}

/* -- What is to be done -- */

static bool wants_equal_bytes(lk_tidy_action action) {
    return action == LK_TIDY_HARDLINK || action == LK_TIDY_REFLINK || action == LK_TIDY_SYMLINK;
}

/* Whether path, which has no links in it, lies below the folder. */
static bool is_below(const char *folder, const char *path) {
    char whole[PATH_MAX];
    size_t n = realpath(folder, whole) ? strlen(whole) : 0;
    return n > 0 && strncmp(whole, path, n) == 0 && (path[n] == '/' || n == 1);
}

/* Why nothing can be done to the copy; NULL when something can. */
static const char *hindrance(const lk_dups_file *kept, const lk_dups_file *copy,
                             const lk_tidy_options *o) {
    struct stat kept_at, copy_at;
    if (copy->is_protected) {
        return "is protected";
    }
    if (copy->kind == LK_DUPS_SCENE) {
        return "shows the same scene, and is no copy";
    }
    if (wants_equal_bytes(o->action) && strcmp(copy->sha256, kept->sha256) != 0) {
        return "its bytes are others than those of the file kept";
    }
    if (o->action == LK_TIDY_MOVE && is_below(o->move_to, copy->path)) {
        return "lies there already";
    }
    if (lstat(copy->path, &copy_at) != 0) {
        return errno == ENOENT ? "is gone" : "cannot be looked at";
    }
    if (!S_ISREG(copy_at.st_mode)) {
        return "is a link";
    }
    if (stat(kept->path, &kept_at) != 0) {
        return "the file kept is gone";
    }
    return same_file(&kept_at, &copy_at) ? "is the file kept under another name (a hard link)"
                                         : NULL;
}

static lk_status say(lk_tidy_file *f, lk_tidy_state state, const char *why, lk_error *err) {
    f->state = state;
    mem_free(f->why);
    f->why = why ? mem_strdup(why) : NULL;
    return why && !f->why ? error_memory(err, strlen(why)) : LK_OK;
}

static lk_status plan_group(lk_tidy *t, lk_tidy_file *files, const lk_dups_group *g,
                            const lk_tidy_options *o, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 1; status == LK_OK && i < g->count; i++) {
        const char *why = hindrance(&g->files[0], &g->files[i], o);
        status = say(&files[i], why ? LK_TIDY_LEFT : LK_TIDY_PLANNED, why, err);
        t->left_files += why != NULL;
        t->planned_files += why == NULL;
        t->planned_bytes += why ? 0 : g->files[i].bytes;
    }
    return status;
}

lk_status lk_tidy_plan(lk_tidy *out, const lk_dups *dups, const lk_tidy_options *o, lk_error *err) {
    lk_status status = LK_OK;
    size_t count = 0, at = 0;
    for (size_t i = 0; i < dups->count; i++) {
        count += dups->groups[i].count;
    }
    *out = (lk_tidy){.files = mem_calloc(count, sizeof *out->files), .count = count};
    if (!out->files) {
        out->count = 0;
        return error_memory(err, count * sizeof *out->files);
    }
    for (size_t i = 0; status == LK_OK && i < dups->count; i++) {
        status = plan_group(out, out->files + at, &dups->groups[i], o, err);
        at += dups->groups[i].count;
    }
    if (status != LK_OK) {
        lk_tidy_release(out);
    }
    return status;
}

void lk_tidy_release(lk_tidy *tidy) {
    for (size_t i = 0; tidy && i < tidy->count; i++) {
        mem_free(tidy->files[i].why);
        mem_free(tidy->files[i].to);
    }
    if (tidy) {
        mem_free(tidy->files);
        *tidy = (lk_tidy){0};
    }
}

/* -- Doing it -- */

struct round {
    lk_tidy *tidy;
    const lk_tidy_options *options;
    struct tidy_log log;
    const lk_dups_group *group;
    lk_tidy_file *files; /* of the group */
};

/* The place that the file goes to, where it goes to any. */
static bool reserve(struct errand *e) {
    switch (e->options->action) {
    case LK_TIDY_TRASH: return trash_reserve(e);
    case LK_TIDY_MOVE: return place_reserve(e);
    default: return true;
    }
}

static bool erase(struct errand *e) {
    if (unlink(e->copy.path) != 0) {
        return errand_failed(e, "cannot delete it");
    }
    place_sync_folder_of(e->copy.path);
    return true;
}

static bool carry_out(struct errand *e) {
    switch (e->options->action) {
    case LK_TIDY_TRASH:
    case LK_TIDY_MOVE: return place_move(e);
    case LK_TIDY_HARDLINK: return link_hard(e);
    case LK_TIDY_SYMLINK: return link_symbolic(e);
    case LK_TIDY_REFLINK: return link_blocks(e);
    case LK_TIDY_DELETE: return erase(e);
    case LK_TIDY_NONE: break;
    }
    return false;
}

static lk_status settle(struct round *r, lk_tidy_file *f, const struct errand *e, bool done,
                        lk_error *err) {
    lk_status status = say(f, done ? LK_TIDY_DONE : LK_TIDY_FAILED, done ? NULL : e->why, err);
    r->tidy->done_files += done;
    r->tidy->done_bytes += done ? e->copy_file->bytes : 0;
    r->tidy->failed_files += !done;
    if (status == LK_OK && done && *e->to) {
        f->to = mem_strdup(e->to);
        status = f->to ? LK_OK : error_memory(err, strlen(e->to));
    }
    return status;
}

/* The copy was read, and goes. Only what the log cannot say, or no memory, is an error. */
static lk_status act(struct round *r, lk_tidy_file *f, struct errand *e, lk_error *err) {
    bool reserved = reserve(e);
    lk_status status = reserved ? tidy_log_add(&r->log, "begin", e, err) : LK_OK;
    bool done = false;
    if (reserved && status == LK_OK) {
        if (witness_holds(&e->kept) && witness_holds(&e->copy)) {
            done = carry_out(e);
        } else {
            snprintf(e->why, sizeof e->why, "has changed since it was looked at");
        }
    }
    if (reserved && !done) {
        trash_cancel(e);
    }
    lk_status settled = status == LK_OK ? settle(r, f, e, done, err) : status;
    if (reserved && status == LK_OK) {
        status = tidy_log_add(&r->log, done ? "done" : "failed", e, settled == LK_OK ? err : NULL);
    }
    return settled == LK_OK ? status : settled;
}

static lk_status leave(struct round *r, lk_tidy_file *f, const char *why, lk_error *err) {
    r->tidy->left_files++;
    return say(f, LK_TIDY_LEFT, why, err);
}

static lk_status tidy_copy(struct round *r, size_t i, struct errand *e, lk_error *err) {
    char why[TIDY_WHY];
    e->copy_file = &r->group->files[i];
    *e->to = *e->info = *e->why = '\0';
    const char *hindered = hindrance(e->kept_file, e->copy_file, r->options);
    lk_status status = LK_OK;
    if (hindered) {
        return leave(r, &r->files[i], hindered, err);
    }
    if (!witness_open(&e->copy, e->copy_file, why)) {
        status = leave(r, &r->files[i], why, err);
    } else if (same_file(&e->copy.at, &e->kept.at)) {
        status = leave(r, &r->files[i], "is the file kept under another name (a hard link)", err);
    } else {
        status = act(r, &r->files[i], e, err);
    }
    witness_close(&e->copy);
    return status;
}

static bool has_planned(const struct round *r) {
    for (size_t i = 1; i < r->group->count; i++) {
        if (r->files[i].state == LK_TIDY_PLANNED) {
            return true;
        }
    }
    return false;
}

/* The file kept cannot be vouched for: its copies stay. */
static lk_status leave_all(struct round *r, const char *why, lk_error *err) {
    char whole[TIDY_WHY + 32];
    lk_status status = LK_OK;
    snprintf(whole, sizeof whole, "the file kept %s", why);
    for (size_t i = 1; status == LK_OK && i < r->group->count; i++) {
        status = r->files[i].state == LK_TIDY_PLANNED ? leave(r, &r->files[i], whole, err) : status;
    }
    return status;
}

static lk_status tidy_planned(struct round *r, struct errand *e, lk_error *err) {
    const lk_tidy_options *o = r->options;
    lk_status status = LK_OK;
    for (size_t i = 1; status == LK_OK && i < r->group->count; i++) {
        if (r->files[i].state != LK_TIDY_PLANNED) {
            continue;
        }
        if (o->stop && __atomic_load_n(o->stop, __ATOMIC_RELAXED) != 0) {
            return error_set(err, LK_E_CANCELLED, "asked to stop");
        }
        if (o->step) {
            o->step(o->arg, (size_t)r->tidy->planned_files, r->group->files[i].path);
        }
        status = tidy_copy(r, i, e, err);
    }
    return status;
}

static lk_status tidy_group(struct round *r, lk_error *err) {
    struct errand e = {.options = r->options, .kept_file = &r->group->files[0], .copy.fd = -1};
    char why[TIDY_WHY];
    lk_status status;
    if (!has_planned(r)) {
        return LK_OK;
    }
    if (!witness_open(&e.kept, e.kept_file, why)) {
        status = leave_all(r, why, err);
    } else {
        (void)!fsync(e.kept.fd); /* what is kept may have been written a moment ago */
        status = tidy_planned(r, &e, err);
    }
    witness_close(&e.kept);
    return status;
}

lk_status lk_tidy_apply(lk_tidy *tidy, const lk_dups *dups, const lk_tidy_options *o,
                        lk_error *err) {
    struct round r = {.tidy = tidy, .options = o, .files = tidy->files};
    if (o->action == LK_TIDY_NONE || (o->action == LK_TIDY_MOVE && !o->move_to)) {
        return error_set(err, LK_E_USAGE, "there is nothing to be done to copies");
    }
    lk_status status = tidy_log_open(&r.log, o->log, err);
    for (size_t i = 0; status == LK_OK && i < dups->count; i++) {
        r.group = &dups->groups[i];
        status = tidy_group(&r, err);
        r.files += r.group->count;
    }
    tidy_log_close(&r.log);
    return status;
}
