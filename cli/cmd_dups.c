/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/dups.h"
#include "cli/index_place.h"
#include "cli/stop.h"

#define AT(member) offsetof(struct dups_settings, member)

/* --help has the others. */
enum { SCREEN_OPTIONS = 12, PAGE_BYTES_MAX = 1 << 30 };

static const struct option dups_options[] = {
    {"kind", 0, OPTION_TEXT, "LIST", NULL, NULL,
     "exact,near,crop,rotated,mirrored (these five), scene", AT(kind)},
    {"min-score", 0, OPTION_NUMBER, "F", NULL, NULL, "only copies that score this or more, 0..1",
     AT(min_score)},
    {"preset", 0, OPTION_CHOICE, "NAME", "normal|strict|loose", NULL,
     "normal: from 0.5; strict: from 0.8; loose: the same scene too", AT(preset)},
    {"protect", 0, OPTION_LIST, "DIR", NULL, NULL, "nothing below it ever goes; may be given again",
     AT(protect)},
    {"keep", 0, OPTION_TEXT, "RULE", NULL, NULL,
     "best, largest, oldest, newest, path:GLOB or metadata (best)", AT(keep)},
    {"action", 0, OPTION_TEXT, "ACTION", NULL, NULL,
     "report, trash, hardlink, reflink, symlink or move:DIR (report)", AT(action)},
    {"apply", 0, OPTION_FLAG, NULL, NULL, NULL, "do it; without it nothing is changed", AT(apply)},
    {"html", 0, OPTION_TEXT, "FILE", NULL, NULL, "a page to review, with pictures", AT(html)},
    {"csv", 0, OPTION_TEXT, "FILE", NULL, NULL, "a row a file", AT(csv)},
    {"yes", 'y', OPTION_FLAG, NULL, NULL, NULL, "do not ask", AT(yes)},
    {"fail-if-found", 0, OPTION_FLAG, NULL, NULL, NULL, "exit with 1 when there are duplicates",
     AT(fail_if_found)},
    INDEX_OPTION(AT(index)),
    {"dry-run", 'n', OPTION_FLAG, NULL, NULL, NULL, "say what would be done (it is so anyway)",
     AT(dry_run)},
    {"permanent", 0, OPTION_FLAG, NULL, NULL, NULL, "with --action trash: delete for good",
     AT(permanent)},
    {"cache", 0, OPTION_FLAG, NULL, NULL, NULL,
     "--no-cache: no index is read or written, and all is looked at anew", AT(cache)},
    {"log", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "what was done, added as JSON lines (below ~/.local/state)", AT(log)},
    MODEL_OPTIONS(struct dups_settings, model),
    OPTION_END,
};

static void dups_defaults(void *settings) {
    struct dups_settings *s = settings;
    s->min_score = -1;
    s->cache = true;
}

struct searching {
    struct progress bar;
    const struct common *common;
    bool begun;
};

static void step(void *arg, size_t total, const char *path) {
    struct searching *l = arg;
    if (!l->begun) {
        progress_begin(&l->bar, l->common, total);
        l->begun = true;
    }
    progress_step(&l->bar, path);
}

static lk_status group(struct dups_result *r, struct dups_settings *s, lk_collection *c,
                       lk_engine *engine, lk_error *err) {
    struct searching searching = {.common = &s->common};
    s->options.step = step;
    s->options.arg = &searching;
    lk_status status = lk_collection_dups(&r->dups, c, engine, s->common.args.items,
                                          s->common.args.count, &s->options, err);
    if (searching.begun) {
        progress_end(&searching.bar);
    }
    return status == LK_OK ? lk_tidy_plan(&r->tidy, &r->dups, &s->tidy, err) : status;
}

/* The index brought up to date, and its groups. */
static enum exit_code find(struct dups_result *r, struct dups_settings *s, lk_engine *engine) {
    lk_model *model = NULL;
    lk_error err = {0};
    lk_collection *c =
        index_open(&s->common, s->index, s->cache ? LK_COLLECTION_WRITE : LK_COLLECTION_MEMORY);
    if (!c) {
        return EXIT_TROUBLE;
    }
    enum exit_code code = EXIT_YES;
    if (!index_without_model(&s->model) &&
        model_choose(&model, engine, &s->model, LK_WANT_EMBEDDING, &err) != LK_OK) {
        code = report_error(&s->common, &err);
    }
    r->run = (struct index_run){.common = &s->common, .model = model, .keypoints = true};
    if (code == EXIT_YES) {
        code = index_run(&r->run, c, engine, &s->common.args);
    }
    if (code == EXIT_YES && group(r, s, c, engine, &err) != LK_OK) {
        code = report_error(&s->common, &err);
    }
    lk_model_free(model);
    lk_collection_close(c);
    return code;
}

