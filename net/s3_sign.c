/* SPDX-License-Identifier: Apache-2.0 */
#include "net/s3_sign.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

enum { TEXT_MAX = 16384 };

struct signing {
    const struct s3_request *request;
    const struct s3_keys *keys;
    char moment[20], day[12];    /* 20130524T000000Z, 20130524 */
    char body[65];               /* SHA-256 */
    char scope[160], names[120]; /* day/region/s3/aws4_request; of the headers */
};

static void set_moment(struct signing *s) {
    time_t at = (time_t)s->request->at_s;
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(s->moment, sizeof s->moment, "%Y%m%dT%H%M%SZ", &utc);
    strftime(s->day, sizeof s->day, "%Y%m%d", &utc);
}

/* The digest of what is signed of the request itself. */
static lk_status canonical_digest(char out[65], const struct signing *s, lk_error *err) {
    const struct s3_request *r = s->request;
    struct buf b;
    buf_init(&b, TEXT_MAX);
    buf_printf(&b, "%s\n%s\n%s\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n", r->method,
               r->path, r->query, r->host, s->body, s->moment);
    if (s->keys->session_token) {
        buf_printf(&b, "x-amz-security-token:%s\n", s->keys->session_token);
    }
    buf_printf(&b, "\n%s\n%s", s->names, s->body);
    lk_status status = buf_status(&b, err);
    if (status == LK_OK) {
        digest_sha256_hex(out, b.data, b.size);
    }
    buf_release(&b);
    return status;
}

/* One link of the chain of keys: the next key is the HMAC of the text under this one. */
static void next_key(uint8_t key[DIGEST_BYTES], const char *text) {
    char hex[65];
    digest_hmac_hex(hex, key, DIGEST_BYTES, text, strlen(text));
    digest_from_hex(key, hex);
}

static void signature(char out[65], const struct signing *s, const char *canonical) {
    char text[400], secret[300];
    uint8_t key[DIGEST_BYTES];
    int n = snprintf(secret, sizeof secret, "AWS4%s", s->keys->secret_key);
    digest_hmac_hex(out, secret, (size_t)n, s->day, strlen(s->day));
    digest_from_hex(key, out);
    next_key(key, s->request->region);
    next_key(key, "s3");
    next_key(key, "aws4_request");
    n = snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", s->moment, s->scope, canonical);
    digest_hmac_hex(out, key, sizeof key, text, (size_t)n);
}

static bool fits(const char *text, size_t most) {
    return text && strlen(text) <= most && !strpbrk(text, "\r\n");
}

lk_status s3_sign(char headers[S3_HEADERS][S3_HEADER_MAX], size_t *count,
                  const struct s3_request *request, const struct s3_keys *keys, lk_error *err) {
    struct signing s = {.request = request, .keys = keys};
    char canonical[65], signed_with[65];
    *count = 0;
    if (!fits(request->host, 300) || !fits(request->path, 1024) || !fits(request->query, 1024) ||
        !fits(request->region, 64) || !fits(keys->access_key, 200) ||
        !fits(keys->secret_key, 200) ||
        (keys->session_token && !fits(keys->session_token, S3_HEADER_MAX - 40))) {
        return error_set(err, LK_E_USAGE, "a key, a region or a name of S3 is too long");
    }
    set_moment(&s);
    digest_sha256_hex(s.body, request->body ? request->body : "", request->body_size);
    snprintf(s.scope, sizeof s.scope, "%s/%s/s3/aws4_request", s.day, request->region);
    snprintf(s.names, sizeof s.names, "host;x-amz-content-sha256;x-amz-date%s",
             keys->session_token ? ";x-amz-security-token" : "");
    lk_status status = canonical_digest(canonical, &s, err);
    if (status != LK_OK) {
        return status;
    }
    signature(signed_with, &s, canonical);
    snprintf(headers[0], S3_HEADER_MAX, "Host: %s", request->host);
    snprintf(headers[1], S3_HEADER_MAX, "x-amz-content-sha256: %s", s.body);
    snprintf(headers[2], S3_HEADER_MAX, "x-amz-date: %s", s.moment);
    snprintf(headers[3], S3_HEADER_MAX,
             "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
             keys->access_key, s.scope, s.names, signed_with);
    *count = 4;
    if (keys->session_token) {
        snprintf(headers[4], S3_HEADER_MAX, "x-amz-security-token: %s", keys->session_token);
        *count = 5;
    }
    return LK_OK;
}
