/* SPDX-License-Identifier: Apache-2.0 */
/* Models on real weights: golden embeddings, classes of real photos, the measures that ask a network, and what is refused. Wants
 * MobileNetV2 from the shared data ($LIKENESS_DATA or ../shared); without it only the refusals run. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/pattern.h"

static const char float_model[] = "models/mobilenet_v2_1.0_224.onnx";
static const char int8_model[] = "models/mobilenet_v2_1.0_224_int8.onnx";

/* A path below the shared data; false when it is not there. */
static bool shared(char out[512], const char *below) {
    shared_path(out, below);
    bool there = access(out, R_OK) == 0;
    if (!there) {
        print_message("%s is not there: not run\n", out);
    }
    return there;
}

static lk_engine *make_engine(int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.threads = threads;
    assert_ok(lk_engine_new(&engine, &options, &err));
    return engine;
}

static void load(lk_image *out, lk_engine *engine, const char *path) {
    lk_error err;
    lk_load_options options = {.no_digest = true};
    assert_ok(lk_image_load(out, NULL, engine, path, &options, &err));
}

/* -- Golden outputs of ONNX Runtime, for pictures that are 224 x 224 already -- */

/* The shipped card, but for a side of 224: nothing is resized. */
static const char card_of_224[] =
    "{\"schema\":\"likeness/model-card/1\",\"name\":\"golden\",\"file\":\"m.onnx\",\"width\":224,"
    "\"height\":224,\"colour\":\"rgb\",\"mean\":[127.5,127.5,127.5],\"scale\":[127.5,127.5,127.5],"
    "\"resize\":\"crop\",\"side\":224,\"embedding\":\"embedding\",\"probabilities\":"
    "\"probabilities\","
    "\"classes\":1001,\"background\":1}";

static const char *const golden[] = {"n01440764_tench",       "n02099601_golden_retriever",
                                     "n02123045_tabby",       "n02391049_zebra",
                                     "n03063599_coffee_mug",  "n03642806_laptop",
                                     "n07248320_book_jacket", "n07565083_menu"};

static double largest_difference(const float *got, const char *folder, const char *name,
                                 const char *what, size_t count) {
    char path[1024];
    lk_error err;
    lk_bytes bytes;
    double largest = 0;
    snprintf(path, sizeof path, "%s/%s.%s.bin", folder, name, what);
    assert_ok(file_read(&bytes, path, 1 << 20, NULL, &err));
    assert_int_equal(bytes.size, count * sizeof *got);
    for (size_t i = 0; i < count; i++) {
        float wanted;
        memcpy(&wanted, bytes.data + i * sizeof wanted, sizeof wanted);
        largest = fmax(largest, fabs((double)got[i] - (double)wanted));
    }
    lk_bytes_release(&bytes);
    return largest;
}

static void check_golden(lk_model *model, lk_engine *engine, const char *folder, const char *name) {
    char path[1024];
    lk_error err;
    lk_image image;
    float *embedding = mem_alloc(1280, sizeof *embedding),
          *by_class = mem_calloc(1001, sizeof *by_class);
    lk_class *top = mem_alloc(1001, sizeof *top);
    lk_model_output out = {.embedding = embedding, .top = top, .top_count = 1001};
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    load(&image, engine, path);
    const lk_image *images[] = {&image};
    assert_ok(lk_model_run(model, &out, images, 1, &err));
    for (int i = 0; i < 1001; i++) {
        by_class[top[i].index] = (float)top[i].probability;
    }
    double e = largest_difference(embedding, folder, name, "embedding", 1280);
    double p = largest_difference(by_class, folder, name, "probabilities", 1001);
    print_message("%-28s embedding within %.1e, probabilities %.1e\n", name, e, p);
    assert_true(e <= 1e-4 && p <= 1e-4);
    lk_image_release(&image);
    mem_free(embedding);
    mem_free(by_class);
    mem_free(top);
}

static void test_golden(void **state) {
    (void)state;
    char model_path[512], folder[512], card[] = "/tmp/likeness-card-XXXXXX";
    if (!shared(model_path, float_model) || !shared(folder, "models/golden")) {
        return;
    }
    lk_error err;
    int fd = mkstemp(card);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, card_of_224, strlen(card_of_224)), strlen(card_of_224));
    close(fd);
    for (int32_t threads = 1; threads <= 2; threads++) {
        lk_engine *engine = make_engine(threads);
        lk_model *model;
        lk_model_options o = {.card = card, .batch = threads};
        assert_ok(lk_model_open(&model, engine, model_path, &o, &err));
        assert_int_equal(lk_model_dim(model), 1280);
        for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
            check_golden(model, engine, folder, golden[i]);
        }
        lk_model_free(model);
        lk_engine_free(engine);
    }
    unlink(card);
}

/* -- Classes of 500 photos -- */

