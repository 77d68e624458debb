/* SPDX-License-Identifier: Apache-2.0 */
/* Real operations with each allocation failing in turn: a failure must come back as LK_E_MEMORY, leave nothing behind (the
 * run is under the leak checker), and never as LK_OK with another result than the undisturbed one.
 *
 * Each operation is a row: a function that does it and adds what came out to a digest. Where an operation allocates more
 * often than STEPS_MAX times, the first 20 fail and evenly spread others. libjpeg, libwebp, libheif and libtiff allocate on
 * their own. */
#include "tests/unit/harness.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "collection/relation.h"
#include "feature/sift_geometry.h"
#include "image/image.h"
#include "image/orient.h"
#include "tests/oom/oom_attempt.h"
#include "tests/oom/oom_network.h"

enum { FILES_MAX = 128 };

/* What the operations work on; made before anything fails. */
struct world {
    lk_engine *engine;
    lk_image picture, photo, small, other; /* a textured picture, a photo of it, and a small pair */
    lk_image mirrored;                     /* of small */
    lk_comparison comparison;
    const lk_measure_info *measure;
    const lk_hash_info *hash;
    const char *path; /* of the file to decode */
    const char *format;
    lk_picture_kind kind;
    lk_diff_style style;
};

static void mix_image(uint64_t *digest, const lk_image *image) {
    for (int32_t y = 0; y < image->height; y++) {
        mix(digest, image_row(image, y), image_row_bytes(image));
    }
}

static lk_status run_engine(struct world *w, uint64_t *digest, lk_error *err) {
    (void)w;
    lk_engine *engine = NULL;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 2;
    lk_status status = lk_engine_new(&engine, &options, err);
    if (status == LK_OK) {
        mix(digest, lk_engine_cpu(engine), 2);
    }
    lk_engine_free(engine);
    return status;
}

static lk_status run_load(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image image = {0};
    lk_image_info info;
    lk_status status = lk_image_load(&image, &info, w->engine, w->path, NULL, err);
    if (status == LK_OK) {
        mix_image(digest, &image);
        mix(digest, info.sha256, sizeof info.sha256);
    } else {
        assert_null(image.data);
    }
    lk_image_release(&image);
    return status;
}

static lk_status run_network(struct world *w, uint64_t *digest, lk_error *err) {
    return oom_network(w->path, false, mix, digest, err);
}

static lk_status run_plain_network(struct world *w, uint64_t *digest, lk_error *err) {
    return oom_network(w->path, true, mix, digest, err);
}

static lk_status run_catalogue(struct world *w, uint64_t *digest, lk_error *err) {
    lk_catalogue c;
    lk_status status = lk_catalogue_read(&c, w->path, err);
    for (size_t i = 0; status == LK_OK && i < c.count; i++) {
        mix(digest, &c.entries[i].card, sizeof c.entries[i].card);
    }
    lk_catalogue_release(&c);
    return status;
}

static lk_status run_probe(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image_info info = {.width = 0};
    lk_status status = lk_image_probe(&info, w->engine, w->path, err);
    mix(digest, &info.width, sizeof info.width);
    return status;
}

static lk_status run_encode(struct world *w, uint64_t *digest, lk_error *err) {
    lk_bytes bytes = {0};
    lk_status status = lk_image_encode(&bytes, &w->picture, w->engine, w->format, 90, err);
    mix(digest, bytes.data, bytes.size);
    lk_bytes_release(&bytes);
    return status;
}

static lk_status run_measure(struct world *w, uint64_t *digest, lk_error *err) {
    lk_measure_result r = {0};
    lk_measure_options options = lk_measure_options_default();
    options.want_maps = true;
    lk_status status =
        lk_measure_run(&r, w->engine, w->measure->name, &w->small, &w->other, &options, err);
    mix(digest, &r.value, sizeof r.value);
    if (r.map.data) {
        mix(digest, r.map.data, (size_t)r.map.width * (size_t)r.map.height * sizeof(float));
    }
    lk_measure_result_release(&r);
    return status;
}

static lk_status run_flow(struct world *w, uint64_t *digest, lk_error *err) {
    lk_flow flow = {0}, back = {0};
    lk_bytes bytes = {0};
    lk_image picture = {0};
    lk_status status = lk_flow_compute(&flow, w->engine, &w->small, &w->other, err);
    status = status == LK_OK ? lk_flow_encode(&bytes, &flow, err) : status;
    status =
        status == LK_OK ? lk_flow_decode(&back, w->engine, bytes.data, bytes.size, err) : status;
    status = status == LK_OK ? lk_flow_picture(&picture, &back, 0, err) : status;
    if (status == LK_OK) {
        mix(digest, bytes.data, bytes.size);
        mix_image(digest, &picture);
    }
    lk_flow_release(&flow);
    lk_flow_release(&back);
    lk_bytes_release(&bytes);
    lk_image_release(&picture);
    return status;
}

