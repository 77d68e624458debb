/* SPDX-License-Identifier: Apache-2.0 */
/* A file of labels: a line a class, UTF-8, from class 0. */
#ifndef LK_LABELS_H
#define LK_LABELS_H

#include <likeness/model.h>

struct labels {
    lk_bytes text; /* lines ended by zeros */
    const char **lines;
    int32_t count;
};

/* Reads the labels at path. LK_E_CORRUPT when there are not `classes` of them, or the checksum is not sha256 (empty: any). */
LK_MUST_CHECK lk_status labels_load(struct labels *out, const char *path, const char *sha256,
                                    int32_t classes, lk_error *err);
void labels_release(struct labels *labels);

#endif
