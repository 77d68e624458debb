/* SPDX-License-Identifier: Apache-2.0 */
/* Model files as what they are, untrusted: graphs are made, written, damaged and read. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/mem.h"
#include "nn/network.h"
#include "nn/onnx.h"
#include "nn/op.h"

enum { BYTES_MOST = 1 << 24 };

static int32_t add_value(struct graph *g, const char *name, enum tensor_type type, int32_t rank,
                         const int64_t *dims, bool constant) {
    lk_error err;
    int32_t value;
    struct tensor t = tensor_of(type, rank, dims);
    if (constant) {
        assert_ok(tensor_alloc(&t, &err));
        memset(t.data, 0, tensor_bytes(&t));
    }
    assert_ok(graph_add_value(&value, g, name, t, &err));
    return value;
}

static void add_node(struct graph *g, const char *op, const char *name, const int32_t *inputs,
                     int32_t input_count, int32_t output) {
    lk_error err;
    struct node *node;
    assert_non_null(op_find(op));
    assert_ok(graph_add_node(&node, g, op_find(op), name, inputs, input_count, &output, 1, &err));
}

static void set_ends(struct graph *g, int32_t input, int32_t output) {
    g->name = mem_strdup("test");
    g->opset = 13;
    g->inputs = mem_alloc(1, sizeof *g->inputs);
    g->outputs = mem_alloc(1, sizeof *g->outputs);
    g->inputs[0] = input;
    g->outputs[0] = output;
    g->input_count = g->output_count = 1;
}

/* image -> conv (4 channels, 3 x 3) -> relu, as a file. */
static lk_bytes make_file(void) {
    lk_error err;
    lk_bytes bytes;
    struct graph g = {0};
    int32_t image = add_value(&g, "image", TENSOR_F32, 4, (int64_t[]){-1, 3, 8, 8}, false);
    int32_t weights = add_value(&g, "weights", TENSOR_F32, 4, (int64_t[]){4, 3, 3, 3}, true);
    int32_t middle = add_value(&g, "middle", TENSOR_NONE, 0, NULL, false);
    int32_t out = add_value(&g, "out", TENSOR_NONE, 0, NULL, false);
    add_node(&g, "Conv", "first", (int32_t[]){image, weights}, 2, middle);
    add_node(&g, "Relu", "second", (int32_t[]){middle}, 1, out);
    set_ends(&g, image, out);
    assert_ok(onnx_write(&bytes, &g, &err));
    graph_release(&g);
    return bytes;
}

static lk_status build(const lk_bytes *bytes, int64_t batch, size_t memory, lk_error *err) {
    struct graph g;
    struct network *n;
    struct network_options o = {.threads = 1, .memory_bytes = memory, .cpu = cpu_level_best()};
    struct tensor input = tensor_of(TENSOR_F32, 4, (int64_t[]){batch, 3, 8, 8});
    lk_status status = onnx_read(&g, bytes->data, bytes->size, BYTES_MOST, err);
    if (status == LK_OK && g.input_count != 1) { /* a damaged name made a constant of the input */
        graph_release(&g);
        return LK_E_CORRUPT;
    }
    if (status == LK_OK) {
        status = network_new(&n, &g, &input, NULL, 0, &o, err);
    }
    if (status == LK_OK) {
        memset(network_input(n, 0)->data, 0, tensor_bytes(network_input(n, 0)));
        status = network_run(n, err);
        network_free(n);
    }
    return status;
}

static void test_read(void **state) {
    (void)state;
    lk_error err;
    lk_bytes bytes = make_file();
    assert_ok(build(&bytes, 2, BYTES_MOST, &err));
    lk_bytes_release(&bytes);
}

/* Whatever is cut off or turned around ends in a picture of the error, never in a crash. */
static void test_damaged(void **state) {
    (void)state;
    lk_bytes bytes = make_file();
    size_t cut_refused = 0;
    for (size_t size = 0; size < bytes.size; size++) {
        lk_bytes cut = {.data = bytes.data, .size = size};
        lk_error err = {0};
        cut_refused += build(&cut, 1, BYTES_MOST, &err) != LK_OK;
    }
    assert_true(cut_refused >
                bytes.size / 2); /* what ends between two fields may still be a network */
    size_t refused = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t was = bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            lk_error err = {0};
            bytes.data[i] = (uint8_t)(was ^ 1 << bit);
            refused += build(&bytes, 1, BYTES_MOST, &err) != LK_OK;
        }
        bytes.data[i] = was;
    }
    print_message("%zu of %zu flipped bits refused\n", refused, 8 * bytes.size);
    assert_true(refused > 0);
    lk_bytes_release(&bytes);
}

static void test_memory(void **state) {
    (void)state;
    lk_error err;
    lk_bytes bytes = make_file();
    assert_refused(LK_E_LIMIT, build(&bytes, 1, 1000, &err));
    assert_string_equal(err.limit, "memory_bytes");
    assert_refused(LK_E_LIMIT, build(&bytes, 1000000000, BYTES_MOST, &err));
    lk_bytes_release(&bytes);
}

/* A graph of Identity nodes with what is wrong in it. */
static void refuse_graph(struct graph *g, lk_status expected, const char *words) {
    lk_error err;
    lk_bytes bytes;
    struct graph again;
    assert_ok(onnx_write(&bytes, g, &err));
    assert_refused(expected, onnx_read(&again, bytes.data, bytes.size, BYTES_MOST, &err));
    assert_says(&err, words);
    lk_bytes_release(&bytes);
    graph_release(g);
}

