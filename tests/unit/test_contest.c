/* SPDX-License-Identifier: Apache-2.0 */
/* Which of sister products a photo shows: each is looked at once, one that cannot be read is named, and what is not needed is not
 * opened. */
#include "tests/unit/sisters.h"

#include <likeness/contest.h>
#include <pthread.h>
#include <sys/stat.h>

enum { SISTERS = 3, THREADS = 3 };

struct world {
    struct place *place;
    lk_model *model;
    lk_store *store;
    lk_contest *contest;
    pthread_mutex_t lock;
    int looked_at[SISTERS]; /* how often each was decoded */
};

static int number_of(const char *id) {
    return id[strlen(id) - 1] - '0';
}

static lk_status count_areas(void *arg, lk_original *original, lk_error *err) {
    struct world *w = arg;
    (void)err;
    pthread_mutex_lock(&w->lock);
    w->looked_at[number_of(original->stored.id)]++;
    pthread_mutex_unlock(&w->lock);
    return LK_OK;
}

static void open_contest(struct world *w) {
    lk_error err;
    lk_contest_options o = lk_contest_options_default();
    lk_contest_close(w->contest);
    o.model = w->model;
    o.areas = count_areas;
    o.arg = w;
    o.keeps = true;
    o.verify.compare.measures = "";
    assert_ok(lk_contest_open(&w->contest, w->place->engine, &o, &err));
    memset(w->looked_at, 0, sizeof w->looked_at);
}

static int world_new(void **state) {
    lk_error err;
    void *place;
    struct world *w = calloc(1, sizeof *w);
    if (place_new(&place) != 0) {
        return -1;
    }
    w->place = place;
    pthread_mutex_init(&w->lock, NULL);
    assert_ok(lk_model_open(&w->model, w->place->engine, LK_MODEL_DEFAULT, NULL, &err));
    w->store = open_place(w->place->store, LK_STORE_WRITE);
    for (int i = 0; i < SISTERS; i++) {
        sister_add(w->store, w->place->engine, i);
    }
    open_contest(w);
    *state = w;
    return 0;
}

static int world_free(void **state) {
    struct world *w = *state;
    void *place = w->place;
    lk_contest_close(w->contest);
    lk_store_close(w->store);
    lk_model_free(w->model);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return place_free(&place);
}

static bool has_finder(const struct world *w) {
    char path[128];
    snprintf(path, sizeof path, "%s/likeness.finder", w->place->store);
    return access(path, F_OK) == 0;
}

static const char *warning_of(const lk_verification *v, const char *code) {
    for (int32_t i = 0; i < v->comparison.warning_count; i++) {
        if (strcmp(v->comparison.warnings[i].code, code) == 0) {
            return v->comparison.warnings[i].text;
        }
    }
    return NULL;
}

/* Makes the file of a reference's picture what `how` says: sh's words. */
static void spoil(struct world *w, const char *id, bool remove_it) {
    lk_error err;
    lk_reference r;
    char path[256];
    assert_ok(lk_reference_get(&r, w->store, id, 0, &err));
    snprintf(path, sizeof path, "%s/blobs/%.2s/%s", w->place->store, r.sha256, r.sha256);
    assert_int_equal(access(path, F_OK), 0);
    if (remove_it) {
        assert_int_equal(unlink(path), 0);
    } else {
        assert_int_equal(chmod(path, 0600), 0);
        FILE *f = fopen(path, "r+");
        fputs("damage", f);
        fclose(f);
    }
    lk_reference_release(&r);
}

static void test_identify(void **state) {
    struct world *w = *state;
    lk_error err;
    for (int i = 0; i < SISTERS; i++) {
        lk_image_info info;
        lk_image image = sister_photo(&info, w->place->engine, sister(i), (uint64_t)(20 + i));
        const lk_photo photo = {&image, &info, NULL};
        lk_verification v;
        lk_original found;
        open_contest(w);
        assert_ok(lk_contest_identify(&v, &found, w->contest, w->store, &photo, &err));
        assert_int_equal(number_of(found.stored.id), i);
        assert_string_equal(v.reference_id, found.stored.id);
        assert_int_equal(v.verdict, LK_SAME);
        assert_true(v.rival_count > 0); /* sisters */
        for (int k = 0; k < SISTERS; k++) {
            assert_true(w->looked_at[k] <= 1);
        }
        lk_original_release(&found);
        lk_verification_release(&v);
        lk_image_release(&image);
    }
}

