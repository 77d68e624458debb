/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of nn/ refuse what contradicts itself before they compute: a row a mistake. What they compute is held against the
 * official ONNX cases and PyTorch (tests/nn). */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/compiler.h"
#include "nn/op.h"

enum { INPUTS = 5, ATTRIBUTES = 3, OUTPUTS = 4 };

static float reals[64];
static int64_t wholes[64];

/* A tensor of type and shape; with `numbers` a constant. */
struct given {
    enum tensor_type type; /* TENSOR_NONE: left out */
    int32_t rank;
    int64_t dims[TENSOR_DIMS];
    void *numbers;
};

#define F32(...)                                                                                   \
    { TENSOR_F32, ARRAY_COUNT(((int64_t[]){__VA_ARGS__})), {__VA_ARGS__}, NULL }
#define I64(...)                                                                                   \
    { TENSOR_I64, ARRAY_COUNT(((int64_t[]){__VA_ARGS__})), {__VA_ARGS__}, NULL }
#define LIST(...)                                                                                  \
    {                                                                                              \
        TENSOR_I64, 1, {ARRAY_COUNT(((int64_t[]){__VA_ARGS__}))}, (int64_t[]) {                    \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define FLOATS(...)                                                                                \
    {                                                                                              \
        TENSOR_F32, 1, {ARRAY_COUNT(((float[]){__VA_ARGS__}))}, (float[]) {                        \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define NUMBER(text, value)                                                                        \
    { .name = (text), .kind = ATTRIBUTE_INT, .number = (value) }
#define NUMBERS(text, ...)                                                                         \
    {                                                                                              \
        .name = (text), .kind = ATTRIBUTE_INTS, .numbers = (int64_t[]){__VA_ARGS__},               \
        .count = ARRAY_COUNT(((int64_t[]){__VA_ARGS__}))                                           \
    }
#define TEXT(label, value)                                                                         \
    { .name = (label), .kind = ATTRIBUTE_TEXT, .text = (value) }

struct mistake {
    const char *op;
    lk_status status;
    const char *says; /* part of the error's text */
    struct given inputs[INPUTS];
    struct attribute attributes[ATTRIBUTES];
    int32_t opset; /* 0: 17 */
    bool runs;     /* the shape is right; the numbers are not */
};

/* op, status, says, inputs, attributes, opset, runs; the last may be left out. */
#define BAD(row, code, text, ...)                                                                  \
    { .op = (row), .status = (code), .says = (text), .inputs = __VA_ARGS__ }

static const int64_t huge = INT64_C(1) << 62; /* its product with 4 overflows */

/* Everything an op_call points to. */
struct stage {
    struct node node;
    struct tensor tensors[INPUTS], outputs[OUTPUTS];
    const struct tensor *inputs[INPUTS];
    struct op_call call;
};

static void stage_init(struct stage *s, const struct mistake *m, lk_error *err) {
    memset(s, 0, sizeof *s);
    s->node = (struct node){.op = op_find(m->op),
                            .attributes = (struct attribute *)(uintptr_t)m->attributes,
                            .output_count = 1};
    assert_non_null(s->node.op);
    while (s->node.attribute_count < ATTRIBUTES && m->attributes[s->node.attribute_count].name) {
        s->node.attribute_count++;
    }
    for (int32_t i = 0; i < INPUTS; i++) {
        const struct given *g = &m->inputs[i];
        s->tensors[i] = tensor_of(g->type, g->rank, g->dims);
        s->tensors[i].data = g->numbers;
        s->inputs[i] = g->type == TENSOR_NONE ? NULL : &s->tensors[i];
        s->node.input_count = s->inputs[i] ? i + 1 : s->node.input_count;
    }
    s->call = (struct op_call){.node = &s->node,
                               .opset = m->opset ? m->opset : 17,
                               .inputs = s->inputs,
                               .input_count = s->node.input_count,
                               .outputs = s->outputs,
                               .output_count = MAX(1, s->node.op->least_outputs),
                               .err = err};
}

static void check_mistake(const struct mistake *m) {
    struct stage s;
    lk_error err = {0};
    char name[] = "here";
    stage_init(&s, m, &err);
    s.node.name = name;
    lk_status status = s.node.op->shape(&s.call);
    if (m->runs) {
        assert_int_equal(status, LK_OK);
        for (int32_t i = 0; i < INPUTS; i++) {
            if (s.inputs[i] && !s.tensors[i].data) {
                s.tensors[i].data = s.tensors[i].type == TENSOR_F32 ? (void *)reals : wholes;
            }
        }
        for (int32_t i = 0; i < s.call.output_count; i++) {
            assert_ok(tensor_alloc(&s.outputs[i], &err));
        }
        status = s.node.op->run(&s.call);
    }
    for (int32_t i = 0; i < OUTPUTS; i++) {
        tensor_release(&s.outputs[i]);
    }
    if (status != m->status || !strstr(err.text, m->says) || !strstr(err.text, "node here")) {
        fail_msg("%s: status %d, '%s' does not say '%s'", m->op, status, err.text, m->says);
    }
}

static void check_mistakes(const struct mistake *mistakes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_mistake(&mistakes[i]);
    }
}

/* clang-format off */
static void places_and_updates(void **state) {
    (void)state;
    const struct mistake mistakes[] = {
        BAD("GatherND", LK_E_CORRUPT, "indices of 3 dimensions", {F32(2, 2), I64(4, 3)}),
        BAD("GatherND", LK_E_CORRUPT, "indices of 0 dimensions", {F32(2, 2), I64(4, 0)}),
        BAD("GatherND", LK_E_CORRUPT, "a batch of 2", {F32(2, 2), I64(2, 2)}, {NUMBER("batch_dims", 2)}),
        BAD("GatherND", LK_E_CORRUPT, "a batch of -1", {F32(2, 2), I64(2, 2)}, {NUMBER("batch_dims", -1)}),
        BAD("GatherND", LK_E_CORRUPT, "indices of", {F32(2, 2, 2), I64(3, 1)}, {NUMBER("batch_dims", 1)}),
        BAD("GatherND", LK_E_FORMAT, "float32", {F32(2, 2), F32(2, 1)}),
        BAD("GatherND", LK_E_CORRUPT, "index 2 of 2", {F32(2, 2), {TENSOR_I64, 2, {1, 1}, (int64_t[]){2}}}, {{0}}, 0, true),
        BAD("GatherND", LK_E_CORRUPT, "of 2", {F32(2, 2), {TENSOR_I64, 2, {1, 1}, (int64_t[]){INT64_MIN}}}, {{0}}, 0, true),
        BAD("GatherND", LK_E_FORMAT, "more than 12", {F32(1, 1, 1, 1, 1, 1, 1, 1), I64(1, 1, 1, 1, 1, 1, 1)}),
        BAD("ScatterND", LK_E_CORRUPT, "updates do not fit", {F32(4, 3), I64(2, 1), F32(2, 2)}),
        BAD("ScatterND", LK_E_CORRUPT, "updates do not fit", {F32(4, 3), I64(2, 1), I64(2, 3)}),
        BAD("ScatterND", LK_E_FORMAT, "reduction mean", {F32(4, 3), I64(2, 1), F32(2, 3)}, {TEXT("reduction", (char[]){"mean"})}),
        BAD("ScatterND", LK_E_CORRUPT, "index 4 of 4", {F32(4, 3), {TENSOR_I64, 2, {1, 1}, (int64_t[]){4}}, F32(1, 3)},
            {{0}}, 0, true),
        BAD("ScatterElements", LK_E_CORRUPT, "updates do not fit", {F32(4, 3), I64(2, 4), F32(2, 4)}),
        BAD("ScatterElements", LK_E_CORRUPT, "updates do not fit", {F32(4, 3), I64(2, 3), F32(2, 2)}),
        BAD("ScatterElements", LK_E_CORRUPT, "axis 2", {F32(4, 3), I64(2, 3), F32(2, 3)}, {NUMBER("axis", 2)}),
        BAD("ScatterElements", LK_E_CORRUPT, "index -5 of 4", {F32(4), LIST(-5), F32(1)}, {{0}}, 0, true),
    };
    check_mistakes(mistakes, ARRAY_COUNT(mistakes));
}

static void lines(void **state) {
    (void)state;
    const struct mistake mistakes[] = {
        BAD("TopK", LK_E_CORRUPT, "the first 5 of 4", {F32(3, 4), LIST(5)}),
        BAD("TopK", LK_E_CORRUPT, "the first -1 of 4", {F32(3, 4), LIST(-1)}),
        BAD("TopK", LK_E_CORRUPT, "the first -1 of 4", {F32(3, 4), LIST(1, 1)}),
        BAD("TopK", LK_E_FORMAT, "must be a constant", {F32(3, 4), I64(1)}),
        BAD("TopK", LK_E_CORRUPT, "the first -1", {F32(3, 4)}, {{0}}, 9),
        BAD("TopK", LK_E_CORRUPT, "axis 0 of a tensor of 0", {{TENSOR_F32, 0, {0}, NULL}, LIST(1)}, {NUMBER("axis", 0)}),
        BAD("Compress", LK_E_FORMAT, "must be a constant", {F32(4), {TENSOR_BOOL, 1, {4}, NULL}}),
        BAD("Compress", LK_E_CORRUPT, "a condition of 5 for 4", {F32(4), {TENSOR_BOOL, 1, {5}, wholes}}),
        BAD("Compress", LK_E_FORMAT, "int64", {F32(4), LIST(1)}),
        BAD("OneHot", LK_E_CORRUPT, "-1 classes", {I64(3), LIST(-1), FLOATS(0, 1)}),
        BAD("OneHot", LK_E_CORRUPT, "classes", {I64(3), FLOATS(NAN), FLOATS(0, 1)}),
        BAD("OneHot", LK_E_CORRUPT, "classes", {I64(3), LIST(huge), FLOATS(0, 1)}),
        BAD("OneHot", LK_E_CORRUPT, "3 values", {I64(3), LIST(4), FLOATS(0, 1, 2)}),
        BAD("OneHot", LK_E_CORRUPT, "axis 2", {I64(3), LIST(4), FLOATS(0, 1)}, {NUMBER("axis", 2)}),
        BAD("OneHot", LK_E_FORMAT, "more than 12", {I64(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), LIST(4), FLOATS(0, 1)}),
        BAD("CumSum", LK_E_CORRUPT, "2 axes", {F32(3, 4), LIST(0, 1)}),
        BAD("CumSum", LK_E_CORRUPT, "axis 2", {F32(3, 4), LIST(2)}, {{0}}, 0, true),
        BAD("ReverseSequence", LK_E_CORRUPT, "batch axis 1 and time axis 1", {F32(3, 4), I64(4)}, {NUMBER("time_axis", 1)}),
        BAD("ReverseSequence", LK_E_CORRUPT, "3 lengths for a batch of 4", {F32(3, 4), I64(3)}),
        BAD("ReverseSequence", LK_E_CORRUPT, "a sequence of 4 of 3", {F32(3, 1), LIST(4)}, {{0}}, 0, true),
        BAD("LpNormalization", LK_E_CORRUPT, "order 3", {F32(3, 4)}, {NUMBER("p", 3)}),
        BAD("MeanVarianceNormalization", LK_E_CORRUPT, "axis 3", {F32(3, 4, 5)}),
    };
    check_mistakes(mistakes, ARRAY_COUNT(mistakes));
}

static void matrices_and_samples(void **state) {
    (void)state;
    const struct mistake mistakes[] = {
        BAD("Trilu", LK_E_CORRUPT, "1 dimensions", {F32(3)}),
        BAD("Trilu", LK_E_CORRUPT, "2 dimensions", {F32(3, 3), LIST(1, 2)}),
        BAD("EyeLike", LK_E_FORMAT, "dtype 8", {F32(3, 3)}, {NUMBER("dtype", 8)}),
        BAD("EyeLike", LK_E_FORMAT, "dtype", {F32(3, 3)}, {NUMBER("dtype", huge)}),
        BAD("EyeLike", LK_E_CORRUPT, "3 dimensions", {F32(3, 3, 3)}),
        BAD("Det", LK_E_CORRUPT, "not square", {F32(2, 3)}),
        BAD("GridSample", LK_E_CORRUPT, "does not fit", {F32(1, 2, 3, 3), F32(2, 4, 4, 2)}),
        BAD("GridSample", LK_E_CORRUPT, "does not fit", {F32(1, 2, 3, 3), F32(1, 4, 4, 3)}),
        BAD("GridSample", LK_E_CORRUPT, "does not fit", {F32(1, 2, 0, 3), F32(1, 4, 4, 2)}),
        BAD("GridSample", LK_E_FORMAT, "5 dimensions", {F32(1, 2, 3, 3, 3), F32(1, 4, 4, 4, 3)}),
        BAD("GridSample", LK_E_FORMAT, "mode cubic", {F32(1, 2, 3, 3), F32(1, 4, 4, 2)}, {TEXT("mode", (char[]){"cubic"})}),
        BAD("RoiAlign", LK_E_CORRUPT, "do not fit", {F32(1, 2, 8, 8), F32(3, 5), I64(3)}),
        BAD("RoiAlign", LK_E_CORRUPT, "do not fit", {F32(1, 2, 8, 8), F32(3, 4), I64(2)}),
        BAD("RoiAlign", LK_E_CORRUPT, "do not fit", {F32(1, 2, 8, 0), F32(3, 4), I64(3)}),
        BAD("RoiAlign", LK_E_FORMAT, "mode max", {F32(1, 2, 8, 8), F32(3, 4), I64(3)}, {TEXT("mode", (char[]){"max"})}),
        BAD("RoiAlign", LK_E_CORRUPT, "an output of 0", {F32(1, 2, 8, 8), F32(3, 4), I64(3)}, {NUMBER("output_width", 0)}),
        BAD("RoiAlign", LK_E_CORRUPT, "places", {F32(1, 2, 8, 8), F32(3, 4), I64(3)}, {NUMBER("sampling_ratio", 1 << 20)}),
        BAD("RoiAlign", LK_E_CORRUPT, "of picture 1", {F32(1, 1, 2, 2), F32(1, 4), LIST(1)}, {{0}}, 0, true),
        BAD("RoiAlign", LK_E_CORRUPT, "a box from",
            {F32(1, 1, 2, 2), {TENSOR_F32, 2, {1, 4}, (float[]){0, 0, NAN, 1}}, LIST(0)}, {{0}}, 0, true),
        BAD("RoiAlign", LK_E_CORRUPT, "a box from",
            {F32(1, 1, 2, 2), {TENSOR_F32, 2, {1, 4}, (float[]){0, 0, 1e9f, 1}}, LIST(0)}, {{0}}, 0, true),
    };
    check_mistakes(mistakes, ARRAY_COUNT(mistakes));
}

static void sizes(void **state) {
    (void)state;
    const struct mistake mistakes[] = {
        BAD("Resize", LK_E_FORMAT, "neither or both", {F32(1, 1, 4, 4)}),
        BAD("Resize", LK_E_CORRUPT, "3 numbers, not 4", {F32(1, 1, 4, 4), {0}, FLOATS(1, 1, 2)}),
        BAD("Resize", LK_E_CORRUPT, "is to be -8", {F32(1, 1, 4, 4), {0}, FLOATS(1, 1, -2, 2)}),
        BAD("Resize", LK_E_CORRUPT, "is to be", {F32(1, 1, 4, 4), {0}, FLOATS(1, 1, NAN, 2)}),
        BAD("Resize", LK_E_CORRUPT, "is to be", {F32(1, 1, 4, 4), {0}, {0}, LIST(1, 1, huge, 4)}),
        BAD("Resize", LK_E_CORRUPT, "an empty input", {F32(1, 1, 0, 4), {0}, {0}, LIST(1, 1, 4, 4)}),
        BAD("Resize", LK_E_CORRUPT, "named twice", {F32(1, 1, 4, 4), {0}, {0}, LIST(4, 4)}, {NUMBERS("axes", 2, -2)}, 18),
        BAD("Resize", LK_E_CORRUPT, "axis 4", {F32(1, 1, 4, 4), {0}, {0}, LIST(4, 4)}, {NUMBERS("axes", 2, 4)}, 18),
        BAD("Resize", LK_E_FORMAT, "antialias", {F32(1, 1, 4, 4), {0}, {0}, LIST(1, 1, 2, 2)),
         {NUMBER("antialias", 1), TEXT("mode", (char[]){"linear"})}, 18},
        BAD("Resize", LK_E_FORMAT, "keep_aspect_ratio_policy fill", {F32(1, 1, 4, 4), {0}, {0}, LIST(1, 1, 2, 2)),
         {TEXT("keep_aspect_ratio_policy", (char[]){"fill"})}, 18},
        BAD("Resize", LK_E_FORMAT, "must be a constant", {F32(1, 1, 4, 4), {0}, {0}, I64(4)}),
        BAD("Pad", LK_E_CORRUPT, "is padded by", {F32(4), LIST(INT64_MIN, INT64_MAX)}),
        BAD("Pad", LK_E_CORRUPT, "is padded by", {F32(4), LIST(-3, -2)}),
        BAD("Pad", LK_E_CORRUPT, "is padded by", {F32(4), LIST(4, 0)}, {TEXT("mode", (char[]){"reflect"})}),
        BAD("Pad", LK_E_FORMAT, "mode mirror", {F32(4), LIST(1, 0)}, {TEXT("mode", (char[]){"mirror"})}),
        BAD("Pad", LK_E_CORRUPT, "3 pads", {F32(4), LIST(1, 0, 1)}),
        BAD("Split", LK_E_CORRUPT, "the parts are 3", {F32(4), LIST(3)}),
        BAD("Slice", LK_E_CORRUPT, "a step of 0", {F32(4), LIST(0), LIST(4), LIST(0), LIST(0)}),
        BAD("Slice", LK_E_CORRUPT, "named twice", {F32(4, 4), LIST(0, 0), LIST(4, 4), LIST(0, 0)}),
        BAD("Tile", LK_E_CORRUPT, "repeats", {F32(4), LIST(huge)}),
        BAD("Reshape", LK_E_CORRUPT, "4 elements do not fit", {F32(4), LIST(3)}),
        BAD("Reshape", LK_E_CORRUPT, "do not fit", {F32(4), LIST(huge, 4, 4)}),
        BAD("Reshape", LK_E_CORRUPT, "is to be -1", {F32(4), LIST(-1, -1)}),
        BAD("ConstantOfShape", LK_E_CORRUPT, "not a tensor of one number", {LIST(3)}, {NUMBER("value", 1)}),
        BAD("Range", LK_E_CORRUPT, "a range of", {FLOATS(0), FLOATS(1), FLOATS(0)}),
        BAD("DepthToSpace", LK_E_FORMAT, "mode RCD", {F32(1, 4, 2, 2)}, {NUMBER("blocksize", 2), TEXT("mode", (char[]){"RCD"})}),
        BAD("DepthToSpace", LK_E_CORRUPT, "blocks of 0", {F32(1, 4, 2, 2)}),
        BAD("ConvTranspose", LK_E_CORRUPT, "an output of", {F32(1, 1, 4), F32(1, 1, 3)}, {NUMBERS("output_shape", INT64_MIN)}),
        BAD("MaxPool", LK_E_CORRUPT, "kernel_shape is missing", {F32(1, 1, 4, 4)}),
        BAD("MaxPool", LK_E_CORRUPT, "strides is 0", {F32(1, 1, 4, 4)}, {NUMBERS("kernel_shape", 2, 2), NUMBERS("strides", 1, 0)}),
    };
    check_mistakes(mistakes, ARRAY_COUNT(mistakes));
}
/* clang-format on */

/* Every row has what the functions that call it rely on. */
static void table(void **state) {
    (void)state;
    for (size_t i = 0; i < op_count(); i++) {
        const struct op *op = op_at(i);
        assert_ptr_equal(op_find(op->name), op);
        assert_non_null(op->shape);
        assert_non_null(op->run);
        assert_true(op->least_inputs >= 0 && op->least_inputs <= op->most_inputs);
        assert_true(op->least_outputs >= 1 && op->least_outputs <= op->most_outputs);
    }
    assert_null(op_at(op_count()));
    assert_null(op_find("NonZero"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_and_updates),
        cmocka_unit_test(lines),
        cmocka_unit_test(matrices_and_samples),
        cmocka_unit_test(sizes),
        cmocka_unit_test(table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
