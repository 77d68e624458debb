/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/index_place.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool index_place(char *out, size_t size, const char *chosen) {
    const char *home = getenv("HOME"), *data = getenv("XDG_DATA_HOME"),
               *set = getenv("LIKENESS_INDEX");
    int n = 0;
    if (chosen || (set && *set)) {
        n = snprintf(out, size, "%s", chosen ? chosen : set);
    } else if (data && *data) {
        n = snprintf(out, size, "%s/likeness/pictures.lki", data);
    } else if (home && *home) {
        n = snprintf(out, size, "%s/.local/share/likeness/pictures.lki", home);
    }
    return n > 0 && (size_t)n < size;
}

/* The folders above path that are missing; that one cannot be made shows when the file is opened. */
static void make_folders(const char *path) {
    char at[PATH_MAX];
    snprintf(at, sizeof at, "%s", path);
    for (char *p = at + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)!mkdir(at, 0777);
            *p = '/';
        }
    }
}

lk_collection *index_open(const struct common *common, const char *chosen,
                          lk_collection_mode mode) {
    lk_collection *collection = NULL;
    lk_error err = {0};
    char path[PATH_MAX] = "";
    if (mode != LK_COLLECTION_MEMORY && !index_place(path, sizeof path, chosen)) {
        err.status = LK_E_USAGE;
        snprintf(err.text, sizeof err.text, "no place for an index: say --index FILE");
        report_error(common, &err);
        return NULL;
    }
    const char *set = getenv("LIKENESS_INDEX");
    if (mode == LK_COLLECTION_WRITE && !chosen && !(set && *set)) {
        make_folders(path);
    }
    if (lk_collection_open(&collection, path, mode, &err) != LK_OK) {
        report_error(common, &err);
    }
    return collection;
}

const char *index_shown(const char *path) {
    char here[PATH_MAX];
    size_t n = getcwd(here, sizeof here) ? strlen(here) : 0;
    bool below = n > 1 && strncmp(path, here, n) == 0 && path[n] == '/';
    return below ? path + n + 1 : path;
}
