/* SPDX-License-Identifier: Apache-2.0 */
/* The client of HTTP against a server process: what it brings, who it says it is and to whom, and how it fails. */
#include "tests/unit/scratch_folder.h"
#include "tests/unit/server_process.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/address.h"
#include "net/http.h"

struct place {
    char root[SCRATCH_BYTES];
    struct server_process server;
    struct http *http;
};

static int begin(void **state) {
    static struct place p;
    lk_error err;
    scratch_make(p.root, "http");
    char *const argv[] = {"python3", TEST_UNIT "/camera_server.py", p.root, NULL};
    if (!server_start(&p.server, argv)) {
        return -1;
    }
    assert_ok(http_open(&p.http, &err));
    *state = &p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    http_close(p->http);
    server_kill(&p->server);
    scratch_remove(p->root);
    return 0;
}

static const char *url_at(char out[128], const struct place *p, const char *path) {
    snprintf(out, 128, "http://127.0.0.1:%s%s", p->server.line, path);
    return out;
}

static lk_status get(struct http_answer *a, struct place *p, const char *path, lk_error *err) {
    char url[128];
    const struct http_request r = {.url = url_at(url, p, path), .timeout_s = 1};
    return http_send(p->http, a, &r, err);
}

/* -- Addresses and credentials -- */

static void test_addresses(void **state) {
    (void)state;
    lk_error err;
    char shown[ADDRESS_SHOWN], cut[12], longest[ADDRESS_MAX + 2];
    assert_ok(address_check("http://10.0.0.5/snapshot.jpg?x=1@2", "http https", &err));
    assert_ok(address_check("HTTPS://[::1]:8443", "http https", &err));
    assert_refused(LK_E_USAGE, address_check("ftp://host/x", "http https", &err));
    assert_says(&err, "http https");
    assert_refused(LK_E_USAGE, address_check("httpx://host/x", "http https", &err));
    assert_refused(LK_E_USAGE, address_check("http:///x", "http https", &err));
    assert_refused(LK_E_USAGE, address_check("http://ho st/x", "http https", &err));
    assert_refused(LK_E_USAGE, address_check("http://host/\r\nX: y", "http https", &err));
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "http://", 7);
    longest[ADDRESS_MAX + 1] = '\0';
    assert_refused(LK_E_USAGE, address_check(longest, "http", &err));
    assert_refused(LK_E_USAGE, address_check("rtsp://anna:se@cret@cam/1?pwd=secret", "rtsp", &err));
    assert_null(strstr(err.text, "cret"));
    assert_string_equal(err.input, "rtsp://cam/1?...");
    assert_refused(LK_E_USAGE, address_check("http://anna:se@host\\@other/", "http", &err));
    address_show(shown, sizeof shown, "http://a:b@host:1/p/q?pwd=secret#x");
    assert_string_equal(shown, "http://host:1/p/q?...");
    address_show(shown, sizeof shown, "nothing\n");
    assert_string_equal(shown, "nothing?");
    address_show(cut, sizeof cut, "http://host/path");
    assert_string_equal(cut, "http://host");
}

static lk_status read_text(struct credentials *c, struct place *p, const char *text, mode_t mode,
                           lk_error *err) {
    char path[128];
    snprintf(path, sizeof path, "%s/cred", p->root);
    assert_int_equal(file_write(path, text, strlen(text), err), LK_OK);
    assert_int_equal(chmod(path, mode), 0);
    *err = (lk_error){0};
    return credentials_read(c, path, err);
}

static void test_credentials(void **state) {
    struct place *p = *state;
    struct credentials c;
    lk_error err;
    assert_ok(read_text(&c, p, "# gate\n\nbasic anna:se:cret #1\r\n", 0600, &err));
    assert_int_equal(c.kind, CREDENTIALS_BASIC);
    assert_string_equal(c.user, "anna");
    assert_string_equal(c.secret, "se:cret #1");
    credentials_release(&c);
    assert_null(c.secret);
    assert_ok(read_text(&c, p, "bearer abc:def", 0640, &err));
    assert_int_equal(c.kind, CREDENTIALS_BEARER);
    assert_null(c.user);
    assert_string_equal(c.secret, "abc:def");
    credentials_release(&c);
    static const char *const wrong[] = {"", "anna:secret\n", "basic secret\n",
                                        "basic a:secret\nbasic b:secret\n", "# basic a:secret\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_refused(LK_E_USAGE, read_text(&c, p, wrong[i], 0600, &err));
        assert_null(strstr(err.text, "secret"));
    }
    assert_refused(LK_E_USAGE, read_text(&c, p, "basic anna:secret\n", 0604, &err));
    assert_says(&err, "mode 604");
    assert_refused(LK_E_USAGE, read_text(&c, p, "basic anna:secret\n", 0620, &err));
    assert_refused(LK_E_IO, credentials_read(&c, "/nowhere/cred", &err));
    assert_string_equal(err.input, "/nowhere/cred");
}

