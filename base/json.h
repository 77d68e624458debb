/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON (RFC 8259) straight into a buf: keys in the order they are written, numbers with fixed digits, and
 * no failure of its own, since the buffer keeps the first one. Decision: docs/decisions/0002-json-writer.md. */
#ifndef LK_JSON_H
#define LK_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 32 };

struct json {
    struct buf *out; /* borrowed */
    int indent;      /* spaces a level; 0 writes one line */
    int depth;
    bool filled[JSON_DEPTH_MAX +
                1]; /* whether the open object or array at that depth has a value already */
};

void json_init(struct json *j, struct buf *out, int indent);

/* Every value takes the key it stands under; NULL inside an array and at the root. */
void json_object_begin(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *key);
void json_array_end(struct json *j);
/* Bytes that are not UTF-8 are written as U+FFFD. */
void json_text(struct json *j, const char *key, const char *text);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* At most 10 significant digits; a value that is not finite is written as null. */
void json_number(struct json *j, const char *key, double value);
void json_numbers(struct json *j, const char *key, const double *values, size_t count);
void json_null(struct json *j, const char *key);
/* A value that is JSON already, as it is. */
void json_raw(struct json *j, const char *key, const void *text, size_t bytes);
/* A value that somebody else wrote, which is released: text, if `status` says that it was written; else that is the buffer's
 * failure, and null stands there. */
void json_document(struct json *j, const char *key, lk_status status, lk_bytes *text);

#endif
