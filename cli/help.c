/* SPDX-License-Identifier: Apache-2.0 */
/* Help from the tables of commands and options, and the topics that belong to no one command. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

const char exit_code_text[] =
    "  0    yes: same, equal, found, done\n"
    "  1    no: different\n"
    "  2    trouble: usage, a file that cannot be read or was refused, a failed write\n"
    "  3    inconclusive: the evidence does not carry a verdict\n"
    "  130  stopped by SIGINT (Ctrl-C), 143 by SIGTERM, after a clean end\n";

static const struct topic topic_table[] = {
    {"environment", "variables that the command reads",
     "  LIKENESS_CPU    instruction set: c, avx2 or avx512; results do not depend on it\n"
     "  LIKENESS_ACTOR  who works on the store, for its log; else the user\n"
     "  LIKENESS_DB     folder of the store; else XDG_DATA_HOME/likeness, else "
     "~/.local/share/likeness\n"
     "  LIKENESS_MODELS folder of the catalogue of models; else XDG_DATA_HOME/likeness/models, "
     "else below ~/.local/share\n"
     "  GOMP_SPINCOUNT  how long threads of a network wait awake (1000)\n"
     "  NO_COLOR        not empty: no colour\n"
     "  FORCE_COLOR     not empty: colour even where standard output is no terminal\n"
     "  TERM            dumb: no colour\n"
     "  PAGER           what shows --help on a terminal (less)\n"
     "--color on the command line is stronger than all of them.\n"},
    {"exit-codes", "what the exit status means", exit_code_text},
    {"json", "the documents that --json prints",
     "With --json a command prints exactly one JSON document on standard output, and errors as\n"
     "JSON documents, one a line, on standard error. `schema` names the document and its number:\n"
     "likeness/compare/1. Names are only ever added within a number. likeness schema NAME prints\n"
     "the JSON Schema.\n\n"
     "Coordinates are pixels of the reference (A) after its EXIF orientation, origin top left.\n"
     "A score is 0..1, higher is more alike. Numbers have at most 10 significant digits; one that\n"
     "is infinite or undefined is null. Bytes of a file name that are not UTF-8 become U+FFFD.\n"
     "The same input gives the same bytes on every instruction set and number of threads.\n"},
    {"limits", "what a picture may ask for, and how to raise it",
     "Every picture is held to limits before memory is taken for it: pixels, side, file_bytes,\n"
     "memory_bytes, metadata_bytes and cpu_s. likeness doctor prints their values. --limit\n"
     "NAME=VALUE sets one for a run, with suffixes k M G (1000) and Ki Mi Gi (1024), and may be\n"
     "given again:\n\n"
     "  likeness info --limit pixels=200M --limit side=40000 panorama.png\n"},
    {"scores", "score and difference",
     "Two words, never mixed. A score is a likeness: 0..1, higher is more alike (--min-score). A\n"
     "difference is an amount: lower is more alike. Each measure has a value in its own unit and\n"
     "direction, and the same as a score. likeness compare --list-measures tells what each "
     "says.\n"},
};

size_t topic_count(void) {
    return sizeof topic_table / sizeof *topic_table;
}

const struct topic *topic_at(size_t i) {
    return &topic_table[i];
}

const struct topic *topic_find(const char *name) {
    for (size_t i = 0; i < topic_count(); i++) {
        if (strcmp(topic_table[i].name, name) == 0) {
            return &topic_table[i];
        }
    }
    return NULL;
}

void help_overview(struct buf *b) {
    buf_add_text(b, "likeness: do these two images show the same thing, how alike are they, and "
                    "where do they differ?\n\n"
                    "  likeness compare original.png photo.jpg --report out.html\n\nCommands\n");
    for (size_t i = 0; i < command_count(); i++) {
        buf_printf(b, "  %-12s %s\n", command_table[i]->name, command_table[i]->summary);
    }
    buf_add_text(b, "\nTopics (likeness help TOPIC)\n");
    for (size_t i = 0; i < topic_count(); i++) {
        buf_printf(b, "  %-12s %s\n", topic_table[i].name, topic_table[i].summary);
    }
    buf_printf(b, "\nExit codes\n%s\nlikeness COMMAND -h shows a command, --help all of it.\n",
               exit_code_text);
}

static void add_option(struct buf *b, const struct option *o) {
    char left[96];
    int n = o->letter ? snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name)
                      : snprintf(left, sizeof left, "    --%s", o->name);
    if (o->kind != OPTION_FLAG) {
        snprintf(left + n, sizeof left - (size_t)n, "=%s", o->choices ? o->choices : o->value);
    }
    if (strlen(left) > 30) {
        buf_printf(b, "  %s\n  %-30s %s\n", left, "", o->help);
    } else {
        buf_printf(b, "  %-30s %s\n", left, o->help);
    }
}

/* The first `most` rows. */
static void add_table(struct buf *b, const char *title, const struct option *table, int32_t most) {
    buf_printf(b, "\n%s\n", title);
    for (; table->name && most > 0; table++, most--) {
        add_option(b, table);
    }
    if (table->name) {
        buf_add_text(b, "  ...\n");
    }
}

void help_command(struct buf *b, const struct command *c, bool all) {
    buf_printf(b, "likeness %s [OPTIONS]%s%s\n%s\n\nExamples\n%s", c->name,
               *c->arguments ? " " : "", c->arguments, c->summary, c->examples);
    if (all && c->details) {
        buf_printf(b, "\n%s\n", c->details);
    }
    if (c->options) {
        bool cut = !all && c->screen_options > 0;
        add_table(b, "Options", c->options, cut ? c->screen_options : INT32_MAX);
    }
    if (all) {
        add_table(b, "Options of every command", common_options, INT32_MAX);
        buf_printf(b, "\nExit codes\n%s", exit_code_text);
    } else {
        buf_printf(b, "\nlikeness %s --help shows %s.\n", c->name,
                   c->screen_options > 0 ? "the others, and those of every command"
                                         : "the options of every command too");
    }
}
