/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept decoded: found again, shared while it is held, gone when room is short. */
#include "tests/unit/harness.h"

#include <stdio.h>

#include "serve/decoded.h"

static struct decoded *put(struct decoded_shelf *s, int32_t number, int32_t side) {
    lk_error err;
    lk_image image;
    lk_image_info info;
    memset(&info, 0, sizeof info);
    snprintf(info.path, sizeof info.path, "x/a.png");
    snprintf(info.sha256, sizeof info.sha256, "%064d", number);
    assert_ok(lk_image_new(&image, side, side, 3, 8, &err));
    memset(image.data, number & 255, image.stride * (size_t)side);
    struct decoded *d = decoded_put(s, &image, &info);
    assert_non_null(d);
    assert_null(image.data);
    return d;
}

static struct decoded *find(struct decoded_shelf *s, int32_t number) {
    char key[65];
    snprintf(key, sizeof key, "%064d", number);
    return decoded_find(s, key, "a.png");
}

static bool is_there(struct decoded_shelf *s, int32_t number) {
    struct decoded *d = find(s, number);
    decoded_let_go(s, d);
    return d != NULL;
}

static void test_found_again(void **state) {
    struct decoded_shelf s;
    (void)state;
    decoded_init(&s, 64 << 20);
    struct decoded *first = put(&s, 1, 100);
    struct decoded *again = find(&s, 1);
    assert_ptr_equal(first, again);
    assert_int_equal(again->image.data[0], 1);
    assert_non_null(again->known);
    struct decoded *twice = put(&s, 1, 100); /* another request decoded it too */
    assert_ptr_equal(twice, first);
    assert_int_equal(s.count, 1);
    assert_false(is_there(&s, 2));
    assert_null(decoded_find(&s, first->key, "a.jpg")); /* whose warnings are others */
    decoded_let_go(&s, first);
    decoded_let_go(&s, again);
    decoded_let_go(&s, twice);
    assert_true(is_there(&s, 1));
    decoded_release(&s);
}

static void test_the_oldest_goes(void **state) {
    struct decoded_shelf s;
    (void)state;
    decoded_init(&s, 3 * (7 << 20)); /* three of 6 MB and a little */
    for (int32_t i = 1; i <= 3; i++) {
        decoded_let_go(&s, put(&s, i, 700));
    }
    assert_true(is_there(&s, 1)); /* used, so 2 is the oldest */
    struct decoded *held = find(&s, 2);
    assert_true(is_there(&s, 1) && is_there(&s, 3));
    decoded_let_go(&s, put(&s, 4, 700));
    assert_false(is_there(&s, 2));
    assert_int_equal(held->image.data[700], 2); /* whoever holds it has it still */
    decoded_let_go(&s, held);
    assert_true(s.bytes <= s.most_bytes);
    struct decoded *large = put(&s, 5, 3000); /* more than the shelf: for this request alone */
    assert_false(is_there(&s, 5));
    decoded_let_go(&s, large);
    decoded_release(&s);
}

static void test_dropped(void **state) {
    struct decoded_shelf s;
    char key[65];
    (void)state;
    decoded_init(&s, 1 << 30);
    for (int32_t i = 0; i < DECODED_MOST + 5; i++) {
        decoded_let_go(&s, put(&s, i, 20));
    }
    assert_int_equal(s.count, DECODED_MOST);
    assert_false(is_there(&s, 4));
    snprintf(key, sizeof key, "%064d", DECODED_MOST);
    decoded_drop(&s, key);
    assert_false(is_there(&s, DECODED_MOST));
    decoded_release(&s);
    assert_int_equal(s.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_again),
        cmocka_unit_test(test_the_oldest_goes),
        cmocka_unit_test(test_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
