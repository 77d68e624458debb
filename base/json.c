/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void json_init(struct json *j, struct buf *out, int indent) {
    *j = (struct json){.out = out, .indent = indent};
}

static void new_line(struct json *j) {
    if (j->indent > 0) {
        buf_printf(j->out, "\n%*s", j->indent * j->depth, "");
    }
}

static void add_quoted(struct json *j, const char *text) {
    buf_add(j->out, "\"", 1);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = utf8_length(s);
        if (n == 0) {
            buf_add_text(j->out, UTF8_REPLACEMENT);
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            buf_printf(j->out, "\\%c", *s);
        } else if (*s < 0x20 || *s == 0x7f) {
            buf_printf(j->out, "\\u%04x", *s);
        } else {
            buf_add(j->out, s, n);
        }
        s += n;
    }
    buf_add(j->out, "\"", 1);
}

/* The comma, the line break and the key that come before a value. */
static void begin_value(struct json *j, const char *key) {
    if (j->filled[j->depth]) {
        buf_add(j->out, ",", 1);
    }
    j->filled[j->depth] = true;
    if (j->depth > 0) {
        new_line(j);
    }
    if (key) {
        add_quoted(j, key);
        buf_add_text(j->out, j->indent > 0 ? ": " : ":");
    }
}

static void begin_container(struct json *j, const char *key, const char *bracket) {
    begin_value(j, key);
    buf_add_text(j->out, bracket);
    if (j->depth == JSON_DEPTH_MAX) {
        j->out->status = LK_E_LIMIT; /* a document of ours is never this deep */
        return;
    }
    j->filled[++j->depth] = false;
}

static void end_container(struct json *j, const char *bracket) {
    bool filled = j->filled[j->depth];
    if (j->depth > 0) {
        j->depth--;
    }
    if (filled) {
        new_line(j);
    }
    buf_add_text(j->out, bracket);
}

void json_object_begin(struct json *j, const char *key) {
    begin_container(j, key, "{");
}

void json_object_end(struct json *j) {
    end_container(j, "}");
}

void json_array_begin(struct json *j, const char *key) {
    begin_container(j, key, "[");
}

void json_array_end(struct json *j) {
    end_container(j, "]");
}

void json_text(struct json *j, const char *key, const char *text) {
    begin_value(j, key);
    add_quoted(j, text);
}

void json_int(struct json *j, const char *key, int64_t value) {
    begin_value(j, key);
    buf_printf(j->out, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, bool value) {
    begin_value(j, key);
    buf_add_text(j->out, value ? "true" : "false");
}

/* -0 is written as 0, and a decimal comma of the process's locale as a point. */
static void add_number(struct json *j, double value) {
    if (!isfinite(value)) {
        buf_add_text(j->out, "null");
        return;
    }
    char text[32];
    snprintf(text, sizeof text, "%.10g", value == 0 ? 0.0 : value);
    char *comma = strchr(text, ',');
    if (comma) {
        *comma = '.';
    }
    buf_add_text(j->out, text);
}

void json_number(struct json *j, const char *key, double value) {
    begin_value(j, key);
    add_number(j, value);
}

/* On one line whatever the indent: a homography or a box reads as a row. */
void json_numbers(struct json *j, const char *key, const double *values, size_t count) {
    begin_value(j, key);
    buf_add_text(j->out, "[");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(j->out, i == 0 ? "" : j->indent > 0 ? ", " : ",");
        add_number(j, values[i]);
    }
    buf_add_text(j->out, "]");
}

void json_raw(struct json *j, const char *key, const void *text, size_t bytes) {
    begin_value(j, key);
    buf_add(j->out, text, bytes);
}

void json_null(struct json *j, const char *key) {
    begin_value(j, key);
    buf_add_text(j->out, "null");
}

void json_document(struct json *j, const char *key, lk_status status, lk_bytes *text) {
    if (status == LK_OK) {
        json_raw(j, key, text->data, text->size);
        lk_bytes_release(text);
    } else {
        json_null(j, key);
        j->out->status = j->out->status == LK_OK ? status : j->out->status;
    }
}
