/* SPDX-License-Identifier: Apache-2.0 */
/* oneDNN (2.6, C API) for the files onednn_*.c, the only ones that know it. The library is opened with the first network: it
 * and its OpenMP would otherwise cost every start of the command. */
#ifndef LK_ONEDNN_H
#define LK_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>

#include "base/compiler.h"
#include "base/cpu.h"
#include "base/library.h"
#include "nn/plan.h"
#include "nn/tensor.h"

#define ONEDNN_CALLS(X)                                                                            \
    X(dnnl_version)                                                                                \
    X(dnnl_batch_normalization_backward_desc_init)                                                 \
    X(dnnl_batch_normalization_forward_desc_init)                                                  \
    X(dnnl_binary_desc_init)                                                                       \
    X(dnnl_concat_primitive_desc_create)                                                           \
    X(dnnl_dilated_convolution_backward_data_desc_init)                                            \
    X(dnnl_dilated_convolution_backward_weights_desc_init)                                         \
    X(dnnl_dilated_convolution_forward_desc_init)                                                  \
    X(dnnl_dilated_deconvolution_backward_data_desc_init)                                          \
    X(dnnl_dilated_deconvolution_backward_weights_desc_init)                                       \
    X(dnnl_dilated_deconvolution_forward_desc_init)                                                \
    X(dnnl_eltwise_backward_desc_init)                                                             \
    X(dnnl_eltwise_forward_desc_init)                                                              \
    X(dnnl_engine_create)                                                                          \
    X(dnnl_engine_destroy)                                                                         \
    X(dnnl_get_effective_cpu_isa)                                                                  \
    X(dnnl_logsoftmax_forward_desc_init)                                                           \
    X(dnnl_lrn_forward_desc_init)                                                                  \
    X(dnnl_matmul_desc_init)                                                                       \
    X(dnnl_memory_create)                                                                          \
    X(dnnl_memory_desc_equal)                                                                      \
    X(dnnl_memory_desc_get_size)                                                                   \
    X(dnnl_memory_desc_init_by_strides)                                                            \
    X(dnnl_memory_desc_init_by_tag)                                                                \
    X(dnnl_memory_destroy)                                                                         \
    X(dnnl_memory_set_data_handle)                                                                 \
    X(dnnl_pooling_v2_backward_desc_init)                                                          \
    X(dnnl_pooling_v2_forward_desc_init)                                                           \
    X(dnnl_post_ops_append_binary)                                                                 \
    X(dnnl_post_ops_append_eltwise)                                                                \
    X(dnnl_post_ops_append_sum)                                                                    \
    X(dnnl_post_ops_append_sum_v3)                                                                 \
    X(dnnl_post_ops_create)                                                                        \
    X(dnnl_post_ops_destroy)                                                                       \
    X(dnnl_primitive_attr_create)                                                                  \
    X(dnnl_primitive_attr_destroy)                                                                 \
    X(dnnl_primitive_attr_set_output_scales)                                                       \
    X(dnnl_primitive_attr_set_scales)                                                              \
    X(dnnl_primitive_attr_set_post_ops)                                                            \
    X(dnnl_primitive_attr_set_scratchpad_mode)                                                     \
    X(dnnl_primitive_attr_set_zero_points)                                                         \
    X(dnnl_primitive_create)                                                                       \
    X(dnnl_primitive_desc_create)                                                                  \
    X(dnnl_primitive_desc_destroy)                                                                 \
    X(dnnl_primitive_desc_query)                                                                   \
    X(dnnl_primitive_desc_query_md)                                                                \
    X(dnnl_primitive_destroy)                                                                      \
    X(dnnl_primitive_execute)                                                                      \
    X(dnnl_reorder_primitive_desc_create)                                                          \
    X(dnnl_resampling_backward_desc_init)                                                          \
    X(dnnl_resampling_forward_desc_init)                                                           \
    X(dnnl_set_max_cpu_isa)                                                                        \
    X(dnnl_set_primitive_cache_capacity)                                                           \
    X(dnnl_softmax_forward_desc_init)                                                              \
    X(dnnl_stream_create)                                                                          \
    X(dnnl_stream_destroy)                                                                         \
    X(dnnl_stream_wait)

/* From libgomp, which Debian's oneDNN runs on; declared here because <omp.h> comes with the compiler, not with the library. */
extern void omp_set_num_threads(int threads);
#define OPENMP_CALLS(X) X(omp_set_num_threads)

struct onednn {
    struct onednn_calls {
        LIBRARY_POINTERS(ONEDNN_CALLS)
    } lib;
    struct openmp_calls {
        LIBRARY_POINTERS(OPENMP_CALLS)
    } omp;
    void *library, *openmp;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_desc_t none; /* of zero dimensions: "no such tensor" */
};

MUST_CHECK lk_status onednn_open(struct onednn **out, enum cpu_level cpu, int32_t threads,
                                 lk_error *err);
void onednn_close(struct onednn *d);
/* Sets how many threads primitives made or run from now on, on this thread, use. */
void onednn_threads(struct onednn *d, int32_t threads);

