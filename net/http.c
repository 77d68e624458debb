/* SPDX-License-Identifier: Apache-2.0 */
/* Options are all set anew for each request rather than reset: a reset would forget the number a server gave for digest
 * authentication, and each picture of a camera would cost two requests. */
#include "net/http.h"

#include <stdio.h>
#include <string.h>

#define CURL_DISABLE_TYPECHECK /* its macros take calls by name, not through a pointer */
#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/library.h"
#include "base/mem.h"
#include "net/address.h"

enum {
    REDIRECTS = 2,
    BODY_MAX = 1 << 20,
    OLDEST_VERSION =
        0x075500, /* 7.85: CURLOPT_PROTOCOLS_STR; threads may start it side by side since 7.84 */
};
static const double default_timeout_s = 10;

#define CURL_CALLS(X)                                                                              \
    X(curl_version_info)                                                                           \
    X(curl_global_init)                                                                            \
    X(curl_easy_init)                                                                              \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_header)                                                                            \
    X(curl_easy_strerror)                                                                          \
    X(curl_getdate)                                                                                \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)

struct curl_calls {
    LIBRARY_POINTERS(CURL_CALLS)
};

static const char *const curl_names[] = {LIBRARY_NAMES(CURL_CALLS)};

static lk_status version_of_curl(char *out, size_t size, lk_error *err) {
    struct curl_calls lib;
    void *handle;
    lk_status status =
        library_open(&handle, &lib, curl_names, ARRAY_COUNT(curl_names), library_curl.soname, err);
    if (status == LK_OK) {
        snprintf(out, size, "%s", lib.curl_version_info(CURLVERSION_NOW)->version);
        library_close(handle);
    }
    return status;
}

const struct library_row library_curl = {
    .soname = "libcurl.so.4",
    .task = "cameras and webhooks over HTTP, pictures on S3",
    .version = version_of_curl,
};

struct http {
    struct curl_calls lib;
    void *library;
    CURL *easy;
    const char *ca_file, *ca_path; /* the system's; the library's own text */
    char reason[CURL_ERROR_SIZE];
};

/* One request under way. */
struct transfer {
    struct http *http;
    const struct http_request *request;
    struct http_answer *answer;
    struct buf body;
    double timeout_s, heard_s; /* when the last byte came */
    bool begun;                /* the answer's head is known */
    bool enough;               /* the sink wants no more */
    bool stopped, silent;      /* why it was ended */
};

static lk_status start_library(struct http *h, lk_error *err) {
    lk_status status = library_open(&h->library, &h->lib, curl_names, ARRAY_COUNT(curl_names),
                                    library_curl.soname, err);
    if (status != LK_OK) {
        return status;
    }
    const curl_version_info_data *version = h->lib.curl_version_info(CURLVERSION_NOW);
    if (version->version_num < OLDEST_VERSION || !(version->features & CURL_VERSION_THREADSAFE)) {
        return error_set(err, LK_E_FORMAT, "libcurl %s is too old: 7.85 is wanted",
                         version->version);
    }
    h->lib.curl_global_init(CURL_GLOBAL_DEFAULT); /* never undone: the library stays loaded */
    h->easy = h->lib.curl_easy_init();
    if (!h->easy) {
        return error_memory(err, 0);
    }
    h->lib.curl_easy_getinfo(h->easy, CURLINFO_CAINFO, &h->ca_file);
    h->lib.curl_easy_getinfo(h->easy, CURLINFO_CAPATH, &h->ca_path);
    return LK_OK;
}

lk_status http_open(struct http **out, lk_error *err) {
    *out = NULL;
    struct http *h = mem_calloc(1, sizeof *h);
    if (!h) {
        return error_memory(err, sizeof *h);
    }
    lk_status status = start_library(h, err);
    if (status != LK_OK) {
        http_close(h);
        return status;
    }
    *out = h;
    return LK_OK;
}

void http_close(struct http *h) {
    if (h) {
        if (h->easy) {
            h->lib.curl_easy_cleanup(h->easy);
        }
        library_close(h->library);
        mem_free(h);
    }
}

void http_answer_release(struct http_answer *answer) {
    if (answer) {
        lk_bytes_release(&answer->body);
    }
}

/* -- While it runs -- */

static bool is_success(const struct http_answer *answer) {
    return answer->code >= 200 && answer->code <= 299;
}

