/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `likeness dups` that are words with something behind them: kinds, what to keep, what to do, and places. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/dups.h"

/* What scores lower is passed over; relation scores of copies are 0.5 or more. As the choices of --preset. */
static const double preset_scores[] = {0.5, 0.8, 0};
enum { PRESET_LOOSE = 2 };

static const char *const keep_names[] = {
    [LK_KEEP_BEST] = "best",     [LK_KEEP_LARGEST] = "largest", [LK_KEEP_OLDEST] = "oldest",
    [LK_KEEP_NEWEST] = "newest", [LK_KEEP_PATH] = "path:",      [LK_KEEP_METADATA] = "metadata",
};

/* The kind called by n letters at word; LK_DUPS_KINDS for none. */
static int kind_of(const char *word, size_t n) {
    int kind = 0;
    while (kind < LK_DUPS_KINDS && (strlen(lk_dups_kind_name((lk_dups_kind)kind)) != n ||
                                    strncmp(lk_dups_kind_name((lk_dups_kind)kind), word, n) != 0)) {
        kind++;
    }
    return kind;
}

static void choose_kinds(char *wrong, size_t size, struct dups_settings *s) {
    if (!s->kind) {
        s->options.kinds |= s->preset == PRESET_LOOSE ? 1U << LK_DUPS_SCENE : 0;
        return;
    }
    s->options.kinds = 0;
    for (const char *at = s->kind; !*wrong; at++) {
        size_t n = strcspn(at, ",");
        int kind = kind_of(at, n);
        if (kind == LK_DUPS_KINDS) {
            snprintf(wrong, size,
                     "--kind: %.*s is none of exact, near, crop, rotated, mirrored and scene",
                     n < 60 ? (int)n : 60, at);
            return;
        }
        s->options.kinds |= 1U << kind;
        at += n;
        if (!*at) {
            return;
        }
    }
}

static void choose_score(char *wrong, size_t size, struct dups_settings *s) {
    if (s->min_score > 1) {
        snprintf(wrong, size, "--min-score takes 0 to 1");
    } else if (s->min_score >= 0 && s->preset > 0) {
        snprintf(wrong, size, "--min-score or --preset, not both");
    }
    s->options.min_score = s->min_score >= 0 ? s->min_score : preset_scores[s->preset];
}

static void choose_kept(char *wrong, size_t size, struct dups_settings *s) {
    const char *keep = s->keep ? s->keep : "best";
    size_t i = 0;
    while (i < sizeof keep_names / sizeof *keep_names &&
           (i == LK_KEEP_PATH ? strncmp(keep, keep_names[i], strlen(keep_names[i])) != 0
                              : strcmp(keep, keep_names[i]) != 0)) {
        i++;
    }
    if (i == sizeof keep_names / sizeof *keep_names || (i == LK_KEEP_PATH && !keep[5])) {
        snprintf(wrong, size,
                 "--keep: %.60s is none of best, largest, oldest, newest, path:GLOB and metadata",
                 keep);
        return;
    }
    s->options.keep = (lk_dups_keep)i;
    s->options.keep_glob = i == LK_KEEP_PATH ? keep + 5 : NULL;
}

/* A folder that is mistyped would protect nothing. */
static void choose_protected(char *wrong, size_t size, struct dups_settings *s) {
    for (size_t i = 0; i < s->protect.count && !*wrong; i++) {
        if (access(s->protect.items[i], F_OK) != 0) {
            snprintf(wrong, size, "--protect: there is no %.150s", s->protect.items[i]);
        }
    }
    s->options.protect = s->protect.items;
    s->options.protect_count = s->protect.count;
}

/* The path from the root, so that links and the log hold wherever they are read. */
static bool absolute(char out[4096], const char *path) {
    char here[PATH_MAX];
    int n = *path == '/'                ? snprintf(out, 4096, "%s", path)
            : getcwd(here, sizeof here) ? snprintf(out, 4096, "%s/%s", here, path)
                                        : -1;
    return n > 0 && n < 4096;
}

static void choose_action(char *wrong, size_t size, struct dups_settings *s) {
    static const lk_tidy_action plain[] = {LK_TIDY_TRASH, LK_TIDY_HARDLINK, LK_TIDY_REFLINK,
                                           LK_TIDY_SYMLINK};
    const char *action = s->action ? s->action : "report";
    bool known = strcmp(action, "report") == 0;
    for (size_t i = 0; i < sizeof plain / sizeof *plain && !known; i++) {
        known = strcmp(action, lk_tidy_action_name(plain[i])) == 0;
        s->tidy.action = known ? plain[i] : LK_TIDY_NONE;
    }
    if (!known && strncmp(action, "move:", 5) == 0 && absolute(s->move_to, action + 5) &&
        action[5]) {
        s->tidy.action = LK_TIDY_MOVE;
        s->tidy.move_to = s->move_to;
        known = true;
    }
    if (!known) {
        snprintf(
            wrong, size,
            "--action: %.60s is none of report, trash, hardlink, reflink, symlink and move:DIR",
            action);
    } else if (s->permanent && s->tidy.action != LK_TIDY_TRASH) {
        snprintf(wrong, size, "--permanent belongs to --action trash, and deletes instead");
    } else if (s->apply && s->tidy.action == LK_TIDY_NONE) {
        snprintf(wrong, size,
                 "--apply wants an --action: trash, hardlink, reflink, symlink or move:DIR");
    } else if (s->apply && s->dry_run) {
        snprintf(wrong, size, "--apply or --dry-run, not both");
    }
    s->tidy.action = s->permanent ? LK_TIDY_DELETE : s->tidy.action;
}

/* "$VARIABLE/below", or "$HOME/home_below/below"; empty when there is neither. */
static void user_place(char out[4096], const char *variable, const char *home_below,
                       const char *below) {
    const char *set = getenv(variable), *home = getenv("HOME");
    int n = 0;
    if (set && *set == '/') {
        n = snprintf(out, 4096, "%s/%s", set, below);
    } else if (home && *home == '/') {
        n = snprintf(out, 4096, "%s/%s/%s", home, home_below, below);
    }
    if (n <= 0 || n >= 4096) {
        out[0] = '\0';
    }
}

static void choose_places(char *wrong, size_t size, struct dups_settings *s) {
    user_place(s->home_trash, "XDG_DATA_HOME", ".local/share", "Trash");
    s->tidy.home_trash = *s->home_trash ? s->home_trash : NULL;
    if (!s->log) {
        user_place(s->log_path, "XDG_STATE_HOME", ".local/state", "likeness/dups.jsonl");
    } else if (!absolute(s->log_path, s->log)) {
        s->log_path[0] = '\0';
    }
    s->tidy.log = s->log_path;
    if (s->apply && !*s->log_path) {
        snprintf(wrong, size, "no place for the log of what is done: say --log FILE");
    }
}

void dups_choose(char *wrong, size_t size, struct dups_settings *s) {
    void (*const steps[])(char *, size_t, struct dups_settings *) = {
        choose_kinds, choose_score, choose_kept, choose_protected, choose_action, choose_places};
    wrong[0] = '\0';
    s->options = lk_dups_options_default();
    s->options.no_thumbs = !s->html;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !*wrong; i++) {
        steps[i](wrong, size, s);
    }
}
