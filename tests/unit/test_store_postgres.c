/* SPDX-License-Identifier: Apache-2.0 */
/* What only a store on PostgreSQL has: its address, words that are translated, connections that are lost, pictures as rows. What
 * asks a server skips without one (tests/store/postgres_server.py). */
#include "tests/unit/store_files.h"

#include <likeness/jobs.h>
#include <likeness/service.h>

#include "store/blob.h"
#include "store/migrate.h"

#define NEEDS_SERVER(p)                                                                            \
    if (!(p)->remote) {                                                                            \
        skip();                                                                                    \
    }

/* -- Words -- */

static void assert_translated(const char *from, const char *to) {
    lk_error err;
    char *text;
    assert_ok(dialect_postgres(&text, from, &err));
    assert_string_equal(text, to);
    mem_free(text);
}

static void test_words(void **state) {
    (void)state;
    assert_translated("SELECT a FROM b WHERE c = ? AND d = '?' AND e = ?",
                      "SELECT a FROM b WHERE c = $1 AND d = '?' AND e = $2");
    assert_translated("SELECT ?2, ?1", "SELECT $2, $1");
    assert_translated(
        "SELECT CAST(sum(x) AS INTEGER), BLOBS FROM t INDEXED BY t_x CROSS JOIN u ON 1",
        "SELECT CAST(sum(x) AS BIGINT), BLOBS FROM t  JOIN u ON 1");
    assert_translated("CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT NOT NULL, d BLOB) STRICT, "
                      "WITHOUT ROWID;",
                      "CREATE TABLE t (id BIGINT PRIMARY KEY, n TEXT COLLATE \"C\" NOT NULL, d "
                      "BYTEA) ;");
    assert_translated(
        "CREATE TRIGGER t_stays BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'no; never'); END; X",
        "CREATE FUNCTION t_stays() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN  RAISE "
        "EXCEPTION "
        "USING MESSAGE = ('no; never'); RETURN NULL; END $body$; CREATE TRIGGER t_stays BEFORE "
        "DELETE "
        "ON t FOR EACH ROW EXECUTE FUNCTION t_stays(); X");
    assert_translated("DROP TRIGGER a; DROP TRIGGER b",
                      "DROP FUNCTION a() CASCADE; DROP FUNCTION b() CASCADE");
}

/* -- Addresses -- */

/* Nothing that is told of any of these holds the password, and none of them is opened. */
static void test_passwords(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "postgresql://me:sesame@localhost:1/db",
        "postgres://me:sesame@localhost:1/db?likeness_cache=/tmp/x",
        "postgresql://me:p%zzsesame@localhost/db",
        "postgresql://me:se/sesame@localhost/db",
        "postgresql://me:se@sesame@localhost/db",
        "postgresql://me:sesame@localhost:sesame/db",
        "postgresql://me:sesame@[localhost/db",
        "postgresql://me:sesame@localhost/db?nonsense=sesame",
        "postgresql://me@localhost:1/db?password=sesame",
        "postgresql://me:sesame@localhost:1/db?likeness_blobs=",
        "postgresql://me:sesame@localhost:1/db?likeness_blobs=%00x",
        "postgresql://me:sesame@localhost:1/db?likeness_near=sesame",
        "postgresql://me:sesame@localhost:1/db?likeness_near=1234567890123456",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        lk_error err;
        lk_store *s;
        const lk_store_options options = {.wait_ms = 2000};
        assert_int_not_equal(lk_store_open(&s, wrong[i], &options, &err), LK_OK);
        assert_null(s);
        if (strstr(err.text, "sesame") || strstr(err.input, "sesame")) {
            fail_msg("%s: %s: %s", wrong[i], err.input, err.text);
        }
    }
}

static void test_address(void **state) {
    struct place *p = *state;
    NEEDS_SERVER(p)
    static const char *const cases[][2] = {
        {"postgres://me:sesame@host.example:5433/things?likeness_blobs=/a%20b&sslmode=require",
         "postgresql://me@host.example:5433/things"},
        {"postgresql:///things?host=/run/x&likeness_near=77&likeness_cache=/c",
         "postgresql:///things?host=/run/x"},
        {"postgresql://[::1]/d%26e", "postgresql://[::1]/d%26e"},
    };
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        lk_error err;
        struct postgres_address a;
        assert_ok(postgres_address(&a, &s->at.postgres->lib, cases[i][0], &err));
        assert_string_equal(a.shown, cases[i][1]);
        assert_null(strstr(a.libpq, "likeness_"));
        assert_true(i != 0 || strcmp(a.blobs, "/a b") == 0);
        assert_true(i != 1 || strcmp(a.cache, "/c") == 0);
        assert_int_equal(a.near_least, i == 1 ? 77 : POSTGRES_NEAR_LEAST);
        postgres_address_release(&a);
    }
    lk_store_close(s);
}

