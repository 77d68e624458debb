/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue's folder: what is listed, added, checked and removed, and what is refused without leaving anything behind. The
 * network is made here: the mean of each channel. */
#include "tests/unit/harness.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "nn/onnx.h"
#include "nn/op.h"
#include "tests/unit/scratch_folder.h"

static const char labels[] = "red\ngreen\nblue\n";

/* A folder with models to add, and one for the catalogue, which does not exist at first. */
struct world {
    char root[SCRATCH_BYTES];
    char from[80], folder[80];
    lk_engine *engine;
    char digest[65]; /* of net.onnx */
};

/* -- A network and its card -- */

static int32_t add_value(struct graph *g, const char *name, int32_t rank) {
    lk_error err;
    int32_t value;
    struct tensor t =
        tensor_of(rank > 0 ? TENSOR_F32 : TENSOR_NONE, rank, (int64_t[]){-1, 3, 8, 8});
    assert_ok(graph_add_value(&value, g, name, t, &err));
    return value;
}

static void add_node(struct graph *g, const char *op, int32_t input, int32_t output) {
    lk_error err;
    struct node *node;
    assert_ok(graph_add_node(&node, g, op_find(op), op, &input, 1, &output, 1, &err));
}

static lk_bytes make_network(void) {
    lk_error err;
    lk_bytes bytes;
    struct graph g = {
        .name = mem_strdup("means"), .opset = 13, .input_count = 1, .output_count = 2};
    int32_t image = add_value(&g, "image", 4), pooled = add_value(&g, "pooled", 0);
    int32_t means = add_value(&g, "means", 0), classes = add_value(&g, "classes", 0);
    add_node(&g, "GlobalAveragePool", image, pooled);
    add_node(&g, "Flatten", pooled, means);
    add_node(&g, "Softmax", means, classes);
    g.inputs = mem_alloc(1, sizeof *g.inputs);
    g.outputs = mem_alloc(2, sizeof *g.outputs);
    g.inputs[0] = image;
    g.outputs[0] = means;
    g.outputs[1] = classes;
    assert_ok(onnx_write(&bytes, &g, &err));
    graph_release(&g);
    return bytes;
}

static void write_text(const char *folder, const char *name, const char *text) {
    char path[256];
    lk_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_write(path, text, strlen(text), &err));
}

/* The card of a file in the folder to add from, as `path`; more is text behind the last key. */
static void write_card(const struct world *w, const char *path, const char *name, const char *file,
                       const char *more) {
    char text[2048];
    snprintf(text, sizeof text,
             "{\"schema\":\"likeness/model-card/1\",\"name\":\"%s\",\"file\":\"%s\",\"width\":8,"
             "\"height\":8,\"colour\":\"rgb\",\"mean\":[0,0,0],\"scale\":[255,255,255],"
             "\"resize\":\"stretch\",\"embedding\":\"means\"%s}",
             name, file, more);
    write_text(w->from, path, text);
}

static void write_network(const char *folder, const char *name) {
    char path[256];
    lk_error err;
    lk_bytes bytes = make_network();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_write(path, bytes.data, bytes.size, &err));
    lk_bytes_release(&bytes);
}

#define WITH_LABELS ",\"probabilities\":\"classes\",\"classes\":3,\"labels\":\"colours.txt\""

/* -- The two folders -- */

static int set_up(void **state) {
    lk_error err;
    struct world *w = mem_calloc(1, sizeof *w);
    scratch_make(w->root, "catalogue");
    snprintf(w->from, sizeof w->from, "%s/from", w->root);
    snprintf(w->folder, sizeof w->folder, "%s/share/models", w->root);
    assert_int_equal(mkdir(w->from, 0777), 0);
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    lk_bytes bytes = make_network();
    digest_sha256_hex(w->digest, bytes.data, bytes.size);
    lk_bytes_release(&bytes);
    write_network(w->from, "net.onnx");
    write_text(w->from, "colours.txt", labels);
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    scratch_remove(w->root);
    lk_engine_free(w->engine);
    mem_free(w);
    return 0;
}

/* The files in the catalogue, in byte order, each with a blank behind it. */
static void assert_holds(const struct world *w, const char *wanted) {
    lk_error err;
    struct folder_list list;
    char names[512] = "";
    if (access(w->folder, F_OK) == 0) {
        assert_ok(folder_list(&list, w->folder, scratch_every, NULL, &err));
        for (size_t i = 0; i < list.count; i++) {
            strcat(strcat(names, list.paths[i]), " ");
        }
        folder_list_release(&list);
    }
    assert_string_equal(names, wanted);
}

