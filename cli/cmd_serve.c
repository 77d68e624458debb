/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/model_run.h"
#include "cli/schema.h"
#include "cli/stop.h"
#include "cli/store_place.h"
#include "serve/serve.h"

struct serve_settings {
    struct common common;
    const char *listen, *db;
    bool behind_proxy;
    struct text_list hosts;
    const char *max_body, *keep;
    int32_t workers, queue;
};

#define AT(member) offsetof(struct serve_settings, member)

static const struct option serve_options_table[] = {
    {"listen", 0, OPTION_TEXT, "ADDRESS:PORT", NULL, NULL,
     "where to listen (127.0.0.1:8787); port 0 takes a free one", AT(listen)},
    STORE_OPTION(AT(db)),
    {"behind-proxy", 0, OPTION_FLAG, NULL, NULL, NULL,
     "listen on other addresses than loopback's too: a proxy in front does TLS and login",
     AT(behind_proxy)},
    {"host", 0, OPTION_LIST, "NAME", NULL, NULL,
     "answer to this name too, besides localhost; may be given again", AT(hosts)},
    {"max-body", 0, OPTION_TEXT, "BYTES", NULL, NULL, "the largest upload (64Mi)", AT(max_body)},
    {"keep", 0, OPTION_TEXT, "BYTES", NULL, NULL,
     "uploads to keep in memory, the last used (256Mi)", AT(keep)},
    {"workers", 0, OPTION_INT, "N", NULL, NULL,
     "requests that compute at once, each with a process that decodes (2)", AT(workers)},
    {"queue", 0, OPTION_INT, "N", NULL, NULL,
     "requests that may wait for a worker; more are answered 503 (64)", AT(queue)},
    OPTION_END,
};

static void serve_defaults(void *settings) {
    struct serve_settings *s = settings;
    s->listen = "127.0.0.1:8787";
    s->workers = 2;
    s->queue = 64;
}

static const char *schema_text(const char *name) {
    for (const struct schema *row = schema_table; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            return row->text;
        }
    }
    return NULL;
}

static void say_ready(void *arg, const char *url, const char *sandbox) {
    const struct serve_settings *s = arg;
    printf("%s\n", url);
    fflush(stdout);
    remark(&s->common, "pictures are decoded under %s; Ctrl-C ends", sandbox);
}

/* A number of bytes, at most 4 GiB. */
static bool bytes_of(int64_t *out, const char *text, int64_t otherwise) {
    double value = (double)otherwise;
    if (text && !parse_amount(&value, text)) {
        return false;
    }
    *out = (int64_t)value;
    return value >= 1024 && value <= 4.0 * (1 << 30);
}

static enum exit_code serve_command(void *settings, lk_engine *engine) {
    struct serve_settings *s = settings;
    char place[4096], models[4096];
    const char *cpu = getenv("LIKENESS_CPU");
    lk_error err = {0};
    const lk_limits limits = lk_engine_limits(engine);
    struct serve_options o = {.listen = s->listen,
                              .db = place,
                              .behind_proxy = s->behind_proxy,
                              .hosts = s->hosts.items,
                              .host_count = s->hosts.count,
                              .workers = s->workers,
                              .queue = s->queue,
                              .limits = &limits,
                              .models = models,
                              .cpu = cpu && *cpu ? cpu : NULL,
                              .stop = stop_flag(),
                              .schema = schema_text,
                              .ready = say_ready,
                              .arg = s};
    models_folder(models, sizeof models, NULL);
    if (!bytes_of(&o.max_body, s->max_body, limits.file_bytes) ||
        !bytes_of(&o.keep_bytes, s->keep, 256 << 20)) {
        return report_usage(&s->common, &command_serve,
                            "--max-body and --keep take a number of bytes, 1Ki to 4Gi");
    }
    if (s->workers < 1 || s->workers > 64 || s->queue < 1 || s->queue > 10000) {
        return report_usage(&s->common, &command_serve,
                            "--workers takes 1 to 64, --queue 1 to 10000");
    }
    lk_store *store = store_open(&s->common, s->db, LK_STORE_WRITE);
    if (!store) {
        return EXIT_TROUBLE;
    }
    lk_store_close(store); /* processes are forked before it is opened to be used */
    store_place(place, sizeof place, s->db);
    if (serve_run(&o, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    return EXIT_YES;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "the web service: a page to compare pictures in a browser, and an HTTP interface",
    .arguments = "",
    .details =
        "Prints its address when it answers, and ends with Ctrl-C, answering what it has begun. "
        "The page is at /, the interface\n"
        "at /api/v1, described by /api/v1/openapi.json. Results are the documents of --json. "
        "Pictures are decoded in processes\n"
        "of their own that can open no file and no connection. Uploads are kept in memory, and "
        "forgotten when it ends; references\n"
        "and verdicts go into the store.",
    .examples = "  likeness serve\n"
                "  likeness serve --listen 127.0.0.1:9000 --db /var/lib/likeness\n"
                "  curl -F file=@a.png http://127.0.0.1:8787/api/v1/images\n",
    .options = serve_options_table,
    .settings_size = sizeof(struct serve_settings),
    .defaults = serve_defaults,
    .run = serve_command,
};
