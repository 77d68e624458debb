/* SPDX-License-Identifier: Apache-2.0 */
/* The log of what was done to copies: a JSON object a line, appended. "begin" is on the disk before a file is touched, so
 * that whatever happens, the log names where each file went. */
#include "collection/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 1 << 18 };

/* How each line of ours starts: add_line's first key. */
#define LINE_START "{\"time\":\""

static lk_status log_error(const struct tidy_log *log, lk_error *err) {
    return error_input(err, error_set(err, LK_E_WRITE, "the log: %s", strerror(errno)), log->path);
}

/* A kill in the middle of write() leaves the beginning of a line. Of a "begin" nothing had been done yet, of a "done" its
 * "begin" stands: the piece says nothing more, and would spoil the line appended to it. What does not look like our line is
 * somebody's and only ended. */
static bool mend_tail(int fd) {
    char tail[LINE_MAX_BYTES];
    struct stat s;
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size == 0) {
        return true;
    }
    size_t want = s.st_size < LINE_MAX_BYTES ? (size_t)s.st_size : sizeof tail;
    ssize_t n = pread(fd, tail, want, s.st_size - (off_t)want);
    if (n <= 0 || tail[n - 1] == '\n') {
        return n > 0;
    }
    const char *newline = memrchr(tail, '\n', (size_t)n);
    const char *piece = newline ? newline + 1 : tail;
    size_t length = (size_t)(tail + n - piece);
    size_t same = length < strlen(LINE_START) ? length : strlen(LINE_START);
    if ((newline || want == (size_t)s.st_size) && memcmp(piece, LINE_START, same) == 0) {
        return ftruncate(fd, s.st_size - (off_t)length) == 0;
    }
    return file_write_open(fd, "\n", 1);
}

lk_status tidy_log_open(struct tidy_log *log, const char *path, lk_error *err) {
    *log = (struct tidy_log){.fd = -1, .path = path};
    if (!path) {
        return LK_OK;
    }
    log->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log->fd < 0 || !mend_tail(log->fd)) {
        lk_status status = log_error(log, err);
        tidy_log_close(log);
        return status;
    }
    place_sync_folder_of(path);
    return LK_OK;
}

static bool is_text(const char *s) {
    while (*s) {
        size_t n = utf8_length((const unsigned char *)s);
        if (n == 0) {
            return false;
        }
        s += n;
    }
    return true;
}

/* Names are bytes: one that is no UTF-8 is told in hex as well. */
static void add_name(struct json *j, const char *key, const char *hex_key, const char *name) {
    json_text(j, key, name);
    if (!is_text(name)) {
        struct buf hex;
        buf_init(&hex, LINE_MAX_BYTES);
        for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
            buf_printf(&hex, "%02x", *p);
        }
        json_text(j, hex_key, hex.data ? (const char *)hex.data : "");
        buf_release(&hex);
    }
}

static void add_line(struct buf *b, const char *what, const struct errand *e) {
    struct json j;
    char when[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "time", when);
    json_text(&j, "what", what);
    json_text(&j, "action", lk_tidy_action_name(e->options->action));
    add_name(&j, "path", "path_hex", e->copy.path);
    if (*e->to) {
        add_name(&j, "to", "to_hex", e->to);
    }
    add_name(&j, "kept", "kept_hex", e->kept.path);
    json_text(&j, "sha256", e->copy_file->sha256);
    json_text(&j, "kept_sha256", e->kept_file->sha256);
    json_int(&j, "bytes", e->copy_file->bytes);
    if (strcmp(what, "failed") == 0) {
        json_text(&j, "why", e->why);
    }
    json_object_end(&j);
    buf_add_text(b, "\n");
}

lk_status tidy_log_add(struct tidy_log *log, const char *what, const struct errand *e,
                       lk_error *err) {
    struct buf b;
    if (log->fd < 0) {
        return LK_OK;
    }
    buf_init(&b, LINE_MAX_BYTES);
    add_line(&b, what, e);
    lk_status status = buf_status(&b, err);
    if (status == LK_OK && (!file_write_open(log->fd, b.data, b.size) ||
                            (strcmp(what, "begin") == 0 && fdatasync(log->fd) != 0))) {
        status = log_error(log, err);
    }
    buf_release(&b);
    return status;
}

void tidy_log_close(struct tidy_log *log) {
    if (log->fd >= 0) {
        (void)!fdatasync(log->fd);
        close(log->fd);
    }
    log->fd = -1;
}
