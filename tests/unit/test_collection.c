/* SPDX-License-Identifier: Apache-2.0 */
/* A collection of drawn pictures and copies of them: what is found, what is grouped, and that neither depends on what lies in the
 * file that is searched, on how the collection came about, or on which run saw what. */
#include "tests/unit/drawn_scene.h"
#include "tests/unit/scratch_folder.h"

#include "base/file.h"
#include "image/image.h"
#include "image/orient.h"
#include "image/resize.h"

enum { SCENES = 12, PATH_ROOM = 512 };

struct world {
    char root[SCRATCH_BYTES];
    lk_engine *engine;
    lk_model *model;
};

static int world_new(void **state) {
    lk_error err;
    struct world *w = calloc(1, sizeof *w);
    scratch_make(w->root, "collection");
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    assert_ok(lk_model_open(&w->model, w->engine, LK_MODEL_DEFAULT, NULL, &err));
    *state = w;
    return 0;
}

static int world_free(void **state) {
    struct world *w = *state;
    lk_model_free(w->model);
    lk_engine_free(w->engine);
    scratch_remove(w->root);
    free(w);
    return 0;
}

static void save(const struct world *w, const lk_image *image, const char *name) {
    lk_error err;
    char path[PATH_ROOM];
    scratch_place(path, sizeof path, w->root, name);
    assert_ok(lk_image_save(image, w->engine, path, &err));
}

static void save_scenes(const struct world *w) {
    for (int i = 0; i < SCENES; i++) {
        char name[64];
        lk_image image = scene_make((uint64_t)(100 + i), 0);
        snprintf(name, sizeof name, "scenes/%02d.png", i);
        save(w, &image, name);
        lk_image_release(&image);
    }
}

/* Copies of scene 3, each of another kind. */
static void save_copies(const struct world *w) {
    lk_error err;
    lk_image image = scene_make(103, 0), copy;
    save(w, &image, "copies/again.png");
    save(w, &image, "copies/encoded.jpg");
    assert_ok(image_resize(&copy, w->engine, &image, 250, 200, RESIZE_BICUBIC, &err));
    save(w, &copy, "copies/small.png");
    lk_image_release(&copy);
    assert_ok(image_resize_box(&copy, w->engine, &image, (double[]){100, 60, 400, 340}, 300, 280,
                               RESIZE_BICUBIC, &err));
    save(w, &copy, "copies/part.png");
    lk_image_release(&copy);
    assert_ok(orient_apply(&image, 6, &err));
    save(w, &image, "copies/turned.png");
    lk_image_release(&image);
    image = scene_make(103, 0);
    assert_ok(orient_apply(&image, 2, &err));
    save(w, &image, "copies/mirrored.png");
    lk_image_release(&image);
}

static lk_collection *open_index(const struct world *w, lk_collection_mode mode) {
    lk_collection *c;
    lk_error err;
    char path[PATH_ROOM];
    scratch_place(path, sizeof path, w->root, "index.lki");
    assert_ok(lk_collection_open(&c, path, mode, &err));
    return c;
}

static lk_collection_changes update(const struct world *w, lk_collection *c, const char *below) {
    lk_collection_changes changes;
    lk_error err;
    char path[PATH_ROOM];
    const char *paths[] = {path};
    const lk_collection_options o = {.model = w->model, .keypoints = true};
    snprintf(path, sizeof path, "%s/%s", w->root, below);
    assert_ok(lk_collection_update(&changes, c, w->engine, paths, 1, &o, &err));
    return changes;
}

static lk_search_hits search(const struct world *w, lk_collection *c, const char *name,
                             lk_search_by by) {
    lk_search_hits hits;
    lk_image picture;
    lk_image_info info;
    lk_error err;
    char path[PATH_ROOM];
    lk_search_options o = lk_search_options_default();
    o.by = by;
    o.most = 5;
    snprintf(path, sizeof path, "%s/%s", w->root, name);
    assert_ok(lk_image_load(&picture, &info, w->engine, path, NULL, &err));
    assert_ok(lk_collection_search(&hits, c, w->engine, w->model, &picture, &info, &o, &err));
    lk_image_release(&picture);
    return hits;
}

