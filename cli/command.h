/* SPDX-License-Identifier: Apache-2.0 */
/* Commands. Adding one:
 *
 *   1. cli/cmd_NAME.c: a settings struct whose first member is `struct common common;`,
 *   2. its table of options, one row each, ended by OPTION_END,
 *   3. its run function, which builds its result in a struct buf and ends with `return print_result(&s->common, &b, code);`,
 *   4. `const struct command command_NAME` with words for help and at least one example,
 *   5. a row in the table of main.c, a line in meson.build, a case file tests/cli/NAME.case.
 *
 * Help, man page and completion then exist. Call stop_asked() between files of a long job, and progress.h for jobs over many. */
#ifndef LK_COMMAND_H
#define LK_COMMAND_H

#include <likeness/likeness.h>

#include "base/buf.h"
#include "cli/option.h"

/* Exit codes, the same for every command: help and man pages print exit_code_text. */
enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_TROUBLE = 2, EXIT_INCONCLUSIVE = 3 };
extern const char exit_code_text[];

struct command {
    const char *name;
    const char *summary;   /* one line */
    const char *arguments; /* "A B" */
    const char *details;   /* paragraphs for --help; may be NULL */
    const char *examples;  /* lines, each a command line behind two spaces */
    int32_t least_args, most_args;
    void (*add_words)(
        struct buf *b);           /* what its arguments may be, with spaces between; NULL: files */
    const struct option *options; /* its own; NULL for none */
    int32_t screen_options;       /* -h shows so many of them, --help all; 0: all */
    size_t settings_size;
    void (*defaults)(void *settings); /* NULL: all zero */
    bool no_engine;                   /* run gets engine == NULL */
    enum exit_code (*run)(void *settings, lk_engine *engine);
};

extern const struct command command_audit, command_camera, command_classify, command_compare,
    command_completion, command_db, command_diff, command_doctor, command_dups, command_embed,
    command_evidence, command_hash, command_help, command_index, command_info, command_map,
    command_search, command_serve, command_model, command_policy, command_ref, command_schema,
    command_simulate, command_token, command_train, command_verify, command_version, command_watch;
extern const struct command *const command_table[];
size_t command_count(void);
const struct command *command_find(const char *name);

/* help.c: from the tables. Topics are texts that belong to no one command. */
void help_overview(struct buf *b);
void help_command(struct buf *b, const struct command *c, bool all);
struct topic {
    const char *name, *summary, *text;
};
size_t topic_count(void);
const struct topic *topic_at(size_t i);
const struct topic *topic_find(const char *name);

/* man.c: a page in roff, of the command called name, of a topic, or of the whole ("likeness"); false when there is none. */
bool man_page(struct buf *b, const char *name);

/* completion.c: the script for bash, zsh or fish; false for another shell. */
bool completion_script(struct buf *b, const char *shell);

/* output.c. The result goes to standard output or --output, errors and remarks to standard error. */

/* Prints an error, as text or JSON, and returns EXIT_TROUBLE. */
enum exit_code report_error(const struct common *common, const lk_error *err);
/* A usage error: the text, then where to look. */
enum exit_code report_usage(const struct common *common, const struct command *c, const char *text);
/* A remark, unless --quiet. */
void remark(const struct common *common, const char *format, ...) PRINTF_LIKE(2, 3);

/* Writes the result where --output says; EXIT_TROUBLE when that fails, else code (or 0 with --exit-zero). */
enum exit_code write_result(const struct common *common, const lk_bytes *bytes,
                            enum exit_code code);
/* The same from a buffer, which it releases. Trouble of some files (code) stays trouble. */
enum exit_code print_result(const struct common *common, struct buf *b, enum exit_code code);

/* A long text of help: through a pager when standard output is a terminal. */
enum exit_code print_help(const struct common *common, struct buf *b);

/* Whether to colour standard output: --color, NO_COLOR, FORCE_COLOR, TERM, and a terminal. */
bool wants_colour(const struct common *common);

/* Control characters as \xNN, cut to size: a name may hold anything, and must not act on a terminal. */
void escape_text(char *out, size_t size, const char *text);
/* A file name for a person: escaped when the result goes to a terminal, else the bytes as they are. */
void add_path(struct buf *b, const struct common *common, const char *path);

#endif
