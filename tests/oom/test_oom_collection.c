/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the pictures of a folder, and searching among them each way, with each allocation failing in turn, SQLite's too. */
#define OOM_STEPS 24
#include "tests/oom/oom_attempt.h"

#include <likeness/collection.h>

#include "image/image.h"
#include "tests/oom/oom_sqlite.h"
#include "tests/unit/drawn_scene.h"
#include "tests/unit/scratch_folder.h"

enum { PICTURES = 3 };

struct world {
    lk_engine *engine;
    lk_model *model;
    lk_collection *collection; /* of the pictures, to be searched */
    char root[SCRATCH_BYTES], pictures[SCRATCH_BYTES + 16];
    lk_image asked;
    lk_image_info info;
    lk_search_by by;
};

static lk_status update(struct world *w, lk_collection_changes *changes, lk_collection *collection,
                        lk_error *err) {
    const char *paths[] = {w->pictures};
    const lk_collection_options o = {.model = w->model, .keypoints = true};
    return lk_collection_update(changes, collection, w->engine, paths, 1, &o, err);
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
    assert_ok(update(w, &changes, w->collection, &err));
    assert_int_equal(changes.added, PICTURES);
    *state = w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    lk_collection_close(w->collection);
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
    status = status == LK_OK ? update(w, &changes, collection, err) : status;
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_search),
                                       cmocka_unit_test(test_update)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
