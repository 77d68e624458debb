/* SPDX-License-Identifier: Apache-2.0 */
/* The log: appending, the chain's bytes, and each way of tampering at random places of 100,000 entries. */
#include "tests/unit/store_files.h"

#include <fcntl.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/rng.h"
#include "store/audit_log.h"

/* -- Appending -- */

static lk_audit_head append(lk_store *s, const char *kind, const char *payload, int64_t at_ms) {
    lk_error err;
    lk_audit_head head;
    const lk_audit_record r = {.kind = kind, .actor = "tester", .subject = "a", .payload = payload};
    assert_ok(audit_append_at(&head, s, &r, at_ms, &err));
    return head;
}

static bool count_one(void *arg, const lk_audit_entry *e) {
    char(*kinds)[256] = arg;
    size_t n = strlen(*kinds);
    snprintf(*kinds + n, sizeof *kinds - n, "%lld:%s ", (long long)e->seq, e->kind);
    return true;
}

static void expect_kinds(lk_store *s, const lk_audit_query *q, const char *text) {
    lk_error err;
    char kinds[256] = "";
    assert_ok(lk_audit_list(s, q, count_one, &kinds, &err));
    assert_string_equal(kinds, text);
}

static void test_append(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    int64_t now = moment_now_ms() + 10000;
    lk_audit_check check;
    assert_int_equal(append(s, "verify", "{\"x\":1}", now).count, 2);
    append(s, "verify.again", "{}", now + 5);
    append(s, "ref.add", "{}", now - 900);                      /* the clocks of two processors */
    lk_audit_head head = append(s, "verify", "{}", now - 5000); /* put back */
    assert_int_equal(head.count, 6);
    expect_kinds(s, NULL, "1:log.begin 2:verify 3:verify.again 4:ref.add 5:log.clock 6:verify ");
    expect_kinds(s, &(lk_audit_query){.kind = "verify"}, "2:verify 3:verify.again 6:verify ");
    expect_kinds(s, &(lk_audit_query){.kind = "verify", .newest = 2}, "3:verify.again 6:verify ");
    expect_kinds(s, &(lk_audit_query){.subject = "a", .newest = 1}, "6:verify ");
    expect_kinds(s, &(lk_audit_query){.subject = "b"}, "");
    expect_kinds(s, &(lk_audit_query){.subject = ""}, "");
    expect_kinds(s, &(lk_audit_query){.first = 2, .last = 3}, "2:verify 3:verify.again ");
    assert_ok(lk_audit_verify(&check, s, &head, &err));
    assert_true(check.good && check.count == 6 && check.head.count == 6);
    assert_memory_equal(check.head.hash, head.hash, sizeof head.hash);
    lk_store_close(s);
}

static void test_moments(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "2026-11-21T19:20:03.123",
                                        "2026-11-21 19:20:03.123Z",
                                        "2026-02-29T00:00:00.000Z",
                                        "2026-13-01T00:00:00.000Z",
                                        "2026-00-01T00:00:00.000Z",
                                        "2026-01-01T24:00:00.000Z",
                                        "1969-12-31T23:59:59.999Z",
                                        "2026-01-01T00:00:60.000Z",
                                        "2026-01-01T00:00:00.00xZ"};
    char text[32];
    int64_t ms, again;
    for (ms = 0; ms < (int64_t)4000000000000; ms += 86400123456) {
        moment_text(text, ms);
        assert_true(moment_parse(&again, text) && again == ms);
    }
    assert_true(moment_parse(&ms, "2024-02-29T23:59:59.999Z"));
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_false(moment_parse(&ms, wrong[i]));
    }
}

static void test_refused_entries(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    static const lk_submission no_photo = {.photo_sha256 = "12", .verdict = "same"};
    static const lk_audit_record wrong[] = {
        {.kind = "", .payload = "{}"},
        {.kind = "a b", .payload = "{}"},
        {.kind = "a-kind-that-has-thirty-three-letters", .payload = "{}"},
        {.kind = "a", .payload = ""},
        {.kind = "a", .payload = "[]"},
        {.kind = "a", .payload = "{\"a\":1,\"a\":2}"},
        {.kind = "a", .payload = "{\"a\":\"\xff\"}"},
        {.kind = "a", .payload = "{} x"},
        {.kind = "a", .payload = "{}", .actor = "a\nb"},
        {.kind = "a", .payload = "{}", .subject = "\xc3"},
        {.kind = "a", .payload = "{}", .submission = &no_photo},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_refused(LK_E_USAGE, lk_audit_append(NULL, s, &wrong[i], &err));
    }
    expect_kinds(s, NULL, "1:log.begin ");
    lk_store_close(s);
}

