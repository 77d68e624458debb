/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, atlases and their pages with each allocation failing in turn, as test_oom.c says. */
#include "tests/oom/oom_attempt.h"

#include <math.h>
#include <stdlib.h>

#include "image/image.h"

enum { COUNT = 40, DIM = 6 };

struct world {
    lk_engine *engine;
    lk_image image;
    float vectors[COUNT * DIM];
    char *paths[COUNT];
    lk_similarity_map map;
    lk_atlas *atlas;
};

static lk_status make(struct world *w, lk_map_method method, uint64_t *digest, lk_error *err) {
    lk_similarity_map map;
    const lk_map_vectors vectors = {w->vectors, COUNT, DIM};
    lk_map_options o = lk_map_options_default();
    o.method = method;
    o.epochs = 5;
    lk_status status = lk_map_make(&map, w->engine, &vectors, &o, NULL, NULL, err);
    if (status == LK_OK) {
        mix(digest, map.xy, 2 * COUNT * sizeof *map.xy);
        mix(digest, map.clusters, COUNT * sizeof *map.clusters);
    }
    lk_map_release(&map);
    return status;
}

static lk_status run_umap(struct world *w, uint64_t *digest, lk_error *err) {
    return make(w, LK_MAP_UMAP, digest, err);
}

static lk_status run_pca(struct world *w, uint64_t *digest, lk_error *err) {
    return make(w, LK_MAP_PCA, digest, err);
}

static lk_status run_trust(struct world *w, uint64_t *digest, lk_error *err) {
    const lk_map_vectors vectors = {w->vectors, COUNT, DIM};
    double value = 0;
    lk_status status = lk_map_trustworthiness(&value, w->engine, &vectors, w->map.xy, 5, err);
    mix(digest, status == LK_OK ? &value : &(double){0}, sizeof value);
    return status;
}

static lk_status run_atlas(struct world *w, uint64_t *digest, lk_error *err) {
    lk_atlas *a;
    lk_status status = lk_atlas_new(&a, w->engine, 32, err);
    for (int32_t i = 0; status == LK_OK && i < 3; i++) {
        status = lk_atlas_add(a, &w->image, err);
    }
    status = status == LK_OK ? lk_atlas_finish(a, err) : status;
    if (status == LK_OK) {
        mix(digest, lk_atlas_page(a, 0)->data, lk_atlas_page(a, 0)->size);
    }
    lk_atlas_free(a);
    return status;
}

static lk_status run_page(struct world *w, uint64_t *digest, lk_error *err) {
    static const int32_t labels[COUNT] = {0, 1, 1};
    char first[] = "first", second[] = "second", *names[] = {first, second};
    const lk_map_options o = lk_map_options_default();
    const lk_map_page page = {.title = "t",
                              .map = &w->map,
                              .options = &o,
                              .model = "m",
                              .dim = DIM,
                              .atlas = w->atlas,
                              .paths = w->paths,
                              .labels = labels,
                              .label_names = names,
                              .label_count = 2,
                              .colour_by = "cluster"};
    lk_bytes html, plain = {0};
    lk_status status = lk_map_page_html(&html, &page, err);
    status = status == LK_OK ? lk_map_page_plain(&plain, &page, err) : status;
    if (status == LK_OK) {
        mix(digest, html.data, html.size);
        mix(digest, plain.data, plain.size);
    }
    lk_bytes_release(&html);
    lk_bytes_release(&plain);
    return status;
}

static int make_world(void **state) {
    static struct world w;
    static char names[COUNT][16];
    lk_error err;
    lk_engine_options options = lk_engine_options_default();
    const lk_map_vectors vectors = {w.vectors, COUNT, DIM};
    options.threads = 1; /* so that the n-th allocation is the same one each time */
    assert_ok(lk_engine_new(&w.engine, &options, &err));
    for (int32_t i = 0; i < COUNT * DIM; i++) {
        w.vectors[i] = sinf((float)(i * i));
    }
    assert_ok(lk_image_new(&w.image, 90, 60, 3, 8, &err));
    memset(w.image.data, 90, w.image.stride * 60);
    assert_ok(lk_map_make(&w.map, w.engine, &vectors, NULL, NULL, NULL, &err));
    assert_ok(lk_atlas_new(&w.atlas, w.engine, 16, &err));
    for (int32_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "a/%d.png", (int)i);
        w.paths[i] = names[i];
        assert_ok(lk_atlas_add(w.atlas, &w.image, &err));
    }
    assert_ok(lk_atlas_finish(w.atlas, &err));
    *state = &w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    lk_map_release(&w->map);
    lk_atlas_free(w->atlas);
    lk_image_release(&w->image);
    lk_engine_free(w->engine);
    return 0;
}

static void test_map(void **state) {
    fail_each("map", "umap", run_umap, *state);
    fail_each("map", "pca", run_pca, *state);
    fail_each("map", "trustworthiness", run_trust, *state);
    fail_each("map", "atlas", run_atlas, *state);
    fail_each("map", "page", run_page, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_map)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
