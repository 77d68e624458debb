/* SPDX-License-Identifier: Apache-2.0 */
/* Clearing up copies: each action does what it says, and nothing is done to what has changed, is protected, or is the file kept. */
#include "tests/unit/scratch_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "base/digest.h"
#include "base/file.h"

struct scene {
    char root[SCRATCH_BYTES], trash[256], log[256], move_to[256];
    char paths[3][256];
    lk_dups_file files[3];
    lk_dups_group group;
    lk_dups dups;
    lk_tidy tidy;
    lk_tidy_options options;
};

static void write_text(const char *path, const char *text) {
    lk_error err;
    assert_ok(file_write(path, text, strlen(text), &err));
}

/* What the file holds; "-" when there is none. */
static const char *text_of(const char *path) {
    static char text[4096];
    lk_bytes bytes;
    if (file_read(&bytes, path, sizeof text - 1, NULL, NULL) != LK_OK) {
        return "-";
    }
    snprintf(text, sizeof text, "%s", (const char *)bytes.data);
    lk_bytes_release(&bytes);
    return text;
}

static void add_file(struct scene *s, size_t i, const char *below, const char *text) {
    char path[256];
    scratch_place(path, sizeof path, s->root, below);
    memcpy(s->paths[i], path, sizeof path);
    write_text(s->paths[i], text);
    s->files[i] = (lk_dups_file){
        .path = s->paths[i], .bytes = (int64_t)strlen(text), .class_name = "file", .score = 1};
    digest_sha256_hex(s->files[i].sha256, text, strlen(text));
}

/* A group of three: kept, a copy of the same bytes, a copy of others. */
static int setup(void **state) {
    static struct scene s;
    s = (struct scene){.group = {.files = s.files, .count = 3}, .dups = {.count = 1}};
    s.dups.groups = &s.group;
    scratch_make(s.root, "tidy");
    add_file(&s, 0, "a/kept.jpg", "the picture");
    add_file(&s, 1, "b/sub/same.jpg", "the picture");
    add_file(&s, 2, "b/other \n \xff%.jpg", "a smaller one");
    s.files[2].kind = LK_DUPS_NEAR;
    snprintf(s.trash, sizeof s.trash, "%s/data/Trash", s.root);
    snprintf(s.log, sizeof s.log, "%s/log.jsonl", s.root);
    snprintf(s.move_to, sizeof s.move_to, "%s/away/here/", s.root);
    s.options = (lk_tidy_options){.home_trash = s.trash, .log = s.log, .move_to = s.move_to};
    *state = &s;
    return 0;
}

static int teardown(void **state) {
    struct scene *s = *state;
    lk_tidy_release(&s->tidy);
    scratch_remove(s->root);
    return 0;
}

static void apply(struct scene *s, lk_tidy_action action) {
    lk_error err;
    s->options.action = action;
    lk_tidy_release(&s->tidy);
    assert_ok(lk_tidy_plan(&s->tidy, &s->dups, &s->options, &err));
    assert_ok(lk_tidy_apply(&s->tidy, &s->dups, &s->options, &err));
    assert_string_equal(text_of(s->paths[0]), "the picture"); /* whatever is done */
}

static void assert_state(const struct scene *s, size_t i, lk_tidy_state state, const char *why) {
    assert_int_equal(s->tidy.files[i].state, state);
    if (why && (!s->tidy.files[i].why || !strstr(s->tidy.files[i].why, why))) {
        fail_msg("\"%s\" does not say \"%s\"", s->tidy.files[i].why, why);
    }
}

static void test_plan_changes_nothing(void **state) {
    struct scene *s = *state;
    lk_error err;
    assert_ok(lk_tidy_plan(&s->tidy, &s->dups, &s->options, &err));
    assert_state(s, 0, LK_TIDY_KEPT, NULL);
    assert_state(s, 1, LK_TIDY_PLANNED, NULL);
    assert_int_equal(s->tidy.planned_files, 2);
    assert_int_equal(s->tidy.planned_bytes, 24);
    assert_refused(LK_E_USAGE, lk_tidy_apply(&s->tidy, &s->dups, &s->options, &err));
    assert_int_equal(access(s->log, F_OK), -1);
    assert_int_equal(access(s->trash, F_OK), -1);
}

