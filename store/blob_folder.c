/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs as files: blobs/ab/abcdef…, below the store's own folder or one that several machines share. */
#include "store/blob_kind.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"

static const char blobs[] = "blobs";
static const char fresh[] = ".new-"; /* begins the name of a file on its way */

enum { OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, ABANDONED_S = 3600 };

void blob_path(char out[BLOB_PATH_SIZE], const char *sha256) {
    snprintf(out, BLOB_PATH_SIZE, "%s/%.2s/%.64s", blobs, sha256, sha256);
}

static lk_status fail(const lk_store *s, lk_status status, const char *what, const char *path,
                      lk_error *err) {
    const char *why = errno == ELOOP || errno == ENOTDIR ? "a symbolic link or a file is in the way"
                                                         : strerror(errno);
    status = error_set(err, status, "%s: %s", what, why);
    char *whole = folder_join(s->blobs_folder ? s->blobs_folder : s->folder, path);
    status = error_input(err, status, whole ? whole : path);
    mem_free(whole);
    return status;
}

static void close_kept(int fd) {
    int kept = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = kept;
}

static int open_blobs(const lk_store *s) {
    return openat(s->blobs_fd, blobs, OPEN_FOLDER);
}

/* -- Preparing -- */

/* Those that nobody has written to for an hour belong to nobody. */
static void clear_abandoned(int fd) {
    DIR *dir = fdopendir(fd); /* takes fd over */
    struct dirent *entry;
    struct stat st;
    if (!dir) {
        close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, fresh, sizeof fresh - 1) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            time(NULL) - st.st_mtime > ABANDONED_S) {
            unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
}

static lk_status folder_prepare(lk_store *s, lk_error *err) {
    bool made = mkdirat(s->blobs_fd, blobs, 0777) == 0;
    if ((!made && errno != EEXIST) || (made && fsync(s->blobs_fd) != 0)) {
        return fail(s, LK_E_WRITE, "cannot make the folder", blobs, err);
    }
    int fd = open_blobs(s);
    if (fd < 0) {
        return fail(s, errno == ELOOP || errno == ENOTDIR ? LK_E_CORRUPT : LK_E_WRITE,
                    "cannot open the folder", blobs, err);
    }
    clear_abandoned(fd);
    return LK_OK;
}

/* -- Writing -- */

static void folder_undo(struct blob *b, lk_store *s);

