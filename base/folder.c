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

static lk_status walk_folder(struct walk *w, const char *below, int depth) {
    if (depth > DEPTH_MOST) {
        return error_set(w->err, LK_E_LIMIT, "folders more than %d levels deep", DEPTH_MOST);
    }
    char *full = folder_join(w->root, below);
    DIR *dir = full ? opendir(full) : NULL;
    lk_status status = !full  ? error_memory(w->err, 0)
                       : !dir ? error_set(w->err, LK_E_IO, "cannot open: %s", strerror(errno))
                              : LK_OK;
    struct dirent *entry;
    while (status == LK_OK && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char *path = folder_join(below, entry->d_name);
        status = path ? walk_entry(w, path, depth) : error_memory(w->err, 0);
    }
    if (dir) {
        closedir(dir);
    }
    mem_free(full);
    return status;
}

lk_status folder_list(struct folder_list *out, const char *path,
                      bool (*wanted)(const void *arg, const char *path), const void *arg,
                      lk_error *err) {
    *out = (struct folder_list){0};
    struct walk w = {out, path, wanted, arg, err};
    lk_status status = walk_folder(&w, "", 0);
    if (status != LK_OK) {
        folder_list_release(out);
        return error_input(err, status, path);
    }
    if (out->count > 0) {
        qsort(out->paths, out->count, sizeof *out->paths, utf8_by_bytes);
    }
    return LK_OK;
}

void folder_list_release(struct folder_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->paths[i]);
    }
    mem_free(list->paths);
    *list = (struct folder_list){0};
}
