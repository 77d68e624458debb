/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf-c unpacks by recursion and allocates as the file says. Before it gets to do so, a walk over the bytes by the same
 * descriptors (Protocol Buffers encoding, https://protobuf.dev/programming-guides/encoding) checks how deep messages nest;
 * then an allocator with a budget bounds the memory. */
#include "nn/onnx_proto.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* A model nests model > graph > node > attribute > tensor > segment; types a little deeper. Graphs inside nodes are refused
 * later, with a name; here it is only the stack that matters. */
enum { DEPTH_MAX = 24 };

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

struct cursor {
    const uint8_t *at, *end;
};

static bool read_varint(struct cursor *c, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 64 && c->at < c->end; shift += 7) {
        uint8_t byte = *c->at++;
        *out |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            return true;
        }
    }
    return false;
}

static bool skip(struct cursor *c, uint64_t bytes) {
    if (bytes > (uint64_t)(c->end - c->at)) {
        return false;
    }
    c->at += bytes;
    return true;
}

static const ProtobufCMessageDescriptor *child_of(const ProtobufCMessageDescriptor *kind,
                                                  uint32_t id) {
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(kind, id);
    return f && f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
}

/* Whether the message is well formed and nests at most `depth` levels. */
static bool nests_within(struct cursor c, const ProtobufCMessageDescriptor *kind, int depth) {
    if (depth == 0) {
        return false;
    }
    while (c.at < c.end) {
        uint64_t tag, value;
        if (!read_varint(&c, &tag)) {
            return false;
        }
        bool ok;
        switch (tag & 7) {
        case WIRE_VARINT: ok = read_varint(&c, &value); break;
        case WIRE_64: ok = skip(&c, 8); break;
        case WIRE_32: ok = skip(&c, 4); break;
        case WIRE_LENGTH: {
            ok = read_varint(&c, &value);
            const uint8_t *begin = c.at;
            ok = ok && skip(&c, value);
            const ProtobufCMessageDescriptor *child = child_of(kind, (uint32_t)(tag >> 3));
            ok = ok && (!child || nests_within((struct cursor){begin, c.at}, child, depth - 1));
            break;
        }
        default: ok = false;
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static void *budget_alloc(void *arg, size_t size) {
    struct proto_budget *budget = arg;
    if (size > budget->left) {
        budget->spent = true;
        return NULL;
    }
    budget->left -= size;
    void *block = mem_alloc(1, size > 0 ? size : 1);
    budget->failed = budget->failed || !block;
    return block;
}

static void budget_free(void *arg, void *block) {
    (void)arg;
    mem_free(block);
}

lk_status proto_unpack(ProtobufCMessage **out, struct proto_budget *budget,
                       const ProtobufCMessageDescriptor *kind, const uint8_t *bytes, size_t size,
                       size_t max_bytes, lk_error *err) {
    *budget = (struct proto_budget){
        .allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = budget},
        .left = max_bytes,
    };
    *out = NULL;
    if (!nests_within((struct cursor){bytes, bytes + size}, kind, DEPTH_MAX)) {
        return error_set(err, LK_E_CORRUPT,
                         "not an ONNX file, or damaged: no message of protocol buffers (%zu bytes)",
                         size);
    }
    *out = protobuf_c_message_unpack(kind, &budget->allocator, size, bytes);
    if (*out) {
        return LK_OK;
    }
    if (budget->spent) {
        return error_limit(err, "memory_bytes", "reading the model takes more than %zu bytes",
                           max_bytes);
    }
    if (budget->failed) {
        return error_memory(err, size);
    }
    return error_set(err, LK_E_CORRUPT, "the ONNX file is damaged (%zu bytes)", size);
}

void proto_free(ProtobufCMessage *message, struct proto_budget *budget) {
    if (message) {
        protobuf_c_message_free_unpacked(message, &budget->allocator);
    }
}
