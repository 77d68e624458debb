/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear and DequantizeLinear by themselves, and where the bytes between them lie. */
#include "nn/onednn_int8.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/byte_loops.h"

enum { SIGN = 128 };

bool step_size_of(struct step_size *out, const struct lowering *l, const struct node *node,
                  enum tensor_type type) {
    const struct tensor *scale = lower_tensor(l, node->inputs[1]);
    bool has_zero = node->input_count > 2 && node->inputs[2] >= 0;
    const struct tensor *zero = has_zero ? lower_tensor(l, node->inputs[2]) : NULL;
    bool known = scale->data && tensor_count(scale) == 1 &&
                 (!zero || (zero->data && tensor_count(zero) == 1)) &&
                 (type == TENSOR_U8 || type == TENSOR_I8);
    if (!known) {
        return false;
    }
    out->scale = *(const float *)scale->data;
    out->zero = (zero ? (int32_t)tensor_integer(zero, 0) : 0) + (type == TENSOR_I8 ? SIGN : 0);
    return out->scale > 0 && isfinite(out->scale);
}

/* -- Single steps: bytes and floats in the same layout, element by element -- */

struct byte_step {
    size_t count; /* elements, padding of the layout included */
    struct step_size size;
};

static lk_status dequantize_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)err;
    const struct byte_step *b = s->state;
    bytes_to_floats(plan_data(plan, s->buffers[1]), plan_data(plan, s->buffers[0]), b->count,
                    b->size.scale, b->size.zero);
    return LK_OK;
}

static lk_status quantize_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)err;
    const struct byte_step *b = s->state;
    floats_to_bytes(plan_data(plan, s->buffers[1]), plan_data(plan, s->buffers[0]), b->count,
                    b->size.scale, b->size.zero);
    return LK_OK;
}

static lk_status turn_sign_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)err;
    const struct byte_step *b = s->state;
    bytes_turn(plan_data(plan, s->buffers[1]), plan_data(plan, s->buffers[0]), b->count);
    return LK_OK;
}

static lk_status add_byte_step(struct lowering *l, struct byte_step **state, const char *kind,
                               const char *label,
                               lk_status (*run)(struct step *, struct plan *, lk_error *),
                               int32_t from, int32_t to, size_t count) {
    struct byte_step *b = mem_calloc(1, sizeof *b);
    if (!b) {
        return error_memory(l->err, sizeof *b);
    }
    b->count = count;
    *state = b;
    struct step step = {.kind = kind, .label = label, .state = b, .run = run, .release = mem_free};
    return plan_add_step(l->plan, &step, &from, 1, &to, 1, l->err);
}

/* The same layout for another type. */
static dnnl_memory_desc_t as_type(const dnnl_memory_desc_t *md, dnnl_data_type_t type) {
    dnnl_memory_desc_t out = *md;
    out.data_type = type;
    return out;
}

/* -- Where the bytes of a quantised value lie -- */

lk_status define_bytes(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                       int32_t *buffer) {
    lk_status status = plan_add_buffer(buffer, l->plan, onednn_size(l->d, md), NULL, l->err);
    if (status == LK_OK) {
        l->placed[value].bytes = *buffer;
        l->placed[value].bytes_md = *md;
    }
    return status;
}

/* From a tensor as the model has it, row-major. */
static lk_status bytes_from_plain(struct lowering *l, int32_t value) {
    const struct tensor *t = lower_tensor(l, value);
    struct tensor bytes = tensor_of(TENSOR_U8, t->rank, t->dims);
    dnnl_memory_desc_t md;
    struct byte_step *b;
    int32_t plain, buffer;
    lk_status status = lower_plain(l, value, &plain);
    if (status == LK_OK) {
        status = onednn_plain(l->d, &md, &bytes, l->err);
    }
    if (status == LK_OK && t->type == TENSOR_U8) {
        l->placed[value].bytes = plain;
        l->placed[value].bytes_md = md;
        return LK_OK;
    }
    if (status == LK_OK) {
        status = define_bytes(l, value, &md, &buffer);
    }
    return status == LK_OK ? add_byte_step(l, &b, "bytes", l->g->values[value].name, turn_sign_run,
                                           plain, buffer, tensor_bytes(t))
                           : status;
}