static lk_status run_sift(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image gray = {0};
    struct sift_points points = {0};
    struct sift_options options = sift_options_default();
    options.side = 250;
    options.count = 200;
    lk_status status = lk_image_to_gray(&gray, &w->small, err);
    status = status == LK_OK ? sift_detect(&points, w->engine, &gray, &options, err) : status;
    mix(digest, points.points, points.count * sizeof *points.points);
    mix(digest, points.descriptors, points.count * SIFT_BYTES);
    struct sift_matches matches = {0};
    struct sift_geometry geometry = {0};
    struct sift_pair pair = {&points, &points, gray.width, gray.height, gray.width, gray.height};
    status =
        status == LK_OK ? sift_match(&matches, w->engine, &points, &points, NULL, err) : status;
    status = status == LK_OK ? sift_geometry_find(&geometry, &matches, &pair, NULL, err) : status;
    mix(digest, &geometry.coverage, sizeof geometry.coverage);
    sift_matches_release(&matches);
    sift_points_release(&points);
    lk_image_release(&gray);
    return status;
}

/* A part of the picture against the picture, from the facts of both. */
static lk_status run_relation(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image part = {0};
    lk_image_info info = {.width = w->small.width, .height = w->small.height};
    struct facts a = {0}, b = {0};
    struct relation r = {0};
    int32_t width = info.width * 3 / 4;
    lk_status status = image_crop(&part, &w->small, 0, 0, width, info.height, err);
    status = status == LK_OK ? facts_make(&a, w->engine, &w->small, &info, true, err) : status;
    info.width = width;
    status = status == LK_OK ? facts_make(&b, w->engine, &part, &info, true, err) : status;
    status = status == LK_OK ? relation_find(&r, w->engine, &a, &b, err) : status;
    mix(digest, &r.class, sizeof r.class);
    mix(digest, r.map, sizeof r.map);
    facts_release(&a);
    facts_release(&b);
    lk_image_release(&part);
    return status;
}

static lk_status run_hash(struct world *w, uint64_t *digest, lk_error *err) {
    lk_hash hash = {0};
    lk_status status = lk_hash_compute(&hash, w->engine, &w->small, w->hash, 0, err);
    mix(digest, hash.data, sizeof hash.data);
    return status;
}

/* Two signatures into an index, and a query of it. */
static lk_status run_wavelet(struct world *w, uint64_t *digest, lk_error *err) {
    lk_wavelet items[2];
    lk_wavelet_hit hits[2];
    lk_wavelet_index *index = NULL;
    size_t found = 0;
    lk_status status = lk_wavelet_compute(&items[0], w->engine, &w->small, NULL, err);
    status =
        status == LK_OK ? lk_wavelet_compute(&items[1], w->engine, &w->picture, NULL, err) : status;
    status = status == LK_OK ? lk_wavelet_index_new(&index, items, 2, err) : status;
    status = status == LK_OK ? lk_wavelet_index_query(hits, &found, 2, index, &items[1],
                                                      LK_WAVELET_SCANNED, err)
                             : status;
    for (size_t i = 0; i < found; i++) {
        mix(digest, &hits[i].item, sizeof hits[i].item);
        mix(digest, &hits[i].distance, sizeof hits[i].distance);
    }
    lk_wavelet_index_free(index);
    return status;
}

static lk_status run_simulate(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image photo;
    double homography[9];
    lk_simulator camera = lk_simulator_draw(5, 1, 90, 70);
    camera.resolution = 0.5;
    lk_status status =
        lk_simulate(&photo, homography, w->engine, &w->small, &camera, &w->other, err);
    if (status == LK_OK) {
        mix_image(digest, &photo);
        mix(digest, homography, sizeof homography);
    }
    lk_image_release(&photo);
    return status;
}

/* Twice, the second larger: what a view leaves in the scratch when memory is short must do for the next. */
static lk_status run_views(struct world *w, uint64_t *digest, lk_error *err) {
    static uint8_t view[64 * 64 * 3];
    lk_view_scratch *scratch;
    lk_status status = lk_view_scratch_new(&scratch, err);
    for (int32_t side = 32; side <= 64 && status == LK_OK; side += 32) {
        lk_simulator camera = lk_simulator_draw_view(3, 1, side, side, &w->small);
        camera.quality = 50;
        camera.resolution = 0.5;
        status = lk_simulate_view(view, scratch, &w->small, &camera, &w->other, err);
        mix(digest, view, status == LK_OK ? 3 * (size_t)side * (size_t)side : 0);
        status =
            status == LK_OK ? lk_clean_view(view, side, side, scratch, &w->small, err) : status;
        mix(digest, view, status == LK_OK ? 3 * (size_t)side * (size_t)side : 0);
    }
    lk_view_scratch_free(scratch);
    return status;
}

