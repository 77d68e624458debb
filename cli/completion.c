/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for bash, zsh and fish from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* Text inside single quotes of a shell, with a backslash before every character of `special`. */
static void add_quoted(struct buf *b, const char *text, const char *special) {
    for (; *text; text++) {
        if (*text == '\'') {
            buf_add_text(b, "'\\''");
        } else {
            if (strchr(special, *text)) {
                buf_add_text(b, "\\");
            }
            buf_add(b, text, 1);
        }
    }
}

/* "a|b|c" as "a b c". */
static void add_choices(struct buf *b, const char *choices) {
    for (; *choices; choices++) {
        buf_add(b, *choices == '|' ? " " : choices, 1);
    }
}

static void bash_words(struct buf *b, const struct option *table) {
    for (; table && table->name; table++) {
        buf_printf(b, " --%s%s", table->name, table->kind == OPTION_FLAG ? "" : "=");
    }
}

/* One line for each option that takes one of a few words. */
static void bash_values(struct buf *b, const char *command, const struct option *table) {
    for (; table && table->name; table++) {
        if (table->choices) {
            buf_printf(b, "        '%s --%s') words='", command, table->name);
            add_choices(b, table->choices);
            buf_add_text(b, "' ;;\n");
        }
    }
}

static void bash_script(struct buf *b) {
    buf_add_text(
        b, "# bash completion for likeness\n"
           "_likeness() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
           "    local command=${COMP_WORDS[1]}\n"
           "    COMPREPLY=()\n"
           "    if [ \"$cur\" = '=' ]; then cur=''; elif [ \"$prev\" = '=' ]; then "
           "prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (size_t i = 0; i < command_count(); i++) {
        buf_printf(b, "%s%s", i ? " " : "", command_table[i]->name);
    }
    buf_add_text(b, "'\n    elif [ \"${cur#-}\" != \"$cur\" ]; then\n        case $command in\n");
    for (size_t i = 0; i < command_count(); i++) {
        buf_printf(b, "        %s) words='", command_table[i]->name);
        bash_words(b, command_table[i]->options);
        bash_words(b, common_options);
        buf_add_text(b, "' ;;\n");
    }
    buf_add_text(b, "        esac\n    else\n        case \"$command $prev\" in\n");
    for (size_t i = 0; i < command_count(); i++) {
        bash_values(b, command_table[i]->name, command_table[i]->options);
    }
    bash_values(b, "'*'", common_options); /* ''*' --color': any command */
    for (size_t i = 0; i < command_count(); i++) {
        if (command_table[i]->add_words) {
            buf_printf(b, "        '%s '*) words='", command_table[i]->name);
            command_table[i]->add_words(b);
            buf_add_text(b, "' ;;\n");
        }
    }
    buf_add_text(
        b, "        esac\n    fi\n"
           "    [ -n \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "    if [ \"${COMPREPLY[0]%=}\" != \"${COMPREPLY[0]}\" ]; then compopt -o nospace; fi\n"
           "}\ncomplete -o default -F _likeness likeness\n");
}

static void zsh_options(struct buf *b, const struct option *table) {
    for (; table && table->name; table++) {
        const char *equals = table->kind == OPTION_FLAG ? "" : "=";
        if (table->letter) {
            buf_printf(b, "            {-%c%s,--%s%s}", table->letter, *equals ? "+" : "",
                       table->name, equals);
        } else {
            buf_printf(b, "            --%s%s", table->name, equals);
        }
        buf_add_text(b, "'[");
        add_quoted(b, table->help, "[]:\\");
        buf_add_text(b, "]");
        if (*equals) {
            buf_add_text(b, ":");
            add_quoted(b, table->value ? table->value : "", "[]:\\");
            buf_add_text(b, ":");
            if (table->choices) {
                buf_add_text(b, "(");
                add_choices(b, table->choices);
                buf_add_text(b, ")");
            } else {
                buf_add_text(b, strcmp(table->value, "FILE") == 0 ? "_files" : " ");
            }
        }
        buf_add_text(b, "' \\\n");
    }
}

static void zsh_script(struct buf *b) {
    buf_add_text(b, "#compdef likeness\n_likeness() {\n    local -a commands\n    commands=(\n");
    for (size_t i = 0; i < command_count(); i++) {
        buf_printf(b, "        '%s:", command_table[i]->name);
        add_quoted(b, command_table[i]->summary, ":\\");
        buf_add_text(b, "'\n");
    }
    buf_add_text(b, "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
                    "        return\n    fi\n    local command=$words[2]\n    shift words\n"
                    "    (( CURRENT-- ))\n    case $command in\n");
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_table[i];
        buf_printf(b, "    %s)\n        _arguments -s \\\n", c->name);
        zsh_options(b, c->options);
        zsh_options(b, common_options);
        if (c->add_words) {
            buf_add_text(b, "            '*:word:(");
            c->add_words(b);
            buf_add_text(b, ")' ;;\n");
        } else {
            buf_add_text(b, "            '*:file:_files' ;;\n");
        }
    }
    buf_add_text(b, "    esac\n}\nif [ \"$funcstack[1]\" = _likeness ]; then _likeness \"$@\"; "
                    "else compdef _likeness likeness; fi\n");
}

static void fish_options(struct buf *b, const char *condition, const struct option *table) {
    for (; table && table->name; table++) {
        buf_printf(b, "complete -c likeness -n '%s' -l %s", condition, table->name);
        if (table->letter) {
            buf_printf(b, " -s %c", table->letter);
        }
        if (table->choices) {
            buf_add_text(b, " -x -a '");
            add_choices(b, table->choices);
            buf_add_text(b, "'");
        } else if (table->kind != OPTION_FLAG) {
            buf_add_text(b, " -r");
        }
        buf_add_text(b, " -d \"");
        for (const char *p = table->help; *p; p++) {
            buf_printf(b, "%s%c", strchr("\"$\\", *p) ? "\\" : "", *p);
        }
        buf_add_text(b, "\"\n");
    }
}

static void fish_script(struct buf *b) {
    char condition[96];
    buf_add_text(b, "# fish completion for likeness\n");
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_table[i];
        buf_printf(b, "complete -c likeness -n __fish_use_subcommand -f -a %s -d \"%s\"\n", c->name,
                   c->summary);
        snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", c->name);
        fish_options(b, condition, c->options);
        if (c->add_words) {
            buf_printf(b, "complete -c likeness -n '%s' -f -a '", condition);
            c->add_words(b);
            buf_add_text(b, "'\n");
        }
    }
    fish_options(b, "not __fish_use_subcommand", common_options);
}

bool completion_script(struct buf *b, const char *shell) {
    static const struct {
        const char *shell;
        void (*write)(struct buf *b);
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (strcmp(scripts[i].shell, shell) == 0) {
            scripts[i].write(b);
            return true;
        }
    }
    return false;
}
