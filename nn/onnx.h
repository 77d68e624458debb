/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX files: networks as protocol buffers of onnx.proto (ONNX IR specification, https://onnx.ai). A file is untrusted: its
 * nesting, its sizes and every index are checked before anything relies on them. */
#ifndef LK_ONNX_H
#define LK_ONNX_H

#include "nn/graph.h"

/* Reads a model. max_bytes bounds what is allocated, files and weights each. LK_E_CORRUPT for what is damaged or contradicts
 * itself, LK_E_FORMAT naming node and operator for what is not supported, LK_E_LIMIT. The caller releases out. */
MUST_CHECK lk_status onnx_read(struct graph *out, const uint8_t *bytes, size_t size,
                               size_t max_bytes, lk_error *err);

/* Reads one tensor (a TensorProto), as the official test cases store inputs and outputs. */
MUST_CHECK lk_status onnx_read_tensor(struct tensor *out, const uint8_t *bytes, size_t size,
                                      size_t max_bytes, lk_error *err);

/* Writes g as a model of g->opset that every ONNX runtime reads. */
MUST_CHECK lk_status onnx_write(lk_bytes *out, const struct graph *g, lk_error *err);

#endif
