/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in, and tokens. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "serve/answer_fields.h"
#include "serve/server.h"

enum { SESSION_S = 12 * 3600, DAY_S = 86400 };

static int64_t in_seconds(int64_t s) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return ((int64_t)t.tv_sec + s) * 1000;
}

static void write_caller(struct request *r, const struct caller *who) {
    char scopes[LK_TOKEN_SCOPES_MAX];
    struct json j;
    scopes_write(scopes, sizeof scopes, who->scopes);
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_bool(&j, "auth", r->server->options->auth);
    json_text(&j, "name", who->name);
    json_text(&j, "scopes", scopes);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
}

static void get_session(struct request *r, struct bench *bench) {
    (void)bench;
    write_caller(r, &r->who);
    answer_written(r, 200);
}

static void set_cookie(struct request *r, const char *secret, int32_t age_s) {
    snprintf(r->cookie, sizeof r->cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
             session_cookie(r->server), secret, (int)age_s,
             r->server->options->behind_proxy ? "; Secure" : "");
}

static void answer_unknown(struct request *r) {
    answer_problem(r, 401, "unauthorized", "no token in use");
}

/* A session of its own, so that the token itself does not lie in the browser, and that it ends. It is of no use where the token
 * was revoked meanwhile, at another node for one. */
static lk_status begin_session(struct request *r, struct bench *bench, const struct caller *who,
                               lk_error *err) {
    char scopes[LK_TOKEN_SCOPES_MAX], secret[LK_TOKEN_SECRET_MAX], id[LK_TOKEN_ID_MAX + 1];
    scopes_write(scopes, sizeof scopes, who->scopes);
    const lk_token_draft draft = {.parent = who->token,
                                  .name = who->name,
                                  .scopes = scopes,
                                  .expires_ms = in_seconds(SESSION_S)};
    lk_status status = lk_token_add(secret, id, bench->store, &draft, err);
    struct caller session;
    status = status == LK_OK ? access_read(&r->server->access, bench->store, err) : status;
    if (status == LK_OK && !access_find(&session, &r->server->access, secret)) {
        answer_unknown(r);
    } else if (status == LK_OK) {
        set_cookie(r, secret, SESSION_S);
        write_caller(r, who);
        answer_written(r, 200);
    }
    return status;
}

/* Who must wait does not stand in the queue for being told. */
static void login_early(struct request *r) {
    char address[BUCKET_KEY];
    request_address(address, r);
    if (!r->server->options->auth) {
        answer_problem(r, 404, "not-found", "nobody need log in here (likeness serve --auth)");
        return;
    }
    r->retry_after_s = access_login_wait(&r->server->access, address);
    if (r->retry_after_s > 0) {
        answer_problem(r, 429, "rate-limited", "too many tries: wait %d s", (int)r->retry_after_s);
    }
}

static void login(struct request *r, struct bench *bench) {
    char address[BUCKET_KEY];
    struct caller who;
    struct access *a = &r->server->access;
    lk_error err = {0};
    login_early(r); /* others of the address may have failed while it stood in the queue */
    if (r->is_ready) {
        return;
    }
    request_address(address, r);
    bool known = access_find(&who, a, request_text(r, "token")) && strcmp(who.id, who.token) == 0;
    access_login_note(a, address, known);
    if (!known) {
        answer_unknown(r);
    } else if (begin_session(r, bench, &who, &err) != LK_OK) {
        answer_error(r, &err);
    }
}

static void answer_out(struct request *r) {
    set_cookie(r, "", 0);
    answer_written(r, 204);
}

/* Without a session there is nothing to end. */
static void logout_early(struct request *r) {
    if (!r->who.id[0] || strcmp(r->who.id, r->who.token) == 0) {
        answer_out(r);
    }
}

static void logout(struct request *r, struct bench *bench) {
    lk_error err = {0};
    lk_status status = lk_token_revoke(bench->store, r->who.id, r->who.name, &err);
    status = status == LK_OK ? access_read(&r->server->access, bench->store, &err) : status;
    if (status != LK_OK && (status != LK_E_IO || answer_of_store(r, &err))) {
        answer_error(r, &err);
        return;
    }
    answer_out(r);
}

/* -- Tokens -- */

static void token_members(struct json *j, const lk_token *t) {
    json_text(j, "id", t->id);
    json_text(j, "name", t->name);
    json_text(j, "scopes", t->scopes);
    json_int(j, "created_ms", t->created_ms);
    json_int(j, "expires_ms", t->expires_ms);
    json_int(j, "used_ms", t->used_ms);
    json_bool(j, "revoked", t->is_revoked);
}