static bool see_photo(void *arg, const lk_submission *p) {
    char *text = arg;
    size_t n = strlen(text);
    snprintf(text + n, 256 - n, "%lld %.4s %.*s %s@%d %s; ", (long long)p->entry, p->photo_sha256,
             (int)p->fingerprint_size, (const char *)p->fingerprint, p->reference, p->version,
             p->verdict);
    assert_int_equal(strlen(p->at), MOMENT_LENGTH);
    return true;
}

static void test_submissions(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    char seen[256] = "";
    for (int i = 0; i < 3; i++) {
        lk_submission photo = {.fingerprint = "print",
                               .fingerprint_size = 5,
                               .reference = "a",
                               .version = i + 1,
                               .verdict = "same"};
        digest_sha256_hex(photo.photo_sha256, &"ab"[i % 2], 1);
        const lk_audit_record r = {
            .kind = "verify", .subject = "a", .payload = "{}", .submission = &photo};
        assert_ok(lk_audit_append(NULL, s, &r, &err));
    }
    assert_ok(lk_submission_visit(s, NULL, see_photo, seen, &err));
    assert_string_equal(seen,
                        "2 ca97 print a@1 same; 3 3e23 print a@2 same; 4 ca97 print a@3 same; ");
    char b[65];
    digest_sha256_hex(b, "b", 1);
    seen[0] = '\0';
    assert_ok(lk_submission_visit(s, b, see_photo, seen, &err));
    assert_string_equal(seen, "3 3e23 print a@2 same; ");
    force(s, "UPDATE submission SET verdict = 'different' WHERE entry = 3");
    assert_refused(LK_E_CORRUPT, lk_submission_visit(s, b, see_photo, seen, &err));
    assert_says(&err, "the photo of entry 3 is damaged");
    force(s, "UPDATE submission SET verdict = 'same' WHERE entry = 3");
    /* An entry that is undone takes its photo with it. */
    assert_ok(lk_store_begin(s, &err));
    append(s, "verify", "{}", moment_now_ms());
    assert_int_equal(lk_store_end(s, LK_E_CANCELLED, &err), LK_E_CANCELLED);
    expect_kinds(s, &(lk_audit_query){.newest = 1}, "4:verify ");
    lk_store_close(s);
}

static void test_heads(void **state) {
    (void)state;
    lk_error err;
    lk_audit_head head, again;
    char text[100], hex[65];
    memset(&head, 0x5a, sizeof head);
    head.count = 412;
    lk_audit_head_text(text, sizeof text, &head);
    assert_ok(lk_audit_head_parse(&again, text, &err));
    assert_memory_equal(&head, &again, sizeof head);
    digest_hex(hex, head.hash);
    assert_ok(lk_audit_head_parse(&again, hex, &err));
    assert_int_equal(again.count, 0);
    static const char *const wrong[] = {"", "412:", "0:", "x", "-1:", ":", "1234567890123456789:"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        snprintf(text, sizeof text, "%s%s", wrong[i], i == 0 || i == 1 ? "" : hex);
        assert_refused(LK_E_USAGE, lk_audit_head_parse(&again, text, &err));
    }
    snprintf(text, sizeof text, "%sa", hex);
    assert_refused(LK_E_USAGE, lk_audit_head_parse(&again, text, &err));
}

/* The log goes on only from where it was left. */
static void test_cut_log_refuses(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    const lk_audit_record r = {.kind = "verify", .payload = "{}"};
    for (int i = 0; i < 3; i++) {
        append(s, "verify", "{}", moment_now_ms());
    }
    force(s, "DROP TRIGGER audit_stays; DELETE FROM audit WHERE seq = 4");
    assert_refused(LK_E_CORRUPT, lk_audit_append(NULL, s, &r, &err));
    assert_says(&err, "does not end as its last entry left it");
    lk_store_close(s);
}

/* -- Tampering -- */

