/* SPDX-License-Identifier: Apache-2.0 */
/* Wavelet signatures against the oracle's, place by place; the index against pairs; and what they are for: copies of photos are
 * found among all of them. */
#include "tests/unit/harness.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/image.h"
#include "image/resize.h"
#include "tests/unit/pattern.h"

struct oracle_places {
    const char *picture;
    lk_wavelet_colours colours;
    lk_wavelet_weights weights;
    int32_t coefficients;
    double average[3];
    uint32_t hash[3];
    double distance; /* of the pair */
};

static const struct oracle_places oracle[] = {
#include "tests/oracle/wavelet/wavelet_places.inc"
};

static lk_engine *new_engine(void) {
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    return engine;
}

/* false: a photo that is not there. */
static bool make_pair(lk_image *a, lk_image *b, lk_engine *engine, const char *picture) {
    lk_error err;
    int width, height, channels, share;
    char file[128], path[512], name[160];
    if (sscanf(picture, "pattern %d %d %d %d", &width, &height, &channels, &share) == 4) {
        assert_ok(lk_image_new(a, width, height, channels, 8, &err));
        assert_ok(lk_image_new(b, width, height, channels, 8, &err));
        pattern_fill(a, 1, share);
        pattern_fill(b, 2, share);
        return true;
    }
    assert_int_equal(sscanf(picture, "photo %127s", file), 1);
    snprintf(name, sizeof name, "data/photos/%s", file);
    if (access(shared_path(path, name), R_OK) != 0) {
        return false;
    }
    lk_load_options options = {.keep_profile = true};
    assert_ok(lk_image_load(a, NULL, engine, path, &options, &err));
    assert_ok(image_clone(b, a, &err));
    pattern_disturb(b, 3);
    return true;
}

static uint32_t hash_places(const lk_wavelet *w, int32_t channel) {
    uint32_t hash = 0x811c9dc5u;
    for (int32_t i = 0; i < w->count[channel]; i++) {
        hash = (hash ^ (uint16_t)w->places[channel][i]) * 0x01000193u;
    }
    return hash;
}

static void check_oracle(const struct oracle_places *o, const lk_wavelet *a, const lk_wavelet *b) {
    lk_error err;
    lk_wavelet_match match;
    for (int32_t c = 0; c < 3; c++) {
        if (hash_places(a, c) != o->hash[c] || fabs(a->average[c] - o->average[c]) > 1e-12) {
            fail_msg("%s, %d coefficients, channel %d: other places", o->picture, o->coefficients,
                     c);
        }
    }
    assert_ok(lk_wavelet_compare(&match, a, b, o->weights, &err));
    if (fabs(match.distance - o->distance) > 1e-9) {
        fail_msg("%s: distance %.12f, wanted %.12f", o->picture, match.distance, o->distance);
    }
}

