/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the catalogue and of models, for this folder. */
#ifndef LK_MODEL_FILES_H
#define LK_MODEL_FILES_H

#include <likeness/model.h>

#include "nn/network.h"

/* No model file is larger than this: 2 GiB is the most that protocol buffers hold. */
#define LK_MODEL_BYTES_MAX ((int64_t)2 << 30)

/* Longer paths are refused. */
enum { MODEL_PATH_BYTES = 4096 };

bool model_is_there(const char *path);
/* folder/name, owned by the caller. */
LK_MUST_CHECK lk_status model_join(char **out, const char *folder, const char *name, lk_error *err);

/* Where a model's file and labels lie, and its card. */
struct model_files {
    lk_model_card card;
    char *file;   /* owned; NULL: it is part of the library */
    char *labels; /* owned; NULL when the model has none */
};
void model_files_release(struct model_files *files);

/* Finds the model called name in folder (may be NULL), or the ONNX file at that path with card_path (may be NULL), the card
 * beside it, or the shipped card with its checksum. err->input is what is at fault. */
LK_MUST_CHECK lk_status model_find(struct model_files *out, const char *folder, const char *name,
                                   const char *card_path, lk_error *err);

/* What errors call it. */
const char *model_files_name(const struct model_files *files);

/* Reads a model's file and holds its checksum against that of card, unless that says none. digest is filled. */
LK_MUST_CHECK lk_status model_read(lk_bytes *out, char digest[65], lk_engine *engine,
                                   const struct model_files *files, const lk_model_card *card,
                                   lk_error *err);

/* Whether the card's file is part of the library; a copy of it. */
bool model_is_built_in(const lk_model_card *card);
LK_MUST_CHECK lk_status model_read_built_in(lk_bytes *out, const lk_model_card *card,
                                            lk_error *err);

#endif
