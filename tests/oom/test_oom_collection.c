/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the pictures of a folder, searching among them each way, grouping copies and saying what would be done to them: with
 * each allocation failing in turn, SQLite's too. */
#define OOM_STEPS 24
#include "tests/oom/oom_attempt.h"

#include <likeness/tidy.h>

#include "collection/collection.h"
#include "image/image.h"
#include "tests/oom/oom_sqlite.h"
#include "tests/unit/drawn_scene.h"
#include "tests/unit/scratch_folder.h"

enum { PICTURES = 3 };

struct world {
    lk_engine *engine;
    lk_model *model;
    lk_collection *collection; /* of the pictures, to be searched */
    lk_collection *copies;     /* of a picture and what was made of it */
    char root[SCRATCH_BYTES], pictures[SCRATCH_BYTES + 16], edited[SCRATCH_BYTES + 16];
    lk_image asked;
    lk_image_info info;
    lk_search_by by;
};

static lk_status update(struct world *w, lk_collection_changes *changes, lk_collection *collection,
                        const char *folder, lk_error *err) {
    const char *paths[] = {folder};
    const lk_collection_options o = {.model = w->model, .keypoints = true};
    return lk_collection_update(changes, collection, w->engine, paths, 1, &o, err);
}

static void save_copy(struct world *w, const char *name, const lk_image *image) {
    char path[128];
    lk_error err;
    scratch_place(path, sizeof path, w->root, name);
    assert_ok(lk_image_save(image, w->engine, path, &err));
}

/* A picture, the same anew, a part of it, and another. */
static void make_copies(struct world *w) {
    lk_image scene = scene_make(11, 0), other = scene_make(12, 0), part;
    lk_collection_changes changes;
    lk_error err;
    save_copy(w, "edited/whole.png", &scene);
    save_copy(w, "edited/anew.jpg", &scene);
    assert_ok(image_crop(&part, &scene, 0, 0, scene.width * 3 / 4, scene.height, &err));
    save_copy(w, "edited/part.png", &part);
    save_copy(w, "edited/other.png", &other);
    snprintf(w->edited, sizeof w->edited, "%s/edited", w->root);
    assert_ok(lk_collection_open(&w->copies, "", LK_COLLECTION_MEMORY, &err));
    assert_ok(update(w, &changes, w->copies, w->edited, &err));
    assert_int_equal(changes.added, 4);
    lk_image_release(&part);
    lk_image_release(&other);
    lk_image_release(&scene);
}

static int make_world(void **state) {
    struct world *w = calloc(1, sizeof *w);
    lk_engine_options options = lk_engine_options_default();
    lk_collection_changes changes;
    lk_error err;
    oom_sqlite_share();
    options.threads = 1;
    assert_ok(lk_engine_new(&w->engine, &options, &err));
    assert_ok(lk_model_open(&w->model, w->engine, LK_MODEL_DEFAULT, NULL, &err));
    scratch_make(w->root, "oom-collection");
    for (int i = 0; i < PICTURES; i++) {
        char name[32], path[128];
        lk_image scene = scene_make((uint64_t)i + 1, 0);
        snprintf(name, sizeof name, "pictures/%d.png", i);
        scratch_place(path, sizeof path, w->root, name);
        assert_ok(lk_image_save(&scene, w->engine, path, &err));
        lk_image_release(&scene);
        if (i == 1) {
            assert_ok(lk_image_load(&w->asked, &w->info, w->engine, path, NULL, &err));
        }
    }
    snprintf(w->pictures, sizeof w->pictures, "%s/pictures", w->root);
    assert_ok(lk_collection_open(&w->collection, "", LK_COLLECTION_MEMORY, &err));
    assert_ok(update(w, &changes, w->collection, w->pictures, &err));
    assert_int_equal(changes.added, PICTURES);
    make_copies(w);
    *state = w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    lk_collection_close(w->collection);
    lk_collection_close(w->copies);
    lk_image_release(&w->asked);
    lk_model_free(w->model);
    lk_engine_free(w->engine);
    scratch_remove(w->root);
    free(w);
    return 0;
}

static lk_status run_update(struct world *w, uint64_t *digest, lk_error *err) {
    lk_collection *collection = NULL;
    lk_collection_changes changes = {0};
    lk_collection_state now = {0};
    lk_status status = lk_collection_open(&collection, "", LK_COLLECTION_MEMORY, err);
    status = status == LK_OK ? update(w, &changes, collection, w->pictures, err) : status;
    status = status == LK_OK ? lk_collection_look(&now, collection, err) : status;
    if (status == LK_OK) {
        mix(digest, &changes, sizeof changes);
        mix(digest, &now.pictures, sizeof now.pictures);
        mix(digest, &now.embedded, sizeof now.embedded);
        mix(digest, &now.with_keypoints, sizeof now.with_keypoints);
    }
    lk_collection_close(collection);
    return status;
}

static lk_status run_search(struct world *w, uint64_t *digest, lk_error *err) {
    lk_search_hits hits = {0};
    lk_search_options o = lk_search_options_default();
    o.by = w->by;
    lk_status status = lk_collection_search(&hits, w->collection, w->engine, w->model, &w->asked,
                                            &w->info, &o, err);
    for (size_t i = 0; status == LK_OK && i < hits.count; i++) {
        mix(digest, hits.items[i].path, strlen(hits.items[i].path));
        mix(digest, &hits.items[i].score, sizeof hits.items[i].score);
    }
    lk_search_hits_release(&hits);
    return status;
}

/* Searched anew: what an earlier run kept is forgotten. */
static lk_status run_dups(struct world *w, uint64_t *digest, lk_error *err) {
    lk_dups dups = {0};
    lk_tidy tidy = {0};
    lk_dups_options o = lk_dups_options_default();
    const lk_tidy_options move = {.action = LK_TIDY_MOVE, .move_to = w->pictures};
    lk_status status = sql_run(&w->copies->at, "DELETE FROM searched; DELETE FROM pair", err);
    status = status == LK_OK ? lk_collection_dups(&dups, w->copies, w->engine, NULL, 0, &o, err)
                             : status;
    status = status == LK_OK ? lk_tidy_plan(&tidy, &dups, &move, err) : status;
    for (size_t i = 0; status == LK_OK && i < dups.count; i++) {
        const lk_dups_group *g = &dups.groups[i];
        for (size_t k = 0; k < g->count; k++) {
            mix(digest, g->files[k].path, strlen(g->files[k].path));
            mix(digest, &g->files[k].score, sizeof g->files[k].score);
            mix(digest, g->files[k].thumb.data, g->files[k].thumb.size);
        }
    }
    mix(digest, &tidy.planned_files, sizeof tidy.planned_files);
    lk_tidy_release(&tidy);
    lk_dups_release(&dups);
    return status;
}

static void test_update(void **state) {
    fail_each("collection", "update", run_update, *state);
}

static void test_search(void **state) {
    static const char *const names[] = {"both", "whole", "local", "embedding", "hash", "wavelet"};
    struct world *w = *state;
    for (int by = LK_SEARCH_BOTH; by <= LK_SEARCH_WAVELET; by++) {
        w->by = (lk_search_by)by;
        fail_each("search", names[by], run_search, w);
    }
}

static void test_dups(void **state) {
    fail_each("dups", "", run_dups, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_search), cmocka_unit_test(test_dups),
                                       cmocka_unit_test(test_update)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
