/* SPDX-License-Identifier: Apache-2.0 */
/* An own endpoint is asked as http://HOST/BUCKET/KEY, Amazon's as https://BUCKET.s3.REGION.amazonaws.com/KEY, unless the bucket's
 * name has a dot, which no certificate fits. */
#include "store/s3.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/http.h"
#include "net/s3_sign.h"

enum {
    NAME_MAX_BYTES = 255,
    KEY_MAX = 2 * NAME_MAX_BYTES,
    TRIES = 4,
    PAUSE_MS = 200,      /* before the second; each next is twice as long */
    ANSWER_S = 10,       /* within which an answer comes */
    SLOWEST = 256 << 10, /* bytes a second of what is large */
    WORDS_MAX = 4096,    /* of an answer that is none of ours */
    LIST_MAX = 4 << 20
};

struct s3 {
    pthread_mutex_t lock;
    struct http *http;
    char bucket[NAME_MAX_BYTES + 1], prefix[NAME_MAX_BYTES + 2]; /* with a slash, or empty */
    char base[600], path[NAME_MAX_BYTES + 2]; /* scheme://host; /bucket, or empty */
    char host[300], region[64 + 1];
    char shown[2 * NAME_MAX_BYTES + 8];
    const struct blob_options *options; /* borrowed */
};

/* -- Addresses -- */

static const char scheme[] = "s3://";

bool s3_is_address(const char *text) {
    return strncmp(text, scheme, strlen(scheme)) == 0;
}

static lk_status no_address(lk_error *err, const char *at) {
    lk_status status =
        error_set(err, LK_E_USAGE,
                  "a place on S3 is s3://BUCKET[/PREFIX][?endpoint=http://HOST:PORT&region=NAME], "
                  "in letters, "
                  "digits and -._");
    return error_input(err, status, at);
}

static bool is_plain(const char *text, size_t size, const char *more) {
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr(more, c)))) {
            return false;
        }
    }
    return true;
}

/* The value of a setting behind the question mark, or `otherwise`. */
static bool setting(char *out, size_t size, const char *at, const char *name,
                    const char *otherwise) {
    const char *value = otherwise ? otherwise : "";
    size_t length = strlen(value);
    for (const char *p = strchr(at, '?'); p; p = strchr(p + 1, '&')) {
        if (strncmp(p + 1, name, strlen(name)) == 0 && p[1 + strlen(name)] == '=') {
            value = p + 2 + strlen(name);
            length = strcspn(value, "&");
        }
    }
    return (size_t)snprintf(out, size, "%.*s", (int)length, value) < size;
}

static bool read_names(struct s3 *s, const char *at) {
    const char *bucket = at + strlen(scheme);
    size_t whole = strcspn(bucket, "?"), length = MIN(strcspn(bucket, "/"), whole);
    const char *prefix = bucket + length + (length < whole);
    size_t rest = (size_t)(bucket + whole - prefix);
    while (rest > 0 && prefix[rest - 1] == '/') {
        rest--;
    }
    if (!s3_is_address(at) || length < 1 || length > NAME_MAX_BYTES || rest > NAME_MAX_BYTES ||
        !is_plain(bucket, length, "-.") || !is_plain(prefix, rest, "-._/") || prefix[0] == '/' ||
        memmem(prefix, rest, "..", 2) || memmem(prefix, rest, "//", 2)) {
        return false;
    }
    snprintf(s->bucket, sizeof s->bucket, "%.*s", (int)length, bucket);
    snprintf(s->prefix, sizeof s->prefix, "%.*s%s", (int)rest, prefix, rest > 0 ? "/" : "");
    snprintf(s->shown, sizeof s->shown, "%s%s/%.*s", scheme, s->bucket, (int)rest, prefix);
    return true;
}