static void test_cycle(void **state) {
    (void)state;
    struct graph g = {0};
    int32_t in = add_value(&g, "in", TENSOR_F32, 1, (int64_t[]){4}, false);
    int32_t a = add_value(&g, "a", TENSOR_NONE, 0, NULL, false);
    int32_t b = add_value(&g, "b", TENSOR_NONE, 0, NULL, false);
    add_node(&g, "Add", "chicken", (int32_t[]){in, b}, 2, a);
    add_node(&g, "Relu", "egg", (int32_t[]){a}, 1, b);
    set_ends(&g, in, b);
    refuse_graph(&g, LK_E_CORRUPT, "node chicken (Add) stands in a cycle");
}

static void test_missing(void **state) {
    (void)state;
    struct graph g = {0};
    int32_t in = add_value(&g, "in", TENSOR_F32, 1, (int64_t[]){4}, false);
    int32_t nothing = add_value(&g, "weights", TENSOR_NONE, 0, NULL, false);
    int32_t out = add_value(&g, "out", TENSOR_NONE, 0, NULL, false);
    add_node(&g, "Add", "sum", (int32_t[]){in, nothing}, 2, out);
    set_ends(&g, in, out);
    refuse_graph(&g, LK_E_CORRUPT, "node sum (Add) uses 'weights', which nothing makes");
}

static void test_twice(void **state) {
    (void)state;
    struct graph g = {0};
    int32_t in = add_value(&g, "in", TENSOR_F32, 1, (int64_t[]){4}, false);
    int32_t out = add_value(&g, "out", TENSOR_NONE, 0, NULL, false);
    add_node(&g, "Relu", "one", &in, 1, out);
    add_node(&g, "Abs", "two", &in, 1, out);
    set_ends(&g, in, out);
    refuse_graph(&g, LK_E_CORRUPT, "node two (Abs) makes 'out', which is there already");
}

/* A small file whose steps would take gigabytes. */
static void test_many(void **state) {
    (void)state;
    struct graph g = {0};
    int32_t in = add_value(&g, "in", TENSOR_F32, 1, (int64_t[]){4}, false), out = in;
    for (int32_t i = 0; i < 20001; i++) {
        char name[16];
        int32_t from = out;
        snprintf(name, sizeof name, "v%d", i);
        out = add_value(&g, name, TENSOR_NONE, 0, NULL, false);
        add_node(&g, "Neg", "", &from, 1, out);
    }
    set_ends(&g, in, out);
    refuse_graph(&g, LK_E_LIMIT, "a network of 20001 nodes; at most 20000");
}

/* Nodes in the wrong order are put right: many writers do not keep to the standard's order. */
static void test_order(void **state) {
    (void)state;
    lk_error err;
    lk_bytes bytes;
    struct graph g = {0}, again;
    int32_t in = add_value(&g, "in", TENSOR_F32, 1, (int64_t[]){4}, false);
    int32_t a = add_value(&g, "a", TENSOR_NONE, 0, NULL, false);
    int32_t b = add_value(&g, "b", TENSOR_NONE, 0, NULL, false);
    add_node(&g, "Relu", "later", &a, 1, b);
    add_node(&g, "Abs", "sooner", &in, 1, a);
    set_ends(&g, in, b);
    assert_ok(onnx_write(&bytes, &g, &err));
    assert_ok(onnx_read(&again, bytes.data, bytes.size, BYTES_MOST, &err));
    assert_string_equal(again.nodes[0].name, "sooner");
    lk_bytes_release(&bytes);
    graph_release(&again);
    graph_release(&g);
}

/* A tensor that says it has 10^12 elements and brings none. */
static void test_huge(void **state) {
    (void)state;
    lk_error err;
    struct tensor t;
    const uint8_t message[] = {0x08, 0x80, 0xa0, 0x94, 0xa5,
                               0x8d, 0x1d, 0x10, 0x01}; /* dims 10^12, float */
    assert_refused(LK_E_LIMIT, onnx_read_tensor(&t, message, sizeof message, BYTES_MOST, &err));
    assert_says(&err, "1000000000000");
}

/* Messages in messages in messages: the reader's stack is bounded. */
static void test_nested(void **state) {
    (void)state;
    enum { DEPTH = 3000, SIZE = 8 * DEPTH };
    uint8_t *bytes = mem_alloc(SIZE, 1);
    size_t at = SIZE, size = 0;
    lk_error err;
    struct graph g;
    for (int i = 0; i < DEPTH;
         i++) { /* from the inside out: model.graph.node.attribute.g.node ... */
        static const uint8_t fields[] = {0x0a, 0x2a,
                                         0x32}; /* graph.node, node.attribute, attribute.g */
        size_t length = size;
        if (length >= 128) {
            bytes[--at] = (uint8_t)(length >> 7);
            bytes[--at] = (uint8_t)((length & 127) | 128);
        } else {
            bytes[--at] = (uint8_t)length;
        }
        bytes[--at] = fields[i % 3];
        size = SIZE - at;
        if (size > 16000) {
            break;
        }
    }
    assert_refused(LK_E_CORRUPT, onnx_read(&g, bytes + at, size, BYTES_MOST, &err));
    mem_free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_memory),  cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_twice),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_huge),    cmocka_unit_test(test_nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
