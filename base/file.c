/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

/* Waiting for a pipe or a terminal ends when a signal comes and the caller asked to stop. */
static bool interrupted(const int *stop) {
    return errno == EINTR && stop && __atomic_load_n(stop, __ATOMIC_RELAXED) != 0;
}

static lk_status read_error(lk_error *err, const char *what, const char *path, const int *stop) {
    if (interrupted(stop)) {
        return error_input(err, error_set(err, LK_E_CANCELLED, "asked to stop"), path);
    }
    lk_status status = error_set(err, LK_E_IO, "%s: %s", what, strerror(errno));
    return error_input(err, status, path);
}

static lk_status write_error(lk_error *err, const char *what, const char *path) {
    lk_status status = error_set(err, LK_E_WRITE, "%s: %s", what, strerror(errno));
    return error_input(err, status, path);
}

static int open_read(const char *path, const int *stop) {
    int fd;
    do {
        fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR && !interrupted(stop));
    return fd;
}

/* Fills block with up to `want` bytes; *got < want only at the end of the file. */
static bool read_full(int fd, uint8_t *block, size_t want, size_t *got, const int *stop) {
    *got = 0;
    while (*got < want) {
        ssize_t n = read(fd, block + *got, want - *got);
        if (n < 0 && errno == EINTR && !interrupted(stop)) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        if (n == 0) {
            return true;
        }
        *got += (size_t)n;
    }
    return true;
}

/* Reads until the end or until more than max_bytes have come, growing in steps when the size is unknown. */
static lk_status read_up_to(lk_bytes *out, int fd, int64_t hint, int64_t max_bytes,
                            const char *path, const int *stop, lk_error *err) {
    size_t max = (size_t)max_bytes;
    size_t capacity = hint >= 0 ? MIN((size_t)hint, max) + 1 : MIN((size_t)1 << 16, max + 1);
    for (;;) {
        uint8_t *grown = mem_realloc(out->data, capacity + 1, 1);
        if (!grown) {
            return error_memory(err, capacity);
        }
        out->data = grown;
        size_t got;
        if (!read_full(fd, out->data + out->size, capacity - out->size, &got, stop)) {
            return read_error(err, "read failed", path, stop);
        }
        out->size += got;
        out->data[out->size] = 0;
        if (out->size < capacity || out->size > max) {
            return LK_OK;
        }
        capacity = MIN(capacity * 2, max + 1);
    }
}

static lk_status read_capped(lk_bytes *out, int64_t *total, const char *path, int64_t max_bytes,
                             const int *stop, lk_error *err) {
    *out = (lk_bytes){0};
    *total = -1;
    int fd = open_read(path, stop);
    if (fd < 0) {
        return read_error(err, "cannot open", path, stop);
    }
    struct stat st;
    lk_status status = LK_OK;
    if (fstat(fd, &st) != 0) {
        status = read_error(err, "cannot open", path, stop);
    } else if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        status = read_error(err, "cannot open", path, stop);
    } else {
        *total = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
        status = read_up_to(out, fd, *total, max_bytes, path, stop, err);
    }
    close(fd);
    if (status != LK_OK) {
        lk_bytes_release(out);
    }
    return error_input(err, status, path);
}

static lk_status too_long(lk_error *err, const char *path, int64_t size, int64_t max_bytes) {
    lk_status status =
        size >= 0 ? error_limit(err, "file_bytes", "file has %lld bytes, limit is %lld",
                                (long long)size, (long long)max_bytes)
                  : error_limit(err, "file_bytes", "file is longer than the limit of %lld bytes",
                                (long long)max_bytes);
    return error_input(err, status, path);
}

lk_status file_read(lk_bytes *out, const char *path, int64_t max_bytes, const int *stop,
                    lk_error *err) {
    struct stat st;
    *out = (lk_bytes){0};
    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size > max_bytes) {
        return too_long(err, path, st.st_size, max_bytes);
    }
    int64_t total;
    lk_status status = read_capped(out, &total, path, max_bytes, stop, err);
    if (status == LK_OK && out->size > (size_t)max_bytes) {
        lk_bytes_release(out);
        return too_long(err, path, total, max_bytes);
    }
    return status;
}

