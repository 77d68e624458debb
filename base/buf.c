/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"

void buf_init(struct buf *b, size_t max) {
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b) {
    if (b) {
        mem_free(b->data);
        *b = (struct buf){0};
    }
}

/* Makes room for `more` bytes and the closing zero. */
static bool buf_reserve(struct buf *b, size_t more) {
    if (b->status != LK_OK) {
        return false;
    }
    if (more > b->max - b->size) {
        b->status = LK_E_LIMIT;
        return false;
    }
    size_t need = b->size + more + 1;
    if (need <= b->capacity) {
        return true;
    }
    size_t capacity = MAX(need, MAX(b->capacity + b->capacity / 2, (size_t)256));
    uint8_t *grown = mem_realloc(b->data, capacity, 1);
    if (!grown) {
        b->status = LK_E_MEMORY;
        return false;
    }
    b->data = grown;
    b->capacity = capacity;
    return true;
}

void buf_add(struct buf *b, const void *data, size_t size) {
    if (buf_reserve(b, size)) {
        if (size) {
            memcpy(b->data + b->size, data, size);
        }
        b->size += size;
        b->data[b->size] = 0;
    }
}

void buf_add_text(struct buf *b, const char *text) {
    buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0 && buf_reserve(b, (size_t)length)) {
        vsnprintf((char *)b->data + b->size, (size_t)length + 1, format, again);
        b->size += (size_t)length;
    }
    va_end(again);
}

void buf_add_html(struct buf *b, const char *text) {
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = utf8_length(s);
        switch (*s) {
        case '&': buf_add_text(b, "&amp;"); break;
        case '<': buf_add_text(b, "&lt;"); break;
        case '>': buf_add_text(b, "&gt;"); break;
        case '"': buf_add_text(b, "&quot;"); break;
        case '\'': buf_add_text(b, "&#39;"); break;
        case '\t':
        case '\n': buf_add(b, s, 1); break;
        default:
            if (n == 0 || *s < 0x20 || *s == 0x7f) {
                buf_add_text(b, UTF8_REPLACEMENT);
            } else {
                buf_add(b, s, n);
            }
        }
        s += n ? n : 1;
    }
}

void buf_add_base64(struct buf *b, const uint8_t *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t groups = size / 3 + (size % 3 != 0);
    if (groups > SIZE_MAX / 4 || !buf_reserve(b, groups * 4)) {
        return;
    }
    uint8_t *out = b->data + b->size;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t v = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                     (left > 2 ? data[i + 2] : 0);
        *out++ = (uint8_t)digits[v >> 18];
        *out++ = (uint8_t)digits[v >> 12 & 63];
        *out++ = left > 1 ? (uint8_t)digits[v >> 6 & 63] : '=';
        *out++ = left > 2 ? (uint8_t)digits[v & 63] : '=';
    }
    b->size += groups * 4;
    b->data[b->size] = 0;
}

lk_status buf_status(const struct buf *b, lk_error *err) {
    if (b->status == LK_E_LIMIT) {
        return error_set(err, LK_E_LIMIT, "output is over its maximum of %zu bytes", b->max);
    }
    return b->status == LK_OK ? LK_OK : error_memory(err, b->capacity);
}

lk_status buf_finish(struct buf *b, lk_bytes *out, lk_error *err) {
    *out = (lk_bytes){0};
    if (b->status == LK_OK && !b->data) {
        buf_reserve(b, 0);
        if (b->data) {
            b->data[0] = 0;
        }
    }
    lk_status status = buf_status(b, err);
    if (status != LK_OK) {
        buf_release(b);
        return status;
    }
    *out = (lk_bytes){.data = b->data, .size = b->size};
    *b = (struct buf){0};
    return LK_OK;
}

void lk_bytes_release(lk_bytes *bytes) {
    if (bytes) {
        mem_free(bytes->data);
        *bytes = (lk_bytes){0};
    }
}
