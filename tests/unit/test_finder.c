/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the original of a photo in a store: after changes of the store, with the kept file damaged, left over, or of another
 * store, in an older store, and with several readers while another process would write. */
#include "tests/unit/finder_scenes.h"

#include <pthread.h>
#include <utime.h>

#include "store/migrate.h"

/* Whether the photo of seed is found first among `count`; opens a finder for it. */
static bool is_found(struct world *w, lk_store *store, uint64_t seed, int64_t count) {
    lk_error err;
    lk_finder *f;
    lk_candidate found[4];
    int32_t n;
    char id[32];
    lk_features *photo = photograph(w, seed);
    snprintf(id, sizeof id, "scene-%d", (int)seed);
    assert_ok(lk_finder_open(&f, store, w->place->engine, w->model, NULL, &err));
    assert_int_equal(lk_finder_count(f), count);
    assert_ok(lk_identify(found, 4, &n, f, store, w->place->engine, photo, NULL, &err));
    lk_finder_close(f);
    lk_features_free(photo);
    return n > 0 && strcmp(found[0].id, id) == 0 && found[0].inliers >= 10;
}

static void test_found(void **state) {
    struct world *w = *state;
    lk_error err;
    struct stat before, after;
    char path[128];
    file_of(path, w, "likeness.finder");
    assert_false(is_found(w, w->store, 1, 0));
    add_scenes(w);
    for (uint64_t seed = 1; seed <= SCENES; seed++) {
        assert_true(is_found(w, w->store, seed, SCENES));
    }
    assert_int_equal(stat(path, &before), 0);
    assert_true(is_found(w, w->store, 3, SCENES)); /* from the file */
    lk_audit_head head;
    const lk_audit_record entry = {.kind = "test", .payload = "{}"};
    assert_ok(lk_audit_append(&head, w->store, &entry, &err));
    assert_true(is_found(w, w->store, 3, SCENES)); /* which an entry of the log does not touch */
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    add_scene(w, 77, false);
    assert_true(is_found(w, w->store, 77, SCENES + 1));
    assert_ok(lk_reference_remove(w->store, "scene-3", NULL, &err));
    assert_false(is_found(w, w->store, 3, SCENES));
    assert_true(is_found(w, w->store, 4, SCENES));
    lk_store *reader = open_place(w->place->store, LK_STORE_READ);
    assert_int_equal(unlink(path), 0);
    assert_true(is_found(w, reader, 5, SCENES));
    assert_int_equal(access(path, F_OK), -1); /* reading alone writes nothing */
    lk_store_close(reader);
}

/* Bits turned anywhere, the end cut off, nonsense and nothing in its place: the answers stay, and the file is whole again. */
static void test_damaged_file(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_bytes whole, now;
    char path[128];
    struct rng rng;
    rng_init(&rng, 9);
    add_scenes(w);
    file_of(path, w, "likeness.finder");
    assert_true(is_found(w, w->store, 2, SCENES));
    assert_ok(file_read(&whole, path, 1 << 26, NULL, &err));
    for (int i = 0; i < 20; i++) {
        size_t at = rng_below(&rng, (uint32_t)whole.size);
        whole.data[at] ^= (uint8_t)(1 << i % 8);
        assert_ok(file_write(path, whole.data, i % 5 == 4 ? at : whole.size, &err));
        whole.data[at] ^= (uint8_t)(1 << i % 8);
        assert_true(is_found(w, w->store, 1 + (uint64_t)i % SCENES, SCENES));
    }
    assert_ok(file_read(&now, path, 1 << 26, NULL, &err));
    assert_int_equal(now.size, whole.size);
    assert_memory_equal(now.data, whole.data, whole.size);
    lk_bytes_release(&now);
    lk_bytes_release(&whole);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_true(is_found(w, w->store, 6, SCENES));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_true(is_found(w, w->store, 6, SCENES)); /* it cannot be kept, which is no error */
    assert_int_equal(rmdir(path), 0);
}

