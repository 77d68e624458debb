/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <likeness/service.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/store_place.h"
#include "serve/serve.h"

struct token_command {
    struct common common;
    const char *db, *scope, *actor;
    int32_t days;
};

#define AT(member) offsetof(struct token_command, member)

static const struct option token_options[] = {
    STORE_OPTION(AT(db)),
    {"scope", 0, OPTION_TEXT, "LIST", NULL, NULL,
     "add: what it may, of " SCOPE_WORDS ", or of the roles " ROLE_WORDS " (read)", AT(scope)},
    {"days", 0, OPTION_INT, "N", NULL, NULL, "add: it ends after N days; else never", AT(days)},
    {"actor", 0, OPTION_TEXT, "NAME", NULL, NULL, "add, revoke: who (LIKENESS_ACTOR, or the user)",
     AT(actor)},
    OPTION_END,
};

struct token_call {
    const struct token_command *s;
    const char *name; /* behind the verb; NULL for none */
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void document_begin(struct buf *b, struct json *j, const lk_store *store) {
    buf_init(b, 64 << 20);
    json_init(j, b, 0);
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/token/1");
    json_text(j, "store", lk_store_folder(store));
}

/* "2026-11-22", of milliseconds; "never" of 0. */
static void day_text(char out[16], int64_t ms) {
    time_t s = (time_t)(ms / 1000);
    struct tm day;
    snprintf(out, 16, "never");
    if (ms > 0 && gmtime_r(&s, &day)) {
        strftime(out, 16, "%Y-%m-%d", &day);
    }
}

/* -- Verbs -- */

static enum exit_code add_token(const struct token_call *c, lk_store *store) {
    const struct common *common = &c->s->common;
    char scopes[LK_TOKEN_SCOPES_MAX], user[LK_ACTOR_MAX + 1];
    char secret[LK_TOKEN_SECRET_MAX], id[LK_TOKEN_ID_MAX + 1];
    struct buf b;
    struct json j;
    lk_error err = {0};
    if (!serve_scopes(scopes, sizeof scopes, c->s->scope ? c->s->scope : "read")) {
        return report_usage(common, &command_token,
                            "--scope takes words of " SCOPE_WORDS ", or of the roles " ROLE_WORDS);
    }
    const lk_token_draft draft = {
        .name = c->name,
        .scopes = scopes,
        .expires_ms = c->s->days > 0 ? now_ms() + c->s->days * INT64_C(86400000) : 0,
        .actor = store_actor(user, sizeof user, c->s->actor)};
    if (lk_token_add(secret, id, store, &draft, &err) != LK_OK) {
        return report_error(common, &err);
    }
    document_begin(&b, &j, store);
    if (common->json) {
        json_text(&j, "id", id);
        json_text(&j, "token", secret);
        json_text(&j, "name", c->name);
        json_text(&j, "scopes", scopes);
        json_int(&j, "expires_ms", draft.expires_ms);
        json_object_end(&j);
    } else {
        buf_release(&b);
        buf_init(&b, 1 << 12);
        buf_add_text(&b, secret);
    }
    buf_add_text(&b, "\n");
    remark(common, "token %s of %s may: %s; it is shown this once", id, c->name, scopes);
    return print_result(common, &b, EXIT_YES);
}

struct listing {
    const struct common *common;
    struct buf b;
    struct json j;
    size_t count;
};

static bool list_one(void *arg, const lk_token *t) {
    struct listing *l = arg;
    char created[16], used[16], expires[16];
    if (t->parent[0]) {
        return true; /* a browser's session */
    }
    l->count++;
    if (l->common->json) {
        json_object_begin(&l->j, NULL);
        json_text(&l->j, "id", t->id);
        json_text(&l->j, "name", t->name);
        json_text(&l->j, "scopes", t->scopes);
        json_int(&l->j, "created_ms", t->created_ms);
        json_int(&l->j, "expires_ms", t->expires_ms);
        json_int(&l->j, "used_ms", t->used_ms);
        json_bool(&l->j, "revoked", t->is_revoked);
        json_object_end(&l->j);
        return true;
    }
    day_text(created, t->created_ms);
    day_text(used, t->used_ms);
    day_text(expires, t->expires_ms);
    buf_printf(&l->b, "%-12s  made %s  used %-10s  ends %-10s  ", t->id, created, used,
               t->is_revoked ? "revoked" : expires);
    add_path(&l->b, l->common, t->name);
    buf_printf(&l->b, "  [%s]\n", t->scopes);
    return true;
}

static enum exit_code list_tokens(const struct token_call *c, lk_store *store) {
    struct listing l = {.common = &c->s->common};
    lk_error err = {0};
    if (l.common->json) {
        document_begin(&l.b, &l.j, store);
        json_array_begin(&l.j, "tokens");
    } else {
        buf_init(&l.b, 64 << 20);
    }
    if (lk_token_visit(store, list_one, &l, &err) != LK_OK) {
        buf_release(&l.b);
        return report_error(l.common, &err);
    }
    if (l.common->json) {
        json_array_end(&l.j);
        json_object_end(&l.j);
        buf_add_text(&l.b, "\n");
    }
    return print_result(l.common, &l.b, l.count > 0 ? EXIT_YES : EXIT_NO);
}

static enum exit_code revoke_token(const struct token_call *c, lk_store *store) {
    const struct common *common = &c->s->common;
    char user[LK_ACTOR_MAX + 1];
    struct buf b;
    struct json j;
    lk_error err = {0};
    if (lk_token_revoke(store, c->name, store_actor(user, sizeof user, c->s->actor), &err) !=
        LK_OK) {
        return report_error(common, &err);
    }
    document_begin(&b, &j, store);
    if (common->json) {
        json_text(&j, "revoked", c->name);
        json_object_end(&j);
    } else {
        buf_release(&b);
        buf_init(&b, 1 << 12);
        buf_printf(&b, "revoked %s", c->name);
    }
    buf_add_text(&b, "\n");
    return print_result(common, &b, EXIT_YES);
}

/* -- The table of verbs -- */

static const struct verb {
    const char *name;
    bool wants_name;
    lk_store_mode mode;
    enum exit_code (*run)(const struct token_call *c, lk_store *store);
    const char *options; /* beside --db, with spaces around each */
} verbs[] = {
    {"add", true, LK_STORE_WRITE, add_token, " scope days actor "},
    {"list", false, LK_STORE_READ, list_tokens, " "},
    {"revoke", true, LK_STORE_WRITE, revoke_token, " actor "},
};

static void add_words(struct buf *b) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        buf_printf(b, "%s%s", i > 0 ? " " : "", verbs[i].name);
    }
}

