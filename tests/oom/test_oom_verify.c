/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying with each allocation failing in turn: quality, the question of screens, the verdict and its documents, policies,
 * bundles, and the record in a store, SQLite too. (jansson is left out: it calls a text invalid when memory is short.) */
#include "tests/oom/oom_attempt.h"

#include <likeness/evidence.h>
#include <likeness/record.h>
#include <malloc.h>
#include <sqlite3.h>
#include <string.h>

#include <likeness/simulate.h>

#include "image/image.h"
#include "tests/oom/oom_sqlite.h"
#include "tests/unit/drawn_scene.h"
#include "tests/unit/store_files.h"
#include "verify/screen.h"

struct world {
    struct place *place;
    lk_engine *engine;
    lk_model *model;
    lk_image scene, photo;
    lk_image_info infos[2];
    lk_bytes files[2], bundle, policy;
    lk_verification v;
    lk_hash mark;
    const char *document;
};

static lk_verify_options options_of(struct world *w) {
    lk_verify_options o = lk_verify_options_default();
    o.compare.measure.model = w->model;
    o.compare.infos[0] = &w->infos[0];
    o.compare.infos[1] = &w->infos[1];
    return o;
}

/* What is read beside what was made, all through the public calls. */
static int make_world(void **state) {
    struct world *w = calloc(1, sizeof *w);
    lk_error err;
    double homography[9];
    void *place;
    oom_sqlite_share();
    assert_int_equal(place_new(&place), 0);
    w->place = place;
    w->engine = w->place->engine;
    w->scene = scene_make(1, 0);
    lk_simulator camera = lk_simulator_draw(3, 0.2, 400, 320);
    assert_ok(lk_simulate(&w->photo, homography, w->engine, &w->scene, &camera, NULL, &err));
    assert_ok(lk_image_encode(&w->files[0], &w->scene, w->engine, "pnm", 0, &err));
    assert_ok(lk_image_encode(&w->files[1], &w->photo, w->engine, "pnm", 0, &err));
    for (int i = 0; i < 2; i++) {
        lk_image image;
        assert_ok(lk_image_decode(&image, &w->infos[i], w->engine, w->files[i].data,
                                  w->files[i].size, i ? "photo" : "scene", NULL, &err));
        lk_image_release(&image);
    }
    assert_ok(lk_model_open(&w->model, w->engine, LK_MODEL_DEFAULT, NULL, &err));
    lk_verify_options o = options_of(w);
    o.compare.want_evidence = true;
    assert_ok(lk_verify(&w->v, w->engine, &w->scene, &w->photo, &o, &err));
    assert_int_equal(w->v.verdict, LK_SAME);
    assert_ok(lk_policy_write(&w->policy, &w->v.policy, &err));
    assert_ok(lk_verification_mark(&w->mark, w->engine, &w->photo, &err));
    *state = w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    void *place = w->place;
    lk_verification_release(&w->v);
    lk_model_free(w->model);
    lk_bytes_release(&w->policy);
    lk_bytes_release(&w->bundle);
    for (int i = 0; i < 2; i++) {
        lk_bytes_release(&w->files[i]);
    }
    lk_image_release(&w->scene);
    lk_image_release(&w->photo);
    free(w);
    return place_free(&place);
}

static lk_status run_quality(struct world *w, uint64_t *digest, lk_error *err) {
    lk_quality q;
    struct screen s;
    lk_hash mark;
    lk_status status = lk_quality_measure(&q, w->engine, &w->photo, err);
    status = status == LK_OK ? screen_measure(&s, w->engine, &w->photo, err) : status;
    status = status == LK_OK ? lk_verification_mark(&mark, w->engine, &w->photo, err) : status;
    if (status == LK_OK) {
        mix(digest, &q.sharpness, sizeof q.sharpness);
        mix(digest, s.stripes, sizeof s.stripes);
        mix(digest, mark.data, 32);
    }
    return status;
}

static lk_status run_verify(struct world *w, uint64_t *digest, lk_error *err) {
    lk_verification v;
    lk_verify_options o = options_of(w);
    lk_status status = lk_verify(&v, w->engine, &w->scene, &w->photo, &o, err);
    if (status == LK_OK) {
        mix(digest, v.evidence.values, sizeof v.evidence.values);
        mix(digest, v.reasons, sizeof v.reasons[0] * (size_t)v.reason_count);
        mix(digest, &v.verdict, sizeof v.verdict);
        mix(digest, &v.changes, sizeof v.changes);
    }
    lk_verification_release(&v);
    return status;
}

