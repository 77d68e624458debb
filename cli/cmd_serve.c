/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <likeness/service.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/model_run.h"
#include "cli/schema.h"
#include "cli/stop.h"
#include "cli/store_place.h"
#include "serve/serve.h"

struct serve_settings {
    struct common common;
    const char *listen, *db, *blobs, *auth, *token_file;
    bool behind_proxy;
    struct text_list hosts;
    const char *camera_sources, *max_body, *keep, *keep_decoded, *keep_verdicts, *work;
    int32_t workers, queue, rate, runs;
    struct text_list collections;
};

#define AT(member) offsetof(struct serve_settings, member)

static const struct option serve_options_table[] = {
    {"listen", 0, OPTION_TEXT, "ADDRESS:PORT", NULL, NULL,
     "where to listen (127.0.0.1:8787); port 0 takes a free one", AT(listen)},
    STORE_OPTION(AT(db)),
    BLOBS_OPTION(AT(blobs)),
    {"behind-proxy", 0, OPTION_FLAG, NULL, NULL, NULL,
     "listen on other addresses than loopback's too: a proxy in front does TLS and login",
     AT(behind_proxy)},
    {"host", 0, OPTION_LIST, "NAME", NULL, NULL,
     "answer to this name too, besides localhost; may be given again", AT(hosts)},
    {"auth", 0, OPTION_TEXT, "METHOD", NULL, NULL,
     "token: only for whoever sends a token (likeness token); none (none)", AT(auth)},
    {"token-file", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "with --auth: where the first token is written, for its owner alone (DB/first-token)",
     AT(token_file)},
    {"rate", 0, OPTION_INT, "N", NULL, NULL,
     "units of work a minute for a token or an address, a request or 1 MiB each; 0: no limit (0)",
     AT(rate)},
    {"max-body", 0, OPTION_TEXT, "BYTES", NULL, NULL, "the largest upload (64Mi)", AT(max_body)},
    {"keep", 0, OPTION_TEXT, "BYTES", NULL, NULL,
     "uploads to keep in memory, the last used (256Mi)", AT(keep)},
    {"keep-decoded", 0, OPTION_TEXT, "BYTES", NULL, NULL,
     "pictures to keep decoded, for the comparisons after (256Mi)", AT(keep_decoded)},
    {"keep-verdicts", 0, OPTION_TEXT, "HOW", NULL, NULL,
     "of files beside verdicts, reports and the like: BYTES, DAYSd, both (2Gi,90d) or none; the "
     "oldest go (2Gi)",
     AT(keep_verdicts)},
    {"workers", 0, OPTION_INT, "N", NULL, NULL,
     "requests that compute at once, each with a process that decodes (2)", AT(workers)},
    {"queue", 0, OPTION_INT, "N", NULL, NULL,
     "requests that may wait for a worker; more are answered 503 (64)", AT(queue)},
    {"collection", 0, OPTION_LIST, "NAME=DIR", NULL, NULL,
     "a folder that jobs and searches may read, and its name; may be given again", AT(collections)},
    {"work", 0, OPTION_TEXT, "DIR", NULL, NULL,
     "where indexes of collections and running jobs lie (work/ in the store's folder)", AT(work)},
    {"camera-sources", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "what cameras that are added here may look at, a line each: http 10.0.0.0/8, rtsp "
     "*.example.org:554, dir /srv/frames (nothing)",
     AT(camera_sources)},
    {"runs", 0, OPTION_INT, "N", NULL, NULL, "jobs that run at once, 1 to 8 (1)", AT(runs)},
    OPTION_END,
};

static void serve_defaults(void *settings) {
    struct serve_settings *s = settings;
    s->listen = "127.0.0.1:8787";
    s->workers = 2;
    s->queue = 64;
    s->runs = 1;
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

static void free_collections(struct serve_collection *all) {
    for (struct serve_collection *c = all; c && c->name; c++) {
        mem_free((char *)(uintptr_t)c->name);
    }
    mem_free(all);
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

/* BYTES, DAYSd, both with a comma between, or none. */
static bool read_keeping(struct serve_options *o, const char *text) {
    enum { DAY_MS = 86400000 };
    o->kept_bytes = (int64_t)2 << 30;
    if (text && strcmp(text, "none") == 0) {
        o->kept_bytes = 0;
        return true;
    }
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char part[32], *end;
        double bytes;
        snprintf(part, sizeof part, "%.*s", (int)strcspn(at, ","), at);
        long days = strtol(part, &end, 10);
        if (end > part && strcmp(end, "d") == 0 && days >= 1 && days <= 36500) {
            o->kept_ms = days * (int64_t)DAY_MS;
            o->kept_bytes = strchr(text, ',') ? o->kept_bytes : INT64_MAX;
        } else if (parse_amount(&bytes, part) && bytes >= 1 << 20 && bytes <= 1e15) {
            o->kept_bytes = (int64_t)bytes;
        } else {
            return false;
        }
    }
    return true;
}

/* What is wrong with them, or NULL. */
static const char *read_amounts(struct serve_options *o, const struct serve_settings *s) {
    if (!bytes_of(&o->max_body, s->max_body, o->limits->file_bytes) ||
        !bytes_of(&o->keep_bytes, s->keep, 256 << 20) ||
        !bytes_of(&o->decoded_bytes, s->keep_decoded, 256 << 20)) {
        return "--max-body, --keep and --keep-decoded take a number of bytes, 1Ki to 4Gi";
    }
    return read_keeping(o, s->keep_verdicts)
               ? NULL
               : "--keep-verdicts takes a number of bytes of 1Mi or more, a number of days as 90d, "
                 "both as 2Gi,90d, or none";
}

/* -- The first token -- */

static bool is_admin(void *arg, const lk_token *t) {
    bool *found = arg;
    bool is_live = !t->is_revoked && (t->expires_ms == 0 || t->expires_ms / 1000 > time(NULL));
    *found = *found || (is_live && !t->parent[0] && strstr(t->scopes, "admin"));
    return !*found;
}

/* A new file that nobody else can read. */
static lk_status write_secret(const char *path, const char *secret, lk_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t size = strlen(secret);
    bool ok = fd >= 0 && write(fd, secret, size) == (ssize_t)size && write(fd, "\n", 1) == 1 &&
              fsync(fd) == 0;
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!ok) {
        err->status = LK_E_WRITE;
        snprintf(err->input, sizeof err->input, "%.500s", path);
        snprintf(err->text, sizeof err->text,
                 "the first token cannot be written: %s (--token-file)", strerror(why));
    }
    return err->status;
}

