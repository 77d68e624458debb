/* SPDX-License-Identifier: Apache-2.0 */
/* What the web service keeps in a store: tokens, answers under a key, decisions. */
#include "tests/unit/store_files.h"

#include <likeness/service.h>

static lk_store *open_store(const struct place *p) {
    lk_error err;
    lk_store *s;
    assert_ok(lk_store_open(&s, p->store, NULL, &err));
    return s;
}

struct tokens_seen {
    int32_t count, in_use;
    char hash[65], text[200];
};

static bool see_token(void *arg, const lk_token *t) {
    struct tokens_seen *seen = arg;
    seen->count++;
    seen->in_use += !t->is_revoked;
    snprintf(seen->hash, sizeof seen->hash, "%s", t->hash);
    snprintf(seen->text, sizeof seen->text, "%s %s %lld %lld", t->name, t->scopes,
             (long long)t->expires_ms, (long long)t->used_ms);
    return true;
}

static struct tokens_seen tokens(lk_store *s) {
    struct tokens_seen seen = {0};
    lk_error err;
    assert_ok(lk_token_visit(s, see_token, &seen, &err));
    return seen;
}

/* A secret is told once and not kept; what its token began ends with it. */
static void test_tokens(void **state) {
    struct place *p = *state;
    char secret[LK_TOKEN_SECRET_MAX], other[LK_TOKEN_SECRET_MAX], hash[65];
    char id[LK_TOKEN_ID_MAX + 1], session[LK_TOKEN_ID_MAX + 1];
    lk_store *s = open_store(p);
    lk_error err;
    const lk_token_draft draft = {NULL, "gate", "read verify", 9000, "anna"};
    assert_ok(lk_token_add(secret, id, s, &draft, &err));
    assert_int_equal(strlen(secret), 67);
    assert_memory_equal(secret, "lk_", 3);
    lk_token_hash(hash, secret);
    struct tokens_seen seen = tokens(s);
    assert_string_equal(seen.hash, hash);
    assert_string_equal(seen.text, "gate read verify 9000 0");
    assert_ok(lk_token_used(s, id, 77, &err));
    assert_string_equal(tokens(s).text, "gate read verify 9000 77");

    const lk_token_draft browser = {id, "gate", "read", INT64_MAX, NULL};
    assert_ok(lk_token_add(other, session, s, &browser, &err));
    assert_string_not_equal(secret, other);
    assert_int_equal(tokens(s).in_use, 2);
    assert_ok(lk_token_revoke(s, id, "bob", &err));
    assert_int_equal(tokens(s).in_use, 0);
    assert_refused(LK_E_IO, lk_token_revoke(s, id, "bob", &err));
    assert_refused(LK_E_IO, lk_token_revoke(s, "t' OR 1=1 --", "bob", &err));
    const lk_token_draft bad = {NULL, "two\nlines", "read", 0, NULL};
    assert_refused(LK_E_USAGE, lk_token_add(secret, id, s, &bad, &err));
    lk_store_close(s);
}

/* One token's sessions are bounded, the oldest go; none outlives its token, however it was written. */
static void test_sessions(void **state) {
    struct place *p = *state;
    char secret[LK_TOKEN_SECRET_MAX], id[LK_TOKEN_ID_MAX + 1], first[LK_TOKEN_ID_MAX + 1];
    char token[LK_TOKEN_ID_MAX + 1];
    lk_store *s = open_store(p);
    lk_error err;
    const lk_token_draft draft = {NULL, "gate", "read", 9000, "anna"};
    assert_ok(lk_token_add(secret, token, s, &draft, &err));
    const lk_token_draft browser = {token, "gate", "read", INT64_MAX, NULL};
    assert_ok(lk_token_add(secret, first, s, &browser, &err));
    assert_string_equal(tokens(s).text, "gate read 9000 0"); /* ends with its token */
    for (int i = 0; i < LK_TOKEN_SESSIONS_MOST + 3; i++) {
        assert_ok(lk_token_add(secret, id, s, &browser, &err));
    }
    assert_int_equal(tokens(s).count, 1 + LK_TOKEN_SESSIONS_MOST);
    const lk_token_draft another = {NULL, "page", "read", 0, "anna"};
    assert_ok(lk_token_add(secret, id, s, &another, &err));
    const lk_token_draft its = {id, "page", "read", INT64_MAX, NULL};
    assert_ok(lk_token_add(secret, id, s, &its, &err));
    assert_int_equal(tokens(s).count, 3 + LK_TOKEN_SESSIONS_MOST); /* of each its own */
    assert_ok(lk_token_revoke(s, token, "bob", &err));
    assert_ok(lk_token_add(secret, id, s, &browser, &err)); /* by who did not know yet */
    assert_int_equal(tokens(s).in_use, 2);
    lk_store_close(s);
}