lk_status file_read_head(lk_bytes *out, int64_t *total, const char *path, int64_t max_bytes,
                         const int *stop, lk_error *err) {
    lk_status status = read_capped(out, total, path, max_bytes, stop, err);
    if (status == LK_OK && out->size > (size_t)max_bytes) {
        out->size = (size_t)max_bytes;
        out->data[out->size] = 0;
    }
    return status;
}

bool file_write_open(int fd, const void *data, size_t size) {
    const uint8_t *at = data;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static lk_status write_in_place(const char *path, const void *data, size_t size, lk_error *err) {
    int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return write_error(err, "cannot open for writing", path);
    }
    bool ok = file_write_open(fd, data, size);
    int failed = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        failed = errno;
    }
    errno = failed;
    return ok ? LK_OK : write_error(err, "write failed", path);
}

/* Opens a new file beside path; its name is written over the XXXXXX at the end of `beside`. open() rather than
 * mkstemp(), so that the umask decides the mode of a new file. */
static int open_beside(char *beside) {
    char *tail = beside + strlen(beside) - 6;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned mark = ((unsigned)getpid() * 1000u + i) % 1000000u;
        snprintf(tail, 7, "%06u", mark);
        int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

static lk_status write_beside(char *beside, const char *path, const struct stat *old,
                              const void *data, size_t size, lk_error *err) {
    int fd = open_beside(beside);
    if (fd < 0) {
        return write_error(err, "cannot create a file beside it", path);
    }
    bool ok = (!old || fchmod(fd, old->st_mode & 07777) == 0) && file_write_open(fd, data, size) &&
              fsync(fd) == 0;
    int failed = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        failed = errno;
    }
    if (ok && rename(beside, path) != 0) {
        ok = false;
        failed = errno;
    }
    if (ok) {
        return LK_OK;
    }
    unlink(beside);
    errno = failed;
    return write_error(err, "write failed", path);
}

lk_status file_write(const char *path, const void *data, size_t size, lk_error *err) {
    struct stat st;
    bool exists = strcmp(path, "-") != 0 && stat(path, &st) == 0;
    if (strcmp(path, "-") == 0 || (exists && !S_ISREG(st.st_mode))) {
        return write_in_place(path, data, size, err);
    }
    static const char suffix[] = ".XXXXXX";
    size_t length = strlen(path);
    char *beside = mem_alloc(length + sizeof suffix, 1);
    if (!beside) {
        return error_memory(err, length);
    }
    memcpy(beside, path, length);
    memcpy(beside + length, suffix, sizeof suffix);
    lk_status status = write_beside(beside, path, exists ? &st : NULL, data, size, err);
    mem_free(beside);
    return status;
}

lk_status file_can_write(const char *path, lk_error *err) {
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return write_error(err, "cannot open for writing", path);
    }
    if (strcmp(path, "-") == 0 || (exists && !S_ISREG(st.st_mode))) {
        return LK_OK; /* written in place */
    }
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 1;
    char *folder = mem_alloc(length + 1, 1);
    if (!folder) {
        return error_memory(err, length + 1);
    }
    memcpy(folder, slash ? path : ".", length);
    folder[length] = '\0';
    bool good = access(folder, W_OK | X_OK) == 0;
    int failed = errno;
    mem_free(folder);
    errno = failed;
    return good ? LK_OK : write_error(err, "its folder", path);
}

void file_extension(char *out, size_t size, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    size_t n = 0;
    for (const char *p = dot ? dot + 1 : ""; *p && n + 1 < size; p++) {
        out[n++] = (char)tolower((unsigned char)*p);
    }
    out[n] = '\0';
}