static lk_status run_document(struct world *w, uint64_t *digest, lk_error *err) {
    lk_bytes text = {0};
    lk_status status =
        strcmp(w->document, "html") == 0   ? lk_report_verify_html(&text, w->engine, &w->v, err)
        : strcmp(w->document, "json") == 0 ? lk_report_verify_json(&text, &w->v, true, err)
                                           : lk_report_verify_text(&text, &w->v, false, err);
    if (status == LK_OK) {
        mix(digest, text.data, text.size);
    }
    lk_bytes_release(&text);
    return status;
}

static lk_status run_policy(struct world *w, uint64_t *digest, lk_error *err) {
    lk_policy_row rows[24] = {0};
    lk_policy policy = {0};
    lk_bytes text = {0};
    for (int32_t i = 0; i < 24; i++) {
        rows[i].is_genuine = i % 2;
        rows[i].is_held = i >= 16;
        rows[i].stars = 5;
        for (int32_t k = 0; k < lk_evidence_count(); k++) {
            rows[i].evidence.values[k] = (i % 2) + (i * 7 + k * 3) % 5 * 0.3;
        }
    }
    lk_status status = lk_policy_parse(&policy, w->policy.data, w->policy.size, err);
    status = status == LK_OK ? lk_policy_fit(&policy, rows, 24, 1, err) : status;
    status = status == LK_OK ? lk_policy_write(&text, &policy, err) : status;
    if (status == LK_OK) {
        mix(digest, text.data, text.size);
    }
    lk_bytes_release(&text);
    return status;
}

static lk_status run_bundle(struct world *w, uint64_t *digest, lk_error *err) {
    static double polygon[] = {1, 1, 60, 1, 60, 50};
    const lk_polygon ignore = {3, polygon};
    const lk_bundle b = {.photo = w->files[1].data,
                         .photo_bytes = w->files[1].size,
                         .photo_name = "photo.ppm",
                         .reference = w->files[0].data,
                         .reference_bytes = w->files[0].size,
                         .reference_name = "scene.ppm",
                         .ignore = &ignore,
                         .ignore_count = 1};
    lk_bytes bundle = {0};
    lk_status status = lk_bundle_write(&bundle, w->engine, &b, err);
    if (status == LK_OK) {
        mix(digest, bundle.data, bundle.size);
    }
    lk_bytes_release(&bundle);
    return status;
}

static lk_status run_bundle_check(struct world *w, uint64_t *digest, lk_error *err) {
    lk_bundle_check check;
    lk_status status = lk_bundle_open(&check, w->engine, w->bundle.data, w->bundle.size, err);
    if (status == LK_OK) {
        assert_true(check.inputs_unchanged && check.reproduced);
        mix(digest, check.photo_sha256, sizeof check.photo_sha256);
    }
    return status;
}

/* In a new store each time, so that every run does the same. */
static lk_status run_record(struct world *w, uint64_t *digest, lk_error *err) {
    static lk_verification v; /* its pictures are the world's */
    lk_store *store = NULL;
    lk_recorded recorded = {0};
    v = w->v;
    place_clear(w->place->store);
    lk_status status =
        lk_store_open(&store, w->place->store, &(lk_store_options){.wait_ms = 200}, err);
    for (int i = 0; i < 2 && status == LK_OK; i++) { /* the second finds the first */
        status = lk_verification_record(&recorded, store, &v, NULL, &w->mark, "me", "why", err);
    }
    if (status == LK_OK) {
        mix(digest, &recorded.seen_in, sizeof recorded.seen_in);
        mix(digest, &recorded.head.count, sizeof recorded.head.count);
        assert_true(v.at[0] && recorded.seen_exactly);
    }
    lk_store_close(store);
    return status;
}

static void test_quality(void **state) {
    fail_each("quality", "", run_quality, *state);
}

static void test_verify(void **state) {
    fail_each("verify", "", run_verify, *state);
}

static void test_documents(void **state) {
    static const char *const documents[] = {"text", "json", "html"};
    struct world *w = *state;
    for (int i = 0; i < 3; i++) {
        w->document = documents[i];
        fail_each("document", w->document, run_document, w);
    }
}

static void test_policy(void **state) {
    fail_each("policy", "", run_policy, *state);
}

static void test_bundle(void **state) {
    struct world *w = *state;
    lk_error err;
    fail_each("bundle", "written", run_bundle, w);
    const lk_bundle b = {.photo = w->files[1].data,
                         .photo_bytes = w->files[1].size,
                         .reference = w->files[0].data,
                         .reference_bytes = w->files[0].size};
    assert_ok(lk_bundle_write(&w->bundle, w->engine, &b, &err));
    fail_each("bundle", "checked", run_bundle_check, w);
}

static void test_record(void **state) {
    fail_each("record", "", run_record, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality), cmocka_unit_test(test_documents),
        cmocka_unit_test(test_policy),  cmocka_unit_test(test_record),
        cmocka_unit_test(test_verify),  cmocka_unit_test(test_bundle),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
