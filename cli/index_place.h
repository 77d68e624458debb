/* SPDX-License-Identifier: Apache-2.0 */
/* Where an index of pictures lies, and opening it. */
#ifndef LK_INDEX_PLACE_H
#define LK_INDEX_PLACE_H

#include "cli/command.h"

#define INDEX_OPTION(offset)                                                                       \
    {                                                                                              \
        "index", 0, OPTION_TEXT, "FILE", NULL, NULL,                                               \
            "the index (LIKENESS_INDEX, or below ~/.local/share)", offset                          \
    }

/* What is chosen, LIKENESS_INDEX, XDG_DATA_HOME/likeness/pictures.lki, ~/.local/share/likeness/pictures.lki. NULL when it cannot be
 * opened, and the error is reported. For writing, the folder of the usual place is made. */
lk_collection *index_open(const struct common *common, const char *chosen, lk_collection_mode mode);
/* The same path into out; false when there is no place. */
bool index_place(char *out, size_t size, const char *chosen);

/* A path as seen from here: without the working folder in front where it lies below. */
const char *index_shown(const char *path);

#endif
