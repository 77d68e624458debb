/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"

static void error_json(const lk_error *err) {
    struct buf b;
    struct json j;
    lk_bytes text;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/error/1");
    json_object_begin(&j, "error");
    json_text(&j, "status", lk_status_word(err->status));
    json_text(&j, "input", err->input);
    json_text(&j, "text", err->text);
    json_text(&j, "limit", err->limit);
    json_object_end(&j);
    json_object_end(&j);
    if (buf_finish(&b, &text, NULL) == LK_OK) {
        fprintf(stderr, "%s\n", (const char *)text.data);
    }
    lk_bytes_release(&text);
}

/* A file name may hold anything; on a terminal control characters must not act. */
static void print_escaped(FILE *to, const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            fprintf(to, "\\x%02x", *p);
        } else {
            fputc(*p, to);
        }
    }
}

enum exit_code report_error(const struct common *common, const lk_error *err) {
    if (common->json) {
        error_json(err);
        return EXIT_TROUBLE;
    }
    char text[1200];
    lk_error_format(err, text, sizeof text);
    fputs("likeness: ", stderr);
    print_escaped(stderr, text);
    fputc('\n', stderr);
    return EXIT_TROUBLE;
}

enum exit_code report_usage(const struct common *common, const struct command *c,
                            const char *text) {
    if (common->json) {
        lk_error err = {.status = LK_E_USAGE};
        snprintf(err.text, sizeof err.text, "%s", text);
        error_json(&err);
        return EXIT_TROUBLE;
    }
    fputs("likeness: usage: ", stderr);
    print_escaped(stderr, text);
    fprintf(stderr, "   (likeness %s -h)\n", c->name);
    return EXIT_TROUBLE;
}

void remark(const struct common *common, const char *format, ...) {
    if (common->quiet) {
        return;
    }
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fputs("likeness: ", stderr);
    print_escaped(stderr, text);
    fputc('\n', stderr);
}

enum exit_code write_result(const struct common *common, const lk_bytes *bytes,
                            enum exit_code code) {
    lk_error err = {0};
    if (common->output && strcmp(common->output, "-") != 0) {
        if (file_write(common->output, bytes->data, bytes->size, &err) != LK_OK) {
            return report_error(common, &err);
        }
    } else if (fwrite(bytes->data, 1, bytes->size, stdout) != bytes->size) {
        return EXIT_TROUBLE; /* main says so when it flushes */
    }
    return common->exit_zero ? EXIT_YES : code;
}

bool wants_colour(const struct common *common) {
    const char *never = getenv("NO_COLOR"), *force = getenv("FORCE_COLOR"), *term = getenv("TERM");
    if (common->colour != COLOUR_AUTO) {
        return common->colour == COLOUR_ALWAYS;
    }
    if (common->output || (never && *never)) {
        return false;
    }
    return (force && *force) || (isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0);
}