static lk_status read_address(struct s3 *s, const char *at, lk_error *err) {
    char endpoint[400];
    const struct blob_options *o = s->options;
    if (!read_names(s, at) ||
        !setting(s->region, sizeof s->region, at, "region", o->region ? o->region : "us-east-1") ||
        !is_plain(s->region, strlen(s->region), "-") ||
        !setting(endpoint, sizeof endpoint, at, "endpoint", o->endpoint)) {
        return no_address(err, at);
    }
    size_t length = strlen(endpoint);
    while (length > 0 && endpoint[length - 1] == '/') {
        endpoint[--length] = '\0';
    }
    if (length > 0) {
        snprintf(s->base, sizeof s->base, "%s", endpoint);
    } else if (strchr(s->bucket, '.')) {
        snprintf(s->base, sizeof s->base, "https://s3.%s.amazonaws.com", s->region);
    } else {
        snprintf(s->base, sizeof s->base, "https://%s.s3.%s.amazonaws.com", s->bucket, s->region);
    }
    if (length > 0 || strchr(s->bucket, '.')) {
        snprintf(s->path, sizeof s->path, "/%s", s->bucket);
    }
    lk_status status = address_check(s->base, "http https", err);
    const char *host = status == LK_OK ? strstr(s->base, "://") + 3 : "";
    if (status == LK_OK && (strpbrk(host, "/?#") || strlen(host) >= sizeof s->host)) {
        status = no_address(err, at);
    }
    snprintf(s->host, sizeof s->host, "%.299s", host);
    return status;
}

lk_status s3_address(char *out, size_t size, const char *at, const struct blob_options *options,
                     lk_error *err) {
    char endpoint[400] = "";
    struct s3 *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    s->options = options;
    lk_status status = read_address(s, at, err);
    if (status == LK_OK) {
        setting(endpoint, sizeof endpoint, at, "endpoint", options->endpoint);
        int n = snprintf(out, size, "%s?region=%s%s%s", s->shown, s->region,
                         endpoint[0] ? "&endpoint=" : "", endpoint);
        status = n > 0 && (size_t)n < size ? LK_OK : no_address(err, at);
    }
    mem_free(s);
    return status;
}

bool s3_same(const char *one, const char *other) {
    struct s3 *both = mem_calloc(2, sizeof *both);
    bool same = both && read_names(&both[0], one) && read_names(&both[1], other) &&
                strcmp(both[0].shown, both[1].shown) == 0;
    mem_free(both);
    return same;
}