static lk_status add(lk_catalogue_added *out, const struct world *w, const char *name,
                     const char *card, lk_error *err) {
    char path[256], card_path[256];
    snprintf(path, sizeof path, "%s/%s", w->from, name);
    snprintf(card_path, sizeof card_path, "%s/%s", w->from, card ? card : "");
    return lk_catalogue_add(out, w->engine, w->folder, path, card ? card_path : NULL, err);
}

/* -- Tests -- */

static void test_add_and_remove(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue_added added;
    lk_catalogue c;
    lk_model *model;
    write_card(w, "net.onnx.json", "net", "net.onnx", WITH_LABELS);
    assert_ok(add(&added, w, "net.onnx", NULL, &err));
    assert_false(added.compared); /* the card said no checksum */
    assert_string_equal(added.card.sha256, w->digest);
    assert_holds(w, "colours.txt net.json net.onnx ");

    assert_ok(lk_catalogue_read(&c, w->folder, &err));
    const lk_catalogue_entry *e = lk_catalogue_find(&c, "net");
    assert_true(e && e->installed && !e->shipped);
    assert_memory_equal(&e->card, &added.card, sizeof e->card);
    lk_catalogue_release(&c);

    lk_model_options o = {.folder = w->folder};
    assert_ok(lk_model_open(&model, w->engine, "net", &o, &err));
    assert_int_equal(lk_model_dim(model), 3);
    assert_string_equal(lk_model_label(model, 1), "green");
    lk_model_free(model);

    assert_ok(add(&added, w, "", NULL, &err)); /* the folder's only file, again */
    assert_ok(lk_catalogue_remove(w->folder, "net", &err));
    assert_holds(w, "");
    assert_refused(LK_E_IO, lk_catalogue_remove(w->folder, "net", &err));
}

static void test_checksums(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue_added added;
    char more[256];
    snprintf(more, sizeof more, WITH_LABELS ",\"sha256\":\"%s\"", w->digest);
    write_card(w, "right.json", "net", "net.onnx", more);
    more[strlen(more) - 2] = more[strlen(more) - 2] == '0' ? '1' : '0';
    write_card(w, "wrong.json", "net", "net.onnx", more);
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "wrong.json", &err));
    assert_non_null(strstr(err.text, w->digest));
    assert_holds(w, "");
    assert_ok(add(&added, w, "net.onnx", "right.json", &err));
    assert_true(added.compared);
    assert_ok(lk_catalogue_check(w->engine, w->folder, "net", &err));
    write_text(w->folder, "net.onnx", "something else"); /* damage on the disk */
    assert_refused(LK_E_CORRUPT, lk_catalogue_check(w->engine, w->folder, "net", &err));
    assert_non_null(strstr(err.input, "net.onnx"));
}

static void test_labels(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue_added added;
    write_card(w, "a.json", "a", "a.onnx", WITH_LABELS);
    write_card(w, "b.json", "b", "b.onnx", WITH_LABELS);
    write_card(w, "lost.json", "lost", "lost.onnx",
               ",\"probabilities\":\"classes\",\"classes\":3,\"labels\":\"no-such.txt\"");
    assert_ok(add(&added, w, "net.onnx", "a.json", &err));
    assert_ok(add(&added, w, "net.onnx", "b.json", &err));
    assert_holds(w, "a.json a.onnx b.json b.onnx colours.txt ");
    assert_ok(lk_catalogue_remove(w->folder, "a", &err));
    assert_holds(w, "b.json b.onnx colours.txt "); /* shared labels stay */
    assert_ok(lk_catalogue_remove(w->folder, "b", &err));
    assert_ok(add(&added, w, "net.onnx", "lost.json", &err));
    assert_string_equal(added.card.labels, "");
    assert_holds(w, "lost.json lost.onnx ");
    write_text(w->from, "colours.txt", "red\ngreen\n"); /* two for three classes */
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "a.json", &err));
    assert_holds(w, "lost.json lost.onnx ");
}