static lk_status run_compare(struct world *w, uint64_t *digest, lk_error *err) {
    lk_comparison c;
    lk_compare_options options = lk_compare_options_default();
    options.want_evidence = true;
    options.measures = "pixel,ssim,orb";
    lk_status status = lk_compare(&c, w->engine, &w->picture, &w->photo, &options, err);
    mix(digest, &c.verdict, sizeof c.verdict);
    mix(digest, &c.score, sizeof c.score);
    mix(digest, &c.region_count, sizeof c.region_count);
    mix(digest, &c.warning_count, sizeof c.warning_count);
    lk_comparison_release(&c);
    return status;
}

static lk_status run_mirrored(struct world *w, uint64_t *digest, lk_error *err) {
    lk_comparison c;
    lk_compare_options options = lk_compare_options_default();
    options.measures = "pixel";
    lk_status status = lk_compare(&c, w->engine, &w->small, &w->mirrored, &options, err);
    assert_true(status != LK_OK || strcmp(c.warnings[0].code, "mirrored") == 0);
    mix(digest, &c.score, sizeof c.score);
    lk_comparison_release(&c);
    return status;
}

static lk_status run_diff(struct world *w, uint64_t *digest, lk_error *err) {
    lk_diff_result r;
    lk_image picture = {0};
    lk_status status = lk_diff(&r, w->engine, &w->small, &w->other, NULL, err);
    if (status == LK_OK) {
        mix(digest, &r.diff_pixels, sizeof r.diff_pixels);
        mix(digest, &r.region_count, sizeof r.region_count);
        status = lk_diff_picture(&picture, &r, &w->small, &w->other, w->style, 0xff0000, err);
    }
    if (status == LK_OK) {
        mix_image(digest, &picture);
    }
    lk_image_release(&picture);
    lk_diff_result_release(&r);
    return status;
}

static lk_status run_report(struct world *w, uint64_t *digest, lk_error *err) {
    lk_bytes bytes = {0};
    lk_status status =
        strcmp(w->format, "text") == 0   ? lk_report_text(&bytes, &w->comparison, true, err)
        : strcmp(w->format, "json") == 0 ? lk_report_json(&bytes, &w->comparison, true, err)
                                         : lk_report_html(&bytes, w->engine, &w->comparison, err);
    mix(digest, bytes.data, bytes.size);
    lk_bytes_release(&bytes);
    return status;
}

static lk_status run_picture(struct world *w, uint64_t *digest, lk_error *err) {
    lk_image picture = {0};
    lk_status status = lk_report_picture(&picture, &w->comparison, w->kind, err);
    if (status == LK_OK) {
        mix_image(digest, &picture);
    }
    lk_image_release(&picture);
    return status;
}

/* Overlapping rectangles of all sizes: corners to find at every scale. */
static void draw_texture(lk_image *out, int32_t width, int32_t height, uint64_t seed) {
    lk_error err;
    struct rng r;
    rng_init(&r, seed);
    assert_ok(lk_image_new(out, width, height, 3, 8, &err));
    memset(out->data, 200, out->stride * (size_t)height);
    for (int32_t i = 0; i < 400; i++) {
        int32_t w = 4 + (int32_t)rng_below(&r, 50), h = 4 + (int32_t)rng_below(&r, 50);
        int32_t x0 = (int32_t)rng_below(&r, (uint32_t)(width - w)),
                y0 = (int32_t)rng_below(&r, (uint32_t)(height - h));
        uint64_t colour = rng_next(&r);
        for (int32_t y = y0; y < y0 + h; y++) {
            for (int32_t x = x0; x < x0 + w; x++) {
                memcpy(image_row(out, y) + 3 * x, &colour, 3);
            }
        }
    }
}

static int make_world(void **state) {
    static struct world w;
    lk_error err;
    double homography[9];
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1; /* so that the n-th allocation is the same one each time */
    assert_ok(lk_engine_new(&w.engine, &options, &err));
    draw_texture(&w.picture, 360, 300, 1);
    lk_simulator camera = lk_simulator_draw(2, 0, 400, 340);
    assert_ok(lk_simulate(&w.photo, homography, w.engine, &w.picture, &camera, NULL, &err));
    draw_texture(&w.small, 200, 180, 3);
    assert_ok(image_clone(&w.other, &w.small, &err));
    for (int32_t y = 60; y < 90; y++) {
        memset(image_row(&w.other, y) + 3 * 70, 20, 3 * 40);
    }
    assert_ok(image_clone(&w.mirrored, &w.small, &err));
    assert_ok(orient_apply(&w.mirrored, 2, &err));
    lk_compare_options compare = lk_compare_options_default();
    compare.want_evidence = true;
    assert_ok(lk_compare(&w.comparison, w.engine, &w.picture, &w.photo, &compare, &err));
    *state = &w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    lk_comparison_release(&w->comparison);
    lk_image_release(&w->picture);
    lk_image_release(&w->photo);
    lk_image_release(&w->small);
    lk_image_release(&w->other);
    lk_image_release(&w->mirrored);
    lk_engine_free(w->engine);
    return 0;
}

