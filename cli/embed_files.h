/* SPDX-License-Identifier: Apache-2.0 */
/* Where embeddings go: a NumPy file with its list of paths, or CSV. */
#ifndef LK_EMBED_FILES_H
#define LK_EMBED_FILES_H

#include <stdio.h>

#include "cli/command.h"

/* X.npy (float32, n x dim), X.npy.paths (a path a line) and X.npy.model (name and checksum of the model,
 * whether normalized). After every picture
 * rows, paths and the count in the header agree but for the last row, so that an interrupted run can go on. */
struct npy {
    FILE *rows, *paths;
    int64_t count;
    int32_t dim;
    lk_bytes list;          /* of --resume: the text of X.npy.paths */
    struct text_list known; /* its lines, sorted */
};

struct npy_options {
    bool resume;
    bool normalized; /* vectors are of length 1 */
};

/* Creates the three files, or with resume opens them, drops what is incomplete and reads the paths. LK_E_WRITE, LK_E_IO;
 * LK_E_USAGE when their rows are of another model, or of length 1 where these are not. */
lk_status npy_open(struct npy *n, const char *path, const lk_model *model,
                   const struct npy_options *options, lk_error *err);
lk_status npy_add(struct npy *n, const char *path, const float *vector, lk_error *err);
bool npy_has(const struct npy *n, const char *path);
/* Writes the header's count and closes. */
lk_status npy_close(struct npy *n, lk_error *err);

#endif