enum { ENTRIES = 100000, PLACES = 2 };

struct tamper {
    const char *name;
    const char *sql;  /* with %lld for the place k, as often as it stands there (at most 4) */
    int64_t bad_from; /* the first bad entry is k + bad_from */
};

/* k is one of 3..ENTRIES - 3. `fix` in comments: the hash is made to fit by fix_hash. */
static const struct tamper tampers[] = {
    {"payload", "UPDATE audit SET payload = replace(payload, '1', '2') || ' ' WHERE seq = %lld", 0},
    {"actor", "UPDATE audit SET actor = 'bob' WHERE seq = %lld", 0},
    {"time", "UPDATE audit SET at = '2031-01-01T00:00:00.000Z' WHERE seq = %lld", 0},
    {"kind", "UPDATE audit SET kind = 'verifx' WHERE seq = %lld", 0},
    {"subject", "UPDATE audit SET subject = '' WHERE seq = %lld", 0},
    {"hash", "UPDATE audit SET hash = zeroblob(32) WHERE seq = %lld", 0},
    {"short hash", "UPDATE audit SET hash = x'00' WHERE seq = %lld", 0},
    {"prev", "UPDATE audit SET prev = zeroblob(32) WHERE seq = %lld", 0},
    {"between the texts",
     "UPDATE audit SET kind = kind || substr(actor, 1, 1), actor = substr(actor, 2) WHERE seq = "
     "%lld",
     0},
    {"deleted", "DELETE FROM audit WHERE seq = %lld", 0},
    {"swapped",
     "UPDATE audit SET seq = -1 WHERE seq = %lld; UPDATE audit SET seq = seq - 1 WHERE seq = 1 + "
     "%lld; "
     "UPDATE audit SET seq = 1 + %lld WHERE seq = -1",
     0},
};

static lk_audit_check verify(lk_store *s, const lk_audit_head *kept) {
    lk_error err;
    lk_audit_check check;
    assert_ok(lk_audit_verify(&check, s, kept, &err));
    return check;
}

static void expect_bad(lk_store *s, const lk_audit_head *kept, int64_t bad, const char *what) {
    lk_audit_check check = verify(s, kept);
    if (check.good || check.first_bad != bad) {
        fail_msg("%s: first bad is %lld (%s), not %lld", what, (long long)check.first_bad,
                 check.text, (long long)bad);
    }
    assert_true(check.text[0] != '\0');
    assert_true(check.head.count == bad - 1 || check.head.count == bad);
}

static const char off[] = "PRAGMA ignore_check_constraints = ON";

static void begin_tamper(lk_store *s) {
    lk_error err;
    force(s, off);
    assert_ok(lk_store_begin(s, &err));
    force(s, "DROP TRIGGER audit_stays; DROP TRIGGER audit_unchanged");
}

static void end_tamper(lk_store *s) {
    lk_error err;
    assert_int_equal(lk_store_end(s, LK_E_CANCELLED, &err), LK_E_CANCELLED);
}

static void tamper_at(lk_store *s, const struct tamper *t, int64_t k) {
    char text[512];
    long long n = k;
    snprintf(text, sizeof text, t->sql, n, n, n);
    begin_tamper(s);
    force(s, text);
    expect_bad(s, NULL, k + t->bad_from, t->name);
    end_tamper(s);
}

/* Writes the hash of the entry anew, from what stands there and in the one before. */
static void fix_hash(lk_store *s, int64_t k) {
    struct sql q;
    bool row;
    lk_error err;
    lk_audit_entry e;
    uint8_t prev[LK_AUDIT_HASH_BYTES], hash[LK_AUDIT_HASH_BYTES];
    size_t size;
    sql_begin(&q, &s->at, "SELECT hash FROM audit WHERE seq = ? - 1");
    sql_bind_int(&q, k);
    assert_ok(sql_step(&q, &row, &err));
    memcpy(prev, sql_blob(&q, 0, &size), sizeof prev);
    sql_end(&q);
    sql_begin(&q, &s->at, "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq = ?");
    sql_bind_int(&q, k);
    assert_ok(sql_step(&q, &row, &err));
    assert_true(audit_row(&e, &q));
    audit_hash(hash, prev, k, &e);
    sql_end(&q);
    sql_begin(&q, &s->at, "UPDATE audit SET prev = ?, hash = ? WHERE seq = ?");
    sql_bind_blob(&q, prev, sizeof prev);
    sql_bind_blob(&q, hash, sizeof hash);
    sql_bind_int(&q, k);
    assert_ok(sql_finish(&q, &err));
}

