/* SPDX-License-Identifier: Apache-2.0 */
/* The network that is part of the library. */
#include "tests/unit/harness.h"

#include <math.h>
#include <string.h>

#include <likeness/likeness.h>

#include "base/digest.h"
#include "model/model_files.h"
#include "tests/unit/pattern.h"

static int make_engine(void **state) {
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    *state = engine;
    return 0;
}

static int free_engine(void **state) {
    lk_engine_free(*state);
    return 0;
}

/* It is the file that the card is of. */
static void test_bytes(void **state) {
    struct model_files files;
    lk_bytes bytes;
    lk_error err;
    char digest[65];
    (void)state;
    assert_ok(model_find(&files, NULL, LK_MODEL_DEFAULT, NULL, &err));
    assert_null(files.file);
    assert_ok(model_read_built_in(&bytes, &files.card, &err));
    digest_sha256_hex(digest, bytes.data, bytes.size);
    assert_string_equal(digest, files.card.sha256);
    assert_int_equal(bytes.size, files.card.bytes);
    lk_bytes_release(&bytes);
    snprintf(files.card.file, sizeof files.card.file, "other.onnx");
    assert_refused(LK_E_IO, model_read_built_in(&bytes, &files.card, &err));
    model_files_release(&files);
}

static void test_catalogue(void **state) {
    lk_catalogue c;
    lk_error err;
    (void)state;
    assert_ok(lk_catalogue_read(&c, NULL, &err));
    const lk_catalogue_entry *e = lk_catalogue_find(&c, LK_MODEL_DEFAULT);
    assert_non_null(e);
    assert_true(e->built_in && e->shipped && !e->installed);
    assert_true(e->card.training[0] && e->card.figures[0]);
    assert_false(lk_catalogue_find(&c, "mobilenet-v2")->built_in);
    lk_catalogue_release(&c);
}

/* Without a folder, a file or a download: vectors of length 1, equal for equal pictures. `all` asks it what it can answer. */
static void test_runs(void **state) {
    lk_engine *engine = *state;
    lk_error err;
    lk_model *model;
    lk_image a, b;
    float x[128], y[128];
    assert_ok(lk_model_open(&model, engine, LK_MODEL_DEFAULT, NULL, &err));
    assert_int_equal(lk_model_dim(model), 128);
    assert_ok(lk_image_new(&a, 90, 120, 3, 8, &err));
    assert_ok(lk_image_new(&b, 90, 120, 3, 8, &err));
    pattern_fill(&a, 1, 60);
    pattern_fill(&b, 9, 60);
    const lk_image *both[] = {&a, &b};
    lk_model_output outputs[] = {{.embedding = x}, {.embedding = y}};
    assert_ok(lk_model_run(model, outputs, both, 2, &err));
    assert_true(fabs(lk_embedding_distance(x, (float[128]){0}, 128) - 1) < 1e-5);
    assert_true(lk_embedding_cosine(x, y, 128) < 0.999);
    lk_compare_options o = lk_compare_options_default();
    lk_comparison c;
    o.measures = "all";
    o.measure.model = model;
    assert_ok(lk_compare(&c, engine, &a, &a, &o, &err));
    bool latent = false;
    for (size_t i = 0; i < c.measure_count; i++) {
        const lk_measure_result *r = &c.measures[i];
        assert_true(strcmp(r->info->name, "category") != 0);
        if (strcmp(r->info->name, "latent") == 0) {
            latent = true;
            assert_true(fabs(r->value - 1) < 1e-6);
        }
    }
    assert_true(latent);
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, make_engine, free_engine);
}
