/* SPDX-License-Identifier: Apache-2.0 */
/* The page of duplicates: what is in it, escaped, and that it stays small enough. */
#include "tests/unit/harness.h"

#include <stdlib.h>

static char evil[] = "/photos/sub/<img src=x onerror=alert(1)>\"&\n.jpg";
static char kept_path[] = "/photos/kept.jpg";
static char exact_path[] = "/photos/sub/exact.jpg";
static uint8_t thumb[] = {0xff, 0xd8, 0xff, 0xd9};

struct page_scene {
    lk_dups_file files[3];
    lk_dups_group group;
    lk_tidy_file states[3];
};

static void draw(struct page_scene *s) {
    static const char words[] = "cropped to 78 %";
    *s = (struct page_scene){.group = {.kind = LK_DUPS_CROP, .count = 3}};
    s->files[0] = (lk_dups_file){.path = kept_path, .bytes = 3400000, .class_name = "file"};
    s->files[1] = (lk_dups_file){.path = evil, .bytes = 1000, .kind = LK_DUPS_CROP, .score = 0.9};
    s->files[2] = (lk_dups_file){.path = exact_path, .bytes = 3400000, .class_name = "file"};
    for (size_t i = 0; i < 3; i++) {
        memset(s->files[i].sha256, i == 1 ? '1' : '0', 64);
        s->files[i].thumb = (lk_bytes){.data = thumb, .size = sizeof thumb};
        s->states[i].state = i == 0 ? LK_TIDY_KEPT : LK_TIDY_PLANNED;
    }
    s->files[1].class_name = "cropped";
    memcpy(s->files[1].words, words, sizeof words);
    s->group.files = s->files;
}

static size_t times(const char *text, const char *word) {
    size_t n = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        n++;
    }
    return n;
}

static void test_page(void **state) {
    struct page_scene s;
    lk_bytes page;
    lk_error err;
    (void)state;
    draw(&s);
    const lk_dups dups = {.groups = &s.group, .count = 1, .files = 18402};
    s.states[1].state = LK_TIDY_LEFT;
    s.states[1].why = kept_path;
    const lk_tidy tidy = {
        .files = s.states, .count = 3, .planned_files = 1, .planned_bytes = 3400000};
    assert_ok(lk_report_dups_html(&page, &dups, &tidy, LK_TIDY_TRASH, &err));
    const char *text = (const char *)page.data;
    assert_non_null(strstr(text, "1 group of duplicates"));
    assert_non_null(strstr(text, "1 file could go, 3.4 MB. Nothing has been changed"));
    assert_non_null(strstr(text, "18,402 pictures"));
    assert_non_null(strstr(text, "cropped to 78 %"));
    assert_non_null(strstr(text, "stays: /photos/kept.jpg"));
    assert_non_null(strstr(text, "<span>same bytes</span>"));
    assert_null(strstr(text, "<img src=x"));
    assert_non_null(strstr(text, "&lt;img src=x onerror=alert(1)&gt;&quot;&amp;\n.jpg"));
    assert_non_null(strstr(
        text, "file:///photos/sub/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%22%26%0A.jpg"));
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_null(strstr(text, "unsafe-inline"));
    assert_int_equal(times(text, "data:image/jpeg;base64,"), 2); /* of equal bytes one is shown */
    assert_int_equal(times(text, "class=\"pick\""), 1);          /* only kinds that there are */
    lk_bytes_release(&page);
}

static void test_nothing_found(void **state) {
    lk_bytes page;
    lk_error err;
    const lk_dups dups = {.files = 2};
    const lk_tidy tidy = {0};
    (void)state;
    assert_ok(lk_report_dups_html(&page, &dups, &tidy, LK_TIDY_NONE, &err));
    assert_non_null(strstr((const char *)page.data, "No two of the pictures are copies"));
    lk_bytes_release(&page);
}

/* 10,000 groups of thumbnails of 4 kB: pictures end at 48 MB, and the page says of how many files. */
static void test_large(void **state) {
    enum { GROUPS = 10000, THUMB = 4000 };
    struct page_scene s;
    lk_bytes page;
    lk_error err;
    (void)state;
    draw(&s);
    lk_bytes large = {.data = calloc(THUMB, 1), .size = THUMB};
    lk_dups_group *groups = calloc(GROUPS, sizeof *groups);
    lk_tidy_file *states = calloc(GROUPS * 2, sizeof *states);
    assert_non_null(large.data);
    s.files[0].thumb = s.files[1].thumb = large;
    for (size_t i = 0; i < GROUPS; i++) {
        groups[i] = (lk_dups_group){.kind = LK_DUPS_CROP, .files = s.files, .count = 2};
    }
    const lk_dups dups = {.groups = groups, .count = GROUPS};
    const lk_tidy tidy = {.files = states, .count = GROUPS * 2};
    assert_ok(lk_report_dups_html(&page, &dups, &tidy, LK_TIDY_NONE, &err));
    assert_in_range(page.size, 64 << 20, 96 << 20);
    assert_int_equal(times((const char *)page.data, "<section class=\"group"), GROUPS);
    assert_int_equal(times((const char *)page.data, "<img "), (48 << 20) / THUMB);
    assert_non_null(strstr((const char *)page.data, "files without a picture: a page holds 48 MB"));
    lk_bytes_release(&page);
    free(states);
    free(groups);
    free(large.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