/* What a writer that was killed leaves: its part is never read, and goes when it is old. */
static void test_left_over(void **state) {
    struct world *w = *state;
    lk_error err;
    char old[128], fresh[128], path[128];
    const struct utimbuf long_ago = {1000000, 1000000};
    file_of(path, w, "likeness.finder");
    file_of(old, w, ".finder-new-1-1");
    file_of(fresh, w, ".finder-new-2-2");
    add_scenes(w);
    assert_ok(file_write(old, "half", 4, &err));
    assert_ok(file_write(fresh, "half", 4, &err));
    assert_int_equal(utime(old, &long_ago), 0);
    assert_true(is_found(w, w->store, 1, SCENES));
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(fresh, F_OK), 0);
    assert_int_equal(access(path, F_OK), 0);
}

/* The file of another store, even one with as many changes, is not this one's. */
static void test_another_stores_file(void **state) {
    struct world *w = *state;
    lk_error err;
    struct world other = *w;
    lk_bytes file;
    char path[128];
    add_scenes(w);
    assert_true(is_found(w, w->store, 1, SCENES));
    file_of(path, w, "likeness.finder");
    assert_ok(file_read(&file, path, 1 << 26, NULL, &err));
    other.store = open_place(w->place->other, LK_STORE_WRITE);
    for (uint64_t seed = 101; seed <= 100 + SCENES; seed++) {
        add_scene(&other, seed, false);
    }
    snprintf(path, sizeof path, "%s/likeness.finder", w->place->other);
    assert_ok(file_write(path, file.data, file.size, &err));
    lk_bytes_release(&file);
    assert_true(is_found(&other, other.store, 101, SCENES));
    assert_false(is_found(&other, other.store, 1, SCENES));
    lk_store_close(other.store);
}

/* What the store was in that schema; the lk_store is not to be used for more than closing it. */
static void make_older(lk_store *store, int schema) {
    force(store, "DROP TABLE camera_score");
    force(store, "DROP TABLE blob_place; DROP VIEW picture_in_use; DROP TABLE kept_gone; DROP "
                 "TABLE kept_file; DROP TABLE "
                 "kept_blob; DROP TABLE kept");
    force(store, "DROP TABLE decision; DROP TABLE answered; DROP TABLE token");
    force(store, "DROP TABLE news; DROP TABLE job_file; DROP TABLE job");
    force(store, "DROP TABLE camera_event; DROP TABLE camera_view; DROP TABLE camera");
    force(store, "DROP TRIGGER derived_added; DROP TRIGGER derived_changed; DROP TRIGGER "
                 "derived_gone; DROP TRIGGER reference_added; DROP TRIGGER reference_changed; "
                 "DROP INDEX reference_changed_at; ALTER TABLE reference DROP COLUMN changed");
    if (schema == 1) {
        force(store, "DROP TABLE state");
    } else {
        static const char *const tables[] = {"derived", "reference"};
        static const char *const events[][2] = {
            {"INSERT", "added"}, {"UPDATE", "changed"}, {"DELETE", "gone"}};
        for (int i = 0; i < 5; i++) {
            char text[200];
            snprintf(text, sizeof text,
                     "CREATE TRIGGER %s_%s AFTER %s ON %s BEGIN UPDATE state SET changes = changes "
                     "+ 1; END",
                     tables[i / 3], events[i % 3][1], events[i % 3][0], tables[i / 3]);
            force(store, text);
        }
    }
    force(store, schema == 1 ? "PRAGMA user_version = 1" : "PRAGMA user_version = 2");
}

static int64_t number_in(lk_store *store, const char *text) {
    lk_error err;
    struct sql q;
    int64_t number;
    sql_begin(&q, &store->at, text);
    assert_ok(sql_finish_int(&number, &q, 0, &err));
    return number;
}

/* A store of an earlier schema, with what was derived then: reading it brings it up to date, unless it is to be left alone, and
 * everything is derived anew. */
