/* SPDX-License-Identifier: Apache-2.0 */
/* likeness: finds the command, parses its options, makes the engine, runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/stop.h"

const struct command *const command_table[] = {
    &command_compare,    &command_diff,     &command_hash,   &command_info,   &command_verify,
    &command_index,      &command_search,   &command_dups,   &command_ref,    &command_audit,
    &command_db,         &command_evidence, &command_camera, &command_watch,  &command_policy,
    &command_classify,   &command_embed,    &command_map,    &command_model,  &command_simulate,
    &command_train,      &command_serve,    &command_token,  &command_schema, &command_doctor,
    &command_completion, &command_version,  &command_help,
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

static bool wants_json(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

/* Two pictures and no command: say what was probably meant. */
static int no_such_command(int argc, char **argv) {
    const struct common common = {.json = wants_json(argc, argv)};
    char message[512];
    const char *near = nearest_name(argv[1], command_count(), command_name_at, NULL);
    if (argv[1][0] == '-' && argv[1][1]) {
        snprintf(message, sizeof message, "%.200s: options stand after the command", argv[1]);
    } else if (argc >= 3 && access(argv[1], R_OK) == 0) {
        snprintf(message, sizeof message,
                 "%.120s is no command; did you mean: likeness compare %.120s %.120s", argv[1],
                 argv[1], argv[2]);
    } else {
        snprintf(message, sizeof message, "%.200s is no command%s%s%s", argv[1],
                 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    return (int)report_usage(&common, NULL, message);
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

/* How long OpenMP's threads, on which networks run, spin before they sleep. By default so long that on a machine with other work a
 * run of 2 ms takes 400; with this 6, and on an idle machine as before. Read when its library is opened, with the first network. */
static void calm_openmp(void) {
    setenv("GOMP_SPINCOUNT", "1000", 0);
}

static int run_with_engine(const struct command *c, void *settings) {
    struct common *common = settings;
    lk_engine_options options = lk_engine_options_default();
    lk_engine *engine = NULL;
    lk_error err = {0};
    char message[256];
    const char *cpu = getenv("LIKENESS_CPU");
    calm_openmp();
    options.threads = common->jobs;
    options.cpu = cpu && *cpu ? cpu : NULL;
    options.stop = stop_flag();
    if (!apply_limits(&options.limits, common, message, sizeof message)) {
        return (int)report_usage(common, c, message);
    }
    if (lk_engine_new(&engine, &options, &err) != LK_OK) {
        if (err.status == LK_E_USAGE) { /* the only setting that can be wrong by now */
            snprintf(err.input, sizeof err.input, "LIKENESS_CPU");
        }
        return (int)report_error(common, &err);
    }
    int code = (int)c->run(settings, engine);
    lk_engine_free(engine);
    return code;
}

static int show_help(const struct command *c, const struct common *common) {
    struct buf b;
    buf_init(&b, 1 << 20);
    help_command(&b, c, common->help_long);
    return (int)(common->help_long ? print_help(common, &b) : print_result(common, &b, EXIT_YES));
}

static int run_parsed(const struct command *c, struct common *common) {
    char message[256];
    int32_t count = (int32_t)common->args.count;
    if (common->help_short || common->help_long) {
        return show_help(c, common);
    }
    if (common->version) {
        return (int)command_version.run(common, NULL);
    }
    if (count < c->least_args || count > c->most_args) {
        snprintf(message, sizeof message, "likeness %s wants %s", c->name,
                 *c->arguments ? c->arguments : "no arguments");
        return (int)report_usage(common, c, message);
    }
    return c->no_engine ? (int)c->run(common, NULL) : run_with_engine(c, common);
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
    if (options_parse(common, c->options, argc, argv, message, sizeof message)) {
        code = run_parsed(c, common);
    } else {
        common->json = wants_json(argc, argv);
        code = (int)report_usage(common, c, message);
    }
    options_release(common, c->options);
    mem_free(common);
    return code;
}

/* `likeness`, `likeness -h`, `likeness --help`: the overview; a mistake when nothing was asked. */
static int overview(bool asked) {
    struct buf b;
    lk_bytes text;
    buf_init(&b, 1 << 20);
    help_overview(&b);
    if (buf_finish(&b, &text, NULL) == LK_OK) {
        fputs((const char *)text.data, asked ? stdout : stderr);
    }
    lk_bytes_release(&text);
    return asked ? EXIT_YES : EXIT_TROUBLE;
}

int main(int argc, char **argv) {
    int code;
    stop_install();
    mem_keep_freed();
    if (argc < 2) {
        code = overview(false);
    } else if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        code = overview(true);
    } else if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        code = run_command(&command_version, argc - 1, argv + 1);
    } else {
        const struct command *c = command_find(argv[1]);
        code = c ? run_command(c, argc - 1, argv + 1) : no_such_command(argc, argv);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        stop_if_unread();
        fputs("likeness: cannot write: standard output\n", stderr);
        code = EXIT_TROUBLE;
    }
    return stop_asked() ? stop_exit_code() : code;
}