lk_status s3_open(struct s3 **out, const char *at, const struct blob_options *options,
                  lk_error *err) {
    struct s3 *s = *out = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    pthread_mutex_init(&s->lock, NULL);
    s->options = options;
    lk_status status = read_address(s, at, err);
    if (status == LK_OK && !(options->access_key && options->secret_key)) {
        status = error_set(err, LK_E_USAGE,
                           "the store's pictures lie there, and no keys are given: "
                           "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        error_input(err, status, s->shown);
    }
    status = status == LK_OK ? http_open(&s->http, err) : status;
    if (status != LK_OK) {
        s3_close(s);
        *out = NULL;
    }
    return status;
}

void s3_close(struct s3 *s) {
    if (s) {
        http_close(s->http);
        pthread_mutex_destroy(&s->lock);
        mem_free(s);
    }
}

const char *s3_shown(const struct s3 *s) {
    return s->shown;
}

/* -- Requests -- */

struct asking {
    const char *method;
    char key[KEY_MAX + 1]; /* empty: the bucket */
    char query[2 * KEY_MAX + 1];
    const void *body;
    size_t body_size;
    int64_t most; /* bytes of the answer */
    struct http_answer answer;
};

static lk_status send_once(struct s3 *s, struct asking *a, lk_error *err) {
    char headers[S3_HEADERS][S3_HEADER_MAX], path[KEY_MAX + NAME_MAX_BYTES + 4];
    char url[sizeof s->base + sizeof path + sizeof a->query + 2];
    const char *list[S3_HEADERS + 1];
    size_t count;
    snprintf(path, sizeof path, "%s/%s", s->path, a->key);
    snprintf(url, sizeof url, "%s%s%s%s", s->base, path, a->query[0] ? "?" : "", a->query);
    const bool nothing = strcmp(a->method, "HEAD") == 0; /* comes of what has a length */
    const struct s3_keys keys = {s->options->access_key, s->options->secret_key,
                                 s->options->session_token};
    const struct s3_request to_sign = {.method = a->method,
                                       .host = s->host,
                                       .path = path,
                                       .query = a->query,
                                       .region = s->region,
                                       .body = a->body,
                                       .body_size = a->body_size,
                                       .at_s = time(NULL)};
    lk_status status = s3_sign(headers, &count, &to_sign, &keys, err);
    for (size_t i = 0; i < count; i++) {
        list[i] = headers[i];
    }
    list[count] = "Content-Type: application/octet-stream";
    const struct http_request r = {
        .url = url,
        .method = a->method,
        .headers = list,
        .header_count = count + (a->body ? 1 : 0),
        .body = a->body,
        .body_size = a->body_size,
        .ca_file = s->options->ca_file,
        .environment_proxy = true,
        .max_bytes = nothing ? INT64_MAX : MAX(a->most, (int64_t)WORDS_MAX),
        .timeout_s = ANSWER_S + (double)(a->most + (int64_t)a->body_size) / SLOWEST};
    return status == LK_OK ? http_send(s->http, &a->answer, &r, err) : status;
}

/* What is worth another try. */
static bool is_passing(int32_t code) {
    return code == 408 || code == 429 || code >= 500;
}

/* The content of an element of an answer in XML; empty when there is none. */
static void element(char *out, size_t size, const lk_bytes *body, const char *name) {
    char open[40];
    int n = snprintf(open, sizeof open, "<%s>", name);
    const char *at = body->data ? strstr((const char *)body->data, open) : NULL;
    out[0] = '\0';
    if (at) {
        at += n;
        snprintf(out, size, "%.*s", (int)strcspn(at, "<"), at);
    }
}

static lk_status say(const struct s3 *s, const struct asking *a, lk_status status, lk_error *err) {
    char code[64], words[200];
    element(code, sizeof code, &a->answer.body, "Code");
    element(words, sizeof words, &a->answer.body, "Message");
    status = error_set(err, status, "%s answers %d%s%s%s%s", s->host, (int)a->answer.code,
                       code[0] ? " " : "", code, words[0] ? ": " : "", words);
    return error_input(err, status, s->shown);
}

/* The answer, which is 2xx or 404; other ones are `refused`. */
static lk_status ask(struct s3 *s, struct asking *a, lk_status refused, lk_error *err) {
    lk_status status = LK_OK;
    int64_t pause_ms = PAUSE_MS;
    bool passing = true;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; passing && i < TRIES; i++, pause_ms *= 2) {
        if (i > 0) {
            int64_t wanted = MIN(a->answer.retry_after_s, (int64_t)5) * 1000;
            usleep((useconds_t)MAX(pause_ms, wanted) * 1000);
            http_answer_release(&a->answer);
        }
        status = send_once(s, a, err);
        passing = status == LK_E_IO || (status == LK_OK && is_passing(a->answer.code));
    }
    pthread_mutex_unlock(&s->lock);
    int32_t code = a->answer.code;
    if (status == LK_E_IO) {
        char why[sizeof err->text];
        snprintf(why, sizeof why, "%s", err ? err->text : "");
        status = error_set(err, LK_E_AWAY, "%s does not answer: %.400s", s->host, why);
        return error_input(err, status, s->shown);
    }
    if (status != LK_OK) {
        return error_input(err, status, s->shown);
    }
    return is_passing(code)                              ? say(s, a, LK_E_AWAY, err)
           : (code >= 200 && code <= 299) || code == 404 ? LK_OK
                                                         : say(s, a, refused, err);
}

static struct asking asking_of(const struct s3 *s, const char *method, const char *name) {
    struct asking a = {.method = method};
    snprintf(a.key, sizeof a.key, "%s%s", s->prefix, name);
    return a;
}

