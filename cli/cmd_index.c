/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/folder_watch.h"
#include "cli/index_place.h"
#include "cli/index_run.h"
#include "cli/stop.h"

struct index_settings {
    struct common common;
    struct model_settings model;
    const char *index;
    bool keypoints, prune, update, watch;
};

#define AT(member) offsetof(struct index_settings, member)

static const struct option index_options[] = {
    INDEX_OPTION(AT(index)),
    {"keypoints", 0, OPTION_FLAG, NULL, NULL, NULL,
     "keypoints too: search then finds crops, turned copies and details", AT(keypoints)},
    {"update", 0, OPTION_FLAG, NULL, NULL, NULL,
     "look again at what was indexed before; also without arguments", AT(update)},
    {"prune", 0, OPTION_FLAG, NULL, NULL, NULL,
     "forget files that are gone (on; --no-prune keeps them)", AT(prune)},
    {"watch-fs", 0, OPTION_FLAG, NULL, NULL, NULL, "stay, and follow changes of the folders",
     AT(watch)},
    MODEL_OPTIONS(struct index_settings, model),
    OPTION_END,
};

static void index_defaults(void *settings) {
    ((struct index_settings *)settings)->prune = true;
}

static enum exit_code print_run(const struct index_settings *s, const char *path,
                                struct index_run *run) {
    const lk_collection_changes *c = &run->changes;
    struct buf b;
    buf_init(&b, 1 << 30);
    if (s->common.json) {
        struct json j;
        json_init(&j, &b, 0);
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/index/1");
        json_text(&j, "index", path);
        json_int(&j, "files", run->state.files);
        json_int(&j, "pictures", run->state.pictures);
        json_int(&j, "added", c->added);
        json_int(&j, "changed", c->changed);
        json_int(&j, "removed", c->removed);
        json_int(&j, "unchanged", c->unchanged);
        json_int(&j, "decoded", c->decoded);
        json_array_begin(&j, "skipped");
        json_raw(&j, NULL, run->skipped.data, run->skipped.size);
        json_array_end(&j);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    } else {
        buf_printf(&b, "%lld files, %lld different pictures in ", (long long)run->state.files,
                   (long long)run->state.pictures);
        add_path(&b, &s->common, index_shown(path));
        buf_printf(&b, "\n  %lld added, %lld changed, %lld removed, %lld unchanged",
                   (long long)c->added, (long long)c->changed, (long long)c->removed,
                   (long long)c->unchanged);
        if (c->skipped > 0) {
            buf_printf(&b, ", %lld cannot be read", (long long)c->skipped);
        }
        if (c->decoded > 0) {
            buf_printf(&b, "; %lld looked at, %.3g a second", (long long)c->decoded,
                       (double)c->decoded / run->seconds);
        }
        buf_add_text(&b, "\n");
    }
    return print_result(&s->common, &b, c->skipped > 0 ? EXIT_TROUBLE : EXIT_YES);
}

/* A run without changes is told of the first time alone. */
static bool is_told(const struct index_run *run, bool again) {
    const lk_collection_changes *c = &run->changes;
    return !again || c->added + c->changed + c->removed + c->decoded > 0;
}

/* What every run of a command has. */
struct job {
    const struct index_settings *settings;
    lk_collection *collection;
    lk_engine *engine;
    lk_model *model;
    const char *path; /* of the index */
    bool again;       /* not the first run */
    bool ran; /* the last one did not fail: files that cannot be read are no failure of it */
};

static enum exit_code run_once(struct job *j, const struct text_list *paths) {
    struct index_run run = {.common = &j->settings->common,
                            .model = j->model,
                            .keypoints = j->settings->keypoints,
                            .keep_gone = !j->settings->prune};
    enum exit_code code = index_run(&run, j->collection, j->engine, paths);
    j->ran = code == EXIT_YES;
    if (code == EXIT_YES && is_told(&run, j->again)) {
        code = print_run(j->settings, j->path, &run);
    }
    index_run_release(&run);
    return code;
}

