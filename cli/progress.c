/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"

enum { NAME_BYTES = 48 }; /* of a file's name: the line must not wrap on 80 columns */

static const double first_after_s = 0.5, terminal_every_s = 0.1, log_every_s = 10;

void progress_begin(struct progress *p, const struct common *common, size_t total) {
    *p = (struct progress){.total = total,
                           .silent = common->quiet || total < 2,
                           .terminal = isatty(STDERR_FILENO) == 1,
                           .began_s = clock_s()};
    p->last_s = p->began_s;
}

static void draw(struct progress *p, const char *name, double now_s) {
    double rate = (double)p->done / (now_s - p->began_s);
    long eta = rate > 0 ? (long)((double)(p->total - p->done) / rate + 0.5) : 0;
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