/* -- Opening -- */

static void test_other_databases(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s, *again;
    NEEDS_SERVER(p)
    const lk_store_options reading = {.mode = LK_STORE_READ};
    assert_refused(LK_E_IO, lk_store_open(&s, p->store, &reading, &err));
    assert_says(&err, "there is no store here");
    s = open_place(p->store, LK_STORE_WRITE);
    force(s, "UPDATE likeness_store SET version = 99");
    assert_refused(LK_E_FORMAT, lk_store_open(&again, p->store, NULL, &err));
    assert_says(&err, "newer likeness (store version 99");
    force(s, "DROP TABLE likeness_store");
    assert_refused(LK_E_FORMAT, lk_store_open(&again, p->store, NULL, &err));
    assert_says(&err, "no store of likeness");
    lk_store_close(s);
}

static void test_reads_only(void **state) {
    struct place *p = *state;
    lk_error err;
    NEEDS_SERVER(p)
    lk_store_close(open_place(p->store, LK_STORE_WRITE));
    lk_store *s = open_place(p->store, LK_STORE_READ);
    assert_refused(LK_E_WRITE, lk_store_begin(s, &err));
    assert_refused(LK_E_WRITE, sql_run(&s->at, "DELETE FROM audit", &err));
    assert_says(&err, "the database is read-only");
    lk_store_close(s);
}

/* -- Connections -- */

/* Ends the connections of the store over another, as an administrator or a restart does. */
static void cut(struct place *p) {
    struct database d = {.wait_ms = 2000};
    lk_error err;
    assert_ok(postgres_open(&d, getenv("LIKENESS_TEST_POSTGRES"), &err));
    char text[200];
    snprintf(text, sizeof text,
             "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = '%s'",
             strrchr(p->root, '-') + 1);
    assert_ok(sql_run(&d, text, &err));
    postgres_close(&d);
    mem_free(d.path);
}

static void test_cut(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_audit_head head;
    struct drawn d;
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    const lk_audit_record record = {.kind = "test.note", .payload = "{}"};
    lk_reference r = add_drawn(p, s, "a", 1);
    lk_reference_release(&r);
    cut(p); /* between: a new connection, for reading and for writing, nobody notices */
    expect_list(s, NULL, "a@1 ");
    cut(p);
    assert_ok(lk_audit_append(&head, s, &record, &err));
    assert_int_equal(head.count, 3);
    assert_ok(lk_store_begin(s, &err)); /* within: all of it is undone, and afterwards it goes on */
    assert_ok(lk_audit_append(NULL, s, &record, &err));
    cut(p);
    assert_refused(LK_E_IO, lk_audit_append(NULL, s, &record, &err));
    assert_says(&err, "connection was lost");
    assert_refused(LK_E_IO, lk_audit_append(NULL, s, &record, &err));
    assert_int_not_equal(lk_store_end(s, LK_OK, &err), LK_OK);
    assert_ok(lk_audit_append(&head, s, &record, &err));
    assert_int_equal(head.count, 4);
    draw_picture(&d, p->engine, 2);
    const lk_reference_draft draft = draft_of("b", &d);
    cut(p);
    assert_ok(lk_reference_add(NULL, NULL, s, &draft, &err)); /* its own connection as well */
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
    lk_store_close(s);
}

/* PostgreSQL answers COMMIT after a failure with ROLLBACK, and no error. */
static void test_failed_part(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_audit_head head;
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    const lk_audit_record record = {.kind = "test.note", .payload = "{}"};
    assert_ok(lk_store_begin(s, &err));
    assert_ok(lk_audit_append(NULL, s, &record, &err));
    assert_int_not_equal(sql_run(&s->at, "SELECT 1 / 0", NULL), LK_OK); /* and nobody looks */
    assert_refused(LK_E_WRITE, lk_store_end(s, LK_OK, &err));
    assert_ok(lk_audit_head_get(&head, s, &err));
    assert_int_equal(head.count, 1);
    lk_store_close(s);
}

