/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own below /tmp, removed with all that is in it. */
#ifndef LK_SCRATCH_FOLDER_H
#define LK_SCRATCH_FOLDER_H

#include "tests/unit/harness.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_BYTES = 64 };

static inline void scratch_make(char root[SCRATCH_BYTES], const char *name) {
    snprintf(root, SCRATCH_BYTES, "/tmp/likeness-%s-XXXXXX", name);
    assert_non_null(mkdtemp(root));
}

static inline int scratch_remove_one(const char *path, const struct stat *info, int kind,
                                     struct FTW *at) {
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void scratch_remove(const char *root) {
    assert_int_equal(nftw(root, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The full path of a file below root; the folders it lies in are made. */
static inline void scratch_place(char *out, size_t size, const char *root, const char *below) {
    snprintf(out, size, "%s/%s", root, below);
    for (char *slash = strchr(out + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(out, 0777);
        *slash = '/';
    }
}

/* For folder_list: every file. */
static inline bool scratch_every(const void *arg, const char *path) {
    (void)arg;
    (void)path;
    return true;
}

#endif