/* When a header's date is, in seconds since 1970; -1 for none. */
static int64_t header_date(struct http *h, const char *name) {
    struct curl_header *header;
    if (h->lib.curl_easy_header(h->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return -1;
    }
    return h->lib.curl_getdate(header->value, NULL);
}

static void read_head(struct transfer *t) {
    struct http *h = t->http;
    struct http_answer *a = t->answer;
    long code = 0;
    char *type = NULL;
    curl_off_t wait = 0;
    h->lib.curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &code);
    h->lib.curl_easy_getinfo(h->easy, CURLINFO_CONTENT_TYPE, &type);
    h->lib.curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &wait);
    a->code = (int32_t)code;
    snprintf(a->content_type, sizeof a->content_type, "%s", type ? type : "");
    a->retry_after_s = wait;
    int64_t date = header_date(h, "Date"), changed = header_date(h, "Last-Modified");
    a->age_ms = date >= changed && changed >= 0 ? (date - changed) * 1000 : -1;
    t->begun = true;
}

static size_t take_body(char *data, size_t size, size_t count, void *context) {
    struct transfer *t = context;
    t->heard_s = clock_s();
    if (!t->begun) {
        read_head(t);
    }
    if (t->request->sink && is_success(t->answer)) {
        t->enough =
            !t->request->sink(t->request->context, t->answer, (uint8_t *)data, size * count);
        return t->enough ? 0 : size * count;
    }
    buf_add(&t->body, data, size * count);
    return t->body.status == LK_OK ? size * count : 0;
}

/* Called as bytes come, and each second while none do. */
static int look_around(void *context, curl_off_t want, curl_off_t got, curl_off_t want_up,
                       curl_off_t sent) {
    struct transfer *t = context;
    (void)want;
    (void)got;
    (void)want_up;
    (void)sent;
    t->stopped = t->request->stop && __atomic_load_n(t->request->stop, __ATOMIC_RELAXED) != 0;
    t->silent = t->request->sink && clock_s() - t->heard_s > t->timeout_s;
    return t->stopped || t->silent;
}

/* -- Before -- */

/* Sets an option; the first failure sticks. Every option here is known to the oldest version: only memory can be short. */
#define SET(option, value)                                                                         \
    (code = code == CURLE_OK ? h->lib.curl_easy_setopt(h->easy, option, value) : code)

static CURLcode set_credentials(struct http *h, const struct credentials *c) {
    static const struct credentials none = {0};
    c = c ? c : &none;
    CURLcode code = CURLE_OK;
    bool token = c->kind == CREDENTIALS_BEARER;
    unsigned long kinds = token                           ? CURLAUTH_BEARER
                          : c->kind == CREDENTIALS_DIGEST ? CURLAUTH_DIGEST
                                                          : CURLAUTH_BASIC;
    SET(CURLOPT_HTTPAUTH, (long)kinds);
    SET(CURLOPT_USERNAME, token ? NULL : c->user);
    SET(CURLOPT_PASSWORD, token ? NULL : c->secret);
    SET(CURLOPT_XOAUTH2_BEARER, token ? c->secret : NULL);
    SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
    return code;
}

static CURLcode set_limits(struct transfer *t, struct http *h) {
    const struct http_request *r = t->request;
    CURLcode code = CURLE_OK;
    long ms = (long)(t->timeout_s * 1000);
    SET(CURLOPT_CONNECTTIMEOUT_MS, ms);
    SET(CURLOPT_TIMEOUT_MS, r->sink ? 0L : ms);
    SET(CURLOPT_MAXFILESIZE_LARGE, r->sink ? (curl_off_t)0 : (curl_off_t)t->body.max);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, look_around);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_ERRORBUFFER, h->reason);
    return code;
}

