/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of two numbers, or of a list of them, with NumPy's broadcasting. Real types are computed in double and rounded
 * once, integers in 64 bits without a sign where they may overflow, so that nothing is undefined. */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "nn/op.h"

struct binary {
    double (*real)(double a, double b);     /* NULL: not for real types */
    int64_t (*whole)(int64_t a, int64_t b); /* NULL: not for integers */
    bool truth;                             /* the result is bool */
    bool divides;                           /* an integer b of zero is an error */
};

#define REAL(name, expression)                                                                     \
    static double real_##name(double a, double b) {                                                \
        return expression;                                                                         \
    }
#define WHOLE(name, expression)                                                                    \
    static int64_t whole_##name(int64_t a, int64_t b) {                                            \
        return (int64_t)(expression);                                                              \
    }

REAL(add, a + b)
REAL(sub, a - b)
REAL(mul, a *b)
REAL(div, a / b)
REAL(pow, pow(a, b))
REAL(mod, fmod(a, b))
REAL(max, isnan(a) || a > b ? a : b)
REAL(min, isnan(a) || a < b ? a : b)
REAL(equal, a <= b && a >= b)
REAL(greater, a > b)
REAL(less, a < b)
REAL(greater_equal, a >= b)
REAL(less_equal, a <= b)
REAL(prelu, a < 0 ? a * b : a)

WHOLE(add, (uint64_t)a + (uint64_t)b)
WHOLE(sub, (uint64_t)a - (uint64_t)b)
WHOLE(mul, (uint64_t)a *(uint64_t)b)
WHOLE(div, b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b)
WHOLE(max, a > b ? a : b)
WHOLE(min, a < b ? a : b)
WHOLE(equal, a == b)
WHOLE(greater, a > b)
WHOLE(less, a < b)
WHOLE(greater_equal, a >= b)
WHOLE(less_equal, a <= b)
WHOLE(and, (a != 0) & (b != 0))
WHOLE(or, (a != 0) | (b != 0))
WHOLE(xor, (a != 0) ^ (b != 0))
WHOLE(prelu, a < 0 ? (uint64_t)a * (uint64_t)b : (uint64_t)a)

/* By squaring; 1 / a^-b rounded towards zero where b is negative. */
static int64_t whole_pow(int64_t a, int64_t b) {
    if (b < 0) {
        return a == 1 ? 1 : a != -1 ? 0 : b % 2 == 0 ? 1 : -1;
    }
    uint64_t result = 1;
    for (uint64_t square = (uint64_t)a; b > 0; b /= 2, square *= square) {
        result *= b % 2 == 1 ? square : 1;
    }
    return (int64_t)result;
}

/* The nearest integer towards zero that there is; NaN is the smallest. */
static int64_t whole_of(double value) {
    return !(value > -0x1p63) ? INT64_MIN : value < 0x1p63 ? (int64_t)value : INT64_MAX;
}