/* Rows that are still coming when something else is asked for. */
static void test_rows_between(void **state) {
    struct place *p = *state;
    lk_error err;
    struct sql outer, inner;
    bool row;
    int64_t sum = 0;
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    sql_begin(&outer, &s->at,
              "SELECT i, repeat('x', CAST(i % 20 AS INT)), CAST(NULL AS TEXT) FROM "
              "generate_series(CAST(1 AS BIGINT), CAST(? AS BIGINT)) AS i");
    sql_bind_int(&outer, 1000);
    for (int64_t i = 1; i <= 1000; i++) {
        assert_ok(sql_step(&outer, &row, &err));
        assert_true(row);
        assert_int_equal(sql_int(&outer, 0), i);
        assert_int_equal(strlen(sql_text(&outer, 1)), i % 20);
        assert_true(sql_is_null(&outer, 2));
        sql_begin(&inner, &s->at, "SELECT CAST(? AS BIGINT) * -2");
        sql_bind_int(&inner, i);
        int64_t product;
        assert_ok(sql_finish_int(&product, &inner, 0, &err));
        sum += product;
        assert_int_equal(sql_int(&outer, 0), i); /* it stands where it stood */
        assert_int_equal(strspn(sql_text(&outer, 1), "x"), i % 20);
    }
    assert_ok(sql_step(&outer, &row, &err));
    assert_false(row);
    sql_end(&outer);
    assert_int_equal(sum, -1001000);
    lk_store_close(s);
}

/* -- Pictures -- */

static int64_t count_of(lk_store *s, const char *text) {
    struct sql q;
    int64_t count;
    lk_error err;
    sql_begin(&q, &s->at, text);
    assert_ok(sql_finish_int(&count, &q, -1, &err));
    return count;
}

static void test_picture_rows(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_bytes picture;
    struct drawn d;
    bool added;
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_reference r = add_drawn(p, s, "a", 7);
    draw_picture(&d, p->engine, 7);
    const lk_reference_draft draft = draft_of("a", &d);
    force(s, "UPDATE blob SET data = overlay(data placing 'Z' from 20)");
    assert_refused(LK_E_CORRUPT, lk_reference_picture(&picture, s, &r, &err));
    assert_says(&err, "was changed");
    force(s, "UPDATE blob SET data = data || data");
    assert_refused(LK_E_CORRUPT, lk_reference_picture(&picture, s, &r, &err));
    assert_says(&err, "at most are expected");
    force(s, "DELETE FROM blob");
    assert_refused(LK_E_IO, lk_reference_picture(&picture, s, &r, &err));
    assert_ok(lk_reference_add(NULL, &added, s, &draft, &err)); /* heals it */
    assert_false(added);
    assert_ok(lk_reference_picture(&picture, s, &r, &err));
    assert_memory_equal(picture.data, d.bytes, d.size);
    lk_bytes_release(&picture);
    lk_reference_release(&r);
    assert_ok(lk_store_begin(s, &err)); /* what is undone leaves no row */
    r = add_drawn(p, s, "b", 8);
    lk_reference_release(&r);
    assert_int_equal(count_of(s, "SELECT count(*) FROM blob"), 2);
    assert_int_equal(lk_store_end(s, LK_E_CANCELLED, &err), LK_E_CANCELLED);
    assert_int_equal(count_of(s, "SELECT count(*) FROM blob WHERE name NOT LIKE '.%'"), 1);
    force(s, "UPDATE blob SET made = made - 4000"); /* what nobody placed goes after an hour */
    lk_store_close(s);
    s = open_place(p->store, LK_STORE_WRITE);
    assert_int_equal(count_of(s, "SELECT count(*) FROM blob"), 1);
    lk_store_close(s);
}

static void test_shared_folder(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s, *wrong;
    lk_bytes picture;
    char address[200];
    NEEDS_SERVER(p)
    snprintf(address, sizeof address, "%s&likeness_blobs=%s/pictures", p->store, p->root);
    s = open_place(address, LK_STORE_WRITE);
    lk_reference r = add_drawn(p, s, "a", 7);
    assert_int_equal(count_of(s, "SELECT count(*) FROM blob"), 0);
    assert_ok(lk_reference_picture(&picture, s, &r, &err));
    lk_bytes_release(&picture);
    lk_reference_release(&r);
    assert_refused(LK_E_USAGE, lk_store_open(&wrong, p->store, NULL, &err));
    assert_says(&err, "its pictures lie in a folder");
    force(s, "UPDATE state SET salt = uuid_send(gen_random_uuid())");
    assert_refused(LK_E_USAGE, lk_store_open(&wrong, address, NULL, &err));
    assert_says(&err, "another store's pictures lie here");
    lk_store_close(s);
}

/* -- Notices -- */

/* What is heard until it is quiet for a while. */
static unsigned heard(lk_notices *n, int32_t wait_ms) {
    lk_error err;
    unsigned all = 0, changes;
    do {
        assert_ok(lk_notices_wait(&changes, n, wait_ms, &err));
        all |= changes;
    } while (changes);
    return all;
}

