/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { FILES_MOST = 1000000, DEPTH_MOST = 64 };

struct walk {
    struct folder_list *out;
    const char *root;
    bool (*wanted)(const void *arg, const char *path);
    const void *arg;
    const struct folder_skip *skip; /* NULL: what cannot be read ends it */
    lk_error *err;
};

char *folder_join(const char *folder, const char *path) {
    if (*folder == '\0') {
        return mem_strdup(path);
    }
    size_t n = strlen(folder);
    const char *slash = n > 0 && folder[n - 1] == '/' ? "" : "/";
    size_t size = n + strlen(path) + 2;
    char *out = mem_alloc(size, 1);
    if (out) {
        snprintf(out, size, "%s%s%s", folder, slash, path);
    }
    return out;
}

static lk_status list_add(struct walk *w, char *path) {
    struct folder_list *l = w->out;
    if (l->count == FILES_MOST) {
        mem_free(path);
        return error_set(w->err, LK_E_LIMIT, "more than %d files", FILES_MOST);
    }
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 64;
        char **grown = mem_realloc(l->paths, capacity, sizeof *grown);
        if (!grown) {
            mem_free(path);
            return error_memory(w->err, capacity * sizeof *grown);
        }
        l->paths = grown;
        l->capacity = capacity;
    }
    l->paths[l->count++] = path;
    return LK_OK;
}

/* A folder or file that cannot be looked at: the end, or told. */
static lk_status cannot(const struct walk *w, const char *full, lk_status status, const char *why) {
    if (!w->skip) {
        return error_set(w->err, status, "%s", why);
    }
    w->skip->tell(w->skip->arg, full, why);
    return LK_OK;
}

static lk_status cannot_open(const struct walk *w, const char *full, int cause) {
    char why[128];
    snprintf(why, sizeof why, "cannot open: %s", strerror(cause));
    return cannot(w, full, LK_E_IO, why);
}

static lk_status walk_folder(struct walk *w, const char *below, int depth);

/* One entry of a folder. Takes path over. */
static lk_status walk_entry(struct walk *w, char *path, int depth) {
    struct stat link, target;
    lk_status status = LK_OK;
    char *full = folder_join(w->root, path);
    if (!full) {
        mem_free(path);
        return error_memory(w->err, 0);
    }
    bool there = lstat(full, &link) == 0 && stat(full, &target) == 0;
    if (!there && w->skip && errno != ENOENT) { /* ENOENT: it went, or is a link to nothing */
        status = cannot_open(w, full, errno);
    }
    mem_free(full);
    if (there && S_ISREG(target.st_mode) && w->wanted(w->arg, path)) {
        return list_add(w, path);
    }
    if (there && S_ISDIR(link.st_mode)) {
        status = walk_folder(w, path, depth + 1);
    }
    mem_free(path);
    return status;
}

/* The entries of an open folder. */
static lk_status walk_entries(struct walk *w, DIR *dir, const char *full, const char *below,
                              int depth) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry) {
            return errno != 0 ? cannot_open(w, full, errno) : LK_OK;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char *path = folder_join(below, entry->d_name);
        lk_status status = path ? walk_entry(w, path, depth) : error_memory(w->err, 0);
        if (status != LK_OK) {
            return status;
        }
    }
}

static lk_status walk_folder(struct walk *w, const char *below, int depth) {
    char deep[64];
    char *full = folder_join(w->root, below);
    if (!full) {
        return error_memory(w->err, 0);
    }
    lk_status status;
    DIR *dir = depth <= DEPTH_MOST ? opendir(full) : NULL;
    if (depth > DEPTH_MOST) {
        snprintf(deep, sizeof deep, "folders more than %d levels deep", DEPTH_MOST);
        status = cannot(w, full, LK_E_LIMIT, deep);
    } else if (!dir) {
        status = cannot_open(w, full, errno);
    } else {
        status = walk_entries(w, dir, full, below, depth);
        closedir(dir);
    }
    mem_free(full);
    return status;
}

static lk_status list(struct walk *w) {
    lk_status status = walk_folder(w, "", 0);
    if (status != LK_OK) {
        folder_list_release(w->out);
        return error_input(w->err, status, w->root);
    }
    if (w->out->count > 0) {
        qsort(w->out->paths, w->out->count, sizeof *w->out->paths, utf8_by_bytes);
    }
    return LK_OK;
}

lk_status folder_list(struct folder_list *out, const char *path,
                      bool (*wanted)(const void *arg, const char *path), const void *arg,
                      lk_error *err) {
    struct walk w = {out, path, wanted, arg, NULL, err};
    *out = (struct folder_list){0};
    return list(&w);
}

lk_status folder_list_readable(struct folder_list *out, const char *path,
                               bool (*wanted)(const void *arg, const char *path), const void *arg,
                               const struct folder_skip *skip, lk_error *err) {
    struct walk w = {out, path, wanted, arg, skip, err};
    *out = (struct folder_list){0};
    return list(&w);
}

void folder_list_release(struct folder_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->paths[i]);
    }
    mem_free(list->paths);
    *list = (struct folder_list){0};
}
