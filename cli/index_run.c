/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/index_run.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/index_place.h"

enum { SKIPPED_MOST = 1 << 28 };

bool index_without_model(const struct model_settings *s) {
    return s->model && strcmp(s->model, "phash") == 0;
}

static void step(void *arg, size_t total, const char *path) {
    struct index_run *run = arg;
    if (!run->begun) {
        progress_begin(&run->bar, run->common, total);
        run->begun = true;
    }
    progress_step(&run->bar, path);
}

static void skip(void *arg, const char *path, const char *why) {
    struct index_run *run = arg;
    char shown[4096];
    if (run->begun) {
        progress_hide(&run->bar);
    }
    escape_text(shown, sizeof shown, index_shown(path));
    remark(run->common, "skipped: %s: %s", shown, why);
    json_object_begin(&run->skipped_json, NULL);
    json_text(&run->skipped_json, "path", path);
    json_text(&run->skipped_json, "reason", why);
    json_object_end(&run->skipped_json);
}

enum exit_code index_run(struct index_run *run, lk_collection *collection, lk_engine *engine,
                         const struct text_list *paths) {
    const lk_collection_options options = {.model = run->model,
                                           .keypoints = run->keypoints,
                                           .keep_gone = run->keep_gone,
                                           .step = step,
                                           .skip = skip,
                                           .arg = run};
    lk_error err = {0};
    double began = clock_s();
    buf_init(&run->skipped, SKIPPED_MOST);
    json_init(&run->skipped_json, &run->skipped, 0);
    run->skipped_json.depth = 1; /* inside an array that the caller writes */
    lk_status status = lk_collection_update(&run->changes, collection, engine, paths->items,
                                            paths->count, &options, &err);
    if (run->begun) {
        progress_end(&run->bar);
    }
    status = status == LK_OK ? lk_collection_look(&run->state, collection, &err) : status;
    run->seconds = clock_s() - began;
    return status == LK_OK ? EXIT_YES : report_error(run->common, &err);
}

void index_run_release(struct index_run *run) {
    buf_release(&run->skipped);
}
