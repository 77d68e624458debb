/* SPDX-License-Identifier: Apache-2.0 */
/* Free names in folders, and renaming to them: nothing that is there is ever written over, and nothing is copied from one file
 * system to another. */
#include "collection/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MOST = 10000 };

void place_sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    if (n < sizeof folder) {
        snprintf(folder, sizeof folder, "%.*s", (int)n, slash ? path : ".");
        int fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            (void)!fsync(fd);
            close(fd);
        }
    }
}

bool place_make_folder(struct errand *e, const char *path, mode_t mode) {
    char at[PATH_MAX];
    struct stat st;
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof at) {
        errno = ENAMETOOLONG;
        return errand_failed(e, "no folder can be made for it");
    }
    memcpy(at, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (at[i] != '/' && at[i] != '\0') {
            continue;
        }
        at[i] = '\0';
        if (mkdir(at, mode) == 0) {
            place_sync_folder_of(at);
        } else if (errno != EEXIST && (stat(at, &st) != 0 || !S_ISDIR(st.st_mode))) {
            char what[TIDY_WHY];
            int failed = errno;
            snprintf(what, sizeof what, "cannot make the folder %.250s", at);
            errno = failed;
            return errand_failed(e, what);
        }
        at[i] = i < n ? '/' : '\0';
    }
    return true;
}

/* As much of n bytes as end with a whole UTF-8 sequence. */
static size_t whole_bytes(const char *name, size_t n) {
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

void place_name(char out[NAME_MAX + 1], const char *name, unsigned n, size_t spare) {
    char number[16] = "";
    const char *dot = strrchr(name, '.');
    size_t length = strlen(name), room = NAME_MAX - spare;
    if (n > 1) {
        snprintf(number, sizeof number, ".%u", n);
    }
    size_t tail = dot && dot > name && length - (size_t)(dot - name) <= 16 ? strlen(dot) : 0;
    size_t stem = length - tail, fits = room - tail - strlen(number);
    stem = stem > fits ? whole_bytes(name, fits) : stem;
    snprintf(out, NAME_MAX + 1, "%.*s%s%s", (int)stem, name, number, name + length - tail);
}

/* Where there is nothing at `to`, or EEXIST. A file system that cannot promise that is asked first. */
static int rename_new(const char *from, const char *to) {
    struct stat there;
    int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (result == 0 || (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)) {
        return result;
    }
    if (lstat(to, &there) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

bool place_move(struct errand *e) {
    if (rename_new(e->copy.path, e->to) != 0) {
        return errand_failed(e, errno == EXDEV
                                    ? "the folder is on another file system, and nothing "
                                      "is copied there"
                                    : "cannot be moved");
    }
    place_sync_folder_of(e->to);
    place_sync_folder_of(e->copy.path);
    return true;
}

/* The part of path below the folder that was searched; its last part where it lies below none. */
static const char *part_below(const lk_tidy_options *o, const char *path) {
    const char *best = strrchr(path, '/');
    best = best ? best + 1 : path;
    for (size_t i = 0; i < o->root_count; i++) {
        char root[PATH_MAX];
        if (realpath(o->roots[i], root)) {
            size_t n = strlen(root);
            n = n == 1 ? 0 : n;
            if (strncmp(root, path, n) == 0 && path[n] == '/' && path + n + 1 < best) {
                best = path + n + 1;
            }
        }
    }
    return best;
}

bool place_reserve(struct errand *e) {
    char folder[PATH_MAX], name[NAME_MAX + 1];
    const char *below = part_below(e->options, e->copy.path), *last = strrchr(below, '/');
    last = last ? last + 1 : below;
    size_t root = strlen(e->options->move_to);
    while (root > 1 && e->options->move_to[root - 1] == '/') {
        root--;
    }
    int n = snprintf(folder, sizeof folder, "%.*s/%.*s", (int)root, e->options->move_to,
                     (int)(last - below), below);
    if (n < 0 || (size_t)n + NAME_MAX >= sizeof folder) {
        errno = ENAMETOOLONG;
        return errand_failed(e, "its path there");
    }
    folder[n - 1] = folder[n - 1] == '/' ? '\0' : folder[n - 1];
    if (!place_make_folder(e, folder, 0777)) {
        return false;
    }
    for (unsigned i = 1; i < NAMES_MOST; i++) {
        struct stat there;
        place_name(name, last, i, 0);
        snprintf(e->to, sizeof e->to, "%.*s/%s", PATH_MAX - NAME_MAX - 2, folder, name);
        if (lstat(e->to, &there) != 0) {
            return errno == ENOENT ? true : errand_failed(e, "the folder it is to go to");
        }
    }
    errno = EEXIST;
    return errand_failed(e, "no free name there");
}
