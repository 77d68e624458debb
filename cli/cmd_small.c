/* SPDX-License-Identifier: Apache-2.0 */
/* version, help, completion, schema: a few lines each. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/schema.h"

enum { SMALL_TEXT_MAX = 1 << 20 };

static enum exit_code version_run(void *settings, lk_engine *engine) {
    struct common *common = settings;
    struct buf b;
    struct json j;
    (void)engine;
    buf_init(&b, SMALL_TEXT_MAX);
    if (common->json) {
        json_init(&j, &b, 0);
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/version/1");
        json_text(&j, "version", LIKENESS_VERSION);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    } else {
        buf_add_text(&b, "likeness " LIKENESS_VERSION "\n");
    }
    return print_result(common, &b, EXIT_YES);
}

const struct command command_version = {
    .name = "version",
    .summary = "print the version",
    .arguments = "",
    .examples = "  likeness version\n",
    .settings_size = sizeof(struct common),
    .no_engine = true,
    .run = version_run,
};

struct help_settings {
    struct common common;
    bool man, names;
};

static const struct option help_options[] = {
    {.name = "man",
     .kind = OPTION_FLAG,
     .help = "as a man page in roff; likeness is the name of the page on the whole",
     .offset = offsetof(struct help_settings, man)},
    {.name = "names",
     .kind = OPTION_FLAG,
     .help = "print the names of the commands, one a line",
     .offset = offsetof(struct help_settings, names)},
    OPTION_END,
};

static const char *help_name_at(size_t i, const void *arg) {
    (void)arg;
    return i < command_count() ? command_table[i]->name : topic_at(i - command_count())->name;
}

static enum exit_code no_such_help(const struct common *common, const char *name) {
    char message[256];
    const char *near = nearest_name(name, command_count() + topic_count(), help_name_at, NULL);
    snprintf(message, sizeof message, "there is no help on %.100s%s%s%s", name,
             near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return report_usage(common, &command_help, message);
}

static enum exit_code help_run(void *settings, lk_engine *engine) {
    struct help_settings *s = settings;
    const char *name = s->common.args.count ? s->common.args.items[0] : NULL;
    const struct command *c = name ? command_find(name) : NULL;
    const struct topic *t = name ? topic_find(name) : NULL;
    struct buf b;
    (void)engine;
    buf_init(&b, SMALL_TEXT_MAX);
    if (s->names) {
        for (size_t i = 0; i < command_count(); i++) {
            buf_printf(&b, "%s\n", command_table[i]->name);
        }
    } else if (s->man) {
        if (!man_page(&b, name ? name : "likeness")) {
            return no_such_help(&s->common, name);
        }
    } else if (c) {
        help_command(&b, c, true);
    } else if (t) {
        buf_printf(&b, "%s: %s\n\n%s", t->name, t->summary, t->text);
    } else if (name) {
        return no_such_help(&s->common, name);
    } else {
        help_overview(&b);
    }
    return s->man || s->names ? print_result(&s->common, &b, EXIT_YES) : print_help(&s->common, &b);
}

static void add_help_words(struct buf *b) {
    for (size_t i = 0; i < command_count() + topic_count(); i++) {
        buf_printf(b, "%s%s", i ? " " : "", help_name_at(i, NULL));
    }
}

const struct command command_help = {
    .name = "help",
    .summary = "explain a command or a topic",
    .arguments = "[COMMAND|TOPIC]",
    .examples = "  likeness help compare\n  likeness help limits\n"
                "  likeness help --man compare | man -l -\n",
    .most_args = 1,
    .add_words = add_help_words,
    .options = help_options,
    .settings_size = sizeof(struct help_settings),
    .no_engine = true,
    .run = help_run,
};

static enum exit_code completion_run(void *settings, lk_engine *engine) {
    struct common *common = settings;
    struct buf b;
    (void)engine;
    buf_init(&b, SMALL_TEXT_MAX);
    if (!completion_script(&b, common->args.items[0])) {
        return report_usage(common, &command_completion, "completion is there for bash, zsh, fish");
    }
    return print_result(common, &b, EXIT_YES);
}

static void add_shell_words(struct buf *b) {
    buf_add_text(b, "bash zsh fish");
}

const struct command command_completion = {
    .name = "completion",
    .summary = "print the completion script of a shell",
    .arguments = "bash|zsh|fish",
    .details = "bash: save it as /etc/bash_completion.d/likeness. zsh: save it as _likeness in a "
               "folder of $fpath. fish: save it\n"
               "as ~/.config/fish/completions/likeness.fish.",
    .examples = "  likeness completion bash > /etc/bash_completion.d/likeness\n"
                "  source <(likeness completion zsh)\n",
    .least_args = 1,
    .most_args = 1,
    .add_words = add_shell_words,
    .settings_size = sizeof(struct common),
    .no_engine = true,
    .run = completion_run,
};

static enum exit_code schema_run(void *settings, lk_engine *engine) {
    struct common *common = settings;
    const char *name = common->args.count ? common->args.items[0] : NULL;
    struct buf b;
    bool found = false;
    (void)engine;
    buf_init(&b, SMALL_TEXT_MAX);
    for (const struct schema *s = schema_table; s->name; s++) {
        if (!name) {
            buf_printf(&b, "%s\n", s->name);
        } else if (strcmp(s->name, name) == 0 ||
                   (strncmp(s->name, name, strlen(name)) == 0 && s->name[strlen(name)] == '-')) {
            buf_add_text(&b, s->text);
            found = true;
        }
    }
    if (name && !found) {
        return report_usage(common, &command_schema, "there is no schema of that name");
    }
    return print_result(common, &b, EXIT_YES);
}

static void add_schema_words(struct buf *b) {
    for (const struct schema *s = schema_table; s->name; s++) {
        buf_printf(b, "%s%s", s == schema_table ? "" : " ", s->name);
    }
}

const struct command command_schema = {
    .name = "schema",
    .summary = "print the JSON Schema of a document that --json prints, or list them",
    .arguments = "[NAME]",
    .examples = "  likeness schema\n  likeness schema compare\n",
    .most_args = 1,
    .add_words = add_schema_words,
    .settings_size = sizeof(struct common),
    .no_engine = true,
    .run = schema_run,
};