static void assert_first_is(const struct world *w, lk_collection *c, const char *query,
                            lk_search_by by, const char *expected) {
    lk_search_hits hits = search(w, c, query, by);
    assert_true(hits.count > 0);
    assert_non_null(strstr(hits.items[0].path, expected));
    for (size_t i = 1; i < hits.count; i++) {
        assert_true(hits.items[i].score <= hits.items[i - 1].score);
    }
    lk_search_hits_release(&hits);
}

static void each_way_finds_its_copies(void **state) {
    const struct world *w = *state;
    save_scenes(w);
    save_copies(w);
    lk_collection *c = open_index(w, LK_COLLECTION_WRITE);
    assert_int_equal(update(w, c, "scenes").added, SCENES);
    for (int by = LK_SEARCH_BOTH; by <= LK_SEARCH_WAVELET; by++) {
        assert_first_is(w, c, "copies/encoded.jpg", (lk_search_by)by, "/03.png");
        assert_first_is(w, c, "copies/small.png", (lk_search_by)by, "/03.png");
    }
    static const char *const moved[] = {"copies/part.png", "copies/turned.png",
                                        "copies/mirrored.png"};
    for (int i = 0; i < 3; i++) {
        assert_first_is(w, c, moved[i], LK_SEARCH_BOTH, "/03.png");
        lk_search_hits hits = search(w, c, moved[i], LK_SEARCH_LOCAL);
        assert_int_equal(hits.count, 1); /* no other scene shares a place with it */
        assert_true(hits.items[0].score > 0.5 && hits.items[0].inliers >= 8);
        assert_int_equal(hits.items[0].mirrored, i == 2);
        lk_search_hits_release(&hits);
    }
    lk_collection_close(c);
}

/* Whatever happens to the file that is searched, the answer is that of the database. */
static void a_damaged_file_is_made_anew(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_bytes sound;
    char path[PATH_ROOM];
    lk_collection *c = open_index(w, LK_COLLECTION_WRITE);
    lk_search_hits expected = search(w, c, "copies/part.png", LK_SEARCH_BOTH);
    lk_collection_close(c);
    scratch_place(path, sizeof path, w->root, "index.lki.find");
    assert_ok(file_read(&sound, path, 1 << 30, NULL, &err));
    for (size_t at = 0; at < sound.size; at += at < 600 ? 37 : sound.size / 40) {
        sound.data[at] ^= 0x10;
        assert_ok(file_write(path, sound.data, at % 3 == 0 ? sound.size : at + 1, &err));
        sound.data[at] ^= 0x10;
        c = open_index(w, LK_COLLECTION_READ);
        lk_search_hits hits = search(w, c, "copies/part.png", LK_SEARCH_BOTH);
        assert_int_equal(hits.count, expected.count);
        for (size_t i = 0; i < hits.count; i++) {
            assert_string_equal(hits.items[i].path, expected.items[i].path);
            assert_true(hits.items[i].score == expected.items[i].score);
        }
        lk_search_hits_release(&hits);
        lk_collection_close(c);
    }
    lk_search_hits_release(&expected);
    lk_bytes_release(&sound);
}

static lk_dups group(const struct world *w, lk_collection *c, const lk_dups_options *o) {
    lk_dups dups;
    lk_error err;
    assert_ok(lk_collection_dups(&dups, c, w->engine, NULL, 0, o, &err));
    return dups;
}

static const lk_dups_file *file_called(const lk_dups_group *g, const char *name) {
    for (size_t i = 0; i < g->count; i++) {
        if (strstr(g->files[i].path, name)) {
            return &g->files[i];
        }
    }
    return NULL;
}

static void assert_kind(const lk_dups_group *g, const char *name, lk_dups_kind kind,
                        const char *class_name) {
    const lk_dups_file *f = file_called(g, name);
    assert_non_null(f);
    assert_int_equal(f->kind, kind);
    assert_string_equal(f->class_name, class_name);
    assert_true(f->score >= 0.5 && f->score <= 1);
    assert_true(f->words[0] != '\0' && f->thumb.size > 0);
}

