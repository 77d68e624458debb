/* SPDX-License-Identifier: Apache-2.0 */
/* The files that are there and those that the collection knows, both in byte order, gone through side by side. */
#include "collection/walk.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

/* -- Names -- */

void walk_skip(struct walk *w, const char *path, const char *why) {
    w->changes->skipped++;
    if (w->options->skip) {
        w->options->skip(w->options->arg, path, why);
    }
}

static int by_path(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Overlapping folders name a file twice. */
static void sort_paths(lk_picture_list *list) {
    size_t kept = 0;
    if (list->count > 0) {
        qsort(list->paths, list->count, sizeof *list->paths, by_path);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->paths[kept - 1], list->paths[i]) == 0) {
            mem_free(list->paths[i]);
        } else {
            list->paths[kept++] = list->paths[i];
        }
    }
    list->count = kept;
}

/* The path without links and dots; of a file that is not there, with its folder resolved, so that what is known of it goes. */
static lk_status resolve(char **out, const char *path, lk_error *err) {
    char whole[PATH_MAX];
    *out = NULL;
    if (realpath(path, whole)) {
        *out = mem_strdup(whole);
        return *out ? LK_OK : error_memory(err, strlen(whole));
    }
    return error_input(err, error_set(err, LK_E_IO, "cannot open: %s", strerror(errno)), path);
}

/* Takes path over, also when this fails. */
static lk_status add_root(struct walk *w, char *path, lk_error *err) {
    char **grown = path ? mem_realloc(w->roots, w->root_count + 1, sizeof *grown) : NULL;
    if (!grown) {
        mem_free(path);
        return error_memory(err, sizeof *grown);
    }
    w->roots = grown;
    w->roots[w->root_count++] = path;
    return LK_OK;
}

/* Those asked for, which are noted. */
static lk_status take_roots(struct walk *w, const char *const *paths, size_t count, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        char *whole;
        struct sql q;
        status = resolve(&whole, paths[i], err);
        status = status == LK_OK ? add_root(w, whole, err) : status;
        if (status == LK_OK) {
            sql_begin(&q, &w->collection->at, "INSERT OR IGNORE INTO root (path) VALUES (?)");
            sql_bind_blob(&q, whole, strlen(whole));
            status = sql_finish(&q, err);
        }
    }
    return status;
}

/* Those of earlier runs that are there: a disk that is not plugged in is no folder that was emptied. */
static lk_status known_roots(struct walk *w, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &w->collection->at, "SELECT path FROM root ORDER BY path");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        size_t size;
        const void *path = sql_blob(&q, 0, &size);
        char *copy = mem_calloc(size + 1, 1);
        if (!copy) {
            status = error_memory(err, size);
            break;
        }
        memcpy(copy, path, size);
        if (access(copy, F_OK) != 0) {
            walk_skip(w, copy, strerror(errno));
            mem_free(copy);
        } else if ((status = add_root(w, copy, err)) != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

static lk_status add_path(struct paths *p, const char *path, lk_error *err) {
    if (p->count == p->room) {
        size_t room = p->room > 0 ? 2 * p->room : 64;
        char **grown = mem_realloc(p->paths, room, sizeof *grown);
        if (!grown) {
            return error_memory(err, room * sizeof *grown);
        }
        p->paths = grown;
        p->room = room;
    }
    p->paths[p->count] = mem_strdup(path);
    return p->paths[p->count++] ? LK_OK : error_memory(err, strlen(path));
}

static void paths_release(struct paths *p) {
    for (size_t i = 0; i < p->count; i++) {
        mem_free(p->paths[i]);
    }
    mem_free(p->paths);
}

struct unreadable {
    struct walk *walk;
    lk_status status; /* of noting them */
    lk_error *err;
};

static void note_unreadable(void *arg, const char *path, const char *why) {
    struct unreadable *u = arg;
    walk_skip(u->walk, path, why);
    u->status = u->status == LK_OK ? add_path(&u->walk->unread, path, u->err) : u->status;
}

static lk_status find_files(struct walk *w, const char *const *paths, size_t count, lk_error *err) {
    struct unreadable u = {w, LK_OK, err};
    const lk_picture_skip skip = {note_unreadable, &u};
    lk_status status = count > 0 ? take_roots(w, paths, count, err) : known_roots(w, err);
    if (status == LK_OK) {
        status = lk_picture_list_find_all(&w->list, (const char *const *)w->roots, w->root_count,
                                          &skip, err);
        status = status == LK_OK ? u.status : status;
        sort_paths(&w->list);
    }
    return status;
}

bool walk_is_below(const char *root, const char *path) {
    size_t n = strlen(root);
    return strncmp(root, path, n) == 0 &&
           (path[n] == '\0' || path[n] == '/' || (n == 1 && root[0] == '/'));
}

static bool is_below_any(char *const *roots, size_t count, const char *path) {
    bool below = false;
    for (size_t i = 0; i < count && !below; i++) {
        below = walk_is_below(roots[i], path);
    }
    return below;
}

/* A file that was not found is gone, unless nobody looked. */
static bool was_looked_for(const struct walk *w, const char *path) {
    return is_below_any(w->roots, w->root_count, path) &&
           !is_below_any(w->unread.paths, w->unread.count, path);
}

enum { NOT_PLAIN = -1 };

/* 0, NOT_PLAIN, or the errno of why it cannot be looked at. */
static int look_at(struct stamp *out, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return NOT_PLAIN;
    }
    *out =
        (struct stamp){.bytes = st.st_size,
                       .modified_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                       .inode = (int64_t)st.st_ino};
    return 0;
}

