/* SPDX-License-Identifier: Apache-2.0 */
/* Finding originals among some of a store. */
#include "tests/unit/finder_scenes.h"

static bool is_the_one(void *arg, const char *id, int32_t version) {
    assert_int_equal(version, 1);
    return strcmp(id, arg) == 0;
}

static bool is_any(void *arg, const char *id, int32_t version) {
    (void)arg;
    (void)id;
    return version == 1;
}

/* Those that are not wanted take no place from the others, whatever they look like. */
static void test_filter(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_finder *f;
    lk_candidate all[LK_CANDIDATES_MOST], found[LK_CANDIDATES_MOST];
    int32_t all_count, n;
    char id[32];
    add_scenes(w);
    lk_features *photo = photograph(w, 4);
    assert_ok(lk_finder_open(&f, w->store, w->place->engine, w->model, NULL, &err));
    assert_ok(lk_identify(all, LK_CANDIDATES_MOST, &all_count, f, w->store, w->place->engine, photo,
                          NULL, &err));
    assert_string_equal(all[0].id, "scene-4");
    assert_true(all[0].score > 0.5 && all[0].cosine > 0 && all[0].hash_bits == -1);
    lk_candidate_filter filter = {is_any, NULL};
    assert_ok(lk_identify_among(found, LK_CANDIDATES_MOST, &n, f, w->store, w->place->engine, photo,
                                NULL, &filter, &err));
    assert_int_equal(n, all_count);
    for (int32_t i = 0; i < n; i++) {
        assert_string_equal(found[i].id, all[i].id);
        assert_true(found[i].score == all[i].score && found[i].cosine == all[i].cosine);
    }
    filter = (lk_candidate_filter){is_the_one, id};
    for (int seed = 1; seed <= SCENES; seed++) {
        snprintf(id, sizeof id, "scene-%d", seed);
        assert_ok(lk_identify_among(found, LK_CANDIDATES_MOST, &n, f, w->store, w->place->engine,
                                    photo, NULL, &filter, &err));
        assert_int_equal(n, 1);
        assert_string_equal(found[0].id, id);
        assert_int_equal(found[0].score >= 0.5, seed == 4);
        assert_true(seed != 4 || found[0].inliers == all[0].inliers);
    }
    snprintf(id, sizeof id, "nobody");
    assert_ok(lk_identify_among(found, LK_CANDIDATES_MOST, &n, f, w->store, w->place->engine, photo,
                                NULL, &filter, &err));
    assert_int_equal(n, 0);
    lk_finder_close(f);
    lk_features_free(photo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_filter, world_new, world_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
