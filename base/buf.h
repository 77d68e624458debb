/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer that is given its maximum at birth. The first failed append sticks: later ones do
 * nothing, so a writer appends freely and checks once, in buf_finish. */
#ifndef LK_BUF_H
#define LK_BUF_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/compiler.h"

struct buf {
    uint8_t *data; /* owned; always one zero byte past size */
    size_t size;
    size_t capacity;
    size_t max;
    lk_status status; /* of the appends so far */
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t size);
void buf_add_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Text for HTML content or a quoted attribute: & < > " ' become entities; bytes that are not UTF-8 and control
 * characters other than tab and line feed become U+FFFD. */
void buf_add_html(struct buf *b, const char *text);
/* Base64 of RFC 4648, with padding. */
void buf_add_base64(struct buf *b, const uint8_t *data, size_t size);

/* The status of all appends: LK_OK, LK_E_MEMORY, or LK_E_LIMIT when the maximum was reached. */
MUST_CHECK lk_status buf_status(const struct buf *b, lk_error *err);
/* Moves the bytes into out (zero-terminated) and empties the buffer; releases it on failure. */
MUST_CHECK lk_status buf_finish(struct buf *b, lk_bytes *out, lk_error *err);

#endif