/* How many of data/classify the model gets right: first, and among the first five. */
static void count_right(const char *model_path, int *first, int *five, int *all) {
    char list_path[512], path[1024], line[512];
    lk_error err;
    lk_model *model;
    lk_engine *engine = make_engine(0);
    lk_model_options o = {.want = LK_WANT_CLASSES};
    assert_ok(lk_model_open(&model, engine, model_path, &o, &err));
    assert_true(shared(list_path, "data/classify/classes.csv"));
    FILE *list = fopen(list_path, "r");
    assert_non_null(list);
    *strrchr(list_path, '/') = '\0';
    *first = *five = *all = 0;
    assert_non_null(fgets(line, sizeof line, list)); /* the head: file,wnid,index,name */
    while (fgets(line, sizeof line, list)) {
        char *file = strtok(line, ","), *wnid = strtok(NULL, ","), *index = strtok(NULL, ",");
        assert_true(file && wnid && index);
        lk_class top[5];
        lk_model_output out = {.top = top, .top_count = 5};
        lk_image image;
        snprintf(path, sizeof path, "%s/%s", list_path, file);
        load(&image, engine, path);
        const lk_image *images[] = {&image};
        assert_ok(lk_model_run(model, &out, images, 1, &err));
        int truth = atoi(index) + lk_model_card_of(model)->background, place = 5;
        for (int i = 4; i >= 0; i--) {
            place = top[i].index == truth ? i : place;
        }
        *first += place == 0;
        *five += place < 5;
        ++*all;
        lk_image_release(&image);
    }
    fclose(list);
    lk_model_free(model);
    lk_engine_free(engine);
}

static void test_classes(void **state) {
    (void)state;
    char path[512], data[512];
    int first, five, all, first8, five8;
    if (!shared(path, float_model) || !shared(data, "data/classify")) {
        return;
    }
    count_right(path, &first, &five, &all);
    print_message("float: top-1 %d, top-5 %d of %d\n", first, five, all);
    assert_int_equal(all, 500);
    assert_in_range(first, 428,
                    432); /* ../shared/models/README.md: 430, and 483 of the first five */
    assert_in_range(five, 481, 485);
    if (shared(path, int8_model)) {
        count_right(path, &first8, &five8, &all);
        print_message("int8: top-1 %d, top-5 %d of %d\n", first8, five8, all);
        assert_true(abs(first8 - first) <=
                    5); /* one point of a hundred; the two references are equal */
    }
}

/* -- In a comparison -- */

static const lk_measure_result *row(const lk_comparison *c, const char *name) {
    for (size_t i = 0; i < c->measure_count; i++) {
        if (strcmp(c->measures[i].info->name, name) == 0) {
            return &c->measures[i];
        }
    }
    return NULL;
}

static void test_compare(void **state) {
    (void)state;
    char model_path[512], a_path[512], b_path[512];
    if (!shared(model_path, float_model) || !shared(a_path, "models/golden/n02391049_zebra.png") ||
        !shared(b_path, "models/golden/n03063599_coffee_mug.png")) {
        return;
    }
    lk_error err;
    lk_engine *engine = make_engine(0);
    lk_image a, b;
    lk_comparison same, other;
    lk_compare_options o = lk_compare_options_default();
    assert_ok(lk_model_open(&o.measure.model, engine, model_path, NULL, &err));
    o.measures = "latent,category";
    load(&a, engine, a_path);
    load(&b, engine, b_path);
    assert_ok(lk_compare(&same, engine, &a, &a, &o, &err));
    assert_ok(lk_compare(&other, engine, &a, &b, &o, &err));
    assert_true(row(&same, "latent")->value > 1 - 1e-12);
    assert_true(row(&same, "category")->value > 1 - 1e-12);
    assert_true(row(&other, "latent")->value < 0.5);
    assert_true(row(&other, "category")->value < 0.1);
    const lk_aspect_result *meaning = &same.aspects[same.aspect_count - 1];
    assert_int_equal(meaning->aspect, LK_ASPECT_MEANING);
    assert_string_equal(meaning->reason, "a network takes both for: zebra");
    lk_comparison_release(&same);
    lk_comparison_release(&other);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_model_free(o.measure.model);
    lk_engine_free(engine);
}

static void test_needs_model(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = make_engine(1);
    lk_image image;
    lk_comparison c;
    lk_measure_result r;
    lk_compare_options o = lk_compare_options_default();
    assert_ok(lk_image_new(&image, 16, 16, 3, 8, &err));
    memset(image.data, 90, image.stride * 16);
    o.measures = "latent";
    assert_refused(LK_E_USAGE, lk_compare(&c, engine, &image, &image, &o, &err));
    assert_refused(LK_E_USAGE, lk_measure_run(&r, engine, "category", &image, &image, NULL, &err));
    o.measures = "all"; /* all that can run */
    assert_ok(lk_compare(&c, engine, &image, &image, &o, &err));
    assert_null(row(&c, "latent"));
    lk_comparison_release(&c);
    lk_image_release(&image);
    lk_engine_free(engine);
}

static void test_refused(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = make_engine(1);
    lk_model *model;
    assert_refused(LK_E_IO, lk_model_open(&model, engine, "no-such-model", NULL, &err));
    assert_string_equal(err.input, "no-such-model");
    assert_refused(LK_E_IO, lk_model_open(&model, engine, "/no/such/file.onnx", NULL, &err));
    lk_model_options o = {.batch = LK_MODEL_BATCH_MAX + 1};
    assert_refused(LK_E_USAGE, lk_model_open(&model, engine, "mobilenet-v2", &o, &err));
    lk_engine_free(engine);
}

static void test_vectors(void **state) {
    (void)state;
    const float a[] = {1, 2, 2}, b[] = {2, -1, 0}, none[] = {0, 0, 0};
    assert_true(fabs(lk_embedding_cosine(a, a, 3) - 1) < 1e-15);
    assert_true(fabs(lk_embedding_cosine(a, b, 3)) < 1e-15);
    assert_true(fabs(lk_embedding_cosine(a, none, 3)) < 1e-15);
    assert_true(fabs(lk_embedding_distance(a, b, 3) - sqrt(14)) < 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),  cmocka_unit_test(test_classes),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_needs_model),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
