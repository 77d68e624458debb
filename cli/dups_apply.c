/* SPDX-License-Identifier: Apache-2.0 */
/* `likeness dups --apply`: the question, the bar, and what went wrong. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/dups.h"
#include "cli/stop.h"

static const char *verb_of(lk_tidy_action action) {
    static const char *const verbs[] = {
        [LK_TIDY_NONE] = "report",
        [LK_TIDY_TRASH] = "trash",
        [LK_TIDY_HARDLINK] = "make hard links of",
        [LK_TIDY_REFLINK] = "share the blocks of",
        [LK_TIDY_SYMLINK] = "make symbolic links of",
        [LK_TIDY_MOVE] = "move",
        [LK_TIDY_DELETE] = "delete for good",
    };
    return verbs[action];
}

/* On a terminal. Elsewhere only what cannot be undone wants --yes. */
static enum exit_code ask(const struct dups_result *r, const struct dups_settings *s) {
    char answer[16] = "", size[24];
    if (s->yes) {
        return EXIT_YES;
    }
    if (!isatty(STDIN_FILENO)) {
        return s->tidy.action == LK_TIDY_DELETE
                   ? report_usage(&s->common, &command_dups,
                                  "--permanent deletes for good: say --yes as well")
                   : EXIT_YES;
    }
    dups_bytes(size, r->tidy.planned_bytes);
    fprintf(stderr, "%s %lld file%s (%s)? [y/N] ", verb_of(s->tidy.action),
            (long long)r->tidy.planned_files, r->tidy.planned_files == 1 ? "" : "s", size);
    bool yes = fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
    return yes ? EXIT_YES : EXIT_NO;
}

/* The usual place of the log is made; that it cannot be shows when it is opened. */
static void make_log_folder(const struct dups_settings *s) {
    char at[4096];
    if (s->log) {
        return;
    }
    snprintf(at, sizeof at, "%s", s->log_path);
    for (char *p = at + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)!mkdir(at, 0700);
            *p = '/';
        }
    }
}

struct bar {
    struct progress progress;
    const struct common *common;
    bool begun;
};

static void step(void *arg, size_t total, const char *path) {
    struct bar *bar = arg;
    if (!bar->begun) {
        progress_begin(&bar->progress, bar->common, total);
        bar->begun = true;
    }
    progress_step(&bar->progress, path);
}

/* Each file that could not be dealt with, as an error of its own. */
static void report_failures(const struct dups_result *r, const struct dups_settings *s) {
    size_t at = 0;
    for (size_t i = 0; i < r->dups.count; i++) {
        for (size_t k = 0; k < r->dups.groups[i].count; k++, at++) {
            const lk_tidy_file *f = &r->tidy.files[at];
            if (f->state == LK_TIDY_FAILED) {
                lk_error err = {.status = LK_E_WRITE};
                snprintf(err.input, sizeof err.input, "%s", r->dups.groups[i].files[k].path);
                snprintf(err.text, sizeof err.text, "%s", f->why ? f->why : "");
                report_error(&s->common, &err);
            }
        }
    }
}

enum exit_code dups_apply(struct dups_result *r, struct dups_settings *s) {
    struct bar bar = {.common = &s->common};
    lk_error err = {0};
    enum exit_code code = r->tidy.planned_files > 0 ? ask(r, s) : EXIT_YES;
    if (code != EXIT_YES || r->tidy.planned_files == 0) {
        return code;
    }
    make_log_folder(s);
    s->tidy.stop = stop_flag();
    s->tidy.step = step;
    s->tidy.arg = &bar;
    s->tidy.roots = s->common.args.items;
    s->tidy.root_count = s->common.args.count;
    lk_status status = lk_tidy_apply(&r->tidy, &r->dups, &s->tidy, &err);
    if (bar.begun) {
        progress_end(&bar.progress);
    }
    r->applied = true;
    report_failures(r, s);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    return r->tidy.failed_files > 0 ? EXIT_TROUBLE : EXIT_YES;
}
