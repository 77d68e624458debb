/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* C0 and DEL, and C1 in its UTF-8 form: some terminals act on U+009B as on ESC [. */
static size_t control_length(const unsigned char *p) {
    if (*p < 0x20 || *p == 0x7f) {
        return 1;
    }
    return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

void escape_text(char *out, size_t size, const char *text) {
    size_t n = 0;
    const unsigned char *p = (const unsigned char *)text;
    while (*p && n + 9 <= size) {
        size_t control = control_length(p);
        for (size_t i = 0; i < control; i++) {
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", *p++);
        }
        if (!control) {
            out[n++] = (char)*p++;
        }
    }
    out[n] = '\0';
}

void add_path(struct buf *b, const struct common *common, const char *path) {
    if (common->output || !isatty(STDOUT_FILENO)) {
        buf_add_text(b, path);
        return;
    }
    for (const unsigned char *p = (const unsigned char *)path; *p;) {
        size_t control = control_length(p);
        for (size_t i = 0; i < control; i++) {
            buf_printf(b, "\\x%02x", *p++);
        }
        if (!control) {
            buf_add(b, p++, 1);
        }
    }
}

/* One line: what is in it beside words came from outside. */
static void say(const char *kind, const char *text, const char *tail) {
    char escaped[4096];
    escape_text(escaped, sizeof escaped, text);
    fprintf(stderr, "likeness: %s%s%s\n", kind, escaped, tail);
}

enum exit_code report_error(const struct common *common, const lk_error *err) {
    char text[1200];
    if (common->json) {
        error_json(err);
        return EXIT_TROUBLE;
    }
    lk_error_format(err, text, sizeof text);
    say("", text, "");
    return EXIT_TROUBLE;
}

enum exit_code report_usage(const struct common *common, const struct command *c,
                            const char *text) {
    char where[64];
    if (common->json) {
        lk_error err = {.status = LK_E_USAGE};
        snprintf(err.text, sizeof err.text, "%s", text);
        error_json(&err);
        return EXIT_TROUBLE;
    }
    snprintf(where, sizeof where, "   (likeness %s)", c ? c->name : "help");
    if (c && c != &command_help) {
        snprintf(where, sizeof where, "   (likeness %s -h)", c->name);
    }
    say("usage: ", text, where);
    return EXIT_TROUBLE;
}

void remark(const struct common *common, const char *format, ...) {
    char text[1200];
    va_list args;
    if (common->quiet) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say("", text, "");
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

enum exit_code print_result(const struct common *common, struct buf *b, enum exit_code code) {
    lk_bytes text;
    lk_error err = {0};
    if (buf_finish(b, &text, &err) != LK_OK) {
        return report_error(common, &err);
    }
    enum exit_code written = write_result(common, &text, code);
    lk_bytes_release(&text);
    return code == EXIT_TROUBLE ? code : written;
}

/* Through $PAGER, as git does; false when that did not come to show anything. */
static bool show_paged(const lk_bytes *text) {
    const char *pager = getenv("PAGER");
    setenv("LESS", "FRX", 0);
    FILE *to = popen(pager && *pager ? pager : "less", "w");
    if (!to) {
        return false;
    }
    fwrite(text->data, 1, text->size, to);
    int status = pclose(to);
    return status != -1 && WIFEXITED(status) &&
           WEXITSTATUS(status) < 126; /* 126, 127: not started */
}

enum exit_code print_help(const struct common *common, struct buf *b) {
    lk_bytes text;
    lk_error err = {0};
    if (buf_finish(b, &text, &err) != LK_OK) {
        return report_error(common, &err);
    }
    enum exit_code code = EXIT_YES;
    if (common->output || !isatty(STDOUT_FILENO) || !show_paged(&text)) {
        code = write_result(common, &text, EXIT_YES);
    }
    lk_bytes_release(&text);
    return code;
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
