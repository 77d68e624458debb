/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

enum { PENDING_MAX = 1 << 20 };

static lk_status fail(struct stream *s, const char *what) {
    s->status = error_set(s->err, LK_E_WRITE, "%s: %s", what, strerror(errno));
    return error_input(s->err, s->status, s->path);
}

/* A new name beside the path; with the mode that the umask leaves. */
static int open_beside(char **name, const char *path) {
    size_t size = strlen(path) + 16;
    *name = mem_alloc(size, 1);
    for (unsigned i = 0; *name && i < 1000; i++) {
        snprintf(*name, size, "%s.%06u", path, ((unsigned)getpid() * 1000u + i) % 1000000u);
        int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

lk_status stream_open(struct stream *s, const char *path, lk_error *err) {
    struct stat st;
    *s = (struct stream){.path = path, .err = err, .fd = -1};
    buf_init(&s->pending, PENDING_MAX);
    bool there = strcmp(path, "-") != 0 && stat(path, &st) == 0;
    if (strcmp(path, "-") == 0) {
        s->fd = dup(STDOUT_FILENO);
    } else if (there && !S_ISREG(st.st_mode)) {
        s->fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        s->fd = open_beside(&s->beside, path);
        if (!s->beside) {
            return error_memory(err, strlen(path));
        }
    }
    if (s->fd >= 0) {
        return LK_OK;
    }
    lk_status status = fail(s, "cannot open for writing");
    mem_free(s->beside);
    s->beside = NULL;
    return status;
}

static void write_out(struct stream *s, const uint8_t *data, size_t size) {
    while (size > 0 && s->status == LK_OK) {
        ssize_t n = write(s->fd, data, size);
        if (n < 0 && errno != EINTR) {
            fail(s, "write failed");
        }
        data += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
    }
}

void stream_add(struct stream *s, const void *data, size_t size) {
    if (s->pending.size + size > PENDING_MAX) {
        write_out(s, s->pending.data, s->pending.size);
        s->pending.size = 0;
    }
    if (size > PENDING_MAX) {
        write_out(s, data, size);
    } else {
        buf_add(&s->pending, data, size);
    }
}

static void finish(struct stream *s) {
    write_out(s, s->pending.data, s->pending.size);
    if (s->status == LK_OK && s->beside && fsync(s->fd) != 0) {
        fail(s, "write failed");
    }
    if (close(s->fd) != 0 && s->status == LK_OK) {
        fail(s, "write failed");
    }
    if (s->status == LK_OK && s->beside && rename(s->beside, s->path) != 0) {
        fail(s, "write failed");
    }
}

lk_status stream_close(struct stream *s, lk_status so_far) {
    if (so_far == LK_OK && s->status == LK_OK) {
        s->status = buf_status(&s->pending, s->err);
    }
    if (so_far == LK_OK && s->status == LK_OK) {
        finish(s);
    } else {
        close(s->fd);
    }
    lk_status status = so_far != LK_OK ? so_far : s->status;
    if (status != LK_OK && s->beside) {
        unlink(s->beside);
    }
    buf_release(&s->pending);
    mem_free(s->beside);
    s->beside = NULL;
    return status;
}
