/* SPDX-License-Identifier: Apache-2.0 */
/* The store: damage, removal, what is derived, and several writers. */
#include "tests/unit/store_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/blob.h"

/* -- Pictures -- */

static void test_damaged_pictures(void **state) {
    struct place *p = *state;
    FILES_ONLY(p)
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_reference r = add_drawn(p, s, "a", 7);
    lk_bytes picture, kept;
    char below[BLOB_PATH_SIZE], path[256];
    blob_path(below, r.sha256);
    snprintf(path, sizeof path, "%s/%s", p->store, below);
    assert_ok(file_read(&kept, path, 1000, NULL, &err));
    kept.data[20] ^= 1;
    assert_ok(file_write(path, kept.data, kept.size, &err));
    assert_refused(LK_E_CORRUPT, lk_reference_picture(&picture, s, &r, &err));
    assert_says(&err, "was changed");
    assert_string_equal(err.input, path);
    assert_ok(file_write(path, kept.data, kept.size - 1, &err));
    assert_refused(LK_E_CORRUPT, lk_reference_picture(&picture, s, &r, &err));
    char longer[80];
    memset(longer, 0, sizeof longer);
    assert_ok(file_write(path, longer, sizeof longer, &err));
    assert_refused(LK_E_CORRUPT, lk_reference_picture(&picture, s, &r, &err));
    assert_int_equal(unlink(path), 0);
    assert_refused(LK_E_IO, lk_reference_picture(&picture, s, &r, &err));
    assert_says(&err, "No such file");
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_refused(LK_E_CORRUPT, lk_reference_picture(&picture, s, &r, &err));
    assert_says(&err, "symbolic link");
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 1);
    /* Adding the same again heals it. */
    struct drawn d;
    bool added;
    draw_picture(&d, p->engine, 7);
    const lk_reference_draft draft = draft_of("a", &d);
    assert_ok(lk_reference_add(NULL, &added, s, &draft, &err));
    assert_false(added);
    assert_ok(lk_reference_picture(&picture, s, &r, &err));
    assert_memory_equal(picture.data, d.bytes, d.size);
    lk_bytes_release(&picture);
    lk_bytes_release(&kept);
    lk_reference_release(&r);
    lk_store_close(s);
}

static void test_link_on_the_way(void **state) {
    struct place *p = *state;
    FILES_ONLY(p)
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct drawn d;
    char path[256], shelf[3] = "";
    draw_picture(&d, p->engine, 3);
    memcpy(shelf, d.info.sha256, 2);
    snprintf(path, sizeof path, "%s/blobs/%s", p->store, shelf);
    assert_int_equal(symlink("/tmp", path), 0);
    const lk_reference_draft draft = draft_of("a", &d);
    assert_refused(LK_E_WRITE, lk_reference_add(NULL, NULL, s, &draft, &err));
    assert_says(&err, "symbolic link");
    assert_int_equal(unlink(path), 0);
    lk_reference r = add_drawn(p, s, "a", 3); /* nothing was half done */
    assert_int_equal(r.version, 1);
    assert_int_equal(r.entry, 2);
    lk_reference_release(&r);
    lk_store_close(s);
}

/* A bit of a record, turned behind the database's back. */
static void test_damaged_rows(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_reference r = add_drawn(p, s, "a", 7);
    lk_reference_release(&r);
    lk_store_check_result result;
    force(s, "DROP TRIGGER version_unchanged; UPDATE version SET record = replace(record, "
             "'tester', 'uester')");
    assert_refused(LK_E_CORRUPT, lk_reference_get(&r, s, "a", 0, &err));
    assert_says(&err, "version 1 of a is damaged");
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 2); /* the checksum, and the log */
    force(s, "UPDATE version SET record = replace(record, 'uester', 'tester')");
    assert_ok(lk_reference_get(&r, s, "a", 0, &err));
    lk_reference_release(&r);
    force(s, "UPDATE reference SET removed = '2026'");
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 1); /* the log does not say so */
    lk_store_close(s);
}

/* -- Removing -- */