lk_status s3_put(struct s3 *s, const char *name, const void *data, size_t size, lk_error *err) {
    struct asking a = asking_of(s, "PUT", name);
    a.body = data;
    a.body_size = size;
    lk_status status = ask(s, &a, LK_E_WRITE, err);
    if (status == LK_OK && a.answer.code == 404) { /* no such bucket */
        status = say(s, &a, LK_E_WRITE, err);
    }
    http_answer_release(&a.answer);
    return status;
}

lk_status s3_get(lk_bytes *out, bool *there, struct s3 *s, const char *name, int64_t most,
                 lk_error *err) {
    struct asking a = asking_of(s, "GET", name);
    a.most = most;
    *out = (lk_bytes){0};
    lk_status status = ask(s, &a, LK_E_IO, err);
    *there = status == LK_OK && a.answer.code != 404;
    if (status == LK_E_LIMIT) {
        status = error_set(err, LK_E_CORRUPT, "has more than the %lld bytes that are expected",
                           (long long)most);
        error_input(err, status, s->shown);
    } else if (*there) {
        *out = a.answer.body;
        a.answer.body = (lk_bytes){0};
    }
    http_answer_release(&a.answer);
    return status;
}

lk_status s3_has(bool *there, struct s3 *s, const char *name, lk_error *err) {
    struct asking a = asking_of(s, "HEAD", name);
    lk_status status = ask(s, &a, LK_E_IO, err);
    *there = status == LK_OK && a.answer.code != 404;
    http_answer_release(&a.answer);
    return status;
}

lk_status s3_drop(struct s3 *s, const char *name, lk_error *err) {
    struct asking a = asking_of(s, "DELETE", name);
    lk_status status = ask(s, &a, LK_E_WRITE, err);
    http_answer_release(&a.answer);
    return status;
}

/* -- Listing -- */

/* A name of ours has no character that a query writes in another way, but the slash. */
static void add_encoded(char *out, size_t size, const char *key) {
    size_t n = strlen(out);
    for (; *key && n + 4 < size; key++) {
        n += (size_t)snprintf(out + n, size - n, *key == '/' ? "%%2F" : "%c", *key);
    }
}

/* One page of at most 1,000; last is the key behind which it begins, and then the last of it. */
static lk_status visit_page(bool *more, char last[KEY_MAX + 1], struct s3 *s,
                            void (*visit)(void *arg, const char *name), void *arg, lk_error *err) {
    struct asking a = {.method = "GET", .most = LIST_MAX};
    char answer[16], key[KEY_MAX + 1];
    static const char open[] = "<Key>";
    snprintf(a.query, sizeof a.query, "list-type=2&prefix=");
    add_encoded(a.query, sizeof a.query, s->prefix);
    if (last[0]) {
        snprintf(a.query + strlen(a.query), sizeof a.query - strlen(a.query), "&start-after=");
        add_encoded(a.query, sizeof a.query, last);
    }
    lk_status status = ask(s, &a, LK_E_IO, err);
    if (status == LK_OK && a.answer.code == 404) {
        status = say(s, &a, LK_E_IO, err);
    }
    element(answer, sizeof answer, &a.answer.body, "IsTruncated");
    *more = status == LK_OK && strcmp(answer, "true") == 0;
    const char *at = status == LK_OK && a.answer.body.data ? (const char *)a.answer.body.data : "";
    size_t count = 0;
    while ((at = strstr(at, open)) != NULL) {
        at += strlen(open);
        snprintf(key, sizeof key, "%.*s", (int)strcspn(at, "<"), at);
        if (strncmp(key, s->prefix, strlen(s->prefix)) == 0) {
            visit(arg, key + strlen(s->prefix));
        }
        memcpy(last, key, sizeof key);
        count++;
    }
    *more = *more && count > 0;
    http_answer_release(&a.answer);
    return status;
}

lk_status s3_visit(struct s3 *s, void (*visit)(void *arg, const char *name), void *arg,
                   lk_error *err) {
    char last[KEY_MAX + 1] = "";
    bool more = true;
    lk_status status = LK_OK;
    while (status == LK_OK && more) {
        status = visit_page(&more, last, s, visit, arg, err);
    }
    return status;
}
