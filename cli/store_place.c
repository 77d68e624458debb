/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_place.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Adds to an address of a database where this user keeps what can be made anew, unless it says so itself. */
static bool add_cache(char *address, size_t size) {
    const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
    char folder[1024], *to = address + strlen(address), *end = address + size;
    if (strstr(address, "likeness_cache=") || (!(cache && *cache) && !(home && *home))) {
        return true;
    }
    bool own = cache && *cache;
    int n = snprintf(folder, sizeof folder, "%s%s", own ? cache : home,
                     own ? "/likeness" : "/.cache/likeness");
    if (n < 0 || (size_t)n >= sizeof folder || (size_t)(end - to) < 32 + 3 * (size_t)n) {
        return false;
    }
    to += sprintf(to, "%clikeness_cache=", strchr(address, '?') ? '&' : '?');
    for (const char *p = folder; *p; p++) {
        bool plain = *p == '/' || *p == '.' || *p == '-' || *p == '_' || isalnum((unsigned char)*p);
        to += sprintf(to, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    return true;
}

bool store_place(char *out, size_t size, const char *chosen) {
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
    bool fits = n > 0 && (size_t)n < size;
    return fits && lk_store_is_address(out) ? add_cache(out, size) : fits;
}

static const char *set_in(const char *name, const char *other) {
    const char *text = getenv(name);
    text = text && *text ? text : other ? getenv(other) : NULL;
    return text && *text ? text : NULL;
}

lk_blob_options store_blobs(const char *chosen) {
    return (lk_blob_options){
        .where = chosen ? chosen : set_in("LIKENESS_BLOBS", NULL),
        .endpoint = set_in("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        .region = set_in("AWS_REGION", "AWS_DEFAULT_REGION"),
        .access_key = set_in("AWS_ACCESS_KEY_ID", NULL),
        .secret_key = set_in("AWS_SECRET_ACCESS_KEY", NULL),
        .session_token = set_in("AWS_SESSION_TOKEN", NULL),
        .ca_file = set_in("AWS_CA_BUNDLE", NULL),
    };
}

/* Whether there is a store. That of a server shows only when it is opened; one that cannot be, for whatever reason, is left to who
 * opens it next. */
static bool is_store(const char *where, const lk_blob_options *blobs) {
    char path[4096 + 16];
    lk_store *store;
    if (lk_store_is_address(where)) {
        const lk_store_options reading = {.mode = LK_STORE_READ, .blobs = blobs};
        bool there = lk_store_open(&store, where, &reading, NULL) == LK_OK;
        lk_store_close(store);
        return there;
    }
    snprintf(path, sizeof path, "%s/likeness.db", where);
    return access(path, F_OK) == 0;
}

static lk_store *open_place(const struct common *common, const char *chosen, const char *in,
                            lk_store_mode mode, bool kept) {
    const lk_blob_options blobs = store_blobs(in);
    lk_store_options options = {.mode = mode, .blobs = &blobs};
    lk_store *store = NULL;
    lk_error err = {0};
    char where[4096];
    if (!store_place(where, sizeof where, chosen)) {
        err.status = LK_E_USAGE;
        snprintf(err.text, sizeof err.text, "no place for a store: say --db DIR");
        report_error(common, &err);
        return NULL;
    }
    bool there = mode != LK_STORE_WRITE || is_store(where, &blobs);
    if (kept && !there) {
        options.mode = LK_STORE_READ; /* which makes none, and says that there is none */
    }
    bool fresh = options.mode == LK_STORE_WRITE && !there;
    if (lk_store_open(&store, where, &options, &err) != LK_OK) {
        report_error(common, &err);
    } else if (fresh) { /* which a mistyped name would make too */
        remark(common, "made a new store: %s",
               lk_store_is_address(where) ? lk_store_folder(store) : where);
    }
    return store;
}

lk_store *store_open(const struct common *common, const char *chosen, lk_store_mode mode) {
    return open_place(common, chosen, NULL, mode, false);
}

lk_store *store_open_with(const struct common *common, const char *chosen, const char *blobs,
                          lk_store_mode mode) {
    return open_place(common, chosen, blobs, mode, false);
}

lk_store *store_open_kept(const struct common *common, const char *chosen, lk_store_mode mode) {
    return open_place(common, chosen, NULL, mode, true);
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