static bool list_token(void *arg, const lk_token *t) {
    if (!t->parent[0]) {
        json_object_begin(arg, NULL);
        token_members(arg, t);
        json_object_end(arg);
    }
    return true;
}

static void list_tokens(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "tokens");
    answer_list(r, &j, lk_token_visit(bench->store, list_token, &j, &err), &err);
}

static void post_token(struct request *r, struct bench *bench) {
    char scopes[LK_TOKEN_SCOPES_MAX], secret[LK_TOKEN_SECRET_MAX], id[LK_TOKEN_ID_MAX + 1];
    const char *name = request_text(r, "name");
    int32_t set = scopes_read(request_text(r, "scopes"));
    int64_t days = request_int(r, "days", 0);
    struct json j;
    lk_error err = {0};
    if (set <= 0) {
        answer_problem(r, 400, "bad-field",
                       "scopes takes words of " SCOPE_WORDS ", or of the roles " ROLE_WORDS);
        return;
    }
    scopes_write(scopes, sizeof scopes, set);
    const lk_token_draft draft = {.name = name,
                                  .scopes = scopes,
                                  .expires_ms = days > 0 ? in_seconds(days * DAY_S) : 0,
                                  .actor = request_actor(r)};
    lk_status status = lk_token_add(secret, id, bench->store, &draft, &err);
    status = status == LK_OK ? access_read(&r->server->access, bench->store, &err) : status;
    if (status != LK_OK) {
        answer_error(r, &err);
        return;
    }
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", id);
    json_text(&j, "token", secret);
    json_text(&j, "name", name);
    json_text(&j, "scopes", scopes);
    json_int(&j, "expires_ms", draft.expires_ms);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 201);
}

static void delete_token(struct request *r, struct bench *bench) {
    lk_error err = {0};
    lk_status status = lk_token_revoke(bench->store, r->parameters[0], request_actor(r), &err);
    status = status == LK_OK ? access_read(&r->server->access, bench->store, &err) : status;
    if (status == LK_OK) {
        answer_written(r, 204);
    } else {
        answer_error(r, &err);
    }
}

static const struct field login_fields[] = {{"token", "what likeness token add showed",
                                             .kind = FIELD_TEXT, .required = true, .least = 1,
                                             .most = LK_TOKEN_SECRET_MAX},
                                            FIELD_END};

static const struct field token_fields[] = {
    {"name", "whose it is, for the record", .kind = FIELD_TEXT, .required = true, .least = 1,
     .most = 60},
    {"scopes", "words of " SCOPE_WORDS ", or of the roles " ROLE_WORDS, .kind = FIELD_TEXT,
     .required = true, .least = 1, .most = LK_TOKEN_SCOPES_MAX},
    {"days", "after which it ends; without it never", .kind = FIELD_INT, .least = 1, .most = 36500},
    FIELD_END};

const struct route access_routes[] = {
    {.method = "POST",
     .path = "/login",
     .summary = "begin a session of a browser with a token: sets a cookie",
     .body = BODY_JSON,
     .fields = login_fields,
     .scope = SCOPE_FREE,
     .computes = true,
     .answer = answer_session,
     .handle = login},
    {.method = "POST",
     .path = "/logout",
     .summary = "end the session of this browser",
     .scope = SCOPE_FREE,
     .computes = true,
     .early = logout_early,
     .handle = logout,
     .success = 204},
    {.method = "GET",
     .path = "/api/v1/session",
     .summary = "who asks, and what he may; auth says whether anybody must log in",
     .scope = SCOPE_FREE,
     .answer = answer_session,
     .handle = get_session},
    {.method = "GET",
     .path = "/api/v1/tokens",
     .summary = "tokens, without their secrets",
     .scope = SCOPE_ADMIN,
     .computes = true,
     .answer = answer_tokens,
     .handle = list_tokens},
    {.method = "POST",
     .path = "/api/v1/tokens",
     .summary = "make a token; it is shown in this answer and never again",
     .body = BODY_JSON,
     .fields = token_fields,
     .scope = SCOPE_ADMIN,
     .computes = true,
     .handle = post_token,
     .success = 201},
    {.method = "DELETE",
     .path = "/api/v1/tokens/{token}",
     .summary = "take a token, and the sessions begun with it, out of use for good",
     .scope = SCOPE_ADMIN,
     .computes = true,
     .handle = delete_token,
     .success = 204},
    ROUTE_END,
};
