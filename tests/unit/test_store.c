/* SPDX-License-Identifier: Apache-2.0 */
/* The store: opening, versions, drafts, lists. */
#include "tests/unit/store_files.h"

#include <sys/stat.h>

#include "base/file.h"

/* -- Opening -- */

static void test_open(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s;
    const lk_store_options reading = {.mode = LK_STORE_READ};
    FILES_ONLY(p)
    assert_refused(LK_E_IO, lk_store_open(&s, p->store, &reading, &err));
    assert_says(&err, "there is no store here");
    assert_null(s);
    assert_int_not_equal(access(p->store, F_OK), 0); /* looking makes nothing */
    char deep[128];
    snprintf(deep, sizeof deep, "%s/a/b", p->store);
    lk_store_close(open_place(deep, LK_STORE_WRITE));
    s = open_place(deep, LK_STORE_READ);
    assert_string_equal(strrchr(lk_store_folder(s), '/'), "/b");
    assert_refused(LK_E_WRITE, lk_store_begin(s, &err));
    assert_says(&err, "reading alone");
    lk_store_close(s);
    lk_store_close(NULL);
}

/* One statement on a database file that no store has open. */
static void change_database(const char *path, const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_other_databases(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s;
    lk_bytes before, after;
    char path[128];
    lk_store_close(open_place(p->store, LK_STORE_WRITE));
    FILES_ONLY(p)
    snprintf(path, sizeof path, "%s/likeness.db", p->store);
    change_database(path, "PRAGMA user_version = 99");
    assert_ok(file_read(&before, path, 1 << 26, NULL, &err));
    assert_refused(LK_E_FORMAT, lk_store_open(&s, p->store, NULL, &err));
    assert_says(&err, "newer likeness (store version 99, this one knows ");
    assert_string_equal(err.input, path);
    assert_ok(file_read(&after, path, 1 << 26, NULL, &err));
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size); /* untouched */
    lk_bytes_release(&before);
    lk_bytes_release(&after);
    change_database(path, "PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_refused(LK_E_FORMAT, lk_store_open(&s, p->store, NULL, &err));
    assert_says(&err, "no store of likeness");
    assert_int_equal(unlink(path), 0);
    assert_ok(
        file_write(path, "this is no database, whatever its name says ............", 56, &err));
    assert_refused(LK_E_CORRUPT, lk_store_open(&s, p->store, NULL, &err));
    assert_says(&err, "not a database");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere.db", path), 0);
    assert_refused(LK_E_CORRUPT, lk_store_open(&s, p->store, NULL, &err));
    assert_says(&err, "symbolic link");
    assert_string_equal(err.input, path);
}

static void test_no_folder(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s;
    FILES_ONLY(p)
    assert_ok(file_write(p->store, "a file", 6, &err));
    assert_refused(LK_E_IO, lk_store_open(&s, p->store, NULL, &err));
    assert_says(&err, "Not a directory");
    char below[128];
    snprintf(below, sizeof below, "%s/below", p->store);
    assert_refused(LK_E_WRITE, lk_store_open(&s, below, NULL, &err));
}

static void test_link_to_blobs(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s;
    char path[128];
    FILES_ONLY(p)
    assert_int_equal(mkdir(p->store, 0777), 0);
    snprintf(path, sizeof path, "%s/blobs", p->store);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_refused(LK_E_CORRUPT, lk_store_open(&s, p->store, NULL, &err));
    assert_says(&err, "symbolic link");
}

/* -- Versions -- */

static void test_versions(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct drawn d;
    lk_reference r;
    bool added;
    double corners[] = {0, 0, 2, 0.1234567891, 2, 2};
    const lk_polygon area = {3, corners};
    const char *const tags[] = {"b", "a", "b"}, *const words[] = {"0,0 66%,5% 2,2"};
    const lk_star star = {true, 0.75, 2, {"sharp", "well lit"}};
    draw_picture(&d, p->engine, 1);
    lk_reference_draft draft = draft_of("cap-1", &d);
    draft.name = "Cap “blue”";
    draft.tags = tags;
    draft.tag_count = 3;
    draft.ignore = &area;
    draft.ignore_text = words;
    draft.ignore_count = 1;
    draft.star = &star;
    draft.note = "first\nlines";
    assert_ok(lk_reference_add(&r, &added, s, &draft, &err));
    assert_true(added && r.newest && !r.removed && !r.purged);
    assert_int_equal(r.version, 1);
    assert_int_equal(r.entry, 2); /* 1 is log.begin */
    lk_reference_release(&r);
    lk_store_close(s);

    s = open_place(p->store, LK_STORE_READ);
    assert_ok(lk_reference_find(&r, s, "cap-1@1", &err));
    assert_string_equal(r.name, "Cap “blue”");
    assert_string_equal(r.file_name, "drawn.ppm");
    assert_string_equal(r.note, "first\nlines");
    assert_string_equal(r.actor, "tester");
    assert_string_equal(r.format, "pnm");
    assert_string_equal(r.sha256, d.info.sha256);
    assert_int_equal(r.bytes, d.size);
    assert_int_equal(r.width, 3);
    assert_int_equal(r.height, 2);
    assert_int_equal(r.tag_count, 2);
    assert_string_equal(r.tags[0], "a");
    assert_int_equal(r.ignore_count, 1);
    assert_int_equal(r.ignore[0].count, 3);
    assert_true(r.ignore[0].xy[3] == 0.1234567891);
    assert_string_equal(r.ignore_text[0], words[0]);
    assert_true(r.star.known && r.star.value == 0.75);
    assert_string_equal(r.star.reasons[1], "well lit");
    lk_bytes picture;
    assert_ok(lk_reference_picture(&picture, s, &r, &err));
    assert_int_equal(picture.size, d.size);
    assert_memory_equal(picture.data, d.bytes, d.size);
    lk_bytes_release(&picture);
    lk_reference_release(&r);
    lk_store_close(s);
}

static void test_next_version(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct drawn d;
    lk_reference r;
    bool added;
    const char *const tags[] = {"one"};
    draw_picture(&d, p->engine, 1);
    lk_reference_draft draft = draft_of("x", &d);
    draft.name = "name";
    draft.tags = tags;
    draft.tag_count = 1;
    assert_ok(lk_reference_add(NULL, &added, s, &draft, &err));
    draft.name = NULL;
    draft.tags = NULL;
    assert_ok(lk_reference_add(&r, &added, s, &draft, &err)); /* the same again */
    assert_false(added);
    assert_int_equal(r.version, 1);
    lk_reference_release(&r);
    draft.note = "why";
    assert_ok(lk_reference_add(NULL, &added, s, &draft, &err)); /* a note is worth a version */
    assert_true(added);
    draw_picture(&d, p->engine, 2);
    draft.note = NULL;
    assert_ok(lk_reference_add(&r, &added, s, &draft, &err));
    assert_true(added);
    assert_int_equal(r.version, 3);
    assert_string_equal(r.name, "name"); /* as before */
    assert_int_equal(r.tag_count, 1);
    lk_reference_release(&r);
    assert_ok(lk_reference_get(&r, s, "x", 1, &err));
    assert_false(r.newest);
    lk_reference_release(&r);
    assert_refused(LK_E_IO, lk_reference_get(&r, s, "x", 4, &err));
    assert_says(&err, "no version 4");
    assert_refused(LK_E_IO, lk_reference_get(&r, s, "y", 0, &err));
    assert_says(&err, "no reference of that id");
    assert_string_equal(err.input, "y");
    static const char *const wrong[] = {"x@", "x@0", "x@1x", "@1", ".x", "x@1234567890", "x y", ""};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_refused(LK_E_USAGE, lk_reference_find(&r, s, wrong[i], &err));
    }
    /* Nothing overwrites a version, and nothing deletes one. */
    assert_refused(LK_E_WRITE, sql_run(&s->at, "UPDATE version SET record = '{}'", &err));
    assert_says(&err, "versions are never changed");
    assert_refused(LK_E_WRITE, sql_run(&s->at, "DELETE FROM version", &err));
    assert_says(&err, "versions are never deleted");
    lk_store_close(s);
}

