/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/buf.h"

static void test_text_and_numbers(void **state) {
    (void)state;
    lk_error err;
    lk_bytes out;
    struct buf b;
    buf_init(&b, 100);
    buf_add_text(&b, "a");
    buf_printf(&b, "%d", 42);
    buf_add_html(&b, "<&>");
    assert_ok(buf_finish(&b, &out, &err));
    assert_string_equal((const char *)out.data, "a42&lt;&amp;&gt;");
    lk_bytes_release(&out);
}

/* File names are bytes: whatever they hold, the page stays well-formed UTF-8 and the text stays text. */
static void test_html_of_hostile_bytes(void **state) {
    (void)state;
    lk_error err;
    struct buf b;
    lk_bytes out;
    buf_init(&b, 1000);
    buf_add_html(&b, "\"><script>'\xff\xc3\xa9\x1b[31m\xe2\x82\tend\xed\xa0\x80");
    assert_ok(buf_finish(&b, &out, &err));
    assert_string_equal((const char *)out.data,
                        "&quot;&gt;&lt;script&gt;&#39;\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd[31m"
                        "\xef\xbf\xbd\xef\xbf\xbd\tend\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    lk_bytes_release(&out);
}

static void test_base64_rfc4648_vectors(void **state) {
    (void)state;
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        lk_error err;
        lk_bytes out;
        struct buf b;
        buf_init(&b, 100);
        buf_add_base64(&b, (const uint8_t *)plain[i], strlen(plain[i]));
        assert_ok(buf_finish(&b, &out, &err));
        assert_string_equal((const char *)out.data, coded[i]);
        lk_bytes_release(&out);
    }
}

static void test_maximum_sticks(void **state) {
    (void)state;
    lk_error err;
    lk_bytes out;
    struct buf b;
    buf_init(&b, 4);
    buf_add_text(&b, "1234");
    buf_add_text(&b, "5");
    buf_add_text(&b, "");
    assert_refused(LK_E_LIMIT, buf_finish(&b, &out, &err));
    assert_null(out.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_numbers),
        cmocka_unit_test(test_html_of_hostile_bytes),
        cmocka_unit_test(test_base64_rfc4648_vectors),
        cmocka_unit_test(test_maximum_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