static void older_store(struct world *w, int schema) {
    lk_error err;
    int64_t count;
    float vector[128] = {1};
    lk_store *reader;
    const lk_store_options untouched = {.mode = LK_STORE_UNTOUCHED};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        add_scene(w, seed, true);
    }
    const lk_derived old = {{"embedding", 1, LK_MODEL_DEFAULT}, vector, sizeof vector};
    assert_ok(lk_derived_put(w->store, "scene-2", 1, &old, &err));
    make_older(w->store, schema);
    assert_refused(LK_E_FORMAT, lk_store_open(&reader, w->place->store, &untouched, &err));
    assert_says(&err, "ref list");
    assert_int_equal(number_in(w->store, "PRAGMA user_version"), schema);
    lk_store_close(w->store);
    reader = open_place(w->place->store, LK_STORE_READ);
    assert_int_equal(number_in(reader, "PRAGMA user_version"), schema_newest());
    assert_true(lk_store_reads_only(reader));
    assert_refused(LK_E_WRITE, lk_store_begin(reader, &err));
    assert_false(is_found(w, reader, 2, 0)); /* nothing was derived yet, and is not by reading */
    lk_store_close(reader);
    assert_ok(lk_store_open(&reader, w->place->store, &untouched, &err));
    lk_store_close(reader);
    w->store = open_place(w->place->store, LK_STORE_WRITE);
    assert_true(is_found(w, w->store, 2, 4));
    assert_int_equal(
        number_in(w->store, "SELECT count(*) FROM derived WHERE reference = 'scene-2'"),
        1 + LK_FACTS_MOST);
    assert_ok(lk_references_derive(&count, w->store, w->place->engine, w->model, NULL, &err));
    assert_int_equal(count, 0);
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, w->store, w->place->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
}

static void test_store_of_schema_1(void **state) {
    older_store(*state, 1);
}

static void test_store_of_schema_2(void **state) {
    older_store(*state, 2);
}