static void test_refused_drafts(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct drawn d, other;
    char longer[LK_NAME_MAX + 2] = "";
    draw_picture(&d, p->engine, 1);
    draw_picture(&other, p->engine, 2);
    static const char *const wrong[] = {"", ".a", "a/b", "a b", "ä", "../x", "a\n"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        const lk_reference_draft draft = draft_of(wrong[i], &d);
        assert_false(lk_reference_id_is_valid(wrong[i]));
        assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    }
    memset(longer, 'n', LK_NAME_MAX + 1);
    lk_reference_draft draft = draft_of("a", &d);
    draft.name = longer;
    assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    draft.name = "tab\tbed";
    assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    draft.name = "\xff";
    assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    assert_says(&err, "UTF-8");
    draft = draft_of("a", &d);
    draft.info = &other.info;
    assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    assert_says(&err, "not said of these bytes");
    draft = draft_of("a", &d);
    draft.star = &(lk_star){true, 1.5, 0, {""}};
    assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    draft = draft_of("a", &d);
    draft.ignore = &(lk_polygon){2, (double[]){0, 0, 1, 1}};
    draft.ignore_count = 1;
    assert_refused(LK_E_USAGE, lk_reference_add(NULL, NULL, s, &draft, &err));
    lk_store_check_result result;
    assert_ok(lk_store_check(&result, s, p->engine, NULL, NULL, &err));
    assert_int_equal(result.versions + result.unused_pictures + result.problems, 0);
    assert_int_equal(result.entries, 1);
    lk_store_close(s);
}