static void expect_state(lk_store *s, const lk_answer_key *key, lk_answer_state expected,
                         const char *body) {
    lk_answer_state state;
    lk_answer answer;
    lk_error err;
    assert_ok(lk_answer_begin(&state, &answer, s, key, &err));
    assert_int_equal(state, expected);
    if (body) {
        assert_int_equal(answer.status, 201);
        assert_string_equal(answer.place, "/x/1");
        assert_string_equal((const char *)answer.body.data, body);
    }
    lk_bytes_release(&answer.body);
}

static lk_status end_answer(lk_store *s, const lk_answer_key *key, const char *text,
                            lk_error *err) {
    lk_answer answer = {.status = 201, .place = "/x/1"};
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    answer.body = (lk_bytes){.data = (uint8_t *)copy, .size = strlen(copy)};
    return lk_answer_end(s, key, &answer, err);
}

static void test_answers(void **state) {
    struct place *p = *state;
    lk_store *s = open_store(p);
    lk_error err;
    const lk_answer_key key = {"t1", "k", "d1", "h1", 60000};
    lk_answer_key late = key, stranger = key, different = key;
    late.holder = "h2";
    late.lease_ms = 0;
    stranger.owner = "t2";
    different.digest = "d2";
    expect_state(s, &key, LK_ANSWER_FRESH, NULL);
    expect_state(s, &key, LK_ANSWER_RUNNING, NULL);
    expect_state(s, &different, LK_ANSWER_OTHER, NULL);
    expect_state(s, &stranger, LK_ANSWER_FRESH, NULL);
    /* Its lease is over: another takes it, and what the first says now is undone with what it belongs to. */
    expect_state(s, &late, LK_ANSWER_FRESH, NULL);
    assert_refused(LK_E_CANCELLED, end_answer(s, &key, "{}", &err));
    assert_ok(end_answer(s, &late, "{\"a\": 1}", &err));
    expect_state(s, &key, LK_ANSWER_KEPT, "{\"a\": 1}");
    expect_state(s, &different, LK_ANSWER_OTHER, NULL);
    assert_refused(LK_E_CANCELLED, end_answer(s, &late, "{}", &err));
    assert_ok(lk_answer_drop(s, &late, &err)); /* it is answered: it stays */
    expect_state(s, &key, LK_ANSWER_KEPT, "{\"a\": 1}");
    assert_ok(lk_answer_drop(s, &stranger, &err));
    expect_state(s, &stranger, LK_ANSWER_FRESH, NULL);
    /* A day later. */
    struct sql q;
    sql_begin(&q, &s->at, "UPDATE answered SET at = at - 86500000 WHERE owner = 't1'");
    assert_ok(sql_finish(&q, &err));
    expect_state(s, &different, LK_ANSWER_FRESH, NULL);
    lk_store_close(s);
}

static void note_decision(void *arg, const lk_decision *d, int64_t entry) {
    char *text = arg;
    snprintf(text + strlen(text), 60, "%lld %s %lld;", (long long)d->verdict, d->word,
             (long long)entry);
}

static void test_decisions(void **state) {
    struct place *p = *state;
    lk_store *s = open_store(p);
    lk_audit_head head;
    lk_audit_check check;
    lk_error err;
    int64_t entry;
    char text[200] = "";
    const lk_audit_record verdict = {"verify", "anna", "pack", "{\"verdict\":\"same\"}", NULL};
    assert_ok(lk_audit_append(&head, s, &verdict, &err));
    lk_decision d = {head.count, "accept", NULL, "bob"};
    assert_ok(lk_decision_add(&entry, s, &d, &err));
    d.word = "reject";
    d.reason = "wrong \"lot\"";
    assert_ok(lk_decision_add(&entry, s, &d, &err));
    assert_int_equal(entry, head.count + 2);
    assert_ok(lk_decision_visit(s, 1, 100, note_decision, text, &err));
    assert_string_equal(text, "2 reject 4;");
    const int64_t no_verdicts[] = {0, -1, 1, 3, 99};
    for (int i = 0; i < 5; i++) {
        d.verdict = no_verdicts[i];
        assert_refused(LK_E_IO, lk_decision_add(&entry, s, &d, &err));
    }
    assert_ok(lk_audit_verify(&check, s, NULL, &err));
    assert_true(check.good);
    assert_int_equal(check.count, 4);
    lk_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tokens, place_new, place_free),
        cmocka_unit_test_setup_teardown(test_sessions, place_new, place_free),
        cmocka_unit_test_setup_teardown(test_answers, place_new, place_free),
        cmocka_unit_test_setup_teardown(test_decisions, place_new, place_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