/* A damaged row of one original keeps no other from being found, and is derived again where the store may be written to. */
static void test_damaged_rows(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_store_check_result result;
    add_scenes(w);
    force(w->store, "UPDATE derived SET data = zeroblob(length(data)) WHERE reference = 'scene-3' "
                    "AND kind <> 'keypoints'");
    lk_store *reader = open_place(w->place->store, LK_STORE_READ);
    assert_true(is_found(w, reader, 1, SCENES - 1));
    lk_store_close(reader);
    assert_true(is_found(w, w->store, 1, SCENES));
    assert_true(is_found(w, w->store, 3, SCENES));
    force(w->store, "UPDATE derived SET data = zeroblob(length(data)) WHERE reference = 'scene-3' "
                    "AND kind = 'keypoints'");
    assert_false(is_found(w, w->store, 3, SCENES)); /* drops them */
    assert_true(is_found(w, w->store, 3, SCENES));
    assert_ok(lk_store_check(&result, w->store, w->place->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
}

static void note_step(void *arg, int64_t done, int64_t total, const char *name) {
    char *said = arg;
    snprintf(said + strlen(said), 64, "%d/%d %s;", (int)done, (int)total, name);
}

/* What is derived is told of before it is, and nothing is when nothing is missing. */
static void test_progress(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_finder *f;
    char said[256] = "";
    const lk_progress progress = {note_step, said};
    add_scene(w, 1, true);
    add_scene(w, 2, false);
    add_scene(w, 3, true);
    for (int i = 0; i < 2; i++) {
        assert_ok(lk_finder_open(&f, w->store, w->place->engine, w->model, &progress, &err));
        assert_int_equal(lk_finder_count(f), 3);
        lk_finder_close(f);
        assert_string_equal(said, "0/2 scene-1;1/2 scene-3;");
    }
}

/* A picture above limits that are lower now is passed over. */
static void test_unread_picture(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_finder *f;
    lk_engine *small;
    lk_engine_options options = lk_engine_options_default();
    options.limits.pixels = 100;
    assert_ok(lk_engine_new(&small, &options, &err));
    add_scene(w, 1, false);
    add_scene(w, 2, true);
    assert_ok(lk_finder_open(&f, w->store, small, w->model, NULL, &err));
    assert_int_equal(lk_finder_count(f), 1);
    lk_finder_close(f);
    lk_engine_free(small);
    assert_true(is_found(w, w->store, 1, 1));
}

/* What is kept gives the verdict that is found without it, to the bit. */
static void test_same_verdict(void **state) {
    struct world *w = *state;
    static const double h[9] = {1.16, -0.42, 60, 0.42, 1.1, -120, 0.0001, 0.0002, 1};
    lk_error err;
    lk_features *features;
    lk_verification kept, found;
    lk_reference r;
    lk_image scene = scene_make(4, 0), photo, valid;
    lk_verify_options o = lk_verify_options_default();
    o.compare.measure.model = w->model;
    add_scene(w, 4, false);
    assert_ok(image_warp(&photo, &valid, w->place->engine, &scene, h, 480, 420, &err));
    assert_ok(lk_reference_get(&r, w->store, "scene-4", 0, &err));
    assert_ok(lk_reference_features(&features, w->store, &r, w->model, &err));
    assert_non_null(features);
    assert_ok(lk_verify(&found, w->place->engine, &scene, &photo, &o, &err));
    o.compare.features[0] = features;
    assert_ok(lk_verify(&kept, w->place->engine, &scene, &photo, &o, &err));
    assert_memory_equal(&kept.evidence, &found.evidence, sizeof kept.evidence);
    assert_memory_equal(kept.comparison.alignment.homography, found.comparison.alignment.homography,
                        sizeof kept.comparison.alignment.homography);
    assert_int_equal(kept.verdict, found.verdict);
    lk_verification_release(&kept);
    lk_verification_release(&found);
    lk_features_free(features);
    lk_reference_release(&r);
    lk_image_release(&scene);
    lk_image_release(&photo);
    lk_image_release(&valid);
}

struct reader {
    struct world *world;
    lk_finder *shared;
    lk_features *photo;
    int right;
};

/* Half with a finder that all share, half with their own, while the store changes. */
static void *read_often(void *arg) {
    struct reader *r = arg;
    lk_error err;
    lk_candidate found;
    int32_t n;
    for (int i = 0; i < 12; i++) {
        lk_store *store = open_place(r->world->place->store, LK_STORE_READ);
        lk_finder *own = NULL;
        if (i % 2) {
            assert_ok(
                lk_finder_open(&own, store, r->world->place->engine, r->world->model, NULL, &err));
        }
        assert_ok(lk_identify(&found, 1, &n, own ? own : r->shared, store, r->world->place->engine,
                              r->photo, NULL, &err));
        r->right += n == 1 && strcmp(found.id, "scene-5") == 0;
        lk_finder_close(own);
        lk_store_close(store);
    }
    return NULL;
}

static void test_readers(void **state) {
    struct world *w = *state;
    lk_error err;
    enum { READERS = 3 };
    struct reader readers[READERS];
    pthread_t threads[READERS];
    lk_finder *shared;
    add_scenes(w);
    lk_features *photo = photograph(w, 5);
    assert_ok(lk_finder_open(&shared, w->store, w->place->engine, w->model, NULL, &err));
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){w, shared, photo, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
    }
    for (uint64_t seed = 200; seed < 206; seed++) { /* the file is replaced each time */
        lk_finder *mine;
        add_scene(w, seed, false);
        assert_ok(lk_finder_open(&mine, w->store, w->place->engine, w->model, NULL, &err));
        lk_finder_close(mine);
    }
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].right, 12);
    }
    lk_finder_close(shared);
    lk_features_free(photo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_damaged_file, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_left_over, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_another_stores_file, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_damaged_rows, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_progress, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_unread_picture, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_store_of_schema_1, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_store_of_schema_2, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_same_verdict, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_readers, world_new, world_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
