/* SPDX-License-Identifier: Apache-2.0 */
/* Diff of two folders of renderings: files are matched by their path below each. */
#ifndef LIKENESS_TREE_H
#define LIKENESS_TREE_H

#include <likeness/diff.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lk_tree_state {
    LK_TREE_OK,
    LK_TREE_CHANGED,
    LK_TREE_NEW,     /* only in B */
    LK_TREE_MISSING, /* only in A */
    LK_TREE_FAILED,  /* one of the two cannot be read; err says why */
} lk_tree_state;
enum { LK_TREE_STATES = 5 };
/* "ok", "changed", "new", "missing", "failed". */
LK_API const char *lk_tree_state_name(lk_tree_state state);

typedef struct lk_tree_file {
    char *path; /* below A and B, with slashes; owned */
    lk_tree_state state;
    lk_diff_result result; /* of OK and CHANGED; its classes are not kept */
    lk_error err;          /* of FAILED */
    int32_t
        group; /* files whose differing pixels are the same ones share a number from 1; 0 alone */
} lk_tree_file;

typedef struct lk_tree {
    lk_tree_file *files; /* by path */
    size_t count;
    size_t counts[LK_TREE_STATES];
} lk_tree;

typedef struct lk_tree_options {
    lk_diff_options diff;
    const char *const
        *only; /* patterns as of a shell; a path must match one. NULL: all; borrowed */
    size_t only_count;
} lk_tree_options;

LK_API lk_tree_options lk_tree_options_default(void);

/* Diffs every picture (by extension) below the folder a with its like below b, several at once. Links to folders are not
 * followed. A file that cannot be read is FAILED and stops nothing. LK_E_IO for a folder that cannot be read, LK_E_LIMIT
 * above 1 million files or 64 levels, LK_E_CANCELLED, LK_E_MEMORY. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_tree_diff(lk_tree *out, lk_engine *engine, const char *a,
                                            const char *b, const lk_tree_options *options,
                                            lk_error *err);
LK_API void lk_tree_release(lk_tree *tree);

#ifdef __cplusplus
}
#endif
#endif