static void test_oracle(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = new_engine();
    size_t skipped = 0;
    for (size_t i = 0; i < ARRAY_COUNT(oracle); i++) {
        lk_image a, b;
        lk_wavelet wa, wb;
        lk_wavelet_options options = {oracle[i].coefficients, oracle[i].colours};
        if (!make_pair(&a, &b, engine, oracle[i].picture)) {
            skipped++;
            continue;
        }
        assert_ok(lk_wavelet_compute(&wa, engine, &a, &options, &err));
        assert_ok(lk_wavelet_compute(&wb, engine, &b, &options, &err));
        check_oracle(&oracle[i], &wa, &wb);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    print_message("%zu signatures, %zu without their photo\n", ARRAY_COUNT(oracle), skipped);
    lk_engine_free(engine);
}

static void test_refused(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image image;
    lk_wavelet w[2];
    lk_wavelet_match match;
    lk_wavelet_index *index;
    lk_wavelet_options options = lk_wavelet_options_default();
    assert_ok(lk_image_new(&image, 20, 30, 3, 8, &err));
    pattern_fill(&image, 1, 100);
    options.coefficients = 0;
    assert_refused(LK_E_USAGE, lk_wavelet_compute(&w[0], engine, &image, &options, &err));
    options.coefficients = LK_WAVELET_COEFFICIENTS_MAX + 1;
    assert_refused(LK_E_USAGE, lk_wavelet_compute(&w[0], engine, &image, &options, &err));
    options = (lk_wavelet_options){40, LK_WAVELET_YUV};
    assert_ok(lk_wavelet_compute(&w[0], engine, &image, NULL, &err));
    assert_ok(lk_wavelet_compute(&w[1], engine, &image, &options, &err));
    assert_refused(LK_E_USAGE, lk_wavelet_compare(&match, &w[0], &w[1], LK_WAVELET_SCANNED, &err));
    assert_refused(LK_E_USAGE, lk_wavelet_index_new(&index, w, 2, &err));
    assert_null(index);
    lk_image_release(&image);
    lk_engine_free(engine);
}

enum { PHOTOS_MAX = 64, COPIES = 7 };

struct library {
    lk_wavelet signatures[PHOTOS_MAX];
    char names[PHOTOS_MAX][512];
    size_t count;
};

static void add_folder(struct library *l, lk_engine *engine, const char *folder) {
    char path[512];
    DIR *dir = opendir(shared_path(path, folder));
    for (struct dirent *e = dir ? readdir(dir) : NULL; e && l->count < PHOTOS_MAX;
         e = readdir(dir)) {
        lk_error err;
        lk_image image;
        const char *ending = strrchr(e->d_name, '.');
        if (!ending || (strcmp(ending, ".png") != 0 && strcmp(ending, ".jpg") != 0)) {
            continue;
        }
        snprintf(l->names[l->count], sizeof l->names[0], "%.240s/%.240s", path, e->d_name);
        assert_ok(lk_image_load(&image, NULL, engine, l->names[l->count], NULL, &err));
        assert_ok(lk_wavelet_compute(&l->signatures[l->count++], engine, &image, NULL, &err));
        lk_image_release(&image);
    }
    if (dir) {
        closedir(dir);
    }
}

static void crop_copy(lk_image *out, const lk_image *from, double left, double top, double share) {
    lk_error err;
    int32_t x = (int32_t)(from->width * left), y = (int32_t)(from->height * top);
    assert_ok(image_crop(out, from, x, y, (int32_t)(from->width * share),
                         (int32_t)(from->height * share), &err));
}

/* Re-encoded, rescaled, slightly cropped. */
static void make_copy(lk_image *out, lk_engine *engine, const lk_image *from, int kind) {
    static const int32_t qualities[] = {80, 30, 10};
    lk_error err;
    lk_bytes bytes = {0};
    switch (kind) {
    case 0:
    case 1:
    case 2:
        assert_ok(lk_image_encode(&bytes, from, engine, "jpeg", qualities[kind], &err));
        assert_ok(lk_image_decode(out, NULL, engine, bytes.data, bytes.size, "copy", NULL, &err));
        lk_bytes_release(&bytes);
        return;
    case 3:
        assert_ok(image_resize(out, engine, from, from->width / 2, from->height / 2, RESIZE_LANCZOS,
                               &err));
        return;
    case 4: assert_ok(image_resize(out, engine, from, 150, 100, RESIZE_BICUBIC, &err)); return;
    case 5: crop_copy(out, from, 0.02, 0.02, 0.96); return;
    default: crop_copy(out, from, 0, 0.03, 0.95); return;
    }
}

/* The rank of item among all for this query, from 1; holds the index to what pairs give. */
static size_t rank_of(const struct library *l, const lk_wavelet_index *index,
                      const lk_wavelet *query, size_t item) {
    lk_error err;
    lk_wavelet_hit hits[PHOTOS_MAX], few[3];
    size_t found, rank = 0;
    assert_ok(
        lk_wavelet_index_query(hits, &found, PHOTOS_MAX, index, query, LK_WAVELET_SCANNED, &err));
    assert_int_equal(found, l->count);
    for (size_t i = 0; i < found; i++) {
        lk_wavelet_match match, self;
        assert_ok(lk_wavelet_compare(&match, query, &l->signatures[hits[i].item],
                                     LK_WAVELET_SCANNED, &err));
        assert_ok(lk_wavelet_compare(&self, query, query, LK_WAVELET_SCANNED, &err));
        assert_true(fabs(hits[i].distance - (match.colour + self.matched - match.matched)) < 1e-9);
        assert_true(i == 0 || hits[i].distance >= hits[i - 1].distance);
        rank = hits[i].item == item ? i + 1 : rank;
    }
    assert_ok(lk_wavelet_index_query(few, &found, 3, index, query, LK_WAVELET_SCANNED, &err));
    assert_int_equal(found, l->count < 3 ? l->count : 3);
    assert_memory_equal(few, hits, found * sizeof *few);
    return rank;
}

static void test_copies_come_first(void **state) {
    (void)state;
    static struct library l;
    lk_error err;
    lk_engine *engine = new_engine();
    lk_wavelet_index *index;
    add_folder(&l, engine, "data/photos/kodak24");
    add_folder(&l, engine, "data/photos/skimage");
    if (l.count == 0) {
        print_message("no photos ($LIKENESS_DATA or ../shared): not run\n");
        lk_engine_free(engine);
        skip();
    }
    assert_ok(lk_wavelet_index_new(&index, l.signatures, l.count, &err));
    for (size_t i = 0; i < l.count; i++) {
        lk_image loaded, photo, copy;
        lk_wavelet query;
        assert_ok(lk_image_load(&loaded, NULL, engine, l.names[i], NULL, &err));
        assert_ok(colour_to_rgb8(&photo, &loaded, &err)); /* JPEG has no alpha */
        lk_image_release(&loaded);
        for (int kind = 0; kind < COPIES; kind++) {
            make_copy(&copy, engine, &photo, kind);
            assert_ok(lk_wavelet_compute(&query, engine, &copy, NULL, &err));
            size_t rank = rank_of(&l, index, &query, i);
            if (rank != 1) {
                fail_msg("%s: its copy %d comes in place %zu", l.names[i], kind, rank);
            }
            lk_image_release(&copy);
        }
        lk_image_release(&photo);
    }
    print_message("%zu photos, %d copies each: all first\n", l.count, COPIES);
    lk_wavelet_index_free(index);
    lk_engine_free(engine);
}

static void test_empty_index(void **state) {
    (void)state;
    lk_error err;
    lk_wavelet_index *index;
    lk_wavelet query = {.colours = LK_WAVELET_YUV};
    lk_wavelet_hit hit;
    size_t found = 1;
    assert_ok(lk_wavelet_index_new(&index, NULL, 0, &err));
    assert_ok(lk_wavelet_index_query(&hit, &found, 1, index, &query, LK_WAVELET_PAINTED, &err));
    assert_int_equal(found, 0);
    lk_wavelet_index_free(index);
    lk_wavelet_index_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_copies_come_first),
        cmocka_unit_test(test_empty_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
