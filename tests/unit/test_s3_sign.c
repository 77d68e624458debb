/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of requests to S3. The expected ones are botocore's:
 * tests/oracle/s3/make_s3_sign.py. */
#include "tests/unit/harness.h"

#include "net/s3_sign.h"

#include "tests/oracle/s3/s3_sign_values.inc"

static void test_signatures(void **state) {
    char headers[S3_HEADERS][S3_HEADER_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof s3_sign_cases / sizeof *s3_sign_cases; i++) {
        const struct s3_sign_case *c = &s3_sign_cases[i];
        const struct s3_request request = {.method = c->method,
                                           .host = c->host,
                                           .path = c->path,
                                           .query = c->query,
                                           .region = c->region,
                                           .body = c->body,
                                           .body_size = strlen(c->body),
                                           .at_s = c->at_s};
        const struct s3_keys keys = {c->access_key, c->secret_key, c->session_token};
        size_t count;
        lk_error err;
        assert_ok(s3_sign(headers, &count, &request, &keys, &err));
        assert_int_equal(count, c->session_token ? 5 : 4);
        const char *found = strstr(headers[3], "Signature=");
        assert_non_null(found);
        assert_string_equal(found + strlen("Signature="), c->signature);
    }
}

static void test_refused(void **state) {
    char headers[S3_HEADERS][S3_HEADER_MAX], longer[400];
    struct s3_request r = {"GET", "h", "/p", "", "r", NULL, 0, 0};
    const struct s3_keys keys = {"a", "s", NULL}, broken = {"a\nX: y", "s", NULL},
                         none = {"a", NULL, NULL};
    size_t count;
    lk_error err;
    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_refused(LK_E_USAGE, s3_sign(headers, &count, &r, &broken, &err));
    assert_refused(LK_E_USAGE, s3_sign(headers, &count, &r, &none, &err));
    r.host = longer;
    assert_refused(LK_E_USAGE, s3_sign(headers, &count, &r, &keys, &err));
    assert_int_equal(count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signatures),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
