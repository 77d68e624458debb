/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/onednn.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const onednn_names[] = {LIBRARY_NAMES(ONEDNN_CALLS)};
static const char *const openmp_names[] = {LIBRARY_NAMES(OPENMP_CALLS)};

static lk_status version_of_onednn(char *out, size_t size, lk_error *err) {
    struct onednn d = {0};
    lk_status status = library_open(&d.library, &d.lib, onednn_names, ARRAY_COUNT(onednn_names),
                                    library_onednn.soname, err);
    if (status == LK_OK) {
        const dnnl_version_t *v = d.lib.dnnl_version();
        snprintf(out, size, "%d.%d.%d", v->major, v->minor, v->patch);
        library_close(d.library);
    }
    return status;
}

const struct library_row library_onednn = {
    .soname = "libdnnl.so.2",
    .task = "networks: embeddings, classes, training",
    .version = version_of_onednn,
};

/* Compiled code for primitives is kept for networks made again, of one or two batch sizes. */
enum { CACHED_PRIMITIVES = 512 };

static dnnl_cpu_isa_t isa_of(enum cpu_level cpu) {
    switch (cpu) {
    case CPU_C: return dnnl_cpu_isa_sse41;
    case CPU_AVX2: return dnnl_cpu_isa_avx2;
    default: return dnnl_cpu_isa_all;
    }
}

lk_status onednn_status(dnnl_status_t code, const char *what, lk_error *err) {
    if (code == dnnl_success) {
        return LK_OK;
    }
    if (code == dnnl_out_of_memory) {
        return error_set(err, LK_E_MEMORY, "oneDNN had no memory for %s", what);
    }
    return error_set(err, LK_E_FORMAT, "oneDNN cannot do %s (status %d)", what, (int)code);
}

void onednn_threads(struct onednn *d, int32_t threads) {
    d->omp.omp_set_num_threads(threads);
}

lk_status onednn_open(struct onednn **out, enum cpu_level cpu, int32_t threads, lk_error *err) {
    *out = NULL;
    struct onednn *d = mem_calloc(1, sizeof *d);
    if (!d) {
        return error_memory(err, sizeof *d);
    }
    lk_status status = library_open(&d->library, &d->lib, onednn_names, ARRAY_COUNT(onednn_names),
                                    library_onednn.soname, err);
    if (status == LK_OK) {
        status = library_open(&d->openmp, &d->omp, openmp_names, ARRAY_COUNT(openmp_names),
                              "libgomp.so.1", err);
    }
    if (status == LK_OK) {
        d->lib.dnnl_set_max_cpu_isa(
            isa_of(cpu)); /* refused once code has been made: then it stays */
        d->lib.dnnl_set_primitive_cache_capacity(CACHED_PRIMITIVES);
        onednn_threads(d, threads);
        status =
            onednn_status(d->lib.dnnl_engine_create(&d->engine, dnnl_cpu, 0), "an engine", err);
    }
    if (status == LK_OK) {
        status = onednn_status(
            d->lib.dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags), "a stream",
            err);
    }
    if (status != LK_OK) {
        onednn_close(d);
        return status;
    }
    *out = d;
    return LK_OK;
}

void onednn_close(struct onednn *d) {
    if (!d) {
        return;
    }
    if (d->stream) {
        d->lib.dnnl_stream_destroy(d->stream);
    }
    if (d->engine) {
        d->lib.dnnl_engine_destroy(d->engine);
    }
    /* The libraries stay open: OpenMP's threads outlive the call that made them, and unloading their code would end the process. */
    mem_free(d);
}

/* -- Layouts -- */

dnnl_data_type_t onednn_type(enum tensor_type type) {
    switch (type) {
    case TENSOR_F32: return dnnl_f32;
    case TENSOR_I32: return dnnl_s32;
    case TENSOR_I8: return dnnl_s8;
    case TENSOR_U8: return dnnl_u8;
    default: return dnnl_data_type_undef;
    }
}

