/* SPDX-License-Identifier: Apache-2.0 */
/* What `likeness train` says while it runs, and in the end. */
#ifndef LK_TRAIN_REPORT_H
#define LK_TRAIN_REPORT_H

#include <likeness/train.h>

#include "cli/command.h"

struct train_report {
    const struct common *common;
    const char *out;
    bool jsonl, terminal, shown;
    double drawn_s, told_s;
};

void train_report_begin(struct train_report *r, const struct common *common, bool jsonl,
                        const char *out);
lk_train_report train_report_event; /* arg: the report */
/* The result, or the error; the exit code. */
enum exit_code train_report_end(struct train_report *r, lk_status status,
                                const lk_train_state *state, const lk_error *err);

#endif
