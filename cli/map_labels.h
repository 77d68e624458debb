/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and scores of the pictures of a map: from the folders they lie in, or from a table. */
#ifndef LK_MAP_LABELS_H
#define LK_MAP_LABELS_H

#include "cli/map_source.h"

struct map_labels {
    int32_t *of;  /* a picture: a place in names, or -1; owned, as the others */
    char **names; /* in byte order */
    int32_t count;
    double *scores; /* a picture; NaN for none; NULL where the table has none */
};

/* from: "folders" (the folder next below the argument that named it), "none", or a CSV table with the columns path (or file; from
 * the table's folder) and label (or class), score, or both. A picture that the table does not name has no label. LK_E_USAGE,
 * LK_E_CORRUPT, LK_E_IO, LK_E_MEMORY; err->input is the table. */
lk_status map_labels_read(struct map_labels *l, const struct map_source *s,
                          const struct text_list *args, const char *from, lk_error *err);
void map_labels_release(struct map_labels *l);

#endif
