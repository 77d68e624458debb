/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `likeness dups` share. */
#ifndef LK_DUPS_H
#define LK_DUPS_H

#include "cli/command.h"
#include "cli/index_run.h"

struct dups_settings {
    struct common common;
    struct model_settings model;
    const char *index, *kind, *keep, *action, *csv, *html, *log;
    struct text_list protect;
    double min_score;
    int32_t preset;
    bool cache, apply, dry_run, permanent, yes, fail_if_found;
    /* Read from these: */
    lk_dups_options options;
    lk_tidy_options tidy;
    char home_trash[4096], log_path[4096], move_to[4096];
};

/* What was found and what became of it. */
struct dups_result {
    lk_dups dups;
    lk_tidy tidy;
    struct index_run run;
    bool applied;
};

/* dups_choice.c: reads the texts of the options; what is wrong with them in words, or an empty text. */
void dups_choose(char *wrong, size_t size, struct dups_settings *s);

/* dups_apply.c: asks where that is due, then does what is planned. EXIT_NO when the answer was no; EXIT_TROUBLE when something
 * failed, which is reported. */
enum exit_code dups_apply(struct dups_result *r, struct dups_settings *s);

/* dups_print.c */
void dups_text(struct buf *b, const struct dups_settings *s, const struct dups_result *r);
void dups_json(struct buf *b, const struct dups_settings *s, const struct dups_result *r);
void dups_csv(struct buf *b, const struct dups_settings *s, const struct dups_result *r);
/* 3400000000 as "3.4 GB". */
void dups_bytes(char out[24], int64_t bytes);

#endif
