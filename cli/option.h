/* SPDX-License-Identifier: Apache-2.0 */
/* Options as tables: parsing, help, man pages and completion all come from the same rows.
 *
 * A command keeps its settings in one struct that begins with `struct common`; each row says where its value goes. Adding
 * an option is one row. */
#ifndef LK_OPTION_H
#define LK_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,   /* bool; --no-NAME clears it */
    OPTION_INT,    /* int32_t, not negative */
    OPTION_NUMBER, /* double */
    OPTION_TEXT,   /* const char * */
    OPTION_CHOICE, /* int32_t: which of choices */
    OPTION_LIST,   /* struct text_list: may be given again */
};

struct text_list {
    size_t count, capacity;
    const char **items; /* the texts are borrowed from argv */
};

struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0 for none */
    enum option_kind kind;
    const char *value;    /* word for the value in help; NULL for a flag */
    const char *choices;  /* "a|b|c" for OPTION_CHOICE */
    const char *synonyms; /* other names it answers to, with spaces between; NULL for none */
    const char *help;
    size_t offset; /* in the command's settings */
};

/* A table ends with a row whose name is NULL. */
#define OPTION_END                                                                                 \
    { .name = NULL }

/* What every command has. */
struct common {
    bool json, quiet, exit_zero, help_short, help_long, version;
    const char *output;      /* -o; NULL is standard output */
    int32_t colour;          /* enum colour_choice */
    int32_t progress;        /* enum progress_choice */
    int32_t jobs;            /* threads; 0 is one a core */
    struct text_list limits; /* NAME=VALUE */
    struct text_list args;   /* what is not an option */
};

enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };
enum progress_choice { PROGRESS_AUTO, PROGRESS_JSONL, PROGRESS_NONE };

extern const struct option common_options[];

/* Parses argv[1..] into settings by the two tables (own may be NULL). On a mistake writes one line into message and returns
 * false. Options may stand before or after arguments; "--" ends them. */
bool options_parse(void *settings, const struct option *own, int argc, char **argv, char *message,
                   size_t size);

/* Frees the lists that parsing made. */
void options_release(void *settings, const struct option *own);

/* The nearest of `count` names to word by edit distance, or NULL when none is near. name_at gives the i-th name. */
const char *nearest_name(const char *word, size_t count,
                         const char *(*name_at)(size_t i, const void *arg), const void *arg);

/* A number with an optional suffix k M G Ki Mi Gi; false when text is none. */
bool parse_amount(double *out, const char *text);

#endif