lk_status bytes_at(struct lowering *l, int32_t value) {
    return l->placed[value].bytes >= 0 ? LK_OK : bytes_from_plain(l, value);
}

/* The buffer with the bytes in another layout. */
lk_status bytes_as(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                   int32_t *buffer) {
    struct placed *p = &l->placed[value];
    if (onednn_same(l->d, &p->bytes_md, md)) {
        *buffer = p->bytes;
        return LK_OK;
    }
    lk_status status = plan_add_buffer(buffer, l->plan, onednn_size(l->d, md), NULL, l->err);
    return status == LK_OK ? lower_reorder(l, value, &p->bytes_md, p->bytes, md, *buffer) : status;
}

/* Back to the tensor of the model, for what reads it as such. */
lk_status lower_plain_from_bytes(struct lowering *l, int32_t value) {
    const struct tensor *t = lower_tensor(l, value);
    struct tensor bytes = tensor_of(TENSOR_U8, t->rank, t->dims);
    dnnl_memory_desc_t md;
    struct byte_step *b;
    int32_t plain, turned;
    lk_status status = onednn_plain(l->d, &md, &bytes, l->err);
    if (status == LK_OK) {
        status = bytes_as(l, value, &md, &plain);
    }
    if (status != LK_OK || t->type == TENSOR_U8) {
        l->placed[value].plain = status == LK_OK ? plain : -1;
        return status;
    }
    status = plan_add_buffer(&turned, l->plan, tensor_bytes(t), NULL, l->err);
    if (status == LK_OK) {
        l->placed[value].plain = turned;
        status = add_byte_step(l, &b, "int8", l->g->values[value].name, turn_sign_run, plain,
                               turned, tensor_bytes(t));
    }
    return status;
}

/* -- The two nodes by themselves -- */

bool lower_defers(const struct lowering *l, const struct node *node) {
    struct step_size size;
    return l->d && strcmp(node->op->name, "DequantizeLinear") == 0 &&
           lower_tensor(l, node->inputs[0])->rank > 0 &&
           tensor_count(lower_tensor(l, node->inputs[0])) > 0 &&
           step_size_of(&size, l, node, lower_tensor(l, node->inputs[0])->type);
}

lk_status lower_dequantize(struct lowering *l, const struct node *node) {
    int32_t q = node->inputs[0], y = node->outputs[0], buffer;
    struct step_size size;
    struct byte_step *b;
    lk_status status = bytes_at(l, q);
    if (status != LK_OK || !step_size_of(&size, l, node, lower_tensor(l, q)->type)) {
        return status;
    }
    dnnl_memory_desc_t md = as_type(&l->placed[q].bytes_md, dnnl_f32);
    status = lower_define(l, y, &md, &buffer);
    if (status == LK_OK) {
        status = add_byte_step(l, &b, node->op->name, node->name, dequantize_run,
                               l->placed[q].bytes, buffer, onednn_size(l->d, &md) / sizeof(float));
    }
    if (status == LK_OK) {
        b->size = size;
    }
    return status;
}

lk_status lower_quantize(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    const struct tensor *x = lower_tensor(l, node->inputs[0]);
    struct step_size size;
    if (x->type != TENSOR_F32 || x->rank == 0 || x->rank > 5 || tensor_count(x) == 0 ||
        !step_size_of(&size, l, node, lower_tensor(l, node->outputs[0])->type)) {
        return LK_OK;
    }
    dnnl_memory_desc_t from;
    struct byte_step *b;
    int32_t source, buffer;
    lk_status status = lower_at(l, node->inputs[0], &from, &source);
    dnnl_memory_desc_t md = as_type(&from, dnnl_u8);
    if (status == LK_OK) {
        status = define_bytes(l, node->outputs[0], &md, &buffer);
    }
    if (status == LK_OK) {
        *done = true;
        status = add_byte_step(l, &b, node->op->name, node->name, quantize_run, source, buffer,
                               onednn_size(l->d, &md));
    }
    if (status == LK_OK) {
        b->size = size;
    }
    return status;
}
