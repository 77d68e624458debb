/* SPDX-License-Identifier: Apache-2.0 */
/* Files under keys and names. */
#include "tests/unit/harness.h"

#include <stdio.h>
#include <unistd.h>

#include "serve/memory_file.h"
#include "serve/shelf.h"

static bool put(struct shelf *s, const char *key, const char *name, size_t size) {
    struct shelf_item item = {.file = memory_file_new(), .size = (int64_t)size};
    bool was_there = false;
    assert_true(item.file >= 0);
    snprintf(item.key, sizeof item.key, "%s", key);
    snprintf(item.name, sizeof item.name, "%s", name);
    assert_true(shelf_put(s, &item, &was_there));
    return was_there;
}

/* The key of what is found, and the name it is found under. */
static const char *found(struct shelf *s, const char *asked, char text[400]) {
    struct shelf_item item;
    snprintf(text, 400, "none");
    if (shelf_find(&item, s, asked)) {
        snprintf(text, 400, "%s as %s", item.key, item.name);
        close(item.file);
    }
    return text;
}

static void list(void *arg, const struct shelf_item *item) {
    char *text = arg;
    size_t n = strlen(text);
    snprintf(text + n, 400 - n, "%s=%s ", item->key, item->name);
}

static void test_names(void **state) {
    static struct shelf s;
    char text[400];
    (void)state;
    shelf_init(&s, 1000);
    assert_false(put(&s, "A", "photo.jpg", 100));
    assert_true(put(&s, "A", "other.jpg", 100)); /* the same bytes again: both names hold */
    assert_string_equal(found(&s, "photo.jpg", text), "A as photo.jpg");
    assert_string_equal(found(&s, "other.jpg", text), "A as other.jpg");
    assert_string_equal(found(&s, "A", text), "A as other.jpg");
    assert_true(put(&s, "A", "", 100)); /* and so they do without a name */
    assert_string_equal(found(&s, "A", text), "A as other.jpg");
    assert_false(put(&s, "B", "photo.jpg", 100)); /* a name is that of the newest */
    assert_string_equal(found(&s, "photo.jpg", text), "B as photo.jpg");
    assert_string_equal(found(&s, "other.jpg", text), "A as other.jpg");
    text[0] = 0;
    shelf_visit(&s, list, text);
    assert_string_equal(text, "A=other.jpg B=photo.jpg ");
    assert_true(shelf_drop(&s, "photo.jpg"));
    assert_string_equal(found(&s, "photo.jpg", text), "none");
    assert_string_equal(found(&s, "B", text), "none");
    assert_int_equal(s.name_count, 1);
    shelf_release(&s);
}

static void test_room(void **state) {
    static struct shelf s;
    char text[400], name[40];
    (void)state;
    shelf_init(&s, 1000);
    for (int i = 0; i < SHELF_NAMES_MAX + 10; i++) {
        snprintf(name, sizeof name, "name %d", i);
        put(&s, "A", name, 400);
    }
    assert_int_equal(s.name_count, SHELF_NAMES_MAX);
    assert_string_equal(found(&s, "name 9", text), "none");
    assert_string_equal(found(&s, "name 10", text), "A as name 10");
    put(&s, "B", "b", 400);
    put(&s, "C", "c", 400); /* A, not used for longest, goes with its names */
    assert_string_equal(found(&s, "name 1000", text), "none");
    assert_int_equal(s.name_count, 2);
    assert_int_equal(s.bytes, 800);
    shelf_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