lk_status onednn_plain(struct onednn *d, dnnl_memory_desc_t *out, const struct tensor *t,
                       lk_error *err) {
    /* A scalar is a vector of one: oneDNN takes zero dimensions for no tensor at all. */
    struct tensor shaped = *t;
    if (t->rank == 0) {
        shaped.rank = 1;
        shaped.dims[0] = 1;
    }
    dnnl_dims_t strides;
    tensor_strides(&shaped, strides);
    return onednn_status(d->lib.dnnl_memory_desc_init_by_strides(out, shaped.rank, shaped.dims,
                                                                 onednn_type(t->type), strides),
                         "a layout", err);
}

lk_status onednn_any(struct onednn *d, dnnl_memory_desc_t *out, const struct tensor *t,
                     lk_error *err) {
    return onednn_status(d->lib.dnnl_memory_desc_init_by_tag(
                             out, t->rank, t->dims, onednn_type(t->type), dnnl_format_tag_any),
                         "a layout", err);
}

bool onednn_same(struct onednn *d, const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
    return d->lib.dnnl_memory_desc_equal(a, b) != 0;
}

size_t onednn_size(struct onednn *d, const dnnl_memory_desc_t *md) {
    return d->lib.dnnl_memory_desc_get_size(md);
}

struct tag_row {
    const char *name;
    dnnl_format_tag_t tags[3]; /* for 3, 4 and 5 dimensions */
};

static const struct tag_row tag_table[] = {
    {"plain", {dnnl_abc, dnnl_abcd, dnnl_abcde}},
    {"channels last", {dnnl_acb, dnnl_acdb, dnnl_acdeb}},
    {"blocks of 16", {dnnl_aBc16b, dnnl_aBcd16b, dnnl_aBcde16b}},
    {"blocks of 8", {dnnl_aBc8b, dnnl_aBcd8b, dnnl_aBcde8b}},
};

static const struct tag_row *find_tag(struct onednn *d, const dnnl_memory_desc_t *md) {
    for (size_t i = 0; md->ndims >= 3 && md->ndims <= 5 && i < ARRAY_COUNT(tag_table); i++) {
        dnnl_memory_desc_t known;
        dnnl_status_t code = d->lib.dnnl_memory_desc_init_by_tag(
            &known, md->ndims, md->dims, md->data_type, tag_table[i].tags[md->ndims - 3]);
        if (code == dnnl_success && onednn_same(d, &known, md)) {
            return &tag_table[i];
        }
    }
    return NULL;
}

const char *onednn_tag_name(struct onednn *d, const dnnl_memory_desc_t *md) {
    const struct tag_row *row = find_tag(d, md);
    return row ? row->name : md->ndims < 3 ? "plain" : "other";
}

bool onednn_like(struct onednn *d, dnnl_memory_desc_t *out, const struct tensor *t,
                 const dnnl_memory_desc_t *like) {
    const struct tag_row *row = find_tag(d, like);
    return row && t->rank == like->ndims &&
           d->lib.dnnl_memory_desc_init_by_tag(out, t->rank, t->dims, onednn_type(t->type),
                                               row->tags[t->rank - 3]) == dnnl_success;
}

/* -- Primitives -- */

static dnnl_status_t append(struct onednn *d, dnnl_post_ops_t list, const struct post_op *op) {
    switch (op->kind) {
    case POST_ELTWISE:
        return d->lib.dnnl_post_ops_append_eltwise(list, 1.0f, op->algorithm, op->alpha, op->beta);
    case POST_SUM:
        return op->zero == 0 ? d->lib.dnnl_post_ops_append_sum(list, op->alpha)
                             : d->lib.dnnl_post_ops_append_sum_v3(list, op->alpha, op->zero,
                                                                  dnnl_data_type_undef);
    default: return d->lib.dnnl_post_ops_append_binary(list, op->algorithm, &op->other);
    }
}