static void test_remove(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    const lk_reference_removal purge = {.actor = "tester", .note = "asked to", .purge = true};
    lk_reference r = add_drawn(p, s, "a", 1), shared = add_drawn(p, s, "b", 1);
    lk_bytes picture;
    assert_refused(LK_E_IO, lk_reference_remove(s, "c", NULL, &err));
    assert_ok(lk_reference_remove(s, "a", NULL, &err));
    assert_refused(LK_E_IO, lk_reference_remove(s, "a", NULL, &err));
    assert_says(&err, "out of use already");
    lk_reference_release(&r);
    assert_ok(lk_reference_get(&r, s, "a", 1, &err));
    assert_true(r.removed && !r.purged);
    assert_ok(lk_reference_picture(&picture, s, &r, &err));
    lk_bytes_release(&picture);
    lk_reference_release(&r);
    r = add_drawn(p, s, "a", 2); /* it comes back, as version 2 */
    assert_int_equal(r.version, 2);
    assert_false(r.removed);
    lk_reference_release(&r);

    assert_ok(lk_reference_remove(s, "a", &purge, &err));
    assert_ok(lk_reference_get(&r, s, "a", 1, &err));
    assert_true(r.removed && r.purged);
    assert_refused(LK_E_IO, lk_reference_picture(&picture, s, &r, &err));
    assert_says(&err, "erased");
    assert_ok(lk_reference_picture(&picture, s, &shared, &err)); /* b has it still */
    lk_bytes_release(&picture);
    lk_reference_release(&r);
    assert_ok(lk_reference_remove(s, "a", &purge, &err)); /* again: nothing is left to do */
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.unused_pictures, 0);
    assert_int_equal(result.pictures, 1);
    lk_reference_release(&shared);
    lk_store_close(s);
}

static void test_needed_pictures(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    const lk_reference_removal purge = {.purge = true};
    lk_reference r = add_drawn(p, s, "a", 1);
    const lk_audit_record verdict = {.kind = "verify", .subject = "a", .payload = "{}"};
    assert_ok(lk_audit_append(NULL, s, &verdict, &err));
    assert_refused(LK_E_USAGE, lk_reference_remove(s, "a", &purge, &err));
    assert_says(&err, "1 verdict of the audit log could not be checked");
    lk_reference_release(&r);
    assert_ok(lk_reference_get(&r, s, "a", 0, &err));
    assert_false(r.removed); /* nothing half done */
    lk_reference_release(&r);
    assert_ok(lk_reference_remove(s, "a", NULL, &err));
    lk_store_close(s);
}

/* -- What is derived -- */

static bool see_derived(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct seen *seen = arg;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%s@%d=%.*s ", id, version, (int)size,
             (const char *)data);
    return true;
}

static void put(lk_store *s, const char *id, int32_t version, const char *kind, const char *model,
                const char *text) {
    lk_error err;
    const lk_derived d = {{kind, 3, model}, text, strlen(text)};
    assert_ok(lk_derived_put(s, id, version, &d, &err));
}

static void test_derived(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_bytes data;
    bool there;
    for (unsigned i = 0; i < 4; i++) {
        lk_reference r = add_drawn(p, s, i < 3 ? (const char *[]){"c", "a", "b"}[i] : "a", i);
        lk_reference_release(&r);
    }
    put(s, "c", 1, "embedding", "net", "C");
    put(s, "a", 1, "embedding", "net", "A1");
    put(s, "a", 2, "embedding", "net", "A2");
    put(s, "a", 2, "embedding", "net", "again");
    put(s, "a", 2, "embedding", "other", "O");
    put(s, "a", 2, "points", NULL, "");
    const lk_derived_key key = {"embedding", 3, "net"};
    struct seen seen = {0};
    assert_ok(lk_derived_visit(s, &key, see_derived, &seen, &err));
    assert_string_equal(seen.text, "a@2=again c@1=C ");
    assert_ok(lk_derived_get(&data, &there, s, "a", 1, &key, &err));
    assert_true(there && data.size == 2 && memcmp(data.data, "A1", 2) == 0);
    lk_bytes_release(&data);
    assert_ok(lk_derived_get(&data, &there, s, "b", 1, &key, &err));
    assert_false(there);
    assert_ok(lk_derived_get(&data, &there, s, "a", 2, &(lk_derived_key){"points", 3, ""}, &err));
    assert_true(there && data.size == 0);
    lk_bytes_release(&data);
    const lk_derived wrong[] = {
        {{"", 1, ""}, "", 0}, {{"a b", 1, ""}, "", 0}, {{"x", -1, ""}, "", 0}};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_refused(LK_E_USAGE, lk_derived_put(s, "a", 1, &wrong[i], &err));
    }
    const lk_derived good = {{"x", 1, ""}, "", 0};
    assert_refused(LK_E_IO, lk_derived_put(s, "nothing", 1, &good, &err));
    assert_refused(LK_E_IO, lk_derived_put(s, "a", 3, &good, &err));
    assert_refused(LK_E_IO, lk_derived_put(s, "a", 0, &good, &err));
    assert_ok(lk_reference_remove(s, "c", NULL, &err)); /* out of use: not visited */
    seen = (struct seen){0};
    assert_ok(lk_derived_visit(s, &key, see_derived, &seen, &err));
    assert_string_equal(seen.text, "a@2=again ");
    force(s,
          "UPDATE derived SET reference = 'b', number = 1 WHERE model = 'other'"); /* another's */
    assert_refused(LK_E_CORRUPT, lk_derived_get(&data, &there, s, "b", 1,
                                                &(lk_derived_key){"embedding", 3, "other"}, &err));
    lk_store_close(s);
}