/* A folder that is gone for a while keeps the others from nothing, and what is known of it stays. */
static void run_those_there(struct job *j) {
    const struct text_list *all = &j->settings->common.args;
    struct text_list there = {.items = mem_alloc(all->count, sizeof *there.items)};
    for (size_t i = 0; there.items && i < all->count; i++) {
        if (access(all->items[i], F_OK) == 0) {
            there.items[there.count++] = all->items[i];
        } else {
            char shown[4096];
            escape_text(shown, sizeof shown, all->items[i]);
            remark(&j->settings->common, "%s: %s; its pictures stay", shown, strerror(errno));
        }
    }
    if (there.count > 0) {
        (void)run_once(j, &there);
    }
    mem_free(there.items);
}

/* Follows the folders until somebody stops it. What came with one change is looked at together. They are watched before they are
 * looked at first, so that nothing falls between. */
static enum exit_code follow(struct job *j) {
    const struct common *common = &j->settings->common;
    struct folder_watch watch;
    lk_error err = {0};
    if (folder_watch_open(&watch, common->args.items, common->args.count, &err) != LK_OK) {
        return report_error(common, &err);
    }
    enum exit_code code = run_once(j, &common->args);
    if (j->ran && !stop_asked()) {
        remark(common, "following %zu folders; Ctrl-C ends it", watch.count);
        j->again = true;
        /* What was printed is read while we stay; when nobody can, main says so. */
        while (fflush(stdout) == 0 && folder_watch_wait(&watch)) {
            run_those_there(j);
        }
    }
    folder_watch_close(&watch);
    return stop_asked() ? EXIT_YES : code;
}

static enum exit_code index_command_run(void *settings, lk_engine *engine) {
    struct index_settings *s = settings;
    const struct text_list *paths = &s->common.args;
    char path[4096];
    lk_model *model = NULL;
    lk_error err = {0};
    if (paths->count == 0 && !s->update) {
        return report_usage(&s->common, &command_index,
                            "which folders? (--update: those of before)");
    }
    if (s->watch && paths->count == 0) {
        return report_usage(&s->common, &command_index, "--watch-fs wants the folders");
    }
    lk_collection *collection = index_open(&s->common, s->index, LK_COLLECTION_WRITE);
    if (!collection) {
        return EXIT_TROUBLE;
    }
    index_place(path, sizeof path, s->index);
    enum exit_code code = EXIT_YES;
    if (!index_without_model(&s->model) &&
        model_choose(&model, engine, &s->model, LK_WANT_EMBEDDING, &err) != LK_OK) {
        code = report_error(&s->common, &err);
    }
    if (code == EXIT_YES) {
        struct job j = {s, collection, engine, model, path, false, false};
        code = s->watch ? follow(&j) : run_once(&j, paths);
    }
    lk_model_free(model);
    lk_collection_close(collection);
    return code;
}

const struct command command_index = {
    .name = "index",
    .summary = "look at the pictures of folders once, to search them",
    .arguments = "DIR|FILE...",
    .details = "Keeps of each picture its perceptual hash, wavelet signature, embedding and a "
               "thumbnail, and "
               "with --keypoints what\n"
               "finds crops and details. A second run looks only at files that are new or changed, "
               "by size, "
               "time and content, and\n"
               "forgets those that are gone; an interrupted run goes on where it was. --model "
               "phash leaves "
               "the network out.",
    .examples = "  likeness index ~/Photos\n"
                "  likeness index ~/Photos --keypoints --index photos.lki\n"
                "  likeness index --update\n"
                "  likeness index ~/Photos --watch-fs\n",
    .least_args = 0,
    .most_args = 1000000,
    .options = index_options,
    .settings_size = sizeof(struct index_settings),
    .defaults = index_defaults,
    .run = index_command_run,
};
