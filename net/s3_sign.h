/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of requests to S3 and what speaks like it: AWS Signature Version 4, in headers.
 *
 *     canonical = METHOD "\n" path "\n" query "\n" headers "\n" names "\n" SHA-256(body)
 *     signature = HMAC(HMAC(HMAC(HMAC("AWS4" secret, day), region), "s3"), "aws4_request") of
 *                 "AWS4-HMAC-SHA256\n" moment "\n" day "/" region "/s3/aws4_request\n" SHA-256(canonical)
 *
 * From the S3 API reference, "Authenticating Requests (AWS Signature Version 4)", whose examples are the oracle
 * (tests/unit/test_s3_sign.c), and a server that checks (tests/store/store_s3.py). libcurl has it too (CURLOPT_AWS_SIGV4), but what
 * it signs of paths, queries and bodies changed with nearly each of its versions from 7.85 on, which are those that we take. */
#ifndef LK_S3_SIGN_H
#define LK_S3_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include <likeness/status.h>

#include "base/compiler.h"

enum { S3_HEADERS = 5, S3_HEADER_MAX = 2400 };

struct s3_keys {
    const char *access_key, *secret_key;
    const char *session_token; /* NULL for none */
};

struct s3_request {
    const char *method, *host; /* host: with a port that is not the scheme's own */
    const char *path;          /* from the slash; letters, digits and -._~/ alone */
    const char *query;         /* "a=1&b=2", encoded and in byte order; "" for none */
    const char *region;
    const void *body;
    size_t body_size;
    int64_t at_s; /* since 1970 */
};

/* The headers to send, Host among them: "Name: value"; *count of them. LK_E_USAGE when a part is too long or holds a line break. */
MUST_CHECK lk_status s3_sign(char headers[S3_HEADERS][S3_HEADER_MAX], size_t *count,
                             const struct s3_request *request, const struct s3_keys *keys,
                             lk_error *err);

#endif