static void shift(lk_store *s, int64_t from, int by) {
    char text[256];
    snprintf(text, sizeof text,
             "UPDATE audit SET seq = -seq WHERE seq >= %lld; UPDATE audit SET seq = %d - seq WHERE "
             "seq < 0",
             (long long)from, by);
    force(s, text);
}

static struct place *big_place;
static lk_audit_head big_heads[2]; /* in the middle, at the end */

static int make_big(void **state) {
    lk_error err;
    if (place_new(state) != 0) {
        return -1;
    }
    big_place = *state;
    lk_store *s = open_place(big_place->store, LK_STORE_WRITE);
    assert_ok(lk_store_begin(s, &err)); /* one transaction: the disk is not what is tested */
    for (int64_t i = 2; i <= ENTRIES; i++) {
        char payload[300];
        snprintf(payload, sizeof payload,
                 "{\"verdict\":\"same\",\"probability\":0.%06lld,\"photo\":\"%064lld\","
                 "\"reference\":\"cap-%lld\",\"reasons\":[\"all agree\"]}",
                 (long long)i, (long long)i * 7919, (long long)i % 100);
        big_heads[1] = append(s, i % 10 ? "verify" : "ref.add", payload, moment_now_ms());
        if (i == ENTRIES / 2) {
            big_heads[0] = big_heads[1];
        }
    }
    assert_ok(lk_store_end(s, LK_OK, &err));
    lk_store_close(s);
    return 0;
}

static int64_t any_place(struct rng *r) {
    return 3 + rng_below(r, ENTRIES - 6);
}

static void test_tamper_one(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct rng r;
    rng_init(&r, 20261121);
    assert_true(verify(s, &big_heads[1]).good);
    assert_true(verify(s, &big_heads[0]).good);
    for (size_t i = 0; i < ARRAY_COUNT(tampers); i++) {
        for (int n = 0; n < PLACES; n++) {
            tamper_at(s, &tampers[i], any_place(&r));
        }
    }
    tamper_at(s, &tampers[0], 1);
    tamper_at(s, &tampers[0], ENTRIES);
    tamper_at(s, &tampers[9], 1);
    tamper_at(s, &tampers[9], ENTRIES); /* the store's own head misses it */
    lk_store_close(s);
}

/* Changed, with a hash that fits: the entry behind still holds the old one. */
static void test_tamper_hash(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct rng r;
    rng_init(&r, 2);
    for (int n = 0; n < PLACES; n++) {
        int64_t k = any_place(&r);
        char text[128];
        begin_tamper(s);
        snprintf(text, sizeof text, "UPDATE audit SET actor = 'bob' WHERE seq = %lld",
                 (long long)k);
        force(s, text);
        fix_hash(s, k);
        expect_bad(s, NULL, k, "edited with its hash");
        end_tamper(s);
    }
    lk_store_close(s);
}

/* Inserted or deleted, and all behind it numbered anew. */
static void test_tamper_numbers(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct rng r;
    rng_init(&r, 3);
    for (int n = 0; n < 2; n++) {
        int64_t k = any_place(&r);
        char text[512];
        begin_tamper(s);
        snprintf(text, sizeof text, "DELETE FROM audit WHERE seq = %lld", (long long)k);
        force(s, text);
        shift(s, k + 1, -1);
        expect_bad(s, NULL, k, "deleted and numbered anew");
        end_tamper(s);
        for (int fits = 0; fits < 2; fits++) {
            begin_tamper(s);
            shift(s, k, 1);
            snprintf(text, sizeof text,
                     "INSERT INTO audit SELECT %lld, at, kind, actor, subject, payload, prev, hash "
                     "FROM audit WHERE seq = %lld",
                     (long long)k, (long long)k - 1);
            force(s, text);
            if (fits) {
                fix_hash(s, k);
            }
            expect_bad(s, NULL, k, fits ? "inserted with a hash that fits" : "inserted");
            end_tamper(s);
        }
    }
    lk_store_close(s);
}