/* LK_E_MEMORY or LK_E_FORMAT with what oneDNN could not do; LK_OK for success. */
lk_status onednn_status(dnnl_status_t code, const char *what, lk_error *err);

/* Row-major layout of a tensor; oneDNN's type for a tensor's. dnnl_data_type_undef where it has none. */
dnnl_data_type_t onednn_type(enum tensor_type type);
MUST_CHECK lk_status onednn_plain(struct onednn *d, dnnl_memory_desc_t *out, const struct tensor *t,
                                  lk_error *err);
/* Shape of a tensor with the layout left to oneDNN. */
MUST_CHECK lk_status onednn_any(struct onednn *d, dnnl_memory_desc_t *out, const struct tensor *t,
                                lk_error *err);
bool onednn_same(struct onednn *d, const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b);
size_t onednn_size(struct onednn *d, const dnnl_memory_desc_t *md);
/* "nchw", "nChw16c", "nhwc", or "?" for people. */
const char *onednn_tag_name(struct onednn *d, const dnnl_memory_desc_t *md);
/* Gives dims the same kind of layout (plain, channels last, channels in blocks of 8 or 16) as `like` has; false when it is
 * none of these. */
bool onednn_like(struct onednn *d, dnnl_memory_desc_t *out, const struct tensor *t,
                 const dnnl_memory_desc_t *like);

/* A primitive being made: arguments are added, then it becomes a step. */
enum { PRIMITIVE_ARGS = 72 };
struct primitive {
    struct onednn *d;
    dnnl_primitive_t primitive;
    dnnl_memory_t scratch;
    size_t scratch_bytes;
    int32_t scratch_buffer;
    int32_t count;
    dnnl_exec_arg_t args[PRIMITIVE_ARGS];
    int32_t buffers[PRIMITIVE_ARGS]; /* whose memory an argument is; -1 bound already */
    void *owned[4];                  /* packed weights and the like */
    int32_t owned_count;
};

/* What a primitive's attributes say, in the order of its post-operations. */
struct post_op {
    enum { POST_ELTWISE, POST_SUM, POST_BINARY } kind;
    dnnl_alg_kind_t algorithm; /* ELTWISE, BINARY */
    float alpha, beta;         /* ELTWISE; SUM: alpha is the scale */
    int32_t zero;              /* SUM */
    dnnl_memory_desc_t other;  /* BINARY */
    int32_t buffer;            /* BINARY, SUM: what is added */
};
enum { POST_OPS = 6 };
struct post_ops {
    struct post_op ops[POST_OPS];
    int32_t count;
    const float *output_scales; /* one a channel, or NULL */
    int32_t output_scale_count;
    int32_t src_zero;
    float arg_scales[2]; /* of a binary operation's operands; 0: 1 */
};

/* Makes the primitive desc describes. *out is NULL, with LK_OK, when oneDNN has no implementation. pd is kept open for queries
 * and closed by the caller. */
MUST_CHECK lk_status primitive_desc(dnnl_primitive_desc_t *pd, struct onednn *d,
                                    const_dnnl_op_desc_t desc, const struct post_ops *post,
                                    lk_error *err);
/* The same for the way back of one made before. */
MUST_CHECK lk_status primitive_desc_back(dnnl_primitive_desc_t *pd, struct onednn *d,
                                         const_dnnl_op_desc_t desc, const struct post_ops *post,
                                         const_dnnl_primitive_desc_t forward, lk_error *err);
MUST_CHECK lk_status primitive_new(struct primitive **out, struct onednn *d,
                                   dnnl_primitive_desc_t pd, lk_error *err);
void primitive_free(void *primitive);
/* An argument whose memory is a buffer of the plan, or, when buffer is -1, data. */
MUST_CHECK lk_status primitive_arg(struct primitive *p, int arg, const dnnl_memory_desc_t *md,
                                   int32_t buffer, void *data, lk_error *err);
/* Memory that is freed with the primitive, also when this fails. */
lk_status primitive_own(struct primitive *p, void *block, lk_error *err);
/* Makes it a step of the plan, which owns it from then on, also when this fails. reads and writes are buffers. */
MUST_CHECK lk_status primitive_step(struct primitive *p, struct plan *plan, const char *kind,
                                    const char *label, const char *note, const int32_t *reads,
                                    int32_t read_count, int32_t write, lk_error *err);

/* The same with several results, at most PRIMITIVE_ARGS. */
MUST_CHECK lk_status primitive_steps(struct primitive *p, struct plan *plan, const char *kind,
                                     const char *label, const char *note, const int32_t *reads,
                                     int32_t read_count, const int32_t *writes, int32_t write_count,
                                     lk_error *err);

/* Copies constants from one layout to another, once, into a new block. scales: one for each of the first dimension of to, by
 * which elements are multiplied; NULL for none. */
MUST_CHECK lk_status onednn_repack(struct onednn *d, void **out, const dnnl_memory_desc_t *to,
                                   const void *data, const dnnl_memory_desc_t *from, lk_error *err);

extern const struct library_row library_onednn;

#endif
