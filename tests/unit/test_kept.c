/* SPDX-License-Identifier: Apache-2.0 */
/* Files beside verdicts: what comes back is what was added, pieces lie once, and what nobody needs goes. */
#include "tests/unit/store_files.h"

#include <likeness/service.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/blob.h"

enum { PHOTO = 5000, SIGHT = 3001, SMALL = 7, FILES = 4 };

static uint8_t photo[PHOTO], sight[SIGHT], small[SMALL];

static void fill(uint8_t *to, size_t size, uint32_t seed) {
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525U + 1013904223U;
        to[i] = (uint8_t)(seed >> 24);
    }
}

static int64_t add_verdict(lk_store *s) {
    const lk_audit_record verdict = {"verify", "anna", "pack", "{\"verdict\":\"same\"}", NULL};
    lk_audit_head head;
    lk_error err;
    assert_ok(lk_audit_append(&head, s, &verdict, &err));
    return head.count;
}

/* result: text alone; report: the sight and the small one as base64; evidence: the photo; sight: itself. */
static void make_files(lk_bytes out[FILES]) {
    struct buf b;
    lk_error err;
    for (int i = 0; i < FILES; i++) {
        buf_init(&b, 1 << 20);
        buf_add_text(&b, i < 3 ? "begin \"x\"\n" : "");
        if (i == 1) {
            buf_add_base64(&b, sight, SIGHT);
            buf_add_text(&b, "\" and \"");
            buf_add_base64(&b, small, SMALL);
        } else if (i > 1) {
            buf_add(&b, i == 2 ? photo : sight, i == 2 ? PHOTO : SIGHT);
        }
        buf_add_text(&b, i < 3 ? "end" : "");
        assert_ok(buf_finish(&b, &out[i], &err));
    }
}

static const char *const names[FILES] = {"result.json", "report.html", "evidence.lkev", "sight"};

static lk_kept *make_kept(lk_store *s) {
    const lk_kept_piece pieces[] = {{.data = photo, .size = PHOTO, .is_shared = true},
                                    {.data = sight, .size = SIGHT, .is_base64 = true},
                                    {.data = small, .size = SMALL, .is_base64 = true},
                                    {.data = sight, .size = SIGHT}};
    static const size_t ranges[FILES][2] = {{0, 0}, {1, 2}, {0, 1}, {3, 1}};
    lk_bytes files[FILES];
    lk_kept *k;
    lk_error err;
    assert_ok(lk_kept_new(&k, s, pieces, ARRAY_COUNT(pieces), &err));
    make_files(files);
    for (int i = 0; i < FILES; i++) {
        const lk_kept_file file = {names[i], i < 3 ? "text/x" : "image/y", files[i].data,
                                   files[i].size};
        assert_ok(lk_kept_add(k, &file, ranges[i][0], ranges[i][1], &err));
        lk_bytes_release(&files[i]);
    }
    return k;
}

static int64_t keep(lk_store *s) {
    lk_error err;
    lk_kept *k = make_kept(s);
    assert_ok(lk_store_begin(s, &err));
    int64_t entry = add_verdict(s);
    assert_ok(lk_store_end(s, lk_kept_put(k, entry, &err), &err));
    lk_kept_free(k, true);
    return entry;
}

static void count_file(void *arg, const lk_kept_file *file) {
    assert_true(file->size > 0);
    ++*(int *)arg;
}

static int files_of(lk_store *s, int64_t entry) {
    int count = 0;
    lk_error err;
    assert_ok(lk_kept_list(s, entry, count_file, &count, &err));
    return count;
}

static bool want_all(void *arg, const char *name) {
    (void)arg, (void)name;
    return true;
}

static void compare_file(void *arg, const lk_kept_file *file) {
    lk_bytes expected[FILES];
    make_files(expected);
    for (int i = 0; i < FILES; i++) {
        if (strcmp(names[i], file->name) == 0) {
            assert_string_equal(file->type, i < 3 ? "text/x" : "image/y");
            assert_int_equal(file->size, expected[i].size);
            assert_memory_equal(file->data, expected[i].data, file->size);
            ++*(int *)arg;
        }
        lk_bytes_release(&expected[i]);
    }
}

