/* SPDX-License-Identifier: Apache-2.0 */
/* The message structs that protobuf-c makes of Debian's onnx.proto, and bounded unpacking. */
#ifndef LK_ONNX_PROTO_H
#define LK_ONNX_PROTO_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/compiler.h"
#include <onnx.pb-c.h>

/* A message being read and the memory it may take. */
struct proto_budget {
    ProtobufCAllocator allocator;
    size_t left; /* bytes */
    bool spent;  /* something was refused for want of budget */
    bool failed; /* the machine had no memory */
};

/* Unpacks a message of that kind. LK_E_CORRUPT when it is damaged or nested too deep, LK_E_LIMIT beyond max_bytes,
 * LK_E_MEMORY. Free with proto_free. */
MUST_CHECK lk_status proto_unpack(ProtobufCMessage **out, struct proto_budget *budget,
                                  const ProtobufCMessageDescriptor *kind, const uint8_t *bytes,
                                  size_t size, size_t max_bytes, lk_error *err);
void proto_free(ProtobufCMessage *message, struct proto_budget *budget);

struct tensor;
/* The tensor a TensorProto holds. name is how messages call it. */
MUST_CHECK lk_status proto_tensor(struct tensor *out, const Onnx__TensorProto *p, const char *name,
                                  size_t max_bytes, lk_error *err);

#endif
