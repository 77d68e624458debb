/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_place.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool place(char *out, size_t size, const char *chosen) {
    const char *home = getenv("HOME"), *data = getenv("XDG_DATA_HOME"),
               *set = getenv("LIKENESS_DB");
    int n = 0;
    if (chosen || (set && *set)) {
        n = snprintf(out, size, "%s", chosen ? chosen : set);
    } else if (data && *data) {
        n = snprintf(out, size, "%s/likeness", data);
    } else if (home && *home) {
        n = snprintf(out, size, "%s/.local/share/likeness", home);
    }
    return n > 0 && (size_t)n < size;
}

/* Whether the folder holds a store. */
static bool is_store(const char *folder) {
    char path[4096 + 16];
    snprintf(path, sizeof path, "%s/likeness.db", folder);
    return access(path, F_OK) == 0;
}

static lk_store *open_place(const struct common *common, const char *chosen, lk_store_mode mode,
                            bool kept) {
    lk_store_options options = {.mode = mode};
    lk_store *store = NULL;
    lk_error err = {0};
    char folder[4096];
    if (!place(folder, sizeof folder, chosen)) {
        err.status = LK_E_USAGE;
        snprintf(err.text, sizeof err.text, "no place for a store: say --db DIR");
        report_error(common, &err);
        return NULL;
    }
    if (kept && !is_store(folder)) {
        options.mode = LK_STORE_READ; /* which makes none, and says that there is none */
    }
    bool fresh = options.mode == LK_STORE_WRITE && !is_store(folder);
    if (lk_store_open(&store, folder, &options, &err) != LK_OK) {
        report_error(common, &err);
    } else if (fresh) { /* which a mistyped name would make too */
        remark(common, "made a new store: %s", folder);
    }
    return store;
}

lk_store *store_open(const struct common *common, const char *chosen, lk_store_mode mode) {
    return open_place(common, chosen, mode, false);
}

lk_store *store_open_kept(const struct common *common, const char *chosen, lk_store_mode mode) {
    return open_place(common, chosen, mode, true);
}

const char *store_actor(char *out, size_t size, const char *chosen) {
    const char *set = getenv("LIKENESS_ACTOR");
    if (chosen || (set && *set)) {
        return chosen ? chosen : set;
    }
    const struct passwd *user = getpwuid(geteuid());
    if (user) {
        snprintf(out, size, "%s", user->pw_name);
    } else {
        snprintf(out, size, "user %lu", (unsigned long)geteuid());
    }
    return out;
}

bool store_agreed(bool yes, const char *question, const char *name) {
    char answer[16] = "", shown[256];
    if (yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        return false;
    }
    escape_text(shown, sizeof shown, name);
    fprintf(stderr, "%s %s? [y/N] ", question, shown);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}
