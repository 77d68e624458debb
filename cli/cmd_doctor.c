/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <likeness/machine.h>

#include "base/json.h"
#include "cli/command.h"
#include "serve/serve.h"

static const char instruction_sets[] = "c avx2 avx512";

/* Which of instruction_sets this machine has: an engine of each either comes up or is refused. */
static void usable_sets(char *out, size_t size) {
    size_t n = 0;
    out[0] = '\0';
    for (const char *p = instruction_sets; *p;) {
        char name[16];
        int length = 0;
        lk_engine *engine = NULL;
        lk_engine_options options = lk_engine_options_default();
        sscanf(p, "%15s%n", name, &length);
        options.cpu = name;
        options.threads = 1;
        if (lk_engine_new(&engine, &options, NULL) == LK_OK) {
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " " : "", name);
        }
        lk_engine_free(engine);
        p += length + (p[length] == ' ');
    }
}

/* All of them: the library's own, then what the service is built on. */
static size_t library_count(void) {
    return lk_library_count() + 1;
}

static lk_library_info library_at(size_t i) {
    return i < lk_library_count() ? lk_library_at(i) : serve_library();
}

static void libraries_json(struct json *j) {
    lk_sandbox_info sandbox = lk_sandbox();
    json_array_begin(j, "libraries");
    for (size_t i = 0; i < library_count(); i++) {
        lk_library_info info = library_at(i);
        json_object_begin(j, NULL);
        json_text(j, "soname", info.soname);
        json_text(j, "task", info.task);
        json_bool(j, "usable", info.usable);
        json_text(j, info.usable ? "version" : "problem",
                  info.usable ? info.version : info.problem);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_begin(j, "sandbox");
    json_bool(j, "seccomp", sandbox.seccomp);
    json_int(j, "landlock_abi", sandbox.landlock_abi);
    json_object_end(j);
}

static void libraries_text(struct buf *b) {
    lk_sandbox_info sandbox = lk_sandbox();
    buf_add_text(b, "libraries opened on first use\n");
    for (size_t i = 0; i < library_count(); i++) {
        lk_library_info info = library_at(i);
        buf_printf(b, "  %-19s %-17s %s%s%s%s\n", info.soname, info.usable ? info.version : "no",
                   info.task, info.usable ? "" : " (", info.problem, info.usable ? "" : ")");
    }
    buf_printf(b, "the kernel can    %s, ", sandbox.seccomp ? "seccomp" : "no seccomp");
    if (sandbox.landlock_abi > 0) {
        buf_printf(b, "Landlock ABI %d\n", (int)sandbox.landlock_abi);
    } else {
        buf_add_text(b, "no Landlock\n");
    }
}

static void doctor_json(struct buf *b, const lk_engine *engine, const lk_limits *limits) {
    struct json j;
    char sets[64];
    usable_sets(sets, sizeof sets);
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/doctor/1");
    json_text(&j, "version", LIKENESS_VERSION);
    json_text(&j, "build", LIKENESS_BUILD);
    json_text(&j, "cpu", lk_engine_cpu(engine));
    json_text(&j, "cpu_usable", sets);
    json_int(&j, "threads", lk_engine_threads(engine));
    json_array_begin(&j, "formats");
    for (size_t i = 0; i < lk_format_count(); i++) {
        json_text(&j, NULL, lk_format_at(i).name);
    }
    json_array_end(&j);
    libraries_json(&j);
    json_object_begin(&j, "limits");
    for (size_t i = 0; i < lk_limit_count(); i++) {
        json_number(&j, lk_limit_at(i)->name, lk_limits_get(limits, lk_limit_at(i)->name));
    }
    json_object_end(&j);
    json_object_end(&j);
    buf_add_text(b, "\n");
}

static void doctor_text(struct buf *b, const lk_engine *engine, const lk_limits *limits) {
    char sets[64];
    usable_sets(sets, sizeof sets);
    buf_printf(b,
               "likeness %s\nbuild            %s\ninstruction set  %s (usable: %s; LIKENESS_CPU "
               "chooses)\nthreads          %d\nreads           ",
               LIKENESS_VERSION, LIKENESS_BUILD, lk_engine_cpu(engine), sets,
               lk_engine_threads(engine));
    for (size_t i = 0; i < lk_format_count(); i++) {
        buf_printf(b, " %s", lk_format_at(i).name);
    }
    buf_add_text(b, "\n");
    libraries_text(b);
    buf_add_text(b, "limits (--limit NAME=VALUE)\n");
    for (size_t i = 0; i < lk_limit_count(); i++) {
        const lk_limit_info *info = lk_limit_at(i);
        buf_printf(b, "  %-15s %14.0f %-3s %s\n", info->name, lk_limits_get(limits, info->name),
                   info->unit, info->summary);
    }
}

static enum exit_code doctor_run(void *settings, lk_engine *engine) {
    struct common *common = settings;
    lk_limits limits = lk_engine_limits(engine);
    struct buf b;
    buf_init(&b, 1 << 16);
    if (common->json) {
        doctor_json(&b, engine, &limits);
    } else {
        doctor_text(&b, engine, &limits);
    }
    return print_result(common, &b, EXIT_YES);
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "show the build, the instruction set, formats, libraries and limits",
    .arguments = "",
    .examples = "  likeness doctor\n  likeness doctor --limit pixels=200M --json\n",
    .settings_size = sizeof(struct common),
    .run = doctor_run,
};