/* A new file of a name that nobody else has. */
static int open_fresh(struct blob *b, int blobs_fd) {
    static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(b->beside, sizeof b->beside, "%s%ld-%.8s-%u", fresh, (long)getpid(), b->sha256, i);
        int fd = openat(blobs_fd, b->beside, flags, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

static lk_status folder_write(struct blob *b, lk_store *s, const void *data, size_t size,
                              lk_error *err) {
    char path[BLOB_PATH_SIZE];
    blob_path(path, b->sha256);
    int folder = open_blobs(s);
    int fd = folder >= 0 ? open_fresh(b, folder) : -1;
    bool done = fd >= 0 && file_write_open(fd, data, size) && fsync(fd) == 0;
    int failed = errno;
    if (fd >= 0 && close(fd) != 0 && done) {
        done = false;
        failed = errno;
    }
    if (fd < 0) {
        b->beside[0] = '\0';
    } else if (!done) {
        folder_undo(b, s);
    }
    close_kept(folder);
    errno = failed;
    return done ? LK_OK : fail(s, LK_E_WRITE, "cannot write the picture", path, err);
}

/* The folder of the first two digits, made when it is missing. */
static int open_shelf(int blobs_fd, const char *sha256) {
    char name[3] = {sha256[0], sha256[1], '\0'};
    if (mkdirat(blobs_fd, name, 0777) == 0) {
        if (fsync(blobs_fd) != 0) {
            return -1;
        }
    } else if (errno != EEXIST) {
        return -1;
    }
    return openat(blobs_fd, name, OPEN_FOLDER);
}

static lk_status folder_place(struct blob *b, lk_store *s, lk_error *err) {
    char path[BLOB_PATH_SIZE];
    struct stat st;
    blob_path(path, b->sha256);
    int folder = open_blobs(s);
    int shelf = folder >= 0 ? open_shelf(folder, b->sha256) : -1;
    bool done = false;
    if (shelf >= 0) {
        b->created = fstatat(shelf, b->sha256, &st, AT_SYMLINK_NOFOLLOW) != 0;
        done = renameat(folder, b->beside, shelf, b->sha256) == 0;
        b->beside[0] = done ? '\0' : b->beside[0];
        b->created = b->created && done;
        done = done && fsync(shelf) == 0;
    }
    close_kept(shelf);
    close_kept(folder);
    return done ? LK_OK : fail(s, LK_E_WRITE, "cannot place the picture", path, err);
}

static void folder_undo(struct blob *b, lk_store *s) {
    char path[BLOB_PATH_SIZE];
    if (b->beside[0]) {
        int folder = open_blobs(s);
        if (folder >= 0) {
            unlinkat(folder, b->beside, 0);
            close(folder);
        }
    }
    if (b->created) {
        blob_path(path, b->sha256);
        unlinkat(s->blobs_fd, path, 0);
    }
    b->beside[0] = '\0';
    b->created = false;
}

/* -- Reading -- */

/* Opens path below fd, folder by folder, so that no link is followed. */
static int open_below(int fd, const char *path) {
    char part[256];
    int at = dup(fd);
    for (const char *end; at >= 0 && (end = strchr(path, '/')) != NULL; path = end + 1) {
        if ((size_t)(end - path) >= sizeof part) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
        int next = openat(at, part, OPEN_FOLDER);
        if (next < 0 && errno == ENOTDIR) { /* what Linux says of a link */
            errno = ELOOP;
        }
        close_kept(at);
        at = next;
    }
    int file = at >= 0 ? openat(at, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    close_kept(at);
    return file;
}

static lk_status read_whole(lk_bytes *out, int fd, int64_t max_bytes, lk_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return error_set(err, LK_E_IO, "cannot read: %s", strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return error_set(err, LK_E_CORRUPT, "is no plain file");
    }
    if (st.st_size > max_bytes) {
        return error_set(err, LK_E_CORRUPT, "has %lld bytes, %lld at most are expected",
                         (long long)st.st_size, (long long)max_bytes);
    }
    size_t want = (size_t)st.st_size;
    out->data = mem_alloc(want + 1, 1);
    if (!out->data) {
        return error_memory(err, want);
    }
    while (out->size < want) {
        ssize_t n = read(fd, out->data + out->size, want - out->size);
        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            return error_set(err, LK_E_IO, "cannot read: %s", strerror(errno));
        }
        out->size += (size_t)MAX(n, 0);
    }
    out->data[out->size] = 0;
    return LK_OK;
}

lk_status blob_read_below(lk_bytes *out, int folder, const char *path, int64_t max_bytes,
                          const char *whole, lk_error *err) {
    *out = (lk_bytes){0};
    int fd = open_below(folder, path);
    lk_status status;
    if (fd < 0) {
        status = errno == ELOOP ? error_set(err, LK_E_CORRUPT, "a symbolic link is in the way")
                                : error_set(err, LK_E_IO, "cannot open: %s", strerror(errno));
    } else {
        status = read_whole(out, fd, max_bytes, err);
        close(fd);
    }
    if (status != LK_OK) {
        lk_bytes_release(out);
    }
    return error_input(err, status, whole);
}

static lk_status folder_read(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                             const char *whole, lk_error *err) {
    char path[BLOB_PATH_SIZE];
    blob_path(path, sha256);
    return blob_read_below(out, s->blobs_fd, path, bytes, whole, err);
}

static lk_status folder_drop(lk_store *s, const char *sha256, lk_error *err) {
    char path[BLOB_PATH_SIZE];
    blob_path(path, sha256);
    bool gone = unlinkat(s->blobs_fd, path, 0) == 0 || errno == ENOENT;
    if (gone) {
        char shelf[BLOB_PATH_SIZE];
        snprintf(shelf, sizeof shelf, "%.*s", (int)(strrchr(path, '/') - path), path);
        int fd = openat(s->blobs_fd, shelf, OPEN_FOLDER);
        gone = fd < 0 ? errno == ENOENT : fsync(fd) == 0;
        close_kept(fd);
    }
    return gone ? LK_OK : fail(s, LK_E_WRITE, "cannot delete the picture", path, err);
}

/* -- All of them -- */

static void visit_shelf(int blobs_fd, const char *name, void (*visit)(void *arg, const char *name),
                        void *arg) {
    int fd = openat(blobs_fd, name, OPEN_FOLDER);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    if (!dir) {
        close_kept(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            visit(arg, entry->d_name);
        }
    }
    closedir(dir);
}

static lk_status folder_visit(const lk_store *s, void (*visit)(void *arg, const char *name),
                              void *arg, lk_error *err) {
    int fd = open_blobs(s);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    if (!dir) {
        close_kept(fd);
        return errno == ENOENT ? LK_OK : fail(s, LK_E_IO, "cannot open the folder", blobs, err);
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            visit_shelf(dirfd(dir), entry->d_name, visit, arg);
        }
    }
    closedir(dir);
    return LK_OK;
}

/* -- Whose they are -- */

static lk_status say(lk_error *err, const char *what, const char *path) {
    return error_input(err, error_set(err, LK_E_IO, "%s: %s", what, strerror(errno)), path);
}

static lk_status check_marker(lk_store *s, bool is_new, lk_error *err) {
    lk_bytes found;
    char *path = folder_join(s->blobs_folder, blob_marker);
    if (!path) {
        return error_memory(err, strlen(s->blobs_folder));
    }
    lk_status status = LK_OK;
    if (is_new && faccessat(s->blobs_fd, blobs, F_OK, 0) == 0) {
        mem_free(path);
        status = error_set(err, LK_E_USAGE, "another store's pictures lie here");
        return error_input(err, status, s->blobs_folder);
    }
    if (faccessat(s->blobs_fd, blob_marker, F_OK, 0) != 0) {
        status = s->at.reads_only ? say(err, "no store's pictures lie here", s->blobs_folder)
                                  : file_write(path, s->blob_salt, strlen(s->blob_salt), err);
        mem_free(path);
        return status;
    }
    status = blob_read_below(&found, s->blobs_fd, blob_marker, 32, path, err);
    if (status == LK_OK && (is_new || strcmp((const char *)found.data, s->blob_salt) != 0)) {
        status = error_set(err, LK_E_USAGE, "another store's pictures lie here");
        error_input(err, status, s->blobs_folder);
    }
    lk_bytes_release(&found);
    mem_free(path);
    return status;
}

/* Nothing said: the store's own. */
static lk_status folder_open(lk_store *s, const struct blob_where *at, lk_error *err) {
    if (!at->text[0]) {
        s->blobs_fd = s->folder_fd;
        return LK_OK;
    }
    s->blobs_folder = mem_strdup(at->text);
    if (!s->blobs_folder) {
        return error_memory(err, strlen(at->text));
    }
    s->blobs_fd = open(s->blobs_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->blobs_fd < 0
               ? say(err,
                     "cannot open the folder of the store's pictures (--blobs says where it is)",
                     s->blobs_folder)
               : check_marker(s, at->is_new, err);
}

static void folder_close(lk_store *s) {
    if (s->blobs_fd >= 0 && s->blobs_fd != s->folder_fd) {
        close(s->blobs_fd);
    }
    s->blobs_fd = -1;
}

static char *folder_name(const lk_store *s, const char *sha256) {
    char path[BLOB_PATH_SIZE];
    blob_path(path, sha256);
    return folder_join(s->blobs_folder ? s->blobs_folder : s->folder, path);
}

const struct blob_kind blob_kind_folder = {
    .word = "folder",
    .open = folder_open,
    .close = folder_close,
    .prepare = folder_prepare,
    .write = folder_write,
    .place = folder_place,
    .undo = folder_undo,
    .read = folder_read,
    .drop = folder_drop,
    .visit = folder_visit,
    .name = folder_name,
};