static void expect_files(lk_store *s, int64_t entry) {
    int count = 0;
    lk_error err;
    assert_int_equal(files_of(s, entry), FILES);
    assert_ok(lk_kept_read(s, entry, want_all, compare_file, &count, &err));
    assert_int_equal(count, FILES);
}

static void count_blob(void *arg, const char *name) {
    assert_int_equal(strlen(name), 64);
    ++*(int *)arg;
}

static int blobs(lk_store *s) {
    int count = 0;
    lk_error err;
    assert_ok(blob_visit(s, count_blob, &count, &err));
    return count;
}

static int64_t bytes_of(lk_store *s, int64_t entry) {
    struct sql q;
    int64_t bytes;
    lk_error err;
    sql_begin(&q, &s->at, "SELECT bytes FROM kept WHERE entry = ?");
    sql_bind_int(&q, entry);
    assert_ok(sql_finish_int(&bytes, &q, -1, &err));
    return bytes;
}

static void expect_sound(struct place *p, lk_store *s, int64_t kept, int64_t problems) {
    lk_store_check_result r;
    lk_error err;
    assert_ok(lk_store_check(&r, s, p->engine, NULL, NULL, &err));
    assert_int_equal(r.kept, kept);
    assert_int_equal(r.problems, problems);
    assert_int_equal(r.unused_pictures, 0);
}

static void test_comes_back(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    int64_t first = keep(s), second = keep(s);
    expect_files(s, first);
    expect_files(s, second);
    assert_int_equal(files_of(s, second + 1), 0);
    assert_int_equal(blobs(s), 2); /* the photo, and the sight with the small one: once for both */
    assert_true(bytes_of(s, first) < 200); /* beside them */
    lk_store_close(s);
    s = open_place(p->store, LK_STORE_READ);
    expect_files(s, first);
    expect_sound(p, s, 2, 0);
    lk_store_close(s);
}

static bool prune(lk_store *s, int64_t most, int64_t age_ms) {
    bool more;
    lk_error err;
    assert_ok(lk_kept_prune(&more, s, most, age_ms, &err));
    return more;
}

/* What is undone leaves nothing behind, and what is named beside a file is looked at. */
static void test_undone(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_error err;
    lk_kept *k = make_kept(s);
    assert_ok(lk_store_begin(s, &err));
    int64_t entry = add_verdict(s);
    assert_ok(lk_kept_put(k, entry, &err));
    assert_refused(LK_E_USAGE, lk_store_end(s, error_set(&err, LK_E_USAGE, "no"), &err));
    lk_kept_free(k, false);
    assert_int_equal(files_of(s, entry), 0);
    k = make_kept(s); /* and never put */
    const lk_kept_file bad[] = {{"a/b", "t", "x", 1}, {"", "t", "x", 1}, {".x", "t", "x", 1}};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_refused(LK_E_USAGE, lk_kept_add(k, &bad[i], 0, 0, &err));
    }
    lk_kept_free(k, false);
    lk_kept_free(NULL, true);
    entry = keep(s);
    expect_files(s, entry);
    assert_int_equal(blobs(s), 2);
    fill(sight, SIGHT, 77); /* another blob, for an entry that has files already */
    k = make_kept(s);
    assert_ok(lk_store_begin(s, &err));
    assert_int_not_equal(lk_store_end(s, lk_kept_put(k, entry, &err), &err), LK_OK);
    lk_kept_free(k, false);
    assert_int_equal(blobs(s), 2);
    k = make_kept(s); /* what a commit that fails leaves is nobody's, and goes */
    assert_ok(lk_store_begin(s, &err));
    assert_ok(lk_kept_put(k, add_verdict(s), &err));
    assert_refused(LK_E_USAGE, lk_store_end(s, error_set(&err, LK_E_USAGE, "no"), &err));
    lk_kept_free(k, false);
    assert_false(prune(s, INT64_MAX, 0));
    assert_int_equal(blobs(s), 2);
    lk_store_close(s);
}

