/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing an index up to date with progress, for the commands that begin so. */
#ifndef LK_INDEX_RUN_H
#define LK_INDEX_RUN_H

#include "base/json.h"
#include "cli/model_run.h"
#include "cli/progress.h"

struct index_run {
    const struct common *common;
    lk_model *model; /* NULL: no embeddings */
    bool keypoints, keep_gone;
    /* What came of it. */
    lk_collection_changes changes;
    lk_collection_state state;
    double seconds;
    struct buf skipped; /* {"path", "reason"} each, as JSON with commas between */
    /* While it runs. */
    struct json skipped_json;
    struct progress bar;
    bool begun;
};

/* --model phash: signatures alone. */
bool index_without_model(const struct model_settings *s);

/* paths empty: what was indexed before. Files that cannot be read are told on standard error; EXIT_TROUBLE only when the run itself
 * failed, which is reported. */
enum exit_code index_run(struct index_run *run, lk_collection *collection, lk_engine *engine,
                         const struct text_list *paths);
void index_run_release(struct index_run *run);

#endif
