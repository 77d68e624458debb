/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the original and weighing it against its sisters, with each allocation failing in turn, SQLite's too: the search opened
 * from its file, made anew from the database, and what it is made of derived anew. */
#define OOM_STEPS 16
#include "tests/oom/oom_attempt.h"

#include <likeness/contest.h>

#include "tests/oom/oom_sqlite.h"
#include "tests/unit/sisters.h"

enum { SISTERS = 2 };

struct world {
    struct place *place;
    lk_model *model;
    lk_store *store;
    lk_image image;
    lk_image_info info;
    bool without_file; /* the search is made from the database */
};

static int make_world(void **state) {
    struct world *w = calloc(1, sizeof *w);
    lk_error err;
    void *place;
    oom_sqlite_share();
    assert_int_equal(place_new(&place), 0);
    w->place = place;
    assert_ok(lk_model_open(&w->model, w->place->engine, LK_MODEL_DEFAULT, NULL, &err));
    assert_ok(lk_store_open(&w->store, w->place->store, &(lk_store_options){.wait_ms = 200}, &err));
    for (int i = 0; i < SISTERS; i++) {
        sister_add(w->store, w->place->engine, i);
    }
    w->image = sister_photo(&w->info, w->place->engine, sister(1), 21);
    *state = w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    void *place = w->place;
    lk_image_release(&w->image);
    lk_store_close(w->store);
    lk_model_free(w->model);
    free(w);
    return place_free(&place);
}

/* What is there before a run, by calls that do not fail: the operation finds the same each time. */
static void prepare(struct world *w) {
    char path[128];
    if (w->without_file) {
        snprintf(path, sizeof path, "%s/likeness.finder", w->place->store);
        unlink(path);
    }
}

static lk_status open_contest(lk_contest **out, struct world *w, lk_error *err) {
    lk_contest_options o = lk_contest_options_default();
    o.model = w->model;
    o.keeps = true;
    o.verify.compare.measures = "";
    return lk_contest_open(out, w->place->engine, &o, err);
}

static void mix_verification(uint64_t *digest, const lk_verification *v) {
    mix(digest, &v->alone, sizeof v->alone);
    mix(digest, &v->probability, sizeof v->probability);
    mix(digest, v->reference_id, strlen(v->reference_id));
    mix(digest, &v->rival_count, sizeof v->rival_count);
    mix(digest, &v->verdict, sizeof v->verdict);
}

static lk_status run_prepare(struct world *w, uint64_t *digest, lk_error *err) {
    lk_contest *contest = NULL;
    prepare(w);
    lk_status status = open_contest(&contest, w, err);
    status = status == LK_OK ? lk_contest_prepare(contest, w->store, err) : status;
    if (status == LK_OK) {
        mix(digest, "open", 4);
    }
    lk_contest_close(contest);
    return status;
}

static lk_status run_identify(struct world *w, uint64_t *digest, lk_error *err) {
    lk_contest *contest = NULL;
    lk_verification v = {0};
    lk_original found = {0};
    const lk_photo photo = {&w->image, &w->info, NULL};
    lk_status status = open_contest(&contest, w, err);
    status =
        status == LK_OK ? lk_contest_identify(&v, &found, contest, w->store, &photo, err) : status;
    if (status == LK_OK) {
        mix_verification(digest, &v);
    }
    lk_original_release(&found);
    lk_verification_release(&v);
    lk_contest_close(contest);
    return status;
}

static lk_status run_verify(struct world *w, uint64_t *digest, lk_error *err) {
    lk_contest *contest = NULL;
    lk_verification v = {0};
    lk_original original = {0};
    const lk_photo photo = {&w->image, &w->info, NULL};
    lk_status status = open_contest(&contest, w, err);
    status =
        status == LK_OK ? lk_original_find(&original, contest, w->store, "sister-1", err) : status;
    status =
        status == LK_OK ? lk_contest_verify(&v, contest, w->store, &original, &photo, err) : status;
    if (status == LK_OK) {
        mix_verification(digest, &v);
    }
    lk_original_release(&original);
    lk_verification_release(&v);
    lk_contest_close(contest);
    return status;
}

static void test_search(void **state) {
    struct world *w = *state;
    lk_error err;
    uint64_t unused = 0;
    assert_ok(run_prepare(w, &unused, &err)); /* derives */
    fail_each("search", "opened", run_prepare, w);
    w->without_file = true;
    fail_each("search", "made", run_prepare, w);
    w->without_file = false;
    assert_ok(run_prepare(w, &unused, &err));
}

static void test_contest(void **state) {
    fail_each("contest", "identify", run_identify, *state);
    fail_each("contest", "verify", run_verify, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_search),
                                       cmocka_unit_test(test_contest)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