static void token_defaults(void *settings) {
    struct token_command *s = settings;
    s->days = -1;
}

/* What is wrong with the call; NULL for nothing. */
static const char *mistake_in(const struct token_command *s, const struct verb *verb,
                              size_t names) {
    if (names != (verb->wants_name ? 1U : 0U)) {
        return verb->run == add_token      ? "token add wants a name: whose it is"
               : verb->run == revoke_token ? "token revoke wants the id that token list shows"
                                           : "token list takes no name";
    }
    bool idle = (s->scope && !strstr(verb->options, " scope ")) ||
                (s->days >= 0 && !strstr(verb->options, " days ")) ||
                (s->actor && !strstr(verb->options, " actor "));
    return idle ? "--scope and --days are for add, --actor for add and revoke"
           : s->days == 0 || s->days > 36500 ? "--days takes 1 to 36500"
                                             : NULL;
}

static enum exit_code token_run(void *settings, lk_engine *engine) {
    struct token_command *s = settings;
    const struct verb *verb = NULL;
    size_t names = s->common.args.count - 1;
    const struct token_call call = {s, names > 0 ? s->common.args.items[1] : NULL};
    (void)engine;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        verb = strcmp(verbs[i].name, s->common.args.items[0]) == 0 ? &verbs[i] : verb;
    }
    const char *mistake = verb ? mistake_in(s, verb, names) : "the verbs are add, list and revoke";
    if (mistake) {
        return report_usage(&s->common, &command_token, mistake);
    }
    lk_store *store = verb->run == add_token ? store_open(&s->common, s->db, verb->mode)
                                             : store_open_kept(&s->common, s->db, verb->mode);
    enum exit_code code = store ? verb->run(&call, store) : EXIT_TROUBLE;
    lk_store_close(store);
    return code;
}

const struct command command_token = {
    .name = "token",
    .summary = "who may use the web service: add, list, revoke",
    .arguments = "add NAME | list | revoke ID",
    .details =
        "likeness serve --auth token answers only to whoever sends a token of its store. add "
        "prints one, this once: the store\n"
        "keeps no more than its SHA-256. Scopes: read looks, compare uploads and compares, verify "
        "uploads and verifies, decide\n"
        "decides on verdicts, manage changes references and cameras and starts jobs, admin does "
        "all and makes tokens. Roles: viewer\n"
        "is read; operator compares and verifies besides; reviewer decides besides; manager "
        "manages besides. Making and revoking\n"
        "are entries of the audit log. A revoked token is refused within two seconds. list ends "
        "with 1 when "
        "there is none.",
    .examples = "  likeness token add gate-3 --scope verify --days 365\n"
                "  likeness token add anna --scope reviewer\n"
                "  likeness token list\n"
                "  likeness token revoke t0123456789\n",
    .least_args = 1,
    .most_args = 2,
    .no_engine = true,
    .add_words = add_words,
    .options = token_options,
    .settings_size = sizeof(struct token_command),
    .defaults = token_defaults,
    .run = token_run,
};