/* The file of an original is a copy of that one, and of no use beside a sister either. */
static void test_copy(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_image image = sister(1);
    const lk_image_info info = {.width = image.width, .height = image.height};
    const lk_photo photo = {&image, &info, NULL};
    lk_verification v;
    lk_original original;
    assert_ok(lk_contest_identify(&v, &original, w->contest, w->store, &photo, &err));
    assert_int_equal(number_of(original.stored.id), 1);
    assert_string_equal(v.reference_id, "sister-1");
    assert_int_equal(v.verdict, LK_CANNOT_TELL);
    assert_non_null(warning_of(&v, "copy"));
    lk_original_release(&original);
    lk_verification_release(&v);
    assert_ok(lk_original_find(&original, w->contest, w->store, "sister-0", &err));
    assert_ok(lk_contest_verify(&v, w->contest, w->store, &original, &photo, &err));
    assert_true(v.alone >= v.policy.different_below); /* alike it is */
    assert_int_equal(v.verdict, LK_CANNOT_TELL);
    assert_non_null(warning_of(&v, "copy"));
    assert_non_null(strstr(warning_of(&v, "copy"), "sister-1"));
    for (int32_t i = 0; i < v.rival_count; i++) {
        assert_string_not_equal(v.rivals[i].id, "sister-1");
    }
    lk_original_release(&original);
    lk_verification_release(&v);
    lk_image_release(&image);
}

/* What cannot be read is passed over, wherever it stands, and named. */
static void test_unread(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_image_info info;
    lk_image image = sister_photo(&info, w->place->engine, sister(1), 31);
    const lk_photo photo = {&image, &info, NULL};
    lk_verification v;
    lk_original found;
    assert_ok(lk_contest_prepare(w->contest, w->store, &err));
    spoil(w, "sister-2", true);
    assert_ok(lk_contest_identify(&v, &found, w->contest, w->store, &photo, &err));
    assert_int_equal(number_of(found.stored.id), 1);
    assert_non_null(warning_of(&v, "rival-unread"));
    assert_non_null(strstr(warning_of(&v, "rival-unread"), "sister-2"));
    lk_original_release(&found);
    lk_verification_release(&v);
    spoil(w, "sister-1", false); /* the right one: any other answer says that it was not asked */
    assert_ok(lk_contest_identify(&v, &found, w->contest, w->store, &photo, &err));
    assert_int_not_equal(number_of(found.stored.id), 1);
    assert_non_null(strstr(warning_of(&v, "rival-unread"), "sister-1"));
    lk_original_release(&found);
    lk_verification_release(&v);
    spoil(w, "sister-0", true);
    lk_status status =
        lk_contest_identify(&v, &found, w->contest, w->store, &photo, &err); /* none left */
    assert_true(status == LK_E_CORRUPT || status == LK_E_IO);
    assert_true(err.text[0]);
    lk_original_release(&found);
    lk_verification_release(&v);
    lk_image_release(&image);
}

/* The search is opened for what seems to show the original, and for nothing else. */
static void test_opened_when_needed(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_image_info info;
    lk_image other = sister_photo(&info, w->place->engine, scene_make(99, 0), 5);
    const lk_photo strange = {&other, &info, NULL};
    lk_verification v;
    lk_original original;
    assert_ok(lk_original_find(&original, w->contest, w->store, "sister-0", &err));
    assert_ok(lk_contest_verify(&v, w->contest, w->store, &original, &strange, &err));
    assert_int_not_equal(v.verdict, LK_SAME);
    assert_false(has_finder(w));
    lk_verification_release(&v);
    lk_image_release(&other);
    lk_image image = sister_photo(&info, w->place->engine, sister(0), 6);
    const lk_photo photo = {&image, &info, NULL};
    assert_ok(lk_contest_verify(&v, w->contest, w->store, &original, &photo, &err));
    assert_int_equal(v.verdict, LK_SAME);
    assert_true(v.rival_count > 0);
    assert_true(has_finder(w));
    lk_verification_release(&v);
    lk_image_release(&image);
    lk_original_release(&original);
    lk_contest *none;
    assert_refused(LK_E_USAGE, lk_contest_open(&none, w->place->engine,
                                               &(lk_contest_options){.keeps = true}, &err));
}

struct asking {
    struct world *world;
    const lk_photo *photo;
    int found;
};

static void *ask_alone(void *arg) {
    struct asking *a = arg;
    struct world *w = a->world;
    lk_verification v;
    lk_original found;
    lk_error err;
    lk_store *store = open_place(w->place->store, LK_STORE_READ);
    lk_status status = lk_contest_identify(&v, &found, w->contest, store, a->photo, &err);
    a->found = status == LK_OK ? number_of(found.stored.id) : -1;
    lk_original_release(&found);
    lk_verification_release(&v);
    lk_store_close(store);
    return NULL;
}

/* Threads whose stores are for reading, of which the first opens a search that has yet to be computed and is kept. */
static void test_threads(void **state) {
    struct world *w = *state;
    pthread_t threads[THREADS];
    struct asking asking[THREADS];
    lk_image_info info;
    lk_image image = sister_photo(&info, w->place->engine, sister(2), 8);
    const lk_photo photo = {&image, &info, NULL};
    for (int i = 0; i < THREADS; i++) {
        asking[i] = (struct asking){w, &photo, -1};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_alone, &asking[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(asking[i].found, 2);
    }
    assert_true(has_finder(w));
    lk_image_release(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identify, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_copy, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_unread, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_opened_when_needed, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_threads, world_new, world_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