static lk_status write_csv(const struct dups_result *r, const struct dups_settings *s,
                           lk_error *err) {
    struct buf b;
    lk_bytes bytes;
    buf_init(&b, PAGE_BYTES_MAX);
    dups_csv(&b, s, r);
    lk_status status = buf_finish(&b, &bytes, err);
    status = status == LK_OK ? file_write(s->csv, bytes.data, bytes.size, err) : status;
    lk_bytes_release(&bytes);
    return status;
}

static lk_status write_html(const struct dups_result *r, const struct dups_settings *s,
                            lk_error *err) {
    lk_bytes bytes = {0};
    char size[24], shown[4096];
    lk_status status = lk_report_dups_html(&bytes, &r->dups, &r->tidy, s->tidy.action, err);
    status = status == LK_OK ? file_write(s->html, bytes.data, bytes.size, err) : status;
    if (status == LK_OK) {
        dups_bytes(size, (int64_t)bytes.size);
        escape_text(shown, sizeof shown, s->html);
        remark(&s->common, "%s: %s", shown, size);
    }
    lk_bytes_release(&bytes);
    return status;
}

static enum exit_code print(struct dups_result *r, const struct dups_settings *s,
                            enum exit_code code) {
    struct buf b;
    lk_error err = {0};
    if ((s->csv && write_csv(r, s, &err) != LK_OK) ||
        (s->html && write_html(r, s, &err) != LK_OK)) {
        code = report_error(&s->common, &err);
    }
    buf_init(&b, PAGE_BYTES_MAX);
    if (s->common.json) {
        dups_json(&b, s, r);
    } else {
        dups_text(&b, s, r);
    }
    return print_result(&s->common, &b, code);
}

/* What --csv and --html name is asked before anything is searched for or done. */
static lk_status check_outputs(const struct dups_settings *s, lk_error *err) {
    lk_status status = s->csv ? file_can_write(s->csv, err) : LK_OK;
    return status == LK_OK && s->html ? file_can_write(s->html, err) : status;
}

static enum exit_code run_found(struct dups_result *r, struct dups_settings *s) {
    enum exit_code code = s->fail_if_found && r->dups.count > 0 ? EXIT_NO : EXIT_YES;
    if (s->apply) {
        enum exit_code applied = dups_apply(r, s);
        code = applied != EXIT_YES ? applied : code;
    }
    if (code == EXIT_TROUBLE && s->apply && !r->applied) {
        return code; /* --yes was wanted, and is said */
    }
    return print(r, s, r->run.changes.skipped > 0 ? EXIT_TROUBLE : code);
}

static enum exit_code dups_run(void *settings, lk_engine *engine) {
    struct dups_settings *s = settings;
    struct dups_result r = {0};
    char wrong[240];
    lk_error err = {0};
    dups_choose(wrong, sizeof wrong, s);
    if (*wrong) {
        return report_usage(&s->common, &command_dups, wrong);
    }
    if (check_outputs(s, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    enum exit_code code = find(&r, s, engine);
    if (code == EXIT_YES && !stop_asked()) {
        code = run_found(&r, s);
    }
    lk_tidy_release(&r.tidy);
    lk_dups_release(&r.dups);
    index_run_release(&r.run);
    return code;
}

const struct command command_dups = {
    .name = "dups",
    .summary = "find duplicates and near duplicates in folders, and clear them up",
    .arguments = "DIR|FILE...",
    .details =
        "Looks at new and changed pictures as `likeness index --keypoints` does, then groups those "
        "that are the same file,\n"
        "the same pixels, re-encoded, resized, edited, cropped, turned or mirrored copies. One "
        "file of each group is kept,\n"
        "and the reason said; every other was held against that very file.\n\n"
        "Nothing is changed without --apply. With it, the bytes of the file kept and of each copy "
        "are read again before the\n"
        "copy goes; what has changed since stays. --action trash moves copies to the desktop's "
        "trash, move:DIR to a folder;\n"
        "hardlink, reflink and symlink replace copies of the very same bytes. Pictures of the "
        "same scene and what lies below\n"
        "--protect are left alone by each. What is done is logged as JSON lines.",
    .examples =
        "  likeness dups ~/Photos\n"
        "  likeness dups ~/Photos --kind near,crop --protect ~/Photos/Best --html dups.html\n"
        "  likeness dups ~/Photos --keep largest --action trash --apply\n"
        "  likeness dups a/ b/ --kind exact --action hardlink --apply --yes --json\n",
    .least_args = 1,
    .most_args = 1000000,
    .options = dups_options,
    .screen_options = SCREEN_OPTIONS,
    .settings_size = sizeof(struct dups_settings),
    .defaults = dups_defaults,
    .run = dups_run,
};