/* -- Several at once -- */

static void test_whole_or_nothing(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    assert_ok(lk_store_begin(s, &err));
    lk_reference r = add_drawn(p, s, "a", 1);
    lk_reference_release(&r);
    assert_int_equal(lk_store_end(s, LK_E_CANCELLED, &err), LK_E_CANCELLED);
    expect_list(s, NULL, "");
    assert_ok(lk_store_begin(s, &err));
    r = add_drawn(p, s, "b", 2);
    lk_reference_release(&r);
    assert_ok(lk_store_begin(s, &err));
    r = add_drawn(p, s, "c", 3);
    lk_reference_release(&r);
    assert_int_equal(lk_store_end(s, LK_E_USAGE, &err), LK_E_USAGE); /* the inner one alone */
    assert_ok(lk_store_end(s, LK_OK, &err));
    expect_list(s, NULL, "b@1 ");
    lk_audit_head head;
    assert_ok(lk_audit_head_get(&head, s, &err));
    assert_int_equal(head.count, 2);
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
    lk_store_close(s);
}

/* As SQLite does on a full disk, it undoes all when a part fails: nothing of the rest is written by itself. */
static void test_undone_below(void **state) {
    struct place *p = *state;
    lk_error err;
    struct drawn d;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    draw_picture(&d, p->engine, 1);
    const lk_reference_draft draft = draft_of("a", &d);
    assert_ok(lk_store_begin(s, &err));
    assert_ok(lk_store_begin(s, &err));
    force(s, "ROLLBACK");
    assert_int_equal(lk_store_end(s, LK_E_WRITE, &err), LK_E_WRITE);
    assert_refused(LK_E_WRITE, lk_reference_add(NULL, NULL, s, &draft, &err));
    assert_says(&err, "could not be undone alone");
    assert_refused(LK_E_WRITE, lk_store_end(s, LK_OK, &err));
    expect_list(s, NULL, "");
    assert_ok(lk_reference_add(NULL, NULL, s, &draft, &err)); /* afterwards it goes on */
    expect_list(s, NULL, "a@1 ");
    lk_store_close(s);
}

static void test_busy(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *one = open_place(p->store, LK_STORE_WRITE),
             *two = open_place(p->store, LK_STORE_WRITE);
    struct drawn d;
    draw_picture(&d, p->engine, 1);
    const lk_reference_draft draft = draft_of("a", &d);
    assert_ok(lk_store_begin(one, &err));
    assert_refused(LK_E_WRITE, lk_reference_add(NULL, NULL, two, &draft, &err));
    assert_says(&err, "another process has been writing to it for more than 0.2 s");
    expect_list(two, NULL, ""); /* reading goes on */
    assert_ok(lk_store_end(one, LK_OK, &err));
    assert_ok(lk_reference_add(NULL, NULL, two, &draft, &err));
    expect_list(one, NULL, "a@1 ");
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, one, p->engine, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
    lk_store_close(one);
    lk_store_close(two);
}

/* What a writer that was killed left behind goes when it is old. */
static void test_abandoned(void **state) {
    struct place *p = *state;
    FILES_ONLY(p)
    lk_error err;
    lk_store_close(open_place(p->store, LK_STORE_WRITE));
    char old[128], recent[128];
    snprintf(old, sizeof old, "%s/blobs/.new-1-old", p->store);
    snprintf(recent, sizeof recent, "%s/blobs/.new-2-recent", p->store);
    assert_ok(file_write(old, "x", 1, &err));
    assert_ok(file_write(recent, "x", 1, &err));
    const struct timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, old, long_ago, 0), 0);
    lk_store_close(open_place(p->store, LK_STORE_WRITE));
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(recent, F_OK), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(test_damaged_pictures), EACH(test_link_on_the_way), EACH(test_damaged_rows),
        EACH(test_remove),           EACH(test_needed_pictures), EACH(test_derived),
        EACH(test_whole_or_nothing), EACH(test_undone_below),    EACH(test_busy),
        EACH(test_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
