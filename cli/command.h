/* SPDX-License-Identifier: Apache-2.0 */
/* Commands. Adding one: a file cmd_NAME.c with its settings struct (first member struct common), its option table, its run
 * function and a `const struct command command_NAME`; one row in main.c's table; one line in meson.build. */
#ifndef LK_COMMAND_H
#define LK_COMMAND_H

#include <likeness/likeness.h>

#include "cli/option.h"

/* Exit codes, the same for every command: docs and man pages print this table. */
enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_TROUBLE = 2, EXIT_INCONCLUSIVE = 3 };

struct command {
    const char *name;
    const char *summary;   /* one line */
    const char *arguments; /* "A B" */
    const char *details;   /* a paragraph for --help; may be NULL */
    const char *examples;  /* lines, each a command line */
    int32_t least_args, most_args;
    const struct option *options; /* its own; NULL for none */
    size_t settings_size;
    void (*defaults)(void *settings); /* NULL: all zero */
    bool no_engine;                   /* run gets engine == NULL */
    enum exit_code (*run)(void *settings, lk_engine *engine);
};

extern const struct command command_compare, command_diff, command_hash, command_info,
    command_version, command_help, command_doctor, command_completion;
extern const struct command *const command_table[];
size_t command_count(void);
const struct command *command_find(const char *name);

/* Help, man pages and completion, from the tables. */
void help_overview(void);
void help_command(const struct command *c, bool all);
void help_man(const struct command *c);
bool help_completion(const char *shell);

/* Prints an error on standard error, as text or JSON, and returns EXIT_TROUBLE. */
enum exit_code report_error(const struct common *common, const lk_error *err);
/* A usage error: the text, then where to look. */
enum exit_code report_usage(const struct common *common, const struct command *c, const char *text);
/* A remark on standard error, unless --quiet. */
void remark(const struct common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the result where --output says; EXIT_TROUBLE when that fails, else code (or 0 with --exit-zero). */
enum exit_code write_result(const struct common *common, const lk_bytes *bytes,
                            enum exit_code code);

/* Whether to colour standard output: --color, NO_COLOR, FORCE_COLOR, TERM, and a terminal. */
bool wants_colour(const struct common *common);

#endif