/* -- Both lists side by side -- */

/* A row of the collection, beside the list of files. */
struct known {
    struct sql q;
    bool row;
    char path[PATH_MAX];
};

static lk_status known_next(struct known *k, lk_error *err) {
    size_t size = 0;
    lk_status status = sql_step(&k->q, &k->row, err);
    if (status == LK_OK && k->row) {
        const void *path = sql_blob(&k->q, 0, &size);
        size = MIN(size, sizeof k->path - 1);
        memcpy(k->path, path, size);
        k->path[size] = '\0';
    }
    return status;
}

static lk_status known_begin(struct known *k, const struct walk *w, lk_error *err) {
    sql_begin(&k->q, &w->collection->at,
              "SELECT path, bytes, modified_ns, inode, why, content IS NOT NULL AND "
              "algorithm = ?1 AND (?2 IS NULL OR (model = ?2 AND embedding IS NOT NULL)) AND "
              "(?3 = 0 OR keypoints IS NOT NULL) "
              "FROM file LEFT JOIN content ON content.id = file.content ORDER BY path");
    sql_bind_int(&k->q, FACTS_VERSION);
    sql_bind_text(&k->q, w->options->model ? w->model_key : NULL);
    sql_bind_int(&k->q, w->options->keypoints);
    return known_next(k, err);
}

static bool is_unchanged(struct known *k, const struct stamp *s) {
    return sql_int(&k->q, 1) == s->bytes && sql_int(&k->q, 2) == s->modified_ns &&
           sql_int(&k->q, 3) == s->inode;
}

/* A file that is known: it stays as it is, or is looked at again. */
static void meet(struct walk *w, struct known *k, const char *path, const struct stamp *s) {
    bool unchanged = is_unchanged(k, s), again = sql_int(&k->q, 1) == STAMP_AGAIN;
    const char *why = sql_is_null(&k->q, 4) ? NULL : sql_text(&k->q, 4);
    if (unchanged && (why || sql_int(&k->q, 5))) {
        w->changes->unchanged++;
        if (w->options->step) {
            w->options->step(w->options->arg, w->list.count, path);
        }
        if (why) {
            walk_skip(w, path, why);
        } else {
            w->changes->files++;
        }
        return;
    }
    w->changes->changed += !unchanged && !again;
    w->tasks[w->task_count++] = (struct task){path, *s};
}

static lk_status compare_lists(struct walk *w, lk_error *err) {
    struct known k;
    lk_status status = known_begin(&k, w, err);
    for (size_t i = 0; status == LK_OK && (i < w->list.count || k.row);) {
        const char *path = i < w->list.count ? w->list.paths[i] : NULL;
        int order = !path ? 1 : !k.row ? -1 : strcmp(path, k.path);
        struct stamp s;
        int why = order <= 0 ? look_at(&s, path) : 0;
        if (why != 0) {
            walk_skip(w, path, why == NOT_PLAIN ? "is no plain file" : strerror(why));
        } else if (order < 0) {
            w->changes->added++;
            w->tasks[w->task_count++] = (struct task){path, s};
        } else if (order == 0) {
            meet(w, &k, path, &s);
        }
        bool goes = order > 0 ? was_looked_for(w, k.path)
                              : order == 0 && (why == ENOENT || why == NOT_PLAIN);
        if (goes && !w->options->keep_gone) { /* later: it must not change under the scan */
            status = add_path(&w->gone, k.path, err);
        }
        i += order <= 0;
        status = status == LK_OK && order >= 0 ? known_next(&k, err) : status;
    }
    sql_end(&k.q);
    return status;
}

lk_status walk_run(struct walk *w, const char *const *paths, size_t count, lk_error *err) {
    lk_status status = find_files(w, paths, count, err);
    if (status == LK_OK) {
        w->tasks = mem_alloc(w->list.count, sizeof *w->tasks);
        status =
            w->tasks ? compare_lists(w, err) : error_memory(err, w->list.count * sizeof *w->tasks);
    }
    return status;
}

void walk_release(struct walk *w) {
    for (size_t i = 0; i < w->root_count; i++) {
        mem_free(w->roots[i]);
    }
    mem_free(w->roots);
    mem_free(w->tasks);
    paths_release(&w->gone);
    paths_release(&w->unread);
    lk_picture_list_release(&w->list);
}