static CURLcode set_request(const struct http_request *r, struct curl_slist *headers,
                            struct http *h) {
    CURLcode code = CURLE_OK;
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_USERAGENT, "likeness/" LIKENESS_VERSION);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, address_is(r->url, "https") ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, r->body || r->method ? 0L : 1L);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_PROXY, r->environment_proxy ? NULL : "");
    SET(CURLOPT_CAINFO, r->ca_file ? r->ca_file : h->ca_file);
    SET(CURLOPT_CAPATH, r->ca_file ? NULL : h->ca_path);
    SET(CURLOPT_NOBODY, 0L);
    SET(CURLOPT_CUSTOMREQUEST, r->method);
    if (r->method && strcmp(r->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (r->body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_size);
        SET(CURLOPT_POSTFIELDS, r->body);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    return code;
}

static lk_status make_headers(struct curl_slist **out, struct http *h, const struct http_request *r,
                              lk_error *err) {
    *out = h->lib.curl_slist_append(NULL, "Expect:"); /* no question before a POST's body */
    bool short_of_memory = !*out;
    for (size_t i = 0; i < r->header_count && !short_of_memory; i++) {
        if (strpbrk(r->headers[i], "\r\n")) {
            return error_set(err, LK_E_USAGE, "a header holds a line break");
        }
        struct curl_slist *longer = h->lib.curl_slist_append(*out, r->headers[i]);
        short_of_memory = !longer;
        *out = longer ? longer : *out;
    }
    return short_of_memory ? error_memory(err, 0) : LK_OK;
}

/* -- After -- */

static lk_status explain(struct transfer *t, CURLcode code, lk_error *err) {
    struct http *h = t->http;
    if (t->stopped) {
        return error_set(err, LK_E_CANCELLED, "asked to stop");
    }
    if (t->silent || code == CURLE_OPERATION_TIMEDOUT) {
        const char *what = t->silent && t->begun ? "nothing more came"
                           : t->begun            ? "the answer did not end"
                                                 : "no answer";
        return error_set(err, LK_E_IO, "%s within %g s", what, t->timeout_s);
    }
    if (code == CURLE_FILESIZE_EXCEEDED || t->body.status == LK_E_LIMIT) {
        return error_limit(err, "file_bytes", "the answer is longer than the limit of %zu bytes",
                           t->body.max);
    }
    if (code == CURLE_OUT_OF_MEMORY || t->body.status == LK_E_MEMORY) {
        return error_memory(err, t->body.size);
    }
    if (code == CURLE_PARTIAL_FILE) {
        return error_set(err, LK_E_IO, "the answer is cut off after %zu bytes", t->body.size);
    }
    if (code == CURLE_TOO_MANY_REDIRECTS) {
        return error_set(err, LK_E_IO, "redirected more than %d times", REDIRECTS);
    }
    const char *reason = h->reason[0] ? h->reason : h->lib.curl_easy_strerror(code);
    return error_set(err, LK_E_IO, "%s", reason);
}

static lk_status send_with(struct transfer *t, struct curl_slist *headers, lk_error *err) {
    struct http *h = t->http;
    const struct http_request *r = t->request;
    h->reason[0] = '\0';
    CURLcode code = set_request(r, headers, h);
    code = code == CURLE_OK ? set_credentials(h, r->credentials) : code;
    code = code == CURLE_OK ? set_limits(t, h) : code;
    code = code == CURLE_OK ? h->lib.curl_easy_perform(h->easy) : code;
    if (code != CURLE_OK && !t->enough) {
        return explain(t, code, err);
    }
    read_head(t);
    return t->enough ? LK_OK : buf_finish(&t->body, &t->answer->body, err);
}

lk_status http_send(struct http *h, struct http_answer *out, const struct http_request *request,
                    lk_error *err) {
    *out = (struct http_answer){.age_ms = -1};
    if (request->credentials && request->credentials->kind == CREDENTIALS_HMAC) {
        return error_set(err, LK_E_USAGE, "a key that signs is not shown to a server");
    }
    struct transfer t = {.http = h, .request = request, .answer = out, .heard_s = clock_s()};
    t.timeout_s = request->timeout_s > 0 ? request->timeout_s : default_timeout_s;
    buf_init(&t.body, request->max_bytes > 0 ? (size_t)request->max_bytes : BODY_MAX);
    struct curl_slist *headers = NULL;
    lk_status status = make_headers(&headers, h, request, err);
    status = status == LK_OK ? send_with(&t, headers, err) : status;
    h->lib.curl_slist_free_all(headers);
    buf_release(&t.body);
    char shown[ADDRESS_SHOWN];
    address_show(shown, sizeof shown, request->url);
    return error_input(err, status, shown);
}

lk_status http_expect(const struct http_answer *answer, const struct http_request *request,
                      lk_error *err) {
    static const struct {
        int32_t code;
        const char *words;
    } known[] = {
        {301, "it redirects"},
        {302, "it redirects"},
        {307, "it redirects"},
        {308, "it redirects"},
        {400, "it does not understand the request"},
        {401, "it wants credentials, or other ones"},
        {403, "it does not let us"},
        {404, "there is nothing here"},
        {405, "it does not take this kind of request"},
        {413, "it is too much for the server"},
        {429, "too many requests"},
        {500, "the server failed"},
        {502, "the server behind it does not answer"},
        {503, "the server is busy"},
        {504, "the server behind it does not answer"},
    };
    if (is_success(answer)) {
        return LK_OK;
    }
    const char *words = "refused";
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        words = known[i].code == answer->code ? known[i].words : words;
    }
    char shown[ADDRESS_SHOWN];
    address_show(shown, sizeof shown, request->url);
    return error_input(err, error_set(err, LK_E_IO, "HTTP %d: %s", (int)answer->code, words),
                       shown);
}
