/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of a job over many files, on standard error: `[142/980] 14 % 31 img/s eta 0:27 file.jpg`.
 *
 * It shows itself after half a second, rewrites its line ten times a second on a terminal, and elsewhere writes one line each
 * ten seconds; --quiet and --progress none silence it. --progress jsonl writes an object a line, twice a second at most.
 *
 *     struct progress p;
 *     progress_begin(&p, common, file_count);
 *     for (...) {
 *         progress_step(&p, path);      before the file is worked on
 *     }
 *     progress_end(&p);                 wipes the line, before anything else is printed */
#ifndef LK_PROGRESS_H
#define LK_PROGRESS_H

#include "cli/option.h"

struct progress {
    size_t total, done;
    bool silent, terminal, shown, jsonl;
    double began_s, last_s; /* monotonic clock */
};

void progress_begin(struct progress *p, const struct common *common, size_t total);
void progress_step(struct progress *p, const char *name);
/* Wipes the line if there is one, so that a message can be printed; the next step draws it again. */
void progress_hide(struct progress *p);
void progress_end(struct progress *p);

/* Whether a person is to be told at all. */
bool progress_is_shown(const struct common *common);
/* One line of --progress jsonl; what (may be NULL) says which part of the work it is, left_s may be 0. */
void progress_tell(const char *what, int64_t done, int64_t total, double left_s, const char *name);
/* The same so often as such lines are due, *last_s being when the last was; nothing without --progress jsonl. */
void progress_tell_due(double *last_s, const struct common *common, const char *what, int64_t done,
                       int64_t total, double left_s);

#endif
