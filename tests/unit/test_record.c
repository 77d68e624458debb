/* SPDX-License-Identifier: Apache-2.0 */
/* Photos that were submitted before: the same file, one that hardly differs, and rows that are damaged. */
#include "tests/unit/store_files.h"

#include <likeness/record.h>

#include "store/audit_log.h"

/* Records a verdict on a photo whose file and hash are made of the two bytes; `flips` bits of the hash are others. */
static lk_recorded record(lk_store *s, int file, uint8_t hash, int flips, bool *warned) {
    lk_error err;
    lk_recorded recorded;
    lk_hash mark = {.quality = 100};
    static lk_verification v;
    v = (lk_verification){.verdict = LK_DIFFERENT};
    assert_ok(lk_policy_built_in(&v.policy, "photos", &err));
    memset(mark.data, hash, 32);
    for (int i = 0; i < flips; i++) {
        mark.data[i] ^= 1;
    }
    snprintf(v.comparison.inputs[1].sha256, sizeof v.comparison.inputs[1].sha256, "%064x", file);
    snprintf(v.nearest_id, sizeof v.nearest_id, "some-thing");
    v.nearest_version = 3;
    assert_ok(lk_verification_record(&recorded, s, &v, NULL, &mark, "me", NULL, &err));
    *warned = v.comparison.warning_count > 0 &&
              strcmp(v.comparison.warnings[0].code, "submitted-before") == 0;
    assert_int_equal(v.log_entry, recorded.head.count);
    return recorded;
}

static void test_seen_before(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    bool warned;
    lk_recorded first = record(s, 1, 0x0f, 0, &warned);
    assert_true(first.seen_in == 0 && !warned);
    lk_recorded other = record(s, 2, 0xf0, 0, &warned);
    assert_true(other.seen_in == 0 && !warned);
    lk_recorded again = record(s, 1, 0x33, 0, &warned); /* the same file, whatever its hash */
    assert_true(again.seen_in == first.head.count && again.seen_exactly && warned);
    lk_recorded near = record(s, 3, 0x0f, 16, &warned);
    assert_true(near.seen_in == first.head.count && !near.seen_exactly && warned);
    lk_recorded far = record(s, 4, 0xf0, 17, &warned);
    assert_true(far.seen_in == 0 && !warned);
    lk_store_close(s);
}

static int64_t subjects;

static bool look(void *arg, const lk_audit_entry *e) {
    (void)arg;
    subjects += strcmp(e->subject, "some-thing") == 0;
    assert_non_null(strstr(e->payload, "\"reference\":null,\"nearest\":{\"id\":\"some-thing\""));
    return true;
}

/* On record as a photo of nothing in the store. */
static void test_of_none(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    bool warned;
    record(s, 1, 0x0f, 0, &warned);
    const lk_audit_query query = {.kind = "verify"};
    subjects = 0;
    assert_ok(lk_audit_list(s, &query, look, NULL, &err));
    assert_int_equal(subjects, 0);
    lk_store_close(s);
}

/* A damaged row is no earlier photo, keeps no other from being found and no verdict from being recorded; audit verify names it. */
static void test_damaged(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_audit_check check;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    bool warned;
    lk_recorded first = record(s, 1, 0x0f, 0, &warned), second = record(s, 2, 0x0f, 20, &warned);
    assert_int_equal(second.seen_in, 0);
    assert_ok(lk_audit_verify(&check, s, NULL, &err));
    assert_true(check.good);
    force(s, "UPDATE submission SET verdict = 'same' WHERE photo_sha256 LIKE '%01'");
    lk_recorded third = record(s, 1, 0x0f, 10, &warned); /* near both: the sound one counts */
    assert_int_equal(third.seen_in, second.head.count);
    assert_true(warned && !third.seen_exactly);
    assert_ok(lk_audit_verify(&check, s, NULL, &err));
    assert_false(check.good);
    assert_int_equal(check.first_bad, first.head.count);
    assert_non_null(strstr(check.text, "photo"));
    lk_store_close(s);
}

/* Several in one commit know each other; of what was undone nothing is known afterwards, though its entries' numbers come again. */
static void test_in_groups(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE),
             *other = open_place(p->store, LK_STORE_WRITE);
    bool warned;
    lk_recorded first = record(s, 1, 0x0f, 0, &warned);
    lk_recorded theirs = record(other, 2, 0x33, 0, &warned);
    assert_ok(lk_store_begin(s, &err));
    lk_recorded near = record(s, 3, 0x0f, 3, &warned);
    assert_int_equal(near.seen_in, first.head.count);
    assert_int_equal(record(s, 4, 0x33, 3, &warned).seen_in, theirs.head.count);
    lk_recorded fresh = record(s, 5, 0xf0, 0, &warned);
    assert_int_equal(record(s, 6, 0xf0, 5, &warned).seen_in, fresh.head.count);
    lk_status given_up = LK_E_CANCELLED;
    assert_int_equal(lk_store_end(s, given_up, &err), given_up);
    lk_recorded now = record(s, 7, 0x55, 0, &warned);
    assert_int_equal(now.head.count, near.head.count);
    assert_int_equal(record(s, 8, 0xf0, 0, &warned).seen_in, 0);
    assert_int_equal(record(s, 9, 0x0f, 4, &warned).seen_in, first.head.count);
    assert_int_equal(record(s, 10, 0x55, 5, &warned).seen_in, now.head.count);
    assert_int_equal(record(other, 11, 0x55, 4, &warned).seen_in, now.head.count);
    lk_store_close(other);
    lk_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_seen_before, place_new, place_free),
        cmocka_unit_test_setup_teardown(test_of_none, place_new, place_free),
        cmocka_unit_test_setup_teardown(test_damaged, place_new, place_free),
        cmocka_unit_test_setup_teardown(test_in_groups, place_new, place_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
