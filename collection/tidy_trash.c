/* SPDX-License-Identifier: Apache-2.0 */
/* The trash, by freedesktop.org's Trash Specification 1.0: the home trash for files of its file system; for others
 * $topdir/.Trash/$uid where an administrator made .Trash for it (sticky, no link), else $topdir/.Trash-$uid. The .trashinfo
 * is made first and reserves the name; then the file is renamed to it. A .trashinfo without its file, left by a kill
 * between the two, is harmless: it goes when the trash is emptied. */
#include "collection/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum { NAMES_MOST = 10000, INFO_BYTES = 4 * PATH_MAX };
static const char suffix[] = ".trashinfo";

/* The topmost folder of the file system that path lies on, as seen from it. */
static bool top_folder(char out[PATH_MAX], const char *path, dev_t dev) {
    struct stat st;
    snprintf(out, PATH_MAX, "%s", path);
    size_t n = strlen(out);
    for (;;) {
        size_t up = n;
        while (up > 0 && out[up - 1] != '/') {
            up--;
        }
        up -= up > 1; /* without the slash, but for the root's */
        if (up == 0 || up == n) {
            return n > 0;
        }
        char cut = out[up];
        out[up] = '\0';
        if (lstat(out, &st) != 0) {
            return false;
        }
        if (st.st_dev != dev) {
            out[up] = cut;
            return true;
        }
        n = up;
    }
}

/* $topdir/.Trash/$uid where it may be used. */
static bool shared_trash(char out[PATH_MAX], const char *top) {
    struct stat st;
    int n = snprintf(out, PATH_MAX, "%s/.Trash", strcmp(top, "/") == 0 ? "" : top);
    if (n < 0 || n + 16 >= PATH_MAX || lstat(out, &st) != 0 || !S_ISDIR(st.st_mode) ||
        !(st.st_mode & S_ISVTX)) {
        return false;
    }
    snprintf(out + n, (size_t)(PATH_MAX - n), "/%u", (unsigned)getuid());
    return (mkdir(out, 0700) == 0 || errno == EEXIST) && lstat(out, &st) == 0 &&
           S_ISDIR(st.st_mode) && st.st_uid == getuid();
}

static bool own_trash(struct errand *e, char out[PATH_MAX], const char *top) {
    struct stat st;
    int n = snprintf(out, PATH_MAX, "%s/.Trash-%u", strcmp(top, "/") == 0 ? "" : top,
                     (unsigned)getuid());
    if (n < 0 || n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return errand_failed(e, "no trash on its file system");
    }
    if (!place_make_folder(e, out, 0700)) {
        return false;
    }
    if (lstat(out, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid()) {
        snprintf(e->why, sizeof e->why, "the trash of its file system is not yours: %.250s", out);
        return false;
    }
    return true;
}

/* The trash for the copy; top is empty for the home trash, whose paths are absolute. */
static bool find_trash(struct errand *e, char trash[PATH_MAX], char top[PATH_MAX]) {
    const char *home = e->options->home_trash;
    struct stat st;
    top[0] = '\0';
    if (home && *home == '/' && strlen(home) < PATH_MAX - NAME_MAX - 16) {
        if (place_make_folder(e, home, 0700) && stat(home, &st) == 0 &&
            st.st_dev == e->copy.at.st_dev) {
            snprintf(trash, PATH_MAX, "%s", home);
            return true;
        }
    }
    if (!top_folder(top, e->copy.path, e->copy.at.st_dev)) {
        return errand_failed(e, "its file system");
    }
    return shared_trash(trash, top) || own_trash(e, trash, top);
}

/* Path as in a URL (RFC 2396): everything but letters, digits and marks that need no escape. */
static void add_escaped(struct buf *b, const char *path) {
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("/-_.!~*'()", *p);
        if (plain) {
            buf_add(b, p, 1);
        } else {
            buf_printf(b, "%%%02X", *p);
        }
    }
}

static bool write_info(struct errand *e, int fd, const char *top) {
    struct buf b;
    char when[32];
    time_t now = time(NULL);
    struct tm parts;
    const char *path = e->copy.path;
    size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", localtime_r(&now, &parts));
    buf_init(&b, INFO_BYTES);
    buf_add_text(&b, "[Trash Info]\nPath=");
    add_escaped(&b, *top ? path + n + 1 : path);
    buf_printf(&b, "\nDeletionDate=%s\n", when);
    bool good = b.status == LK_OK && file_write_open(fd, b.data, b.size) && fsync(fd) == 0;
    buf_release(&b);
    return close(fd) == 0 && good;
}

/* A name that neither info/ nor files/ has; its .trashinfo is open then. */
static int reserve_name(struct errand *e, const char *trash) {
    char name[NAME_MAX + 1];
    const char *last = strrchr(e->copy.path, '/') + 1;
    for (unsigned i = 1; i < NAMES_MOST; i++) {
        struct stat there;
        place_name(name, last, i, sizeof suffix);
        int a = snprintf(e->info, sizeof e->info, "%s/info/%s%s", trash, name, suffix);
        int b = snprintf(e->to, sizeof e->to, "%s/files/%s", trash, name);
        if (a >= PATH_MAX || b >= PATH_MAX) {
            errno = ENAMETOOLONG;
            break;
        }
        if (lstat(e->to, &there) == 0) {
            continue; /* without its .trashinfo */
        }
        int fd = open(e->info, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

bool trash_reserve(struct errand *e) {
    char trash[PATH_MAX], top[PATH_MAX], folder[PATH_MAX + 8];
    if (!find_trash(e, trash, top)) {
        return false;
    }
    snprintf(folder, sizeof folder, "%s/files", trash);
    bool made = place_make_folder(e, folder, 0700);
    snprintf(folder, sizeof folder, "%s/info", trash);
    if (!made || !place_make_folder(e, folder, 0700)) {
        return false;
    }
    int fd = reserve_name(e, trash);
    if (fd < 0) {
        *e->info = '\0';
        return errand_failed(e, "cannot write into the trash");
    }
    if (!write_info(e, fd, top)) {
        errand_failed(e, "cannot write into the trash");
        trash_cancel(e);
        return false;
    }
    place_sync_folder_of(e->info);
    return true;
}

void trash_cancel(struct errand *e) {
    if (*e->info) {
        unlink(e->info);
    }
    *e->info = '\0';
}
