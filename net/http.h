/* SPDX-License-Identifier: Apache-2.0 */
/* A client of HTTP and HTTPS, over libcurl, which is loaded when the first client is made: one request at a time, its answer in
 * memory or piece by piece, both under a cap. Certificates are verified. No cookies, no compression (an answer is as long as it
 * says), no proxy unless asked for. */
#ifndef LK_HTTP_H
#define LK_HTTP_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/library.h"
#include "net/credentials.h"

/* A client keeps its connection for the next request to the same server. Not to be used by two threads at once. */
struct http;

struct http_answer {
    int32_t code;  /* 200, 404, ... */
    lk_bytes body; /* owned by whoever asked; empty when a sink took it */
    char content_type
        [256]; /* as sent, with its parameters; cut when longer; empty when there is none */
    int64_t
        age_ms; /* Date minus Last-Modified: how old the server says this is; -1 when it does not say */
    int64_t retry_after_s; /* of Retry-After; 0 when there is none */
};

struct http_request {
    const char *url; /* checked by the caller (net/address.h) */
    const char *
        method; /* NULL: GET, or POST with a body; else that one, "PUT", which is never redirected */
    const struct credentials
        *credentials;           /* or NULL; not sent to another host that the server redirects to */
    const char *const *headers; /* "Name: value", header_count of them */
    size_t header_count;
    const void
        *body; /* not NULL: a POST of body_size bytes, which is never redirected; NULL: a GET */
    size_t body_size;
    const char *ca_file; /* PEM certificates to trust instead of the system's, or NULL */
    bool
        environment_proxy; /* go through the proxy that http_proxy, https_proxy and no_proxy name */
    int64_t
        max_bytes;    /* of an answer's body that is kept; 0: 1 MiB. What a sink takes has no end */
    double timeout_s; /* for all of it; with a sink for connecting and for each pause; 0: 10 s */
    const int
        *stop; /* or NULL: not 0 (read atomically): ends within some 1 s with LK_E_CANCELLED */
    /* Takes the body of an answer 200..299 as it comes; answer holds all but the body. false ends the request, as LK_OK. */
    bool (*sink)(void *context, const struct http_answer *answer, const uint8_t *bytes,
                 size_t size);
    void *context;
};

/* LK_E_FORMAT when the machine lacks libcurl or has one before 7.85. */
LK_MUST_CHECK lk_status http_open(struct http **out, lk_error *err);
void http_close(struct http *h);

/* Sends the request; LK_OK for any answer that came whole, whatever its code. At most 2 redirects, never from https to http.
 * LK_E_IO (cannot connect, certificate, timeout, cut off, too many redirects), LK_E_LIMIT (max_bytes), LK_E_CANCELLED, LK_E_USAGE
 * (a header with a line break), LK_E_MEMORY; err names the address without its query. out is filled in any case; release it. */
LK_MUST_CHECK lk_status http_send(struct http *h, struct http_answer *out,
                                  const struct http_request *request, lk_error *err);
/* LK_E_IO for an answer whose code is not 200..299: says it in words. */
LK_MUST_CHECK lk_status http_expect(const struct http_answer *answer,
                                    const struct http_request *request, lk_error *err);
void http_answer_release(struct http_answer *answer);

extern const struct library_row library_curl;

#endif
