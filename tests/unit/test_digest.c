/* SPDX-License-Identifier: Apache-2.0 */
/* Against the examples of the standards: SHA-256 from FIPS 180-4's, HMAC from RFC 4231 (cases 1, 2, 3 and 6). */
#include "tests/unit/harness.h"

#include "base/digest.h"

static void assert_hmac(const void *key, size_t key_size, const void *data, size_t size,
                        const char *wanted) {
    char got[65];
    digest_hmac_hex(got, key, key_size, data, size);
    assert_string_equal(got, wanted);
}

static void test_hmac(void **state) {
    (void)state;
    uint8_t key[131], data[50];
    memset(key, 0x0b, 20);
    assert_hmac(key, 20, "Hi There", 8,
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac("Jefe", 4, "what do ya want for nothing?", 28,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    assert_hmac(key, 20, data, sizeof data,
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    assert_hmac(key, sizeof key, text, strlen(text),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_sha256(void **state) {
    (void)state;
    char got[65];
    uint8_t sum[DIGEST_BYTES], back[DIGEST_BYTES];
    struct digest d;
    digest_sha256_hex(got, "abc", 3);
    assert_string_equal(got, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_begin(&d);
    digest_add(&d, "a", 1);
    digest_add(&d, "bc", 2);
    digest_end(sum, &d);
    assert_true(digest_from_hex(back, got));
    assert_memory_equal(sum, back, DIGEST_BYTES);
    got[63] = 'g';
    assert_false(digest_from_hex(back, got));
    got[63] = '\0';
    assert_false(digest_from_hex(back, got));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