static dnnl_status_t set_attributes(struct onednn *d, dnnl_primitive_attr_t attr,
                                    const struct post_ops *post) {
    dnnl_status_t code =
        d->lib.dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (code != dnnl_success || !post) {
        return code;
    }
    dnnl_post_ops_t list;
    code = d->lib.dnnl_post_ops_create(&list);
    if (code != dnnl_success) {
        return code;
    }
    for (int32_t i = 0; code == dnnl_success && i < post->count; i++) {
        code = append(d, list, &post->ops[i]);
    }
    if (code == dnnl_success) {
        code = d->lib.dnnl_primitive_attr_set_post_ops(attr, list);
    }
    d->lib.dnnl_post_ops_destroy(list);
    if (code == dnnl_success && post->output_scales) {
        int mask = post->output_scale_count > 1 ? 1 << 1 : 0;
        code = d->lib.dnnl_primitive_attr_set_output_scales(attr, post->output_scale_count, mask,
                                                            post->output_scales);
    }
    for (int32_t i = 0; code == dnnl_success && i < 2 && post->arg_scales[i] > 0; i++) {
        int arg = i == 0 ? DNNL_ARG_SRC_0 : DNNL_ARG_SRC_1;
        code = d->lib.dnnl_primitive_attr_set_scales(attr, arg, 1, 0, &post->arg_scales[i]);
    }
    if (code == dnnl_success && post->src_zero != 0) {
        code =
            d->lib.dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &post->src_zero);
    }
    return code;
}

lk_status primitive_desc(dnnl_primitive_desc_t *pd, struct onednn *d, const_dnnl_op_desc_t desc,
                         const struct post_ops *post, lk_error *err) {
    return primitive_desc_back(pd, d, desc, post, NULL, err);
}

lk_status primitive_desc_back(dnnl_primitive_desc_t *pd, struct onednn *d,
                              const_dnnl_op_desc_t desc, const struct post_ops *post,
                              const_dnnl_primitive_desc_t forward, lk_error *err) {
    *pd = NULL;
    dnnl_primitive_attr_t attr;
    dnnl_status_t code = d->lib.dnnl_primitive_attr_create(&attr);
    if (code != dnnl_success) {
        return onednn_status(code, "attributes", err);
    }
    code = set_attributes(d, attr, post);
    if (code == dnnl_success) {
        code = d->lib.dnnl_primitive_desc_create(pd, desc, attr, d->engine, forward);
    }
    d->lib.dnnl_primitive_attr_destroy(attr);
    if (code == dnnl_unimplemented || code == dnnl_invalid_arguments) {
        *pd = NULL;
        return LK_OK;
    }
    return onednn_status(code, "a primitive", err);
}

lk_status primitive_new(struct primitive **out, struct onednn *d, dnnl_primitive_desc_t pd,
                        lk_error *err) {
    *out = NULL;
    struct primitive *p = mem_calloc(1, sizeof *p);
    if (!p) {
        return error_memory(err, sizeof *p);
    }
    p->d = d;
    p->scratch_buffer = -1;
    lk_status status =
        onednn_status(d->lib.dnnl_primitive_create(&p->primitive, pd), "a primitive", err);
    const dnnl_memory_desc_t *scratch =
        d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    if (status == LK_OK && scratch && onednn_size(d, scratch) > 0) {
        p->scratch_bytes = onednn_size(d, scratch);
        status = primitive_arg(p, DNNL_ARG_SCRATCHPAD, scratch, -1, NULL, err);
        p->scratch = status == LK_OK ? p->args[p->count - 1].memory : NULL;
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    *out = p;
    return LK_OK;
}

void primitive_free(void *primitive) {
    struct primitive *p = primitive;
    if (!p) {
        return;
    }
    for (int32_t i = 0; i < p->count; i++) {
        p->d->lib.dnnl_memory_destroy(p->args[i].memory);
    }
    if (p->primitive) {
        p->d->lib.dnnl_primitive_destroy(p->primitive);
    }
    for (int32_t i = 0; i < p->owned_count; i++) {
        mem_free(p->owned[i]);
    }
    mem_free(p);
}

lk_status primitive_arg(struct primitive *p, int arg, const dnnl_memory_desc_t *md, int32_t buffer,
                        void *data, lk_error *err) {
    if (p->count == PRIMITIVE_ARGS) {
        return error_set(err, LK_E_LIMIT, "an operator of more than %d tensors", PRIMITIVE_ARGS);
    }
    dnnl_memory_t memory;
    dnnl_status_t code = p->d->lib.dnnl_memory_create(&memory, md, p->d->engine, data);
    if (code == dnnl_success) {
        p->buffers[p->count] = buffer;
        p->args[p->count++] = (dnnl_exec_arg_t){arg, memory};
    }
    return onednn_status(code, "a tensor", err);
}

lk_status primitive_own(struct primitive *p, void *block, lk_error *err) {
    if (p->owned_count == (int32_t)ARRAY_COUNT(p->owned)) {
        mem_free(block);
        return error_set(err, LK_E_LIMIT, "a primitive with too many constants");
    }
    p->owned[p->owned_count++] = block;
    return LK_OK;
}

static void primitive_bind(struct step *s, struct plan *plan) {
    struct primitive *p = s->state;
    for (int32_t i = 0; i < p->count; i++) {
        if (p->buffers[i] >= 0) {
            p->d->lib.dnnl_memory_set_data_handle(p->args[i].memory,
                                                  plan_data(plan, p->buffers[i]));
        }
    }
    if (p->scratch) {
        p->d->lib.dnnl_memory_set_data_handle(p->scratch, plan_data(plan, p->scratch_buffer));
    }
}

static lk_status primitive_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)plan;
    struct primitive *p = s->state;
    return onednn_status(
        p->d->lib.dnnl_primitive_execute(p->primitive, p->d->stream, p->count, p->args), s->kind,
        err);
}

