/* SPDX-License-Identifier: Apache-2.0 */
/* Each event is POSTed to an address, its JSON as the body, with
 *
 *     Likeness-Event: 12                        its number: the same however often it comes
 *     Idempotency-Key: "gate/12"                likewise, as servers look for it (draft-ietf-httpapi-idempotency-key-header)
 *     Likeness-Signature: t=1763658211,v1=HEX   v1 = HMAC-SHA256(KEY, t "." body) where there is a key; t: seconds since 1970
 *
 * t is of the try, so that a receiver may refuse what is older than some minutes: nobody can send again what he overheard. Taken
 * is what is answered with 200..299. Tried again: no answer, 408, 425, 429 and 500..599, not before Retry-After; any other
 * answer would be the same the next time. A redirect is not followed: the address is whom we were told to tell. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/http.h"
#include "watch/notify_kind.h"

enum { HEADER_SIZE = 512, SIGNED_MAX = 1 << 20 };

struct webhook {
    struct http *http;
    const char *url, *ca_file; /* borrowed */
    struct credentials key;
};

static void webhook_close(void *receiver) {
    struct webhook *w = receiver;
    http_close(w->http);
    credentials_release(&w->key);
    mem_free(w);
}

static lk_status read_key(struct webhook *w, const char *path, lk_error *err) {
    lk_status status = credentials_read(&w->key, path, err);
    if (status == LK_OK && (w->key.kind != CREDENTIALS_HMAC || !w->key.secret[0])) {
        status = error_set(err, LK_E_USAGE, "one line is wanted: \"hmac KEY\"");
    }
    return error_input(err, status, path);
}

static lk_status webhook_open(void **out, const struct notify_options *options, lk_error *err) {
    if (!options->webhook) {
        return LK_OK;
    }
    struct webhook *w = mem_calloc(1, sizeof *w);
    if (!w) {
        return error_memory(err, sizeof *w);
    }
    w->url = options->webhook;
    w->ca_file = options->webhook_ca_file;
    lk_status status = address_check(w->url, "http https", err);
    if (status == LK_OK && options->webhook_secret_file) {
        status = read_key(w, options->webhook_secret_file, err);
    }
    status = status == LK_OK ? http_open(&w->http, err) : status;
    if (status != LK_OK) {
        webhook_close(w);
        return status;
    }
    *out = w;
    return LK_OK;
}

/* "Likeness-Signature: ..." of a body sent now. */
static lk_status sign(char out[HEADER_SIZE], const struct webhook *w, const char *body,
                      lk_error *err) {
    char hex[65];
    struct buf text;
    long long now = (long long)time(NULL);
    buf_init(&text, SIGNED_MAX);
    buf_printf(&text, "%lld.%s", now, body);
    lk_status status = buf_status(&text, err);
    if (status == LK_OK) {
        digest_hmac_hex(hex, w->key.secret, strlen(w->key.secret), text.data, text.size);
        snprintf(out, HEADER_SIZE, "Likeness-Signature: t=%lld,v1=%s", now, hex);
    }
    buf_release(&text);
    return status;
}

static bool comes_again(int32_t code) {
    return code == 408 || code == 425 || code == 429 || (code >= 500 && code <= 599);
}

/* What it says besides its code is of no use to us. */
static bool enough(void *context, const struct http_answer *answer, const uint8_t *bytes,
                   size_t size) {
    (void)context;
    (void)answer;
    (void)bytes;
    (void)size;
    return false;
}

/* What an answer, or none, means; fills err unless it was taken. */
static enum told judge(struct telling *telling, lk_status status, const struct http_answer *answer,
                       const struct http_request *request, lk_error *err) {
    if (answer->code >= 200 && answer->code <= 299) {
        return TOLD; /* even if the rest of the answer was cut off */
    }
    if (answer->code == 0 && status != LK_OK) {
        return status == LK_E_USAGE ? TOLD_NEVER : TOLD_AGAIN;
    }
    telling->wait_s = (double)answer->retry_after_s;
    status = http_expect(answer, request, err);
    return status != LK_OK && comes_again(answer->code) ? TOLD_AGAIN : TOLD_NEVER;
}

static enum told webhook_tell(void *receiver, struct telling *telling, lk_error *err) {
    struct webhook *w = receiver;
    const struct notice *notice = telling->notice;
    char number[HEADER_SIZE], key[HEADER_SIZE], signature[HEADER_SIZE];
    const char *const headers[] = {"Content-Type: application/json", number, key, signature};
    snprintf(number, sizeof number, "Likeness-Event: %lld", (long long)notice->event);
    snprintf(key, sizeof key, "Idempotency-Key: \"%s/%lld\"", notice->camera,
             (long long)notice->event);
    bool is_signed = w->key.kind == CREDENTIALS_HMAC;
    if (is_signed && sign(signature, w, notice->json, err) != LK_OK) {
        return TOLD_AGAIN;
    }
    const struct http_request request = {.url = w->url,
                                         .headers = headers,
                                         .header_count = ARRAY_COUNT(headers) - !is_signed,
                                         .body = notice->json,
                                         .body_size = strlen(notice->json),
                                         .ca_file = w->ca_file,
                                         .sink = enough,
                                         .stop = telling->stop};
    struct http_answer answer;
    lk_status status = http_send(w->http, &answer, &request, err);
    enum told told = judge(telling, status, &answer, &request, err);
    http_answer_release(&answer);
    return told;
}

/* A day, as one may take to be noticed and mended; at most five minutes apart, so that it is told soon after. */
const struct notify_kind notify_webhook = {
    .name = "webhook",
    .give_up_s = 86400,
    .longest_wait_s = 300,
    .open = webhook_open,
    .tell = webhook_tell,
    .close = webhook_close,
};