/* Nothing is replaced, and a refusal leaves the folder as it was. */
static void test_in_the_way(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue_added added;
    write_card(w, "net.json", "net", "net.onnx", WITH_LABELS);
    write_card(w, "again.json", "net", "other.onnx", WITH_LABELS);
    write_card(w, "labels.json", "more", "more.onnx", WITH_LABELS);
    assert_ok(add(&added, w, "net.onnx", "net.json", &err));
    assert_refused(LK_E_WRITE, add(&added, w, "net.onnx", "again.json", &err)); /* card net.json */
    assert_non_null(strstr(err.input, "net.json"));
    assert_holds(w, "colours.txt net.json net.onnx ");
    write_text(w->from, "colours.txt", "rouge\nvert\nbleu\n");
    assert_refused(LK_E_WRITE, add(&added, w, "net.onnx", "labels.json", &err));
    assert_non_null(strstr(err.input, "colours.txt"));
    assert_holds(w, "colours.txt net.json net.onnx ");
}

static void test_refused(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue_added added;
    write_text(w->from, "bad.onnx", "this is no network");
    write_card(w, "bad.json", "bad", "bad.onnx", "");
    write_card(w, "out.json", "out", "../out.onnx", "");
    write_card(w, "card.json", "card", "other.JSON", "");
    write_card(w, "size.json", "size", "size.onnx", ",\"input\":\"picture\"");
    write_card(w, "gone.json", "gone", "gone.onnx", ",\"logits\":\"nobody\",\"classes\":3");
    write_card(w, "count.json", "count", "count.onnx", ",\"logits\":\"classes\",\"classes\":4");
    assert_refused(LK_E_IO, add(&added, w, "no-such.onnx", "bad.json", &err));
    assert_refused(LK_E_IO, add(&added, w, "net.onnx", "no-such.json", &err));
    assert_refused(LK_E_IO, add(&added, w, "net.onnx", NULL, &err));  /* no card says what it is */
    assert_refused(LK_E_USAGE, add(&added, w, "", "bad.json", &err)); /* two files */
    assert_refused(LK_E_CORRUPT, add(&added, w, "bad.onnx", "bad.json", &err));
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "out.json", &err));
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "card.json", &err));
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "size.json", &err));
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "gone.json", &err));
    assert_refused(LK_E_CORRUPT, add(&added, w, "net.onnx", "count.json", &err));
    assert_holds(w, "");
    assert_int_not_equal(access(w->folder, F_OK), 0);
}

/* A shipped card without a checksum is that of the file it names; one with a checksum is not. */
static void test_shipped_by_name(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue_added added;
    write_network(w->from, "inception_v3.onnx");
    write_network(w->from, "mobilenet_v2_1.0_224.onnx");
    assert_refused(LK_E_SIZE, add(&added, w, "inception_v3.onnx", NULL, &err)); /* another input */
    assert_refused(LK_E_IO, add(&added, w, "mobilenet_v2_1.0_224.onnx", NULL, &err));
    assert_holds(w, "");
}

static void test_list(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_catalogue c;
    assert_ok(lk_catalogue_read(&c, NULL, &err));
    size_t shipped = c.count;
    assert_true(shipped >= 3 && !lk_catalogue_find(&c, "net"));
    for (size_t i = 0; i < c.count; i++) {
        assert_true(c.entries[i].shipped && !c.entries[i].installed);
        assert_true(i == 0 || strcmp(c.entries[i - 1].card.name, c.entries[i].card.name) < 0);
    }
    lk_catalogue_release(&c);

    write_card(w, "net.json", "net", "missing.onnx", "");
    assert_ok(lk_catalogue_read(&c, w->from, &err));
    assert_int_equal(c.count, shipped + 1);
    assert_false(lk_catalogue_find(&c, "net")->installed);
    lk_catalogue_release(&c);
    assert_refused(LK_E_IO, lk_catalogue_check(w->engine, w->from, "net", &err));

    write_card(w, "twin.json", "net", "net.onnx", ""); /* the same name again */
    assert_refused(LK_E_CORRUPT, lk_catalogue_read(&c, w->from, &err));
    assert_non_null(strstr(err.input, "twin.json"));
    assert_refused(LK_E_CORRUPT, lk_catalogue_remove(w->from, "net", &err));
    write_text(w->from, "twin.json", "{");
    assert_refused(LK_E_CORRUPT, lk_catalogue_read(&c, w->from, &err));
    write_card(w, "twin.json", "twin", "net.onnx", "");
    assert_ok(lk_catalogue_remove(w->from, "net", &err)); /* also when its file is missing */
    assert_refused(LK_E_IO, lk_catalogue_remove(w->from, "mobilenet-v2", &err)); /* shipped only */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add_and_remove, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checksums, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shipped_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