/* Cut off: seen by the store's own head, unless that was made to fit; then by a kept one. */
static void test_tamper_tail(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct rng r;
    char text[512];
    rng_init(&r, 4);
    for (int n = 0; n < PLACES; n++) {
        int64_t k = any_place(&r);
        begin_tamper(s);
        snprintf(text, sizeof text, "DELETE FROM audit WHERE seq >= %lld", (long long)k);
        force(s, text);
        expect_bad(s, NULL, k, "cut off");
        force(s, "UPDATE audit_head SET (count, hash) = (SELECT seq, hash FROM audit ORDER BY seq "
                 "DESC LIMIT 1)");
        assert_true(verify(s, NULL).good); /* nothing can be seen */
        expect_bad(s, &big_heads[1], k, "cut off, against a kept head");
        lk_audit_head hash_alone = big_heads[1];
        hash_alone.count = 0;
        expect_bad(s, &hash_alone, k, "cut off, against a hash");
        end_tamper(s);
    }
    /* All written anew from the middle on: only the head of the middle or a later one shows it. */
    begin_tamper(s);
    force(s, "UPDATE audit SET actor = 'bob' WHERE seq = 50000");
    snprintf(text, sizeof text, "DELETE FROM audit WHERE seq > 50000");
    force(s, text);
    fix_hash(s, ENTRIES / 2);
    force(s, "UPDATE audit_head SET (count, hash) = (SELECT seq, hash FROM audit ORDER BY seq DESC "
             "LIMIT 1)");
    assert_true(verify(s, NULL).good);
    expect_bad(s, &big_heads[0], ENTRIES / 2, "written anew, against a kept head");
    end_tamper(s);
    assert_true(verify(s, &big_heads[1]).good);
    (void)err;
    lk_store_close(s);
}

static void test_export(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_READ);
    lk_audit_head head;
    lk_audit_check check;
    lk_bytes text;
    char path[128];
    snprintf(path, sizeof path, "%s/log.jsonl", p->root);
    assert_ok(lk_audit_export(&head, s, path, &err));
    assert_int_equal(head.count, ENTRIES);
    assert_ok(lk_audit_verify_file(&check, path, &big_heads[1], &err));
    assert_true(check.good && check.count == ENTRIES);
    assert_ok(file_read(&text, path, 1 << 30, NULL, &err));
    struct rng r;
    rng_init(&r, 5);
    for (int n = 0; n < 4; n++) { /* a bit anywhere */
        size_t at = rng_below(&r, (uint32_t)text.size);
        uint8_t was = text.data[at];
        text.data[at] ^= (uint8_t)(1 << rng_below(&r, 7));
        lk_status status = audit_lines_check(&check, (char *)text.data, text.size, NULL, &err);
        assert_true(status == LK_E_CORRUPT ||
                    (status == LK_OK && !check.good && check.first_bad > 0));
        text.data[at] = was;
    }
    /* Cut off at the end of a line. */
    text.data[text.size - 1] = 0;
    size_t last = (size_t)(strrchr((char *)text.data, '\n') - (char *)text.data) + 1;
    assert_ok(audit_lines_check(&check, (char *)text.data, last, NULL, &err));
    assert_int_equal(check.first_bad, ENTRIES);
    lk_bytes_release(&text);
    assert_ok(file_write(path, "{}\n", 3, &err));
    assert_refused(LK_E_CORRUPT, lk_audit_verify_file(&check, path, NULL, &err));
    assert_says(&err, "no exported audit log");
    assert_string_equal(err.input, path);
    lk_store_close(s);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void) {
    const struct CMUnitTest small[] = {
        cmocka_unit_test(test_moments), EACH(test_append),
        EACH(test_refused_entries),     EACH(test_submissions),
        cmocka_unit_test(test_heads),   EACH(test_cut_log_refuses),
    };
    const struct CMUnitTest big[] = {
        cmocka_unit_test(test_tamper_one),     cmocka_unit_test(test_tamper_hash),
        cmocka_unit_test(test_tamper_numbers), cmocka_unit_test(test_tamper_tail),
        cmocka_unit_test(test_export),
    };
    int failed = cmocka_run_group_tests(small, NULL, NULL);
    return failed + cmocka_run_group_tests(big, make_big, place_free);
}