static void test_trash(void **state) {
    struct scene *s = *state;
    char path[512], expected[1024];
    apply(s, LK_TIDY_TRASH);
    assert_state(s, 1, LK_TIDY_DONE, NULL);
    assert_state(s, 2, LK_TIDY_DONE, NULL);
    assert_int_equal(s->tidy.done_files, 2);
    assert_int_equal(s->tidy.done_bytes, 24);
    assert_string_equal(text_of(s->paths[1]), "-");
    snprintf(path, sizeof path, "%s/files/same.jpg", s->trash);
    assert_string_equal(s->tidy.files[1].to, path);
    assert_string_equal(text_of(path), "the picture");
    snprintf(path, sizeof path, "%s/info/other \n \xff%%.jpg.trashinfo", s->trash);
    snprintf(expected, sizeof expected,
             "[Trash Info]\nPath=%s/b/other%%20%%0A%%20%%FF%%25.jpg\nDeletionDate=", s->root);
    assert_memory_equal(text_of(path), expected, strlen(expected));
    /* another of that name gets a name of its own */
    add_file(s, 1, "b/sub/same.jpg", "the picture");
    apply(s, LK_TIDY_TRASH);
    snprintf(path, sizeof path, "%s/files/same.2.jpg", s->trash);
    assert_string_equal(s->tidy.files[1].to, path);
    assert_state(s, 2, LK_TIDY_LEFT, "is gone");
}

static void test_long_name(void **state) {
    struct scene *s = *state;
    char name[300] = "b/";
    memset(name + 2, 'x', 250);
    strcpy(name + 252, ".jpg");
    s->group.count = 2;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", s->root, name);
    write_text(s->paths[1], "the picture");
    name[2 + 251] = '\0';
    assert_int_equal(strlen(name), 253);
    snprintf(path, sizeof path, "%s/%s", s->root, name);
    assert_int_equal(rename(s->paths[1], path), 0);
    s->files[1].path = path;
    apply(s, LK_TIDY_TRASH);
    assert_state(s, 1, LK_TIDY_DONE, NULL);
    assert_string_equal(text_of(s->tidy.files[1].to), "the picture");
}

static void test_move(void **state) {
    struct scene *s = *state;
    char root[256], path[512];
    const char *roots[] = {root};
    snprintf(root, sizeof root, "%s/b/.", s->root);
    s->options.roots = roots;
    s->options.root_count = 1;
    apply(s, LK_TIDY_MOVE);
    snprintf(path, sizeof path, "%s/away/here/sub/same.jpg", s->root);
    assert_string_equal(s->tidy.files[1].to, path);
    assert_string_equal(text_of(path), "the picture");
    snprintf(path, sizeof path, "%s/away/here/other \n \xff%%.jpg", s->root);
    assert_string_equal(text_of(path), "a smaller one");
    s->files[1].path = s->tidy.files[1].to;
    s->group.count = 2;
    lk_tidy old = s->tidy;
    s->tidy = (lk_tidy){0};
    apply(s, LK_TIDY_MOVE);
    assert_state(s, 1, LK_TIDY_LEFT, "lies there already");
    lk_tidy_release(&old);
}

static void test_links(void **state) {
    struct scene *s = *state;
    struct stat a, b;
    char target[256] = "";
    apply(s, LK_TIDY_HARDLINK);
    assert_state(s, 1, LK_TIDY_DONE, NULL);
    assert_state(s, 2, LK_TIDY_LEFT, "its bytes are others");
    assert_int_equal(stat(s->paths[0], &a), 0);
    assert_int_equal(lstat(s->paths[1], &b), 0);
    assert_true(a.st_ino == b.st_ino && a.st_nlink == 2);
    apply(s, LK_TIDY_DELETE); /* no bytes would be won, and it is the file kept */
    assert_state(s, 1, LK_TIDY_LEFT, "hard link");
    assert_int_equal(unlink(s->paths[1]), 0);
    add_file(s, 1, "b/sub/same.jpg", "the picture");
    apply(s, LK_TIDY_SYMLINK);
    assert_true(readlink(s->paths[1], target, sizeof target - 1) > 0);
    assert_string_equal(target, s->paths[0]);
    apply(s, LK_TIDY_TRASH);
    assert_state(s, 1, LK_TIDY_LEFT, "is a link");
}