/* -- Answers -- */

static void test_get(void **state) {
    struct place *p = *state;
    struct http_answer a;
    lk_error err;
    assert_ok(get(&a, p, "/text", &err));
    assert_int_equal(a.code, 200);
    assert_int_equal(a.body.size, 19);
    assert_memory_equal(a.body.data, "picture of the gate", 20); /* terminated */
    assert_string_equal(a.content_type, "text/plain; charset=us-ascii");
    assert_int_equal(a.age_ms, -1);
    http_answer_release(&a);
    assert_ok(get(&a, p, "/dated", &err));
    assert_in_range(a.age_ms, 9000, 11000);
    http_answer_release(&a);
    assert_ok(get(&a, p, "/redirect/2", &err));
    assert_int_equal(a.code, 200);
    assert_int_equal(a.body.size, 19);
    http_answer_release(&a);
}

static void test_codes(void **state) {
    struct place *p = *state;
    struct http_answer a;
    lk_error err;
    char url[128];
    const struct http_request r = {.url = url_at(url, p, "/status/503?pwd=secret")};
    assert_ok(http_send(p->http, &a, &r, &err));
    assert_int_equal(a.code, 503);
    assert_int_equal(a.retry_after_s, 7);
    assert_refused(LK_E_IO, http_expect(&a, &r, &err));
    assert_says(&err, "HTTP 503: the server is busy");
    assert_null(strstr(err.input, "secret"));
    assert_non_null(strstr(err.input, "/status/503?..."));
    a.code = 204;
    assert_ok(http_expect(&a, &r, &err));
    a.code = 418;
    assert_refused(LK_E_IO, http_expect(&a, &r, &err));
    http_answer_release(&a);
}

static void test_failures(void **state) {
    struct place *p = *state;
    struct http_answer a;
    lk_error err;
    double began = clock_s();
    assert_refused(LK_E_IO, get(&a, p, "/slow?pwd=secret", &err));
    assert_says(&err, "no answer within 1 s");
    assert_null(strstr(err.input, "secret"));
    assert_refused(LK_E_IO, get(&a, p, "/drip", &err));
    assert_says(&err, "the answer did not end within 1 s");
    assert_true(clock_s() - began < 4);
    assert_refused(LK_E_IO, get(&a, p, "/cut", &err));
    assert_says(&err, "cut off after 500 bytes");
    assert_refused(LK_E_LIMIT, get(&a, p, "/large", &err));
    assert_says(&err, "1048576 bytes");
    assert_refused(LK_E_LIMIT, get(&a, p, "/large-chunked", &err));
    assert_says(&err, "1048576 bytes");
    assert_refused(LK_E_IO, get(&a, p, "/redirect/3", &err));
    assert_says(&err, "redirected more than 2 times");
    assert_null(a.body.data);
    const struct http_request closed = {.url = "http://127.0.0.1:1/"};
    assert_refused(LK_E_IO, http_send(p->http, &a, &closed, &err));
    assert_string_equal(err.input, "http://127.0.0.1:1/");
    const struct http_request nobody = {.url = "http://nobody.invalid/"};
    assert_refused(LK_E_IO, http_send(p->http, &a, &nobody, &err));
    assert_says(&err, "nobody.invalid");
    const struct http_request file = {.url = "file:///etc/passwd"};
    assert_refused(LK_E_IO, http_send(p->http, &a, &file, &err));
    assert_ok(get(&a, p, "/text", &err)); /* none of these spoils the client */
    http_answer_release(&a);
}