/* Where nobody could log in, a token that may do all is made. The file is there before the token counts. */
static lk_status make_first_token(const struct serve_settings *s, lk_store *store, lk_error *err) {
    char path[4096 + 16], secret[LK_TOKEN_SECRET_MAX], id[LK_TOKEN_ID_MAX + 1];
    const lk_token_draft draft = {.name = "first", .scopes = "admin", .actor = "serve"};
    bool found = false;
    lk_status status = lk_token_visit(store, is_admin, &found, err);
    if (status != LK_OK || found) {
        return status;
    }
    if (s->token_file) {
        snprintf(path, sizeof path, "%s", s->token_file);
    } else {
        snprintf(path, sizeof path, "%s/first-token", lk_store_folder(store));
    }
    status = lk_store_begin(store, err);
    if (status == LK_OK) {
        status = lk_token_add(secret, id, store, &draft, err);
        status = status == LK_OK ? write_secret(path, secret, err) : status;
        status = lk_store_end(store, status, err);
    }
    if (status == LK_OK) {
        remark(&s->common, "the first token, which may do all, is in %s", path);
    }
    return status;
}

static const char *mistake_in(const struct serve_settings *s) {
    if (s->auth && strcmp(s->auth, "token") != 0 && strcmp(s->auth, "none") != 0) {
        return "--auth takes token or none";
    }
    if (s->rate < 0 || s->rate > 1000000) {
        return "--rate takes 0 to 1000000";
    }
    if (s->runs < 1 || s->runs > 8) {
        return "--runs takes 1 to 8";
    }
    return s->workers < 1 || s->workers > 64 || s->queue < 1 || s->queue > 10000
               ? "--workers takes 1 to 64, --queue 1 to 10000"
               : NULL;
}

/* "NAME=DIR" each; to be freed by the caller with its names. NULL when one is not, or there is no memory. */
static struct serve_collection *read_collections(const struct text_list *given) {
    struct serve_collection *out = mem_calloc(given->count + 1, sizeof *out);
    for (size_t i = 0; out && i < given->count; i++) {
        const char *equals = strchr(given->items[i], '=');
        char *name = equals ? mem_strdup(given->items[i]) : NULL;
        if (!name || equals == given->items[i] || !equals[1]) {
            mem_free(name);
            free_collections(out);
            return NULL;
        }
        name[equals - given->items[i]] = '\0';
        out[i] = (struct serve_collection){name, equals + 1};
    }
    return out;
}

static enum exit_code serve_command(void *settings, lk_engine *engine) {
    struct serve_settings *s = settings;
    char place[4096], models[4096], work[4200];
    const char *cpu = getenv("LIKENESS_CPU");
    lk_error err = {0};
    const lk_limits limits = lk_engine_limits(engine);
    const lk_blob_options blobs = store_blobs(s->blobs);
    struct serve_options o = {.listen = s->listen,
                              .db = place,
                              .blobs = &blobs,
                              .behind_proxy = s->behind_proxy,
                              .hosts = s->hosts.items,
                              .host_count = s->hosts.count,
                              .workers = s->workers,
                              .queue = s->queue,
                              .auth = s->auth && strcmp(s->auth, "token") == 0,
                              .rate = s->rate,
                              .work = s->work ? s->work : work,
                              .jobs = s->runs,
                              .camera_sources = s->camera_sources,
                              .limits = &limits,
                              .models = models,
                              .cpu = cpu && *cpu ? cpu : NULL,
                              .stop = stop_flag(),
                              .schema = schema_text,
                              .ready = say_ready,
                              .arg = s};
    models_folder(models, sizeof models, NULL);
    const char *mistake = read_amounts(&o, s);
    mistake = mistake ? mistake : mistake_in(s);
    if (mistake) {
        return report_usage(&s->common, &command_serve, mistake);
    }
    umask(S_IRWXG | S_IRWXO); /* what is made from here on holds people's photos */
    lk_store *store = store_open_with(&s->common, s->db, s->blobs, LK_STORE_WRITE);
    if (!store) {
        return EXIT_TROUBLE;
    }
    lk_status status = o.auth ? make_first_token(s, store, &err) : LK_OK;
    lk_store_close(store); /* processes are forked before it is opened to be used */
    store_place(place, sizeof place, s->db);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    snprintf(work, sizeof work, "%s/work", place);
    if (strstr(place, "://") && s->collections.count > 0 && !s->work) {
        return report_usage(&s->common, &command_serve,
                            "a store in a database has no folder: --collection wants --work DIR");
    }
    struct serve_collection *collections = read_collections(&s->collections);
    if (!collections) {
        return report_usage(&s->common, &command_serve, "--collection takes NAME=DIR");
    }
    o.collections = collections;
    o.collection_count = s->collections.count;
    status = serve_run(&o, &err);
    free_collections(collections);
    return status == LK_OK ? EXIT_YES : report_error(&s->common, &err);
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
