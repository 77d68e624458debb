/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/json.h"

static void assert_written(struct buf *b, const char *expected) {
    lk_error err;
    lk_bytes out;
    assert_ok(buf_finish(b, &out, &err));
    assert_string_equal((const char *)out.data, expected);
    lk_bytes_release(&out);
}

static void test_document(void **state) {
    (void)state;
    struct buf b;
    struct json j;
    double numbers[] = {1, 0.5};
    buf_init(&b, 1000);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "t", "a\"\\\n\x7f");
    json_array_begin(&j, "list");
    json_int(&j, NULL, INT64_MIN);
    json_bool(&j, NULL, true);
    json_number(&j, NULL, 1.0 / 3);
    json_array_end(&j);
    json_numbers(&j, "row", numbers, 2);
    json_number(&j, "inf", INFINITY);
    json_number(&j, "minus_zero", -0.0);
    json_object_begin(&j, "empty");
    json_object_end(&j);
    json_object_end(&j);
    assert_written(
        &b, "{\"t\":\"a\\\"\\\\\\u000a\\u007f\",\"list\":[-9223372036854775808,true,0.3333333333],"
            "\"row\":[1,0.5],\"inf\":null,\"minus_zero\":0,\"empty\":{}}");
}

static void test_bytes_that_are_not_utf8(void **state) {
    (void)state;
    static const char *const bad[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xe2\x82"};
    for (size_t i = 0; i < 5; i++) {
        struct buf b;
        struct json j;
        buf_init(&b, 100);
        json_init(&j, &b, 0);
        json_text(&j, NULL, bad[i]);
        assert_non_null(strstr((const char *)b.data, "\xef\xbf\xbd"));
        assert_null(strstr((const char *)b.data, bad[i]));
        buf_release(&b);
    }
}

static void test_too_deep_is_refused(void **state) {
    (void)state;
    lk_error err;
    struct buf b;
    struct json j;
    buf_init(&b, 1000);
    json_init(&j, &b, 0);
    for (int i = 0; i <= JSON_DEPTH_MAX; i++) {
        json_array_begin(&j, NULL);
    }
    assert_refused(LK_E_LIMIT, buf_status(&b, &err));
    buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_bytes_that_are_not_utf8),
        cmocka_unit_test(test_too_deep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