/* The remainder with the sign of the divisor, as Python has it. */
static int64_t whole_mod(int64_t a, int64_t b) {
    int64_t r = b == -1 ? 0 : a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* With the sign of the dividend, as C has it: Mod's fmod=1. */
static int64_t whole_fmod(int64_t a, int64_t b) {
    return b == -1 ? 0 : a % b;
}

static bool is_real(enum tensor_type type) {
    return type == TENSOR_F32 || type == TENSOR_F64 || type == TENSOR_F16;
}

/* -- Broadcasting: how far an input moves for one step along each dimension of the output. -- */

struct stepping {
    int64_t steps[TENSOR_DIMS]; /* 0 where the input repeats */
};

static struct stepping stepping_of(const struct tensor *t, const struct tensor *y) {
    struct stepping s = {{0}};
    int64_t strides[TENSOR_DIMS];
    tensor_strides(t, strides);
    for (int32_t i = 0; i < t->rank; i++) {
        s.steps[y->rank - t->rank + i] = t->dims[i] == 1 ? 0 : strides[i];
    }
    return s;
}

/* Moves index and offsets to the next element of y. */
static void advance(const struct tensor *y, int64_t index[TENSOR_DIMS], const struct stepping *s,
                    int64_t *offsets, int32_t count) {
    for (int32_t d = y->rank - 1; d >= 0; d--) {
        index[d]++;
        for (int32_t k = 0; k < count; k++) {
            offsets[k] += s[k].steps[d];
        }
        if (index[d] < y->dims[d]) {
            return;
        }
        for (int32_t k = 0; k < count; k++) {
            offsets[k] -= s[k].steps[d] * y->dims[d];
        }
        index[d] = 0;
    }
}

static lk_status check_divisor(struct op_call *c, const struct binary *f, const struct tensor *b) {
    for (int64_t i = 0; f->divides && !is_real(b->type) && i < tensor_count(b); i++) {
        if (tensor_integer(b, i) == 0) {
            return op_wrong(c, "division of integers by zero");
        }
    }
    return LK_OK;
}

/* The operands' arithmetic: of a's type. */
static void apply(struct tensor *y, const struct binary *f, const struct tensor *a,
                  const struct tensor *b) {
    struct stepping s[2] = {stepping_of(a, y), stepping_of(b, y)};
    int64_t index[TENSOR_DIMS] = {0}, at[2] = {0}, count = tensor_count(y);
    bool real = is_real(a->type);
    for (int64_t i = 0; i < count; i++) {
        if (real) {
            tensor_set_number(y, i, f->real(tensor_number(a, at[0]), tensor_number(b, at[1])));
        } else {
            bool mixed = is_real(b->type); /* Pow */
            tensor_set_integer(
                y, i,
                mixed ? whole_of(f->real(tensor_number(a, at[0]), tensor_number(b, at[1])))
                      : f->whole(tensor_integer(a, at[0]), tensor_integer(b, at[1])));
        }
        advance(y, index, s, at, 2);
    }
}

static lk_status check_operand(struct op_call *c, const struct binary *f, int32_t i,
                               bool any_type) {
    const struct tensor *a = c->inputs[0], *t = op_input(c, i);
    if (!t) {
        return op_wrong(c, "input %d is missing", (int)i);
    }
    bool known = is_real(t->type) ? f->real != NULL : f->whole != NULL;
    if (!known) {
        return op_unsupported(c, "input %d of type %s", (int)i, tensor_type_name(t->type));
    }
    return any_type || t->type == a->type
               ? LK_OK
               : op_wrong(c, "operands of types %s and %s", tensor_type_name(a->type),
                          tensor_type_name(t->type));
}

/* Before operator set 7 an attribute said at which dimension of the first operand the second begins: NumPy's rule where that is so
 * that they end together. */
static lk_status check_old_axis(struct op_call *c) {
    bool old = c->opset < 7 && c->input_count == 2 && node_attribute(c->node, "axis");
    int64_t axis = op_int(c, "axis", 0), ends = c->inputs[0]->rank - (old ? c->inputs[1]->rank : 0);
    return !old || axis == ends || axis == -c->inputs[1]->rank
               ? LK_OK
               : op_unsupported(c, "broadcasting from axis %lld", (long long)axis);
}

static lk_status binary_shape(struct op_call *c) {
    const struct binary *f = c->node->op->family;
    bool power = strcmp(c->node->op->name, "Pow") == 0;
    struct tensor *y = &c->outputs[0];
    lk_status status = check_operand(c, f, 0, true);
    if (status == LK_OK) {
        *y = tensor_of(f->truth ? TENSOR_BOOL : c->inputs[0]->type, c->inputs[0]->rank,
                       c->inputs[0]->dims);
    }
    for (int32_t i = 1; status == LK_OK && i < c->input_count; i++) {
        status = check_operand(c, f, i, power);
        if (status == LK_OK) {
            status = op_broadcast(c, y, c->inputs[i]);
        }
    }
    return status == LK_OK ? check_old_axis(c) : status;
}

static lk_status binary_run(struct op_call *c) {
    const struct binary *f = c->node->op->family;
    lk_status status = check_divisor(c, f, c->inputs[1]);
    if (status == LK_OK) {
        apply(&c->outputs[0], f, c->inputs[0], c->inputs[1]);
    }
    return status;
}

/* PRelu before operator set 7: a list of slopes is one a channel, the second dimension. */
static struct tensor slopes_of(const struct op_call *c) {
    struct tensor slopes = *c->inputs[1];
    const struct tensor *x = c->inputs[0];
    if (c->opset < 7 && slopes.rank == 1 && x->rank > 1 && slopes.dims[0] == x->dims[1]) {
        slopes.rank = x->rank - 1;
        for (int32_t i = 1; i < slopes.rank; i++) {
            slopes.dims[i] = 1;
        }
    }
    return slopes;
}

static lk_status prelu_shape(struct op_call *c) {
    const struct binary *f = c->node->op->family;
    struct tensor slopes = slopes_of(c);
    lk_status status = check_operand(c, f, 0, true);
    if (status == LK_OK) {
        status = check_operand(c, f, 1, false);
    }
    struct tensor y = *c->inputs[0];
    if (status == LK_OK) {
        status = op_broadcast(c, &y, &slopes);
    }
    if (status == LK_OK && !tensor_same_shape(&y, c->inputs[0])) {
        status = op_wrong(c, "the slopes are larger than the input");
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status prelu_run(struct op_call *c) {
    struct tensor slopes = slopes_of(c);
    apply(&c->outputs[0], c->node->op->family, c->inputs[0], &slopes);
    return LK_OK;
}

/* -- Lists: the result so far is the left operand -- */

static void copy_broadcast(struct tensor *y, const struct tensor *x) {
    struct stepping s = stepping_of(x, y);
    int64_t index[TENSOR_DIMS] = {0}, at = 0, count = tensor_count(y);
    size_t size = tensor_type_size(x->type);
    for (int64_t i = 0; i < count; i++) {
        memcpy((uint8_t *)y->data + (size_t)i * size, (const uint8_t *)x->data + (size_t)at * size,
               size);
        advance(y, index, &s, &at, 1);
    }
}

static lk_status list_run(struct op_call *c) {
    const struct binary *f = c->node->op->family;
    struct tensor *y = &c->outputs[0];
    copy_broadcast(y, c->inputs[0]);
    for (int32_t i = 1; i < c->input_count; i++) {
        apply(y, f, y, c->inputs[i]);
    }
    return LK_OK;
}

static lk_status mean_run(struct op_call *c) {
    struct tensor *y = &c->outputs[0];
    lk_status status = list_run(c);
    for (int64_t i = 0; i < tensor_count(y); i++) {
        tensor_set_number(y, i, tensor_number(y, i) / c->input_count);
    }
    return status;
}

static lk_status mean_shape(struct op_call *c) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F64, TENSOR_NONE};
    lk_status status = op_types(c, 0, types);
    return status == LK_OK ? binary_shape(c) : status;
}

/* -- Mod, BitShift: an attribute decides -- */

static const struct binary mod_floor = {real_mod, whole_mod, false, true};
static const struct binary mod_truncate = {real_mod, whole_fmod, false, true};

static lk_status mod_run(struct op_call *c) {
    const struct binary *f = op_int(c, "fmod", 0) ? &mod_truncate : &mod_floor;
    lk_status status = check_divisor(c, f, c->inputs[1]);
    if (status == LK_OK) {
        apply(&c->outputs[0], f, c->inputs[0], c->inputs[1]);
    }
    return status;
}

static int64_t whole_left(int64_t a, int64_t b) {
    return b >= 0 && b < 64 ? (int64_t)((uint64_t)a << b) : 0;
}

static int64_t whole_right(int64_t a, int64_t b) {
    return b >= 0 && b < 64 ? (int64_t)((uint64_t)a >> b) : 0;
}

static const struct binary shift_left = {NULL, whole_left, false, false};
static const struct binary shift_right = {NULL, whole_right, false, false};

static lk_status shift_run(struct op_call *c) {
    bool left = strcmp(op_text(c, "direction", "RIGHT"), "LEFT") == 0;
    apply(&c->outputs[0], left ? &shift_left : &shift_right, c->inputs[0], c->inputs[1]);
    return LK_OK;
}

/* -- Where -- */

static lk_status where_shape(struct op_call *c) {
    static const enum tensor_type truth[] = {TENSOR_BOOL, TENSOR_NONE};
    lk_status status = op_types(c, 0, truth);
    if (status == LK_OK && c->inputs[1]->type != c->inputs[2]->type) {
        status = op_wrong(c, "operands of types %s and %s", tensor_type_name(c->inputs[1]->type),
                          tensor_type_name(c->inputs[2]->type));
    }
    struct tensor *y = &c->outputs[0];
    *y = tensor_of(c->inputs[1]->type, c->inputs[0]->rank, c->inputs[0]->dims);
    for (int32_t i = 1; status == LK_OK && i <= 2; i++) {
        status = op_broadcast(c, y, c->inputs[i]);
    }
    return status;
}

static lk_status where_run(struct op_call *c) {
    struct tensor *y = &c->outputs[0];
    struct stepping s[3];
    for (int32_t i = 0; i < 3; i++) {
        s[i] = stepping_of(c->inputs[i], y);
    }
    int64_t index[TENSOR_DIMS] = {0}, at[3] = {0}, count = tensor_count(y);
    size_t size = tensor_type_size(y->type);
    for (int64_t i = 0; i < count; i++) {
        int32_t k = ((const uint8_t *)c->inputs[0]->data)[at[0]] ? 1 : 2;
        memcpy((uint8_t *)y->data + (size_t)i * size,
               (const uint8_t *)c->inputs[k]->data + (size_t)at[k] * size, size);
        advance(y, index, s, at, 3);
    }
    return LK_OK;
}

/* clang-format off */
#define ROW(op, ...) {op, 2, 2, 1, 1, binary_shape, binary_run, &(const struct binary){.real = __VA_ARGS__}}
#define LIST(op, ...) {op, 1, OP_MANY, 1, 1, binary_shape, list_run, &(const struct binary){.real = __VA_ARGS__}}
/* clang-format on */

const struct op op_binary[] = {
    ROW("Add", real_add, whole_add),
    ROW("Sub", real_sub, whole_sub),
    ROW("Mul", real_mul, whole_mul),
    ROW("Div", real_div, whole_div, false, true),
    ROW("Pow", real_pow, whole_pow),
    {"PRelu", 2, 2, 1, 1, prelu_shape, prelu_run,
     &(const struct binary){.real = real_prelu, .whole = whole_prelu}},
    ROW("Equal", real_equal, whole_equal, true),
    ROW("Greater", real_greater, whole_greater, true),
    ROW("Less", real_less, whole_less, true),
    ROW("GreaterOrEqual", real_greater_equal, whole_greater_equal, true),
    ROW("LessOrEqual", real_less_equal, whole_less_equal, true),
    ROW("And", NULL, whole_and, true),
    ROW("Or", NULL, whole_or, true),
    ROW("Xor", NULL, whole_xor, true),
    LIST("Max", real_max, whole_max),
    LIST("Min", real_min, whole_min),
    LIST("Sum", real_add, whole_add),
    {"Mean", 1, OP_MANY, 1, 1, mean_shape, mean_run, &(const struct binary){.real = real_add}},
    {"Mod", 2, 2, 1, 1, binary_shape, mod_run, &mod_floor},
    {"BitShift", 2, 2, 1, 1, binary_shape, shift_run, &shift_left},
    {"Where", 3, 3, 1, 1, where_shape, where_run, NULL},
    OP_END,
};
