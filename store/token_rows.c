/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the service and sessions of browsers. A secret has 256 random bits, so that one round of SHA-256 keeps it: there is
 * nothing to guess. */
#include <likeness/service.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "store/store.h"

void lk_token_hash(char out[65], const char *secret) {
    digest_sha256_hex(out, secret, strlen(secret));
}

static lk_status make_secret(char secret[LK_TOKEN_SECRET_MAX], char id[LK_TOKEN_ID_MAX + 1],
                             lk_error *err) {
    uint8_t random[32 + 5];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return error_set(err, LK_E_IO, "no random numbers: %s", strerror(errno));
    }
    size_t n = (size_t)snprintf(secret, LK_TOKEN_SECRET_MAX, "lk_");
    for (size_t i = 0; i < 32; i++) {
        n += (size_t)snprintf(secret + n, LK_TOKEN_SECRET_MAX - n, "%02x", random[i]);
    }
    n = (size_t)snprintf(id, LK_TOKEN_ID_MAX + 1, "t");
    for (size_t i = 32; i < sizeof random; i++) {
        n += (size_t)snprintf(id + n, LK_TOKEN_ID_MAX + 1 - n, "%02x", random[i]);
    }
    return LK_OK;
}

/* What the log tells of a token; never its secret or its hash. */
static lk_status note(lk_store *s, const char *kind, const char *id, const char *name,
                      const char *scopes, const char *actor, lk_error *err) {
    struct buf b;
    struct json j;
    lk_bytes payload;
    buf_init(&b, LK_AUDIT_PAYLOAD_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", id);
    if (name) {
        json_text(&j, "name", name);
        json_text(&j, "scopes", scopes);
    }
    json_object_end(&j);
    lk_status status = buf_finish(&b, &payload, err);
    if (status == LK_OK) {
        const lk_audit_record record = {
            .kind = kind, .actor = actor, .payload = (const char *)payload.data};
        status = lk_audit_append(NULL, s, &record, err);
        lk_bytes_release(&payload);
    }
    return status;
}

static lk_status insert(lk_store *s, const char *id, const char *secret, const lk_token_draft *d,
                        lk_error *err) {
    struct sql q;
    char hash[65];
    lk_token_hash(hash, secret);
    sql_begin(&q, &s->at,
              "INSERT INTO token (id, hash, kind, parent, name, scopes, created, expires) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_text(&q, id);
    sql_bind_text(&q, hash);
    sql_bind_text(&q, d->parent ? "session" : "token");
    sql_bind_text(&q, d->parent ? d->parent : "");
    sql_bind_text(&q, d->name);
    sql_bind_text(&q, d->scopes);
    sql_bind_int(&q, moment_now_ms());
    sql_bind_int(&q, d->expires_ms);
    return sql_finish(&q, err);
}

/* Sessions that have ended are of no use to anybody; of one token's only the newest stay, so that nobody fills the store. */
static lk_status drop_old_sessions(lk_store *s, const char *parent, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "DELETE FROM token WHERE kind = 'session' AND (expires < ? OR revoked > 0)");
    sql_bind_int(&q, moment_now_ms());
    lk_status status = sql_finish(&q, err);
    if (status == LK_OK) {
        sql_begin(&q, &s->at,
                  "DELETE FROM token WHERE parent = ?1 AND id NOT IN (SELECT id FROM token WHERE "
                  "parent = ?1 ORDER BY created DESC, id LIMIT ?2)");
        sql_bind_text(&q, parent);
        sql_bind_int(&q, LK_TOKEN_SESSIONS_MOST - 1); /* and the one that begins */
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status lk_token_add(char secret[LK_TOKEN_SECRET_MAX], char id[LK_TOKEN_ID_MAX + 1],
                       lk_store *store, const lk_token_draft *draft, lk_error *err) {
    lk_status status = store_check_text("name", draft->name, LK_NAME_MAX, false, err);
    status = status == LK_OK
                 ? store_check_text("scopes", draft->scopes, LK_TOKEN_SCOPES_MAX, false, err)
                 : status;
    status = status == LK_OK ? make_secret(secret, id, err) : status;
    status = status == LK_OK ? lk_store_begin(store, err) : status;
    if (status != LK_OK) {
        return status;
    }
    status = draft->parent ? drop_old_sessions(store, draft->parent, err) : LK_OK;
    status = status == LK_OK ? insert(store, id, secret, draft, err) : status;
    if (status == LK_OK && !draft->parent) {
        status = note(store, "token.add", id, draft->name, draft->scopes, draft->actor, err);
    }
    return lk_store_end(store, status, err);
}

/* A session is good for as long as its token: what the columns of the token say counts for it too. */
lk_status lk_token_visit(lk_store *store, bool (*visit)(void *arg, const lk_token *t), void *arg,
                         lk_error *err) {
    struct sql q;
    bool row, more = true;
    lk_status status;
    sql_begin(&q, &store->at,
              "SELECT t.id, t.hash, t.parent, t.name, t.scopes, t.created, t.used, "
              "CASE WHEN p.expires > 0 AND p.expires < t.expires THEN p.expires ELSE t.expires "
              "END, CASE WHEN t.revoked > 0 OR p.revoked > 0 OR (t.parent <> '' AND p.id IS NULL) "
              "THEN 1 ELSE 0 END "
              "FROM token AS t LEFT JOIN token AS p ON p.id = t.parent ORDER BY t.created, t.id");
    while (more && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        const lk_token t = {.id = sql_text(&q, 0),
                            .hash = sql_text(&q, 1),
                            .parent = sql_text(&q, 2),
                            .name = sql_text(&q, 3),
                            .scopes = sql_text(&q, 4),
                            .created_ms = sql_int(&q, 5),
                            .used_ms = sql_int(&q, 6),
                            .expires_ms = sql_int(&q, 7),
                            .is_revoked = sql_int(&q, 8) != 0};
        more = visit(arg, &t);
    }
    sql_end(&q);
    return status;
}

/* A session's end is no entry of the log: the log would be full of them. */
static lk_status revoke(lk_store *s, const char *id, const char *actor, lk_error *err) {
    struct sql q;
    int64_t is_token;
    sql_begin(&q, &s->at,
              "SELECT CASE kind WHEN 'token' THEN 1 ELSE 0 END FROM token WHERE id = ? AND "
              "revoked = 0");
    sql_bind_text(&q, id);
    lk_status status = sql_finish_int(&is_token, &q, -1, err);
    if (status == LK_OK && is_token < 0) {
        status =
            error_input(err, error_set(err, LK_E_IO, "there is no token of that id in use"), id);
    }
    if (status == LK_OK) {
        sql_begin(&q, &s->at,
                  "UPDATE token SET revoked = ?1 WHERE (id = ?2 OR parent = ?2) AND revoked = 0");
        sql_bind_int(&q, moment_now_ms());
        sql_bind_text(&q, id);
        status = sql_finish(&q, err);
    }
    return status == LK_OK && is_token == 1 ? note(s, "token.revoke", id, NULL, NULL, actor, err)
                                            : status;
}

lk_status lk_token_revoke(lk_store *store, const char *id, const char *actor, lk_error *err) {
    lk_status status = lk_store_begin(store, err);
    return status == LK_OK ? lk_store_end(store, revoke(store, id, actor, err), err) : status;
}

lk_status lk_token_used(lk_store *store, const char *id, int64_t at_ms, lk_error *err) {
    struct sql q;
    sql_begin(&q, &store->at, "UPDATE token SET used = ? WHERE id = ?");
    sql_bind_int(&q, at_ms);
    sql_bind_text(&q, id);
    return sql_finish(&q, err);
}
