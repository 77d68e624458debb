/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of `likeness search` share. */
#ifndef LK_SEARCH_H
#define LK_SEARCH_H

#include "cli/command.h"
#include "cli/model_run.h"

struct search_settings {
    struct common common;
    struct model_settings model;
    const char *index, *db;
    struct text_list filter;
    int32_t most, by;
    double min_score;
    bool explain, exact;
};

/* Among the originals of a store: --db, --filter. */
enum exit_code search_store(const struct search_settings *s, lk_engine *engine);

#endif