lk_status primitive_step(struct primitive *p, struct plan *plan, const char *kind,
                         const char *label, const char *note, const int32_t *reads,
                         int32_t read_count, int32_t write, lk_error *err) {
    return primitive_steps(p, plan, kind, label, note, reads, read_count, &write, 1, err);
}

lk_status primitive_steps(struct primitive *p, struct plan *plan, const char *kind,
                          const char *label, const char *note, const int32_t *reads,
                          int32_t read_count, const int32_t *writes, int32_t write_count,
                          lk_error *err) {
    int32_t all[PRIMITIVE_ARGS + 1], count = 0;
    for (; count < write_count; count++) {
        all[count] = writes[count];
    }
    if (p->scratch) { /* scratch lives for this step only, in the block with everything else */
        lk_status status = plan_add_buffer(&p->scratch_buffer, plan, p->scratch_bytes, NULL, err);
        if (status != LK_OK) {
            primitive_free(p);
            return status;
        }
        all[count++] = p->scratch_buffer;
    }
    struct step step = {.kind = kind,
                        .label = label,
                        .state = p,
                        .run = primitive_run,
                        .bind = primitive_bind,
                        .release = primitive_free};
    snprintf(step.note, sizeof step.note, "%s", note);
    return plan_add_step(plan, &step, reads, read_count, all, count, err);
}

lk_status onednn_repack(struct onednn *d, void **out, const dnnl_memory_desc_t *to,
                        const void *data, const dnnl_memory_desc_t *from, lk_error *err) {
    *out = mem_alloc_aligned(onednn_size(d, to) + 1, 1);
    if (!*out) {
        return error_memory(err, onednn_size(d, to));
    }
    dnnl_primitive_desc_t pd = NULL;
    struct primitive *p = NULL;
    lk_status status = onednn_status(
        d->lib.dnnl_reorder_primitive_desc_create(&pd, from, d->engine, to, d->engine, NULL),
        "packing weights", err);
    if (status == LK_OK) {
        status = primitive_new(&p, d, pd, err);
        d->lib.dnnl_primitive_desc_destroy(pd);
    }
    if (status == LK_OK) {
        /* Only read; oneDNN's interface has no pointers to constants. */
        status = primitive_arg(p, DNNL_ARG_FROM, from, -1, (void *)(uintptr_t)data, err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_TO, to, -1, *out, err);
    }
    if (status == LK_OK) {
        status =
            onednn_status(d->lib.dnnl_primitive_execute(p->primitive, d->stream, p->count, p->args),
                          "packing weights", err);
    }
    primitive_free(p);
    if (status != LK_OK) {
        mem_free(*out);
        *out = NULL;
    }
    return status;
}