static void add_job(lk_store *s) {
    lk_error err;
    int64_t id;
    const lk_job_draft draft = {.kind = "index", .subject = "here", .settings = "{}"};
    assert_ok(lk_job_add(&id, s, &draft, &err));
}

static void test_notices(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_notices *n;
    int64_t before, after;
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    assert_ok(lk_notices_open(&n, s, &err));
    assert_int_equal(heard(n, 100), LK_CHANGE_ALL); /* nobody knows what was before */
    assert_int_equal(heard(n, 100), 0);
    assert_ok(lk_store_changes(&before, s, &err));
    lk_reference r = add_drawn(p, s, "a", 1);
    lk_reference_release(&r);
    assert_int_equal(heard(n, 500), LK_CHANGE_REFERENCES);
    assert_ok(lk_store_changes(&after, s, &err));
    assert_true(after > before);
    add_job(s);
    assert_int_equal(heard(n, 500), LK_CHANGE_JOBS | LK_CHANGE_NEWS);
    assert_ok(lk_store_begin(s, &err)); /* what is not committed is not told */
    r = add_drawn(p, s, "b", 2);
    lk_reference_release(&r);
    assert_int_equal(heard(n, 100), 0);
    assert_int_equal(lk_store_end(s, LK_E_CANCELLED, &err), LK_E_CANCELLED);
    assert_int_equal(heard(n, 100), 0);
    lk_notices_close(n);
    lk_store_close(s);
}

/* Nothing is missed by who was cut off. */
static void test_notices_cut(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_notices *n;
    unsigned changes;
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    assert_ok(lk_notices_open(&n, s, &err));
    assert_int_equal(heard(n, 100), LK_CHANGE_ALL);
    cut(p);
    add_job(s);
    int tries = 0;
    while (lk_notices_wait(&changes, n, 100, &err) ==
           LK_OK) { /* the server's last words come first */
        assert_int_equal(changes, 0);
        assert_true(++tries < 10);
    }
    assert_int_equal(err.status, LK_E_IO);
    while (lk_notices_wait(&changes, n, 100, &err) != LK_OK) {
        assert_true(++tries < 100);
    }
    assert_int_equal(changes, LK_CHANGE_ALL);
    add_job(s);
    assert_int_equal(heard(n, 500), LK_CHANGE_JOBS | LK_CHANGE_NEWS);
    lk_notices_close(n);
    lk_store_close(s);
}

/* A database from before PostgreSQL's own steps gets them from whoever may make them; who may not opens it as it is. */
static void test_own_steps(void **state) {
    struct place *p = *state;
    lk_error err;
    char text[400], address[200];
    const char *name = strrchr(p->root, '-') + 1;
    static const char functions[] = "SELECT count(*) FROM pg_catalog.pg_proc WHERE proname = "
                                    "'likeness_tells' AND pronamespace = "
                                    "(SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = "
                                    "'job'::regclass)";
    NEEDS_SERVER(p)
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    assert_int_equal(count_of(s, functions), 1);
    assert_ok(sql_run(&s->at,
                      "ALTER TABLE likeness_store DROP COLUMN own_steps; DROP FUNCTION "
                      "likeness_tells() CASCADE",
                      &err));
    snprintf(text, sizeof text,
             "CREATE ROLE \"%s-w\" LOGIN; ALTER ROLE \"%s-w\" SET search_path = \"%s\"; GRANT "
             "USAGE ON SCHEMA \"%s\" TO \"%s-w\"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL "
             "TABLES IN SCHEMA \"%s\" TO \"%s-w\"",
             name, name, name, name, name, name, name);
    assert_ok(sql_run(&s->at, text, &err));
    snprintf(address, sizeof address, "postgresql://%s-w%s", name, strchr(p->store, '@'));
    lk_store *limited = open_place(address, LK_STORE_WRITE);
    add_job(limited);
    assert_int_equal(count_of(limited, functions), 0);
    lk_store_close(limited);
    lk_store_close(s);
    s = open_place(p->store, LK_STORE_WRITE);
    assert_int_equal(count_of(s, functions), 1);
    lk_store_close(s);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_passwords),
        EACH(test_address),           EACH(test_other_databases),
        EACH(test_reads_only),        EACH(test_cut),
        EACH(test_failed_part),       EACH(test_rows_between),
        EACH(test_picture_rows),      EACH(test_shared_folder),
        EACH(test_notices),           EACH(test_notices_cut),
        EACH(test_own_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
