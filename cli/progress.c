/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"

enum { NAME_BYTES = 48 }; /* of a file's name: the line must not wrap on 80 columns */

static const double first_after_s = 0.5, terminal_every_s = 0.1, log_every_s = 10,
                    jsonl_every_s = 0.5;

bool progress_is_shown(const struct common *common) {
    return !common->quiet && common->progress == PROGRESS_AUTO;
}

void progress_tell(const char *what, int64_t done, int64_t total, double left_s, const char *name) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "event", "progress");
    if (what) {
        json_text(&j, "what", what);
    }
    json_int(&j, "done", done);
    json_int(&j, "total", total);
    json_number(&j, "left_s", left_s);
    if (name) {
        json_text(&j, "name", name);
    }
    json_object_end(&j);
    if (b.status == LK_OK) {
        fprintf(stderr, "%s\n", (const char *)b.data);
        fflush(stderr);
    }
    buf_release(&b);
}

void progress_tell_due(double *last_s, const struct common *common, const char *what, int64_t done,
                       int64_t total, double left_s) {
    double now_s = clock_s();
    if (common->progress == PROGRESS_JSONL && (now_s - *last_s >= jsonl_every_s || done == total)) {
        *last_s = now_s;
        progress_tell(what, done, total, left_s, NULL);
    }
}

void progress_begin(struct progress *p, const struct common *common, size_t total) {
    *p = (struct progress){.total = total,
                           .silent = !progress_is_shown(common) || total < 2,
                           .jsonl = common->progress == PROGRESS_JSONL,
                           .terminal = isatty(STDERR_FILENO) == 1,
                           .began_s = clock_s()};
    p->last_s = p->began_s;
}

static double seconds_left(const struct progress *p, double now_s) {
    double rate = (double)p->done / (now_s - p->began_s);
    return rate > 0 ? (double)(p->total - p->done) / rate : 0;
}

static void draw(struct progress *p, const char *name, double now_s) {
    double rate = (double)p->done / (now_s - p->began_s);
    long eta = (long)(seconds_left(p, now_s) + 0.5);
    const char *slash = strrchr(name, '/');
    char shown[4 * NAME_BYTES + 1], tail[NAME_BYTES + 1];
    snprintf(tail, sizeof tail, "%s", slash && slash[1] ? slash + 1 : name);
    escape_text(shown, sizeof shown, tail);
    fprintf(stderr, "%s[%zu/%zu] %zu %% %.3g img/s eta %ld:%02ld %s%s", p->terminal ? "\r" : "",
            p->done, p->total, 100 * p->done / p->total, rate, eta / 60, eta % 60, shown,
            p->terminal ? "\x1b[K" : "\n");
    fflush(stderr);
    p->shown = p->terminal;
}

void progress_step(struct progress *p, const char *name) {
    size_t finished = p->done++;
    if (p->jsonl) {
        double now_s = clock_s();
        if (finished == 0 || now_s - p->last_s >= jsonl_every_s || p->done == p->total) {
            p->last_s = now_s;
            progress_tell(NULL, (int64_t)p->done, (int64_t)p->total, seconds_left(p, now_s), name);
        }
        return;
    }
    if (p->silent || finished == 0) {
        return;
    }
    double now_s = clock_s(), every_s = p->terminal ? terminal_every_s : log_every_s;
    double wait_s = p->terminal && p->last_s == p->began_s ? first_after_s : every_s;
    if (now_s - p->last_s >= wait_s) {
        p->last_s = now_s;
        draw(p, name, now_s);
    }
}

void progress_hide(struct progress *p) {
    if (p->shown) {
        fputs("\r\x1b[K", stderr);
        p->shown = false;
    }
}

void progress_end(struct progress *p) {
    progress_hide(p);
}