static void *ask_to_stop(void *stop) {
    usleep(200000);
    __atomic_store_n((int *)stop, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void test_stop(void **state) {
    struct place *p = *state;
    struct http_answer a;
    lk_error err;
    char url[128];
    int stop = 0;
    pthread_t other;
    const struct http_request r = {.url = url_at(url, p, "/slow"), .timeout_s = 5, .stop = &stop};
    assert_int_equal(pthread_create(&other, NULL, ask_to_stop, &stop), 0);
    double began = clock_s();
    assert_refused(LK_E_CANCELLED, http_send(p->http, &a, &r, &err));
    assert_true(clock_s() - began < 2.5);
    pthread_join(other, NULL);
}

/* -- Who we are -- */

static int32_t code_with(struct place *p, const char *path, const struct credentials *c) {
    struct http_answer a;
    lk_error err;
    char url[128];
    const struct http_request r = {.url = url_at(url, p, path), .credentials = c};
    assert_ok(http_send(p->http, &a, &r, &err));
    int32_t code = a.code;
    http_answer_release(&a);
    return code;
}

static long count_requests(struct place *p) {
    struct http_answer a;
    lk_error err;
    assert_ok(get(&a, p, "/count", &err));
    long count = strtol((const char *)a.body.data, NULL, 10);
    http_answer_release(&a);
    return count;
}

static void test_who(void **state) {
    struct place *p = *state;
    struct credentials basic = {CREDENTIALS_BASIC, "anna", "se:cret #1"};
    struct credentials digest = {CREDENTIALS_DIGEST, "anna", "se:cret #1"};
    struct credentials bearer = {CREDENTIALS_BEARER, NULL, "abc.def-123"};
    struct credentials wrong = {CREDENTIALS_BASIC, "anna", "secret"};
    struct credentials wrong_digest = {CREDENTIALS_DIGEST, "anna", "secret"};
    assert_int_equal(code_with(p, "/basic", NULL), 401);
    assert_int_equal(code_with(p, "/basic", &wrong), 401);
    assert_int_equal(code_with(p, "/basic", &basic), 200);
    assert_int_equal(code_with(p, "/basic", &digest), 401); /* never weaker than was asked for */
    assert_int_equal(code_with(p, "/digest", NULL), 401);
    assert_int_equal(code_with(p, "/digest", &wrong_digest), 401);
    assert_int_equal(code_with(p, "/digest", &basic), 401);
    assert_int_equal(code_with(p, "/bearer", &basic), 401);
    assert_int_equal(code_with(p, "/bearer", &bearer), 200);
    assert_int_equal(code_with(p, "/basic", NULL), 401); /* forgotten again */
    assert_int_equal(code_with(p, "/digest", &digest), 200);
    long before = count_requests(p);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(code_with(p, "/digest", &digest), 200);
    }
    assert_in_range(count_requests(p) - before, 6,
                    8); /* the server's number is used again: not two requests each */
}

static void body_with(char *out, size_t size, struct place *p, const char *path,
                      const struct credentials *c) {
    struct http_answer a;
    lk_error err;
    char url[128];
    const struct http_request r = {.url = url_at(url, p, path), .credentials = c};
    assert_ok(http_send(p->http, &a, &r, &err));
    snprintf(out, size, "%s", (const char *)a.body.data);
    http_answer_release(&a);
}

static void test_elsewhere(void **state) {
    struct place *p = *state;
    struct credentials each[] = {{CREDENTIALS_BASIC, "anna", "se:cret #1"},
                                 {CREDENTIALS_BEARER, NULL, "abc"}};
    char text[256];
    for (size_t i = 0; i < 2; i++) {
        body_with(text, sizeof text, p, "/near", &each[i]);
        assert_null(strstr(text, "None"));
        body_with(text, sizeof text, p, "/away", &each[i]);
        assert_string_equal(text, "authorization: None");
    }
}

/* -- Telling -- */

static void test_post(void **state) {
    struct place *p = *state;
    struct http_answer a;
    lk_error err;
    char url[128];
    const char *const headers[] = {"Content-Type: application/json", "X-Signature: sha256=00ff"};
    struct http_request r = {.url = url_at(url, p, "/post"),
                             .headers = headers,
                             .header_count = 2,
                             .body = "{\"a\":1}",
                             .body_size = 7};
    assert_ok(http_send(p->http, &a, &r, &err));
    const char *text = (const char *)a.body.data;
    assert_non_null(strstr(text, "POST 7 {\"a\":1}"));
    assert_non_null(strstr(text, "Content-Type: application/json"));
    assert_non_null(strstr(text, "X-Signature: sha256=00ff"));
    assert_non_null(strstr(text, "User-Agent: likeness/"));
    assert_null(strstr(text, "Expect"));
    http_answer_release(&a);
    r.body_size = 0;
    assert_ok(http_send(p->http, &a, &r, &err));
    assert_non_null(strstr((const char *)a.body.data, "POST 0 "));
    http_answer_release(&a);
    char other[128];
    r.url = url_at(other, p, "/redirect/1");
    assert_ok(http_send(p->http, &a, &r, &err));
    assert_int_equal(a.code, 302); /* what is told to one is not told to another */
    http_answer_release(&a);
    const char *const split[] = {"X-A: b\r\nX-C: d"};
    r.headers = split;
    r.header_count = 1;
    assert_refused(LK_E_USAGE, http_send(p->http, &a, &r, &err));
    assert_ok(get(&a, p, "/text", &err)); /* a GET again */
    assert_int_equal(a.body.size, 19);
    http_answer_release(&a);
}

/* -- Piece by piece -- */

struct pieces {
    size_t bytes, enough;
    char type[256];
};

static bool count_bytes(void *context, const struct http_answer *answer, const uint8_t *bytes,
                        size_t size) {
    struct pieces *p = context;
    (void)bytes;
    assert_int_equal(answer->code, 200);
    snprintf(p->type, sizeof p->type, "%s", answer->content_type);
    p->bytes += size;
    return p->bytes < p->enough;
}

static lk_status stream(struct pieces *pieces, struct place *p, const char *path, lk_error *err) {
    struct http_answer a;
    char url[128];
    const struct http_request r = {
        .url = url_at(url, p, path), .timeout_s = 1, .sink = count_bytes, .context = pieces};
    lk_status status = http_send(p->http, &a, &r, err);
    assert_int_equal(a.body.size, 0);
    http_answer_release(&a);
    return status;
}

static void test_sink(void **state) {
    struct place *p = *state;
    lk_error err;
    struct pieces pieces = {.enough = SIZE_MAX};
    assert_ok(stream(&pieces, p, "/large-chunked", &err));
    assert_int_equal(pieces.bytes, 3000000);
    pieces = (struct pieces){.enough = 100000};
    assert_ok(stream(&pieces, p, "/large", &err));
    assert_in_range(pieces.bytes, 100000, 200000);
    pieces = (struct pieces){.enough = SIZE_MAX};
    double began = clock_s();
    assert_refused(LK_E_IO, stream(&pieces, p, "/drip", &err));
    assert_says(&err, "nothing more came within 1 s");
    assert_true(clock_s() - began < 4);
    assert_int_equal(pieces.bytes, 100);
    pieces = (struct pieces){.enough = SIZE_MAX};
    assert_ok(stream(&pieces, p, "/status/404", &err)); /* no sink for what is no answer */
    assert_int_equal(pieces.bytes, 0);
}

/* -- Certificates -- */

static void test_certificates(void **state) {
    struct place *p = *state;
    struct server_process server;
    struct http_answer a;
    lk_error err;
    char cert[128], key[128], command[512], url[256];
    snprintf(cert, sizeof cert, "%s/cert.pem", p->root);
    snprintf(key, sizeof key, "%s/key.pem", p->root);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s -out "
             "%s -days 2 "
             "-subj /CN=gate -addext subjectAltName=IP:127.0.0.1 >%s/log 2>&1",
             key, cert, p->root);
    if (system(command) != 0) {
        print_message("no openssl here: certificates are not tested\n");
        skip();
    }
    char *const argv[] = {"python3", TEST_UNIT "/camera_server.py", "--tls", cert, key, NULL};
    assert_true(server_start(&server, argv));
    snprintf(url, sizeof url, "https://127.0.0.1:%s/text", server.line);
    struct http_request r = {.url = url, .ca_file = cert};
    assert_ok(http_send(p->http, &a, &r, &err));
    assert_int_equal(a.body.size, 19);
    http_answer_release(&a);
    r.ca_file = NULL; /* also on a client that trusted it before */
    assert_refused(LK_E_IO, http_send(p->http, &a, &r, &err));
    assert_says(&err, "certificate");
    r.ca_file = cert;
    snprintf(url, sizeof url, "https://localhost:%s/text", server.line);
    assert_refused(LK_E_IO,
                   http_send(p->http, &a, &r, &err)); /* another name than the certificate's */
    snprintf(url, sizeof url, "https://127.0.0.1:%s/plain/%s", server.line, p->server.line);
    assert_refused(LK_E_IO, http_send(p->http, &a, &r, &err)); /* never from https to http */
    server_kill(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),    cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_get),          cmocka_unit_test(test_codes),
        cmocka_unit_test(test_failures),     cmocka_unit_test(test_stop),
        cmocka_unit_test(test_who),          cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_post),         cmocka_unit_test(test_sink),
        cmocka_unit_test(test_certificates),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
