/* SPDX-License-Identifier: Apache-2.0 */
/* likeness: finds the command, parses its options, makes the engine, runs it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/command.h"

const struct command *const command_table[] = {
    &command_compare, &command_diff,       &command_hash,    &command_info,
    &command_doctor,  &command_completion, &command_version, &command_help,
};

size_t command_count(void) {
    return sizeof command_table / sizeof *command_table;
}

const struct command *command_find(const char *name) {
    for (size_t i = 0; i < command_count(); i++) {
        if (strcmp(command_table[i]->name, name) == 0) {
            return command_table[i];
        }
    }
    return NULL;
}

static const char *command_name_at(size_t i, const void *arg) {
    (void)arg;
    return command_table[i]->name;
}

/* Two pictures and no command: say what was probably meant. */
static int no_such_command(int argc, char **argv) {
    if (argc == 3 && access(argv[1], R_OK) == 0) {
        fprintf(stderr, "likeness: usage: %s is no command; did you mean: likeness compare %s %s\n",
                argv[1], argv[1], argv[2]);
        return EXIT_TROUBLE;
    }
    const char *near = nearest_name(argv[1], command_count(), command_name_at, NULL);
    fprintf(stderr, "likeness: usage: %s is no command%s%s%s   (likeness help)\n", argv[1],
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return EXIT_TROUBLE;
}

static bool apply_limits(lk_limits *limits, const struct common *common, char *message,
                         size_t size) {
    for (size_t i = 0; i < common->limits.count; i++) {
        const char *text = common->limits.items[i], *equals = strchr(text, '=');
        char name[64];
        double value;
        lk_error err;
        if (!equals || !parse_amount(&value, equals + 1)) {
            snprintf(message, size, "--limit takes NAME=VALUE, for example pixels=200M, not %s",
                     text);
            return false;
        }
        snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
        if (lk_limits_set(limits, name, value, &err) != LK_OK) {
            snprintf(message, size, "--limit: %.160s (likeness doctor lists them)", err.text);
            return false;
        }
    }
    return true;
}

static int run_with_engine(const struct command *c, void *settings) {
    struct common *common = settings;
    lk_engine_options options = lk_engine_options_default();
    lk_engine *engine = NULL;
    lk_error err = {0};
    char message[256];
    options.threads = common->jobs;
    options.cpu = getenv("LIKENESS_CPU");
    if (!apply_limits(&options.limits, common, message, sizeof message)) {
        return (int)report_usage(common, c, message);
    }
    if (lk_engine_new(&engine, &options, &err) != LK_OK) {
        return (int)report_error(common, &err);
    }
    int code = (int)c->run(settings, engine);
    lk_engine_free(engine);
    return code;
}

static int run_command(const struct command *c, int argc, char **argv) {
    char message[256];
    struct common *common = mem_calloc(1, c->settings_size);
    if (!common) {
        fputs("likeness: out of memory\n", stderr);
        return EXIT_TROUBLE;
    }
    if (c->defaults) {
        c->defaults(common);
    }
    int code;
    if (!options_parse(common, c->options, argc, argv, message, sizeof message)) {
        code = (int)report_usage(common, c, message);
    } else if (common->help_short || common->help_long) {
        help_command(c, common->help_long);
        code = EXIT_YES;
    } else if (common->version) {
        code = (int)command_version.run(common, NULL);
    } else if ((int32_t)common->args.count < c->least_args ||
               (int32_t)common->args.count > c->most_args) {
        snprintf(message, sizeof message, "likeness %s wants %s", c->name, c->arguments);
        code = (int)report_usage(common, c, message);
    } else {
        code = c->no_engine ? (int)c->run(common, NULL) : run_with_engine(c, common);
    }
    options_release(common, c->options);
    mem_free(common);
    return code;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, found below */
    int code = EXIT_TROUBLE;
    if (argc < 2) {
        help_overview();
    } else if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        help_overview();
        code = EXIT_YES;
    } else if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        code = run_command(&command_version, 1, argv);
    } else {
        const struct command *c = command_find(argv[1]);
        code = c ? run_command(c, argc - 1, argv + 1) : no_such_command(argc, argv);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("likeness: cannot write: standard output\n", stderr);
        code = EXIT_TROUBLE;
    }
    return code;
}
