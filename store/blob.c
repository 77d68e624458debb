/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blob_rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
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

lk_status blob_prepare(lk_store *s, lk_error *err) {
    if (s->blob_rows) {
        return blob_rows_prepare(s, err);
    }
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

lk_status blob_write(struct blob *b, lk_store *s, const void *data, size_t size, lk_error *err) {
    char path[BLOB_PATH_SIZE];
    *b = (struct blob){0};
    digest_sha256_hex(b->sha256, data, size);
    if (s->blob_rows) {
        return blob_rows_write(b, s, data, size, err);
    }
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
        blob_undo(b, s);
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

lk_status blob_place(struct blob *b, lk_store *s, lk_error *err) {
    char path[BLOB_PATH_SIZE];
    struct stat st;
    if (s->blob_rows) {
        return blob_rows_place(b, s, err);
    }
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

void blob_undo(struct blob *b, lk_store *s) {
    char path[BLOB_PATH_SIZE];
    if (s->blob_rows) {
        blob_rows_undo(b, s);
        return;
    }
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

lk_status blob_read(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                    lk_error *err) {
    char path[BLOB_PATH_SIZE], found[65];
    blob_path(path, sha256);
    const char *above = s->blobs_folder ? s->blobs_folder : s->folder;
    char *whole = folder_join(above, path);
    if (!whole) {
        return error_memory(err, sizeof path);
    }
    lk_status status = s->blob_rows ? blob_rows_read(out, s, sha256, bytes, whole, err)
                                    : blob_read_below(out, s->blobs_fd, path, bytes, whole, err);
    if (status == LK_OK) {
        digest_sha256_hex(found, out->data, out->size);
        if (strcmp(found, sha256) != 0) {
            status = error_set(err, LK_E_CORRUPT,
                               "was changed: its SHA-256 is %.12s… now (%zu bytes of %lld)", found,
                               out->size, (long long)bytes);
            error_input(err, status, whole);
            lk_bytes_release(out);
        }
    }
    mem_free(whole);
    return status;
}

lk_status blob_drop(lk_store *s, const char *sha256, lk_error *err) {
    char path[BLOB_PATH_SIZE];
    if (s->blob_rows) {
        return blob_rows_drop(s, sha256, err);
    }
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

lk_status blob_visit(const lk_store *s, void (*visit)(void *arg, const char *name), void *arg,
                     lk_error *err) {
    if (s->blob_rows) {
        return blob_rows_visit(s, visit, arg, err);
    }
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
