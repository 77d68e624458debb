/* SPDX-License-Identifier: Apache-2.0 */
/* Help, man pages and completion, all printed from the tables of commands and options. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const char exit_table[] = "  0  yes: same, equal, found, done\n"
                                 "  1  no: different\n"
                                 "  2  trouble: usage, a file that cannot be read or was refused\n"
                                 "  3  inconclusive: the evidence does not carry a verdict\n";

void help_overview(void) {
    printf("likeness: do these two images show the same thing, how alike are they, and where do "
           "they differ?\n\n"
           "  likeness compare original.png photo.jpg --report out.html\n\nCommands\n");
    for (size_t i = 0; i < command_count(); i++) {
        printf("  %-12s %s\n", command_table[i]->name, command_table[i]->summary);
    }
    printf("\nExit codes\n%s\nlikeness COMMAND -h shows a command, --help all of it.\n",
           exit_table);
}

static void print_option(const struct option *o) {
    char left[64];
    int n = o->letter ? snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name)
                      : snprintf(left, sizeof left, "    --%s", o->name);
    if (o->kind != OPTION_FLAG) {
        snprintf(left + n, sizeof left - (size_t)n, "=%s", o->choices ? o->choices : o->value);
    }
    if (strlen(left) > 30) {
        printf("  %s\n  %-30s %s\n", left, "", o->help);
    } else {
        printf("  %-30s %s\n", left, o->help);
    }
}

static void print_table(const char *title, const struct option *table) {
    printf("\n%s\n", title);
    for (; table && table->name; table++) {
        print_option(table);
    }
}

void help_command(const struct command *c, bool all) {
    printf("likeness %s [OPTIONS] %s\n%s\n\nExamples\n%s", c->name, c->arguments, c->summary,
           c->examples);
    if (all && c->details) {
        printf("\n%s\n", c->details);
    }
    if (c->options) {
        print_table("Options", c->options);
    }
    if (all) {
        print_table("Options of every command", common_options);
        printf("\nExit codes\n%s", exit_table);
    } else {
        printf("\nlikeness %s --help shows the options of every command too.\n", c->name);
    }
}

/* Text for roff: a leading dot or apostrophe and every backslash and hyphen are made plain. */
static void roff(const char *text) {
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) {
            fputs("\\&", stdout);
        }
        if (*text == '\\' || *text == '-') {
            fputc('\\', stdout);
        }
        fputc(*text, stdout);
        start = *text == '\n';
    }
}

static void roff_table(const struct option *table) {
    for (; table && table->name; table++) {
        fputs(".TP\n.B ", stdout);
        if (table->letter) {
            printf("\\-%c, ", table->letter);
        }
        fputs("\\-\\-", stdout);
        roff(table->name);
        if (table->kind != OPTION_FLAG) {
            fputs("=", stdout);
            roff(table->choices ? table->choices : table->value);
        }
        fputs("\n", stdout);
        roff(table->help);
        fputs("\n", stdout);
    }
}

void help_man(const struct command *c) {
    printf(".TH LIKENESS\\-");
    for (const char *p = c->name; *p; p++) {
        fputc(toupper((unsigned char)*p), stdout);
    }
    printf(" 1\n.SH NAME\nlikeness\\-%s \\- ", c->name);
    roff(c->summary);
    printf("\n.SH SYNOPSIS\n.B likeness %s\n[OPTIONS] ", c->name);
    roff(c->arguments);
    if (c->details) {
        fputs("\n.SH DESCRIPTION\n", stdout);
        roff(c->details);
    }
    fputs("\n.SH OPTIONS\n", stdout);
    roff_table(c->options);
    roff_table(common_options);
    fputs(".SH EXIT STATUS\n.nf\n", stdout);
    roff(exit_table);
    fputs(".fi\n.SH EXAMPLES\n.nf\n", stdout);
    roff(c->examples);
    fputs(".fi\n", stdout);
}

/* "--one --two=" for a shell's word list. */
static void option_words(const struct option *table) {
    for (; table && table->name; table++) {
        printf("--%s%s ", table->name, table->kind == OPTION_FLAG ? "" : "=");
    }
}

static void completion_bash(void) {
    printf("_likeness() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words=''\n    if [ "
           "\"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (size_t i = 0; i < command_count(); i++) {
        printf("%s ", command_table[i]->name);
    }
    printf("'\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < command_count(); i++) {
        printf("        %s) words='", command_table[i]->name);
        option_words(command_table[i]->options);
        option_words(common_options);
        printf("' ;;\n");
    }
    printf("        esac\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
           "complete -o default -o nospace -F _likeness likeness\n");
}

static void fish_options(const char *command, const struct option *table) {
    for (; table && table->name; table++) {
        printf("complete -c likeness -n '__fish_seen_subcommand_from %s' -l %s%s -d \"%s\"\n",
               command, table->name, table->kind == OPTION_FLAG ? "" : " -r", table->help);
    }
}

static void completion_fish(void) {
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_table[i];
        printf("complete -c likeness -n __fish_use_subcommand -a %s -d \"%s\"\n", c->name,
               c->summary);
        fish_options(c->name, c->options);
        fish_options(c->name, common_options);
    }
}

bool help_completion(const char *shell) {
    if (strcmp(shell, "bash") == 0) {
        completion_bash();
    } else if (strcmp(shell, "zsh") == 0) { /* zsh runs bash completions */
        printf("autoload -U +X bashcompinit && bashcompinit\n");
        completion_bash();
    } else if (strcmp(shell, "fish") == 0) {
        completion_fish();
    } else {
        return false;
    }
    return true;
}