static void test_engine(void **state) {
    fail_each("engine", "", run_engine, *state);
}

/* Every picture of a folder under the source: the samples, and what the decoders' tests use. */
static void fail_files(struct world *w, const char *folder) {
    char path[1024];
    const char *source = getenv("LIKENESS_SOURCE");
    snprintf(path, sizeof path, "%s/%s", source ? source : ".", folder);
    DIR *dir = opendir(path);
    int32_t files = 0;
    for (struct dirent *e = dir ? readdir(dir) : NULL; e && files < FILES_MAX; e = readdir(dir)) {
        static const char *const endings[] = {".png", ".jpg", ".webp", ".heic", ".avif",
                                              ".tif", ".ppm", ".pgm",  ".pbm"};
        const char *ending = strrchr(e->d_name, '.');
        for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++) {
            if (strcmp(ending, endings[i]) == 0) {
                char name[1600];
                snprintf(name, sizeof name, "%s/%s", path, e->d_name);
                w->path = name;
                fail_each("load", e->d_name, run_load, w);
                fail_each("probe", e->d_name, run_probe, w);
                w->path = NULL;
                files++;
            }
        }
    }
    if (dir) {
        closedir(dir);
    }
}

static void test_decode(void **state) {
    fail_files(*state, "samples");
    fail_files(*state, "tests/data/codec");
}

static void test_encode(void **state) {
    struct world *w = *state;
    static const char *const formats[] = {"png", "jpeg", "pnm"};
    for (size_t i = 0; i < 3; i++) {
        w->format = formats[i];
        fail_each("encode", w->format, run_encode, w);
    }
}

static void test_measures(void **state) {
    struct world *w = *state;
    for (size_t i = 0; i < lk_measure_count(); i++) {
        w->measure = lk_measure_at(i);
        fail_each("measure", w->measure->name, run_measure, w);
    }
}

static void test_hashes(void **state) {
    struct world *w = *state;
    for (size_t i = 0; i < lk_hash_count(); i++) {
        w->hash = lk_hash_at(i);
        fail_each("hash", w->hash->name, run_hash, w);
    }
}

static void test_networks(void **state) {
    struct world *w = *state;
    static const char *const files[] = {"conv", "residual", "bytes", "shapes", "pool", "resize"};
    const char *source = getenv("LIKENESS_SOURCE");
    char path[1024];
    w->path = path;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/onnx/%s.onnx", source ? source : ".",
                 files[i]);
        fail_each("network", files[i], run_network, w);
        fail_each("plain network", files[i], run_plain_network, w);
    }
    snprintf(path, sizeof path, "%s/models", source ? source : ".");
    fail_each("catalogue", "", run_catalogue, w);
    w->path = NULL;
}

static void test_flow(void **state) {
    fail_each("flow", "", run_flow, *state);
}

static void test_wavelet(void **state) {
    fail_each("wavelet", "index", run_wavelet, *state);
}

static void test_sift(void **state) {
    fail_each("sift", "", run_sift, *state);
    fail_each("relation", "", run_relation, *state);
}

static void test_simulate(void **state) {
    fail_each("simulate", "photo", run_simulate, *state);
    fail_each("simulate", "views", run_views, *state);
}

static void test_compare(void **state) {
    fail_each("compare", "", run_compare, *state);
    fail_each("compare", "mirrored", run_mirrored, *state);
}

static void test_diff(void **state) {
    struct world *w = *state;
    static const char *const names[] = {"box", "heat", "overlay", "mask", "side"};
    for (int32_t i = 0; i < 5; i++) {
        w->style = (lk_diff_style)i;
        fail_each("diff", names[i], run_diff, w);
    }
}

static void test_reports(void **state) {
    struct world *w = *state;
    static const char *const formats[] = {"text", "json", "html"};
    static const char *const pictures[] = {"differences", "heat", "matches"};
    for (int32_t i = 0; i < 3; i++) {
        w->format = formats[i];
        fail_each("report", w->format, run_report, w);
        w->kind = (lk_picture_kind)i;
        fail_each("picture", pictures[i], run_picture, w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine),  cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode),  cmocka_unit_test(test_measures),
        cmocka_unit_test(test_hashes),  cmocka_unit_test(test_wavelet),
        cmocka_unit_test(test_diff),    cmocka_unit_test(test_reports),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_networks),
        cmocka_unit_test(test_flow),    cmocka_unit_test(test_simulate),
        cmocka_unit_test(test_sift),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