/* A name of a file is bytes; what is no text is replaced. */
static void test_file_names(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    struct drawn d;
    lk_reference r;
    draw_picture(&d, p->engine, 1);
    lk_reference_draft draft = draft_of("a", &d);
    draft.file_name = "/x/a\xff\n.ppm";
    assert_ok(lk_reference_add(&r, NULL, s, &draft, &err));
    assert_string_equal(r.file_name, "a\xef\xbf\xbd\xef\xbf\xbd.ppm");
    lk_reference_release(&r);
    assert_ok(lk_reference_get(&r, s, "a", 0, &err));
    assert_string_equal(r.file_name, "a\xef\xbf\xbd\xef\xbf\xbd.ppm");
    lk_reference_release(&r);
    lk_store_close(s);
}

/* -- Lists -- */

static void test_lists(void **state) {
    struct place *p = *state;
    lk_error err;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    static const char *const ids[] = {"cap-2", "box", "cap-10", "Cap", "cap", "cap-2", "_z"};
    for (unsigned i = 0; i < ARRAY_COUNT(ids); i++) {
        struct drawn d;
        const char *const tags[] = {i % 2 ? "odd" : "even"};
        draw_picture(&d, p->engine, i);
        lk_reference_draft draft = draft_of(ids[i], &d);
        draft.tags = tags;
        draft.tag_count = 1;
        assert_ok(lk_reference_add(NULL, NULL, s, &draft, &err));
    }
    expect_list(s, NULL, "Cap@1 _z@1 box@1 cap@1 cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.prefix = "cap"}, "cap@1 cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.prefix = "cap-"}, "cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.prefix = "%"}, "");
    expect_list(s, &(lk_reference_query){.tag = "odd"}, "Cap@1 box@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.tag = "even", .prefix = "c"}, "cap@1 cap-10@1 ");
    expect_list(s, &(lk_reference_query){.after = "cap"}, "cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.after = "_"}, "_z@1 box@1 cap@1 cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.after = "aaa", .prefix = "cap-"}, "cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.after = "cap-10", .prefix = "cap"}, "cap-2@2 ");
    expect_list(s, &(lk_reference_query){.after = "zzz"}, "");
    assert_ok(lk_reference_remove(s, "cap", NULL, &err));
    expect_list(s, &(lk_reference_query){.prefix = "cap"}, "cap-10@1 cap-2@2 ");
    expect_list(s, &(lk_reference_query){.prefix = "cap", .removed = true},
                "cap@1- cap-10@1 cap-2@2 ");
    struct seen first = {.most = 2};
    assert_ok(lk_reference_list(s, NULL, see, &first, &err));
    assert_string_equal(first.text, "Cap@1 _z@1 ");
    struct seen versions = {0};
    assert_ok(lk_reference_history(s, "cap-2", see, &versions, &err));
    assert_string_equal(versions.text, "cap-2@1 cap-2@2 ");
    assert_refused(LK_E_IO, lk_reference_history(s, "nothing", see, &versions, &err));
    lk_store_close(s);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(test_open),           EACH(test_other_databases), EACH(test_no_folder),
        EACH(test_link_to_blobs),  EACH(test_versions),        EACH(test_next_version),
        EACH(test_refused_drafts), EACH(test_file_names),      EACH(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
