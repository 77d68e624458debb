/* SPDX-License-Identifier: Apache-2.0 */
/* version, help, doctor, completion: a few lines each. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static enum exit_code version_run(void *settings, lk_engine *engine) {
    (void)settings;
    (void)engine;
    printf("likeness " LIKENESS_VERSION "\n");
    return EXIT_YES;
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
    bool man;
};

static const struct option help_options[] = {
    {.name = "man",
     .kind = OPTION_FLAG,
     .help = "print the man page of COMMAND",
     .offset = offsetof(struct help_settings, man)},
    OPTION_END,
};

static enum exit_code help_run(void *settings, lk_engine *engine) {
    struct help_settings *s = settings;
    (void)engine;
    if (s->common.args.count == 0) {
        help_overview();
        return EXIT_YES;
    }
    const struct command *c = command_find(s->common.args.items[0]);
    if (!c) {
        return report_usage(&s->common, &command_help, "there is no command of that name");
    }
    if (s->man) {
        help_man(c);
    } else {
        help_command(c, true);
    }
    return EXIT_YES;
}

const struct command command_help = {
    .name = "help",
    .summary = "explain a command",
    .arguments = "[COMMAND]",
    .examples = "  likeness help compare\n",
    .most_args = 1,
    .options = help_options,
    .settings_size = sizeof(struct help_settings),
    .no_engine = true,
    .run = help_run,
};

static enum exit_code doctor_run(void *settings, lk_engine *engine) {
    (void)settings;
    lk_limits limits = lk_limits_default();
    printf("likeness " LIKENESS_VERSION "\ninstruction set  %s\nthreads          %d\n",
           lk_engine_cpu(engine), lk_engine_threads(engine));
    printf("limits (--limit NAME=VALUE)\n");
    for (size_t i = 0; i < lk_limit_count(); i++) {
        const lk_limit_info *info = lk_limit_at(i);
        printf("  %-15s %14.0f %-3s %s\n", info->name, lk_limits_get(&limits, info->name),
               info->unit, info->summary);
    }
    return EXIT_YES;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "show the instruction set, the threads and the limits in force",
    .arguments = "",
    .examples = "  likeness doctor\n",
    .settings_size = sizeof(struct common),
    .run = doctor_run,
};

static enum exit_code completion_run(void *settings, lk_engine *engine) {
    struct common *common = settings;
    (void)engine;
    return help_completion(common->args.items[0])
               ? EXIT_YES
               : report_usage(common, &command_completion,
                              "completion is there for bash, zsh and fish");
}

const struct command command_completion = {
    .name = "completion",
    .summary = "print the completion script of a shell",
    .arguments = "bash|zsh|fish",
    .examples = "  likeness completion bash > /etc/bash_completion.d/likeness\n",
    .least_args = 1,
    .most_args = 1,
    .settings_size = sizeof(struct common),
    .no_engine = true,
    .run = completion_run,
};