static void test_forgets(void **state) {
    struct place *p = *state;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_error err;
    lk_audit_check log;
    int64_t entries[20];
    for (int i = 0; i < 20; i++) {
        fill(sight, SIGHT, (uint32_t)i + 100); /* the photo stays the same */
        entries[i] = keep(s);
    }
    expect_files(s, entries[19]);
    assert_int_equal(blobs(s), 21);
    assert_false(prune(s, INT64_MAX, 0));
    assert_false(prune(s, 1 << 20, 3600000));
    assert_int_equal(blobs(s), 21);
    int64_t each = bytes_of(s, entries[1]) + SIGHT + SMALL; /* the photo is there once */
    assert_true(prune(s, PHOTO + 2 * each + 20, 0));        /* 16 at once */
    assert_false(prune(s, PHOTO + 2 * each + 20, 0));
    assert_int_equal(files_of(s, entries[17]), 0);
    expect_files(s, entries[19]);
    assert_int_equal(blobs(s), 3);
    expect_sound(p, s, 2, 0);
    assert_false(prune(s, PHOTO + 2 * each + 20, 0));
    assert_int_equal(files_of(s, entries[18]), FILES);
    force(s, "UPDATE kept SET at = at - 86400000");
    assert_false(prune(s, INT64_MAX, 2 * 86400000LL));
    expect_files(s, entries[19]);
    char text[100]; /* a clock that was wrong, of the oldest one, keeps no other */
    snprintf(text, sizeof text, "UPDATE kept SET at = at + 864000000000 WHERE entry = %lld",
             (long long)entries[18]);
    force(s, text);
    assert_false(prune(s, INT64_MAX, 86300000));
    assert_int_equal(files_of(s, entries[18]), 0);
    assert_int_equal(files_of(s, entries[19]), 0);
    assert_int_equal(blobs(s), 0);
    assert_ok(lk_audit_verify(&log, s, NULL, &err));
    assert_true(log.good);
    assert_int_equal(log.count, 21); /* it has them all */
    lk_store_close(s);
}

static void refuse_file(void *arg, const lk_kept_file *file) {
    (void)arg, (void)file;
    fail();
}

static bool want_name(void *arg, const char *name) {
    return strcmp(arg, name) == 0;
}

static void test_damage(void **state) {
    struct place *p = *state;
    static const char *const damage[] = {
        "UPDATE kept_file SET parts = 't0:0+99999' WHERE name = 'result.json'",
        "UPDATE kept_file SET parts = 'r7:0+1' WHERE name = 'result.json'",
        "UPDATE kept_file SET parts = 'r-1:0+1' WHERE name = 'result.json'",
        "UPDATE kept_file SET parts = 't0:-4+5' WHERE name = 'result.json'",
        "UPDATE kept_file SET parts = 'nonsense' WHERE name = 'result.json'",
        "UPDATE kept_file SET parts = 't0:0+3' WHERE name = 'result.json'",
        "UPDATE kept SET plain = plain - 1",
        "UPDATE kept SET plain = 999999999999",
    };
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    lk_error err;
    int64_t entry = keep(s);
    for (size_t i = 0; i < ARRAY_COUNT(damage); i++) {
        force(s, damage[i]);
        assert_refused(LK_E_CORRUPT,
                       lk_kept_read(s, entry, want_name, refuse_file, (void *)"result.json", &err));
    }
    expect_sound(p, s, 1, 1);
    lk_store_close(s);
}

static int set_up(void **state) {
    fill(photo, PHOTO, 1);
    fill(sight, SIGHT, 2);
    fill(small, SMALL, 3);
    return place_new(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_back, set_up, place_free),
        cmocka_unit_test_setup_teardown(test_undone, set_up, place_free),
        cmocka_unit_test_setup_teardown(test_forgets, set_up, place_free),
        cmocka_unit_test_setup_teardown(test_damage, set_up, place_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
