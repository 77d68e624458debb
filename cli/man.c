/* SPDX-License-Identifier: Apache-2.0 */
/* Man pages (roff, man macros) from the same tables as --help. */
#include <ctype.h>
#include <string.h>

#include "cli/command.h"

/* Text for roff: a leading dot or apostrophe and every backslash and hyphen are made plain. */
static void add_plain(struct buf *b, const char *text) {
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) {
            buf_add_text(b, "\\&");
        }
        if (*text == '-') {
            buf_add_text(b, "\\-");
        } else if (*text == '\\') {
            buf_add_text(b, "\\e");
        } else {
            buf_add(b, text, 1);
        }
        start = *text == '\n';
    }
}

/* Running text: an empty line is a paragraph. */
static void add_paragraphs(struct buf *b, const char *text) {
    for (const char *gap; (gap = strstr(text, "\n\n")) != NULL; text = gap + 2) {
        char line[2048];
        size_t length = (size_t)(gap - text);
        length = length < sizeof line ? length : sizeof line - 1;
        memcpy(line, text, length);
        line[length] = '\0';
        add_plain(b, line);
        buf_add_text(b, "\n.PP\n");
    }
    add_plain(b, text);
    buf_add_text(b, "\n");
}

static void add_lines(struct buf *b, const char *text) {
    buf_add_text(b, ".nf\n");
    add_plain(b, text);
    buf_add_text(b, ".fi\n");
}

static void add_heading(struct buf *b, const char *name, const char *summary) {
    buf_add_text(b, ".TH \"LIKENESS");
    if (name) {
        buf_add_text(b, "\\-");
        for (const char *p = name; *p; p++) {
            const char upper = (char)toupper((unsigned char)*p);
            buf_add(b, &upper, 1);
        }
    }
    buf_printf(b, "\" \"1\" \"\" \"likeness %s\" \"User Commands\"\n.SH NAME\nlikeness",
               LIKENESS_VERSION);
    if (name) {
        buf_printf(b, "\\-%s", name);
    }
    buf_add_text(b, " \\- ");
    add_plain(b, summary);
    buf_add_text(b, "\n");
}

static void add_options(struct buf *b, const struct option *table) {
    for (; table && table->name; table++) {
        buf_add_text(b, ".TP\n.B ");
        if (table->letter) {
            buf_printf(b, "\\-%c, ", table->letter);
        }
        buf_add_text(b, "\\-\\-");
        add_plain(b, table->name);
        if (table->kind != OPTION_FLAG) {
            buf_add_text(b, "=");
            add_plain(b, table->choices ? table->choices : table->value);
        }
        buf_add_text(b, "\n");
        add_plain(b, table->help);
        buf_add_text(b, ".\n");
        if (table->synonyms) {
            buf_add_text(b, "Also answers to \\-\\-");
            add_plain(b, table->synonyms);
            buf_add_text(b, ".\n");
        }
    }
}

static void command_page(struct buf *b, const struct command *c) {
    add_heading(b, c->name, c->summary);
    buf_printf(b, ".SH SYNOPSIS\n.B likeness %s\n[OPTIONS] ", c->name);
    add_plain(b, c->arguments);
    buf_add_text(b, "\n");
    if (c->details) {
        buf_add_text(b, ".SH DESCRIPTION\n");
        add_paragraphs(b, c->details);
    }
    if (c->options) {
        buf_add_text(b, ".SH OPTIONS\n");
        add_options(b, c->options);
    }
    buf_add_text(b, ".SH OPTIONS OF EVERY COMMAND\n");
    add_options(b, common_options);
    buf_add_text(b, ".SH EXIT STATUS\n");
    add_lines(b, exit_code_text);
    buf_add_text(b, ".SH EXAMPLES\n");
    add_lines(b, c->examples);
    buf_add_text(b, ".SH SEE ALSO\n.BR likeness (1)\n");
}

static void topic_page(struct buf *b, const struct topic *t) {
    add_heading(b, t->name, t->summary);
    buf_add_text(b, ".SH DESCRIPTION\n");
    add_lines(b, t->text);
    buf_add_text(b, ".SH SEE ALSO\n.BR likeness (1)\n");
}

static void whole_page(struct buf *b) {
    add_heading(b, NULL, "compare two images, with evidence a person can look at");
    buf_add_text(b, ".SH SYNOPSIS\n.B likeness\nCOMMAND [OPTIONS] [ARGUMENTS]\n.SH DESCRIPTION\n"
                    "Do these two images show the same thing, how alike are they, and where do "
                    "they differ?\n.SH COMMANDS\n");
    for (size_t i = 0; i < command_count(); i++) {
        buf_printf(b, ".TP\n.BR likeness\\-%s (1)\n", command_table[i]->name);
        add_plain(b, command_table[i]->summary);
        buf_add_text(b, "\n");
    }
    for (size_t i = 0; i < topic_count(); i++) {
        buf_add_text(b, ".SH ");
        for (const char *p = topic_at(i)->name; *p; p++) {
            const char upper = *p == '-' ? ' ' : (char)toupper((unsigned char)*p);
            buf_add(b, &upper, 1);
        }
        buf_add_text(b, "\n");
        add_lines(b, topic_at(i)->text);
    }
}

bool man_page(struct buf *b, const char *name) {
    const struct command *c = command_find(name);
    const struct topic *t = topic_find(name);
    if (c) {
        command_page(b, c);
    } else if (t) {
        topic_page(b, t);
    } else if (strcmp(name, "likeness") == 0) {
        whole_page(b);
    } else {
        return false;
    }
    return true;
}
