/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void error_fill(lk_error *err, lk_status status, const char *format, va_list args) {
    err->status = status;
    err->input[0] = '\0';
    err->limit[0] = '\0';
    vsnprintf(err->text, sizeof err->text, format, args);
}

lk_status error_set(lk_error *err, lk_status status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        error_fill(err, status, format, args);
        va_end(args);
    }
    return status;
}

lk_status error_limit(lk_error *err, const char *limit, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        error_fill(err, LK_E_LIMIT, format, args);
        va_end(args);
        snprintf(err->limit, sizeof err->limit, "%s", limit);
    }
    return LK_E_LIMIT;
}

lk_status error_memory(lk_error *err, size_t bytes) {
    return error_set(err, LK_E_MEMORY, "out of memory (%zu bytes wanted)", bytes);
}

lk_status error_input(lk_error *err, lk_status status, const char *input) {
    if (err && status != LK_OK && err->input[0] == '\0') {
        size_t length = strlen(input), most = sizeof err->input - 1;
        const char *mark = length > most ? "..." : ""; /* of a long path the end tells most */
        const char *from = length > most ? input + length - most + strlen(mark) : input;
        snprintf(err->input, sizeof err->input, "%s%s", mark, from);
    }
    return status;
}

const char *lk_version(void) {
    return LIKENESS_VERSION;
}

const char *lk_status_word(lk_status status) {
    static const char *const words[] = {
        [LK_OK] = "ok",
        [LK_E_USAGE] = "usage",
        [LK_E_MEMORY] = "out of memory",
        [LK_E_IO] = "cannot read",
        [LK_E_FORMAT] = "not supported",
        [LK_E_CORRUPT] = "cannot read",
        [LK_E_LIMIT] = "refused",
        [LK_E_SIZE] = "sizes differ",
        [LK_E_CANCELLED] = "stopped",
        [LK_E_WRITE] = "cannot write",
        [LK_E_AWAY] = "no answer",
    };
    size_t i = (size_t)status;
    return i < ARRAY_COUNT(words) ? words[i] : "unknown error";
}

void lk_error_format(const lk_error *err, char *out, size_t size) {
    const char *word = lk_status_word(err->status);
    const char *colon = err->input[0] ? ": " : "";
    if (err->limit[0]) {
        snprintf(out, size, "%s: %s%s%s (--limit %s=...)", word, err->input, colon, err->text,
                 err->limit);
    } else {
        snprintf(out, size, "%s: %s%s%s", word, err->input, colon, err->text);
    }
}