static void copies_are_grouped_by_kind(void **state) {
    const struct world *w = *state;
    lk_dups_options o = lk_dups_options_default();
    lk_collection *c = open_index(w, LK_COLLECTION_WRITE);
    o.keep = LK_KEEP_PATH;
    o.keep_glob = "*/scenes/03.png";
    assert_int_equal(update(w, c, "copies").added, 6);
    lk_dups dups = group(w, c, &o);
    assert_int_equal(dups.count, 1); /* the scenes are no copies of each other */
    const lk_dups_group *g = &dups.groups[0];
    assert_int_equal(g->count, 7);
    assert_int_equal(g->kind, LK_DUPS_MIRRORED);
    assert_kind(g, "again.png", LK_DUPS_EXACT, "file");
    assert_kind(g, "small.png", LK_DUPS_NEAR, "resized");
    assert_kind(g, "encoded.jpg", LK_DUPS_NEAR, "resized");
    assert_kind(g, "part.png", LK_DUPS_CROP, "cropped");
    assert_kind(g, "turned.png", LK_DUPS_ROTATED, "quarter");
    assert_kind(g, "mirrored.png", LK_DUPS_MIRRORED, "mirrored");
    assert_int_equal(dups.removable_files, 6);
    int64_t candidates = dups.candidates;
    assert_true(candidates > 0);
    lk_dups_release(&dups);

    dups = group(w, c, &o); /* all is known */
    assert_int_equal(dups.candidates, 0);
    assert_int_equal(dups.groups[0].count, 7);
    lk_dups_release(&dups);

    o.kinds = 1U << LK_DUPS_EXACT | 1U << LK_DUPS_CROP;
    dups = group(w, c, &o);
    for (size_t i = 0; i < dups.count; i++) {
        assert_true(dups.groups[i].kind == LK_DUPS_EXACT || dups.groups[i].kind == LK_DUPS_CROP);
    }
    assert_non_null(file_called(&dups.groups[0], "part.png"));
    assert_null(file_called(&dups.groups[0], "turned.png"));
    lk_dups_release(&dups);
    lk_collection_close(c);
}

static void what_is_protected_or_wished_for_stays(void **state) {
    const struct world *w = *state;
    lk_dups_options o = lk_dups_options_default();
    lk_collection *c = open_index(w, LK_COLLECTION_READ);
    char copies[PATH_ROOM];
    const char *protect[] = {copies};
    snprintf(copies, sizeof copies, "%s/copies", w->root);
    o.protect = protect;
    o.protect_count = 1;
    lk_dups dups = group(w, c, &o);
    assert_true(dups.groups[0].files[0].is_protected);
    assert_int_equal(dups.removable_files, 1); /* the scene */
    lk_dups_release(&dups);
    o.protect_count = 0;
    o.keep = LK_KEEP_PATH;
    o.keep_glob = "*/small.png";
    dups = group(w, c, &o);
    assert_non_null(strstr(dups.groups[0].files[0].path, "/small.png"));
    assert_string_equal(dups.groups[0].reason, "its path is the one wanted");
    lk_dups_release(&dups);
    o.keep = LK_KEEP_BEST;
    dups = group(w, c, &o);
    assert_null(strstr(dups.groups[0].files[0].path, "/small.png"));
    assert_null(strstr(dups.groups[0].files[0].path, "/part.png"));
    lk_dups_release(&dups);
    lk_collection_close(c);
}

/* What came and went in several runs is grouped as if it had been there at once. */
static void runs_add_up(void **state) {
    const struct world *w = *state;
    lk_error err;
    char path[PATH_ROOM];
    lk_dups_options o = lk_dups_options_default();
    lk_collection *c = open_index(w, LK_COLLECTION_WRITE);
    lk_image image = scene_make(105, 0);
    assert_ok(orient_apply(&image, 3, &err));
    save(w, &image, "later/turned.png");
    lk_image_release(&image);
    assert_int_equal(update(w, c, "later").added, 1);
    lk_dups dups = group(w, c, &o);
    assert_int_equal(dups.count, 2);
    assert_true(dups.candidates <= 20); /* the new one against its candidates */
    lk_dups_release(&dups);
    snprintf(path, sizeof path, "%s/copies/part.png", w->root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(update(w, c, "copies").removed, 1);
    dups = group(w, c, &o);
    assert_int_equal(dups.count, 2);
    for (size_t i = 0; i < dups.count; i++) {
        assert_null(file_called(&dups.groups[i], "part.png"));
    }
    lk_dups_release(&dups);
    lk_collection_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_finds_its_copies),
        cmocka_unit_test(a_damaged_file_is_made_anew),
        cmocka_unit_test(copies_are_grouped_by_kind),
        cmocka_unit_test(what_is_protected_or_wished_for_stays),
        cmocka_unit_test(runs_add_up),
    };
    return cmocka_run_group_tests(tests, world_new, world_free);
}