static void test_hard_link_of_other_permissions(void **state) {
    struct scene *s = *state;
    assert_int_equal(chmod(s->paths[0], 0600), 0);
    assert_int_equal(chmod(s->paths[1], 0644), 0);
    apply(s, LK_TIDY_HARDLINK);
    assert_state(s, 1, LK_TIDY_FAILED, "other permissions");
}

/* Where the file system cannot, it says so and nothing has changed; where it can, the file is the one that it was. */
static void test_reflink(void **state) {
    struct scene *s = *state;
    struct stat before, after;
    assert_int_equal(stat(s->paths[1], &before), 0);
    apply(s, LK_TIDY_REFLINK);
    if (s->tidy.files[1].state != LK_TIDY_DONE) {
        assert_state(s, 1, LK_TIDY_FAILED, "cannot share blocks");
    }
    assert_int_equal(stat(s->paths[1], &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_string_equal(text_of(s->paths[1]), "the picture");
}

static void test_delete(void **state) {
    struct scene *s = *state;
    s->files[2].is_protected = true;
    apply(s, LK_TIDY_DELETE);
    assert_state(s, 1, LK_TIDY_DONE, NULL);
    assert_state(s, 2, LK_TIDY_LEFT, "protected");
    assert_int_equal(access(s->paths[1], F_OK), -1);
    assert_int_equal(access(s->paths[2], F_OK), 0);
}

static void test_scene_is_no_copy(void **state) {
    struct scene *s = *state;
    s->files[2].kind = LK_DUPS_SCENE;
    apply(s, LK_TIDY_DELETE);
    assert_state(s, 2, LK_TIDY_LEFT, "no copy");
}

/* Same length, other bytes: only reading shows it. */
static void test_changed_copy(void **state) {
    struct scene *s = *state;
    write_text(s->paths[1], "the pictuRe");
    apply(s, LK_TIDY_DELETE);
    assert_state(s, 1, LK_TIDY_LEFT, "has changed");
    assert_state(s, 2, LK_TIDY_DONE, NULL);
    assert_string_equal(text_of(s->paths[1]), "the pictuRe");
}

static void test_changed_kept(void **state) {
    struct scene *s = *state;
    lk_error err;
    write_text(s->paths[0], "the pictuRe");
    s->options.action = LK_TIDY_TRASH;
    assert_ok(lk_tidy_plan(&s->tidy, &s->dups, &s->options, &err));
    assert_ok(lk_tidy_apply(&s->tidy, &s->dups, &s->options, &err));
    assert_state(s, 1, LK_TIDY_LEFT, "the file kept has changed");
    assert_state(s, 2, LK_TIDY_LEFT, "the file kept has changed");
    assert_int_equal(unlink(s->paths[0]), 0);
    lk_tidy_release(&s->tidy);
    assert_ok(lk_tidy_plan(&s->tidy, &s->dups, &s->options, &err));
    assert_state(s, 1, LK_TIDY_LEFT, "the file kept is gone");
}

/* Two groups that keep each other's copies: at least one stays. */
static void test_crossed_groups(void **state) {
    struct scene *s = *state;
    lk_dups_file crossed[2] = {s->files[1], s->files[0]};
    lk_dups_group groups[2] = {{.files = s->files, .count = 2}, {.files = crossed, .count = 2}};
    s->dups.groups = groups;
    s->dups.count = 2;
    apply(s, LK_TIDY_DELETE);
    assert_int_equal(s->tidy.done_files, 1);
    assert_state(s, 3, LK_TIDY_LEFT, "the file kept");
}

static void test_read_only_folder(void **state) {
    struct scene *s = *state;
    char folder[256];
    if (geteuid() == 0) { /* whom nothing is closed to: as somebody else */
        assert_int_equal(chmod(s->root, 0777), 0);
        assert_int_equal(chown(s->paths[1], 65534, 65534), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    snprintf(folder, sizeof folder, "%s/b/sub", s->root);
    (void)!chmod(folder, 0500);
    apply(s, LK_TIDY_TRASH);
    if (geteuid() == 65534) {
        assert_int_equal(seteuid(0), 0);
    }
    (void)!chmod(folder, 0700);
    assert_state(s, 1, LK_TIDY_FAILED, "Permission denied");
    assert_string_equal(text_of(s->paths[1]), "the picture");
    char info[512];
    snprintf(info, sizeof info, "%s/info/same.jpg.trashinfo", s->trash);
    assert_int_equal(access(info, F_OK), -1); /* taken back */
}

static void test_log(void **state) {
    struct scene *s = *state;
    apply(s, LK_TIDY_TRASH);
    const char *text = text_of(s->log);
    assert_non_null(strstr(text, "\"what\":\"begin\",\"action\":\"trash\",\"path\":"));
    assert_non_null(strstr(text, "\"path_hex\":\"2f"));
    size_t lines = 0;
    for (const char *p = text; *p; p++) {
        lines += *p == '\n';
    }
    assert_int_equal(lines, 4);
}

static void put(const char *path, const char *text) {
    lk_error err;
    assert_ok(file_write(path, text, strlen(text), &err));
}

/* A kill may leave half a line of ours, which goes; half a line of somebody else's stays, and is ended. */
static void test_log_with_a_torn_line(void **state) {
    struct scene *s = *state;
    put(s->log, "{\"time\":\"2026\"}\n{\"time\":\"20");
    apply(s, LK_TIDY_TRASH);
    const char *first = "{\"time\":\"2026\"}\n{\"time\":\"2", *text = text_of(s->log);
    assert_memory_equal(text, first, strlen(first));
    assert_null(strstr(text, "\"20{"));
    assert_non_null(strstr(text, "\n{\"time\":\"20"));
}

static void test_log_with_a_foreign_tail(void **state) {
    struct scene *s = *state;
    put(s->log, "my notes");
    apply(s, LK_TIDY_TRASH);
    const char *first = "my notes\n{\"time\":\"";
    assert_memory_equal(text_of(s->log), first, strlen(first));
}

/* What cannot be logged is not done. */
static void test_log_that_cannot_be_written(void **state) {
    struct scene *s = *state;
    lk_error err;
    s->options.log = "/dev/full";
    s->options.action = LK_TIDY_DELETE;
    assert_ok(lk_tidy_plan(&s->tidy, &s->dups, &s->options, &err));
    assert_refused(LK_E_WRITE, lk_tidy_apply(&s->tidy, &s->dups, &s->options, &err));
    assert_says(&err, "No space left");
    assert_state(s, 1, LK_TIDY_PLANNED, NULL);
    assert_string_equal(text_of(s->paths[1]), "the picture");
}

static void test_stop(void **state) {
    struct scene *s = *state;
    lk_error err;
    int stop = 1;
    s->options.stop = &stop;
    s->options.action = LK_TIDY_DELETE;
    assert_ok(lk_tidy_plan(&s->tidy, &s->dups, &s->options, &err));
    assert_refused(LK_E_CANCELLED, lk_tidy_apply(&s->tidy, &s->dups, &s->options, &err));
    assert_int_equal(s->tidy.done_files, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_plan_changes_nothing),
        TEST(test_trash),
        TEST(test_long_name),
        TEST(test_move),
        TEST(test_links),
        TEST(test_hard_link_of_other_permissions),
        TEST(test_reflink),
        TEST(test_delete),
        TEST(test_scene_is_no_copy),
        TEST(test_changed_copy),
        TEST(test_changed_kept),
        TEST(test_crossed_groups),
        TEST(test_read_only_folder),
        TEST(test_log),
        TEST(test_log_with_a_torn_line),
        TEST(test_log_with_a_foreign_tail),
        TEST(test_log_that_cannot_be_written),
        TEST(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
