/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <nettle/hmac.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

void digest_begin(struct digest *d) {
    sha256_init(&d->context);
}

void digest_add(struct digest *d, const void *data, size_t size) {
    sha256_update(&d->context, size, data);
}

void digest_end(uint8_t out[DIGEST_BYTES], struct digest *d) {
    sha256_digest(&d->context, DIGEST_BYTES, out);
}

void digest_hex(char out[65], const uint8_t sum[DIGEST_BYTES]) {
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[64] = '\0';
}

bool digest_from_hex(uint8_t out[DIGEST_BYTES], const char *text) {
    for (size_t i = 0; i < 2 * (size_t)DIGEST_BYTES; i++) {
        const char *at = text[i] ? strchr(digits, text[i]) : NULL;
        if (!at) {
            return false;
        }
        uint8_t high = i % 2 ? out[i / 2] : 0;
        out[i / 2] = (uint8_t)(high << 4 | (at - digits));
    }
    return true;
}

void digest_sha256_hex(char out[65], const void *data, size_t size) {
    struct digest d;
    uint8_t sum[DIGEST_BYTES];
    digest_begin(&d);
    digest_add(&d, data, size);
    digest_end(sum, &d);
    digest_hex(out, sum);
}

void digest_hmac_hex(char out[65], const void *key, size_t key_size, const void *data,
                     size_t size) {
    struct hmac_sha256_ctx context;
    uint8_t sum[DIGEST_BYTES];
    hmac_sha256_set_key(&context, key_size, key);
    hmac_sha256_update(&context, size, data);
    hmac_sha256_digest(&context, DIGEST_BYTES, sum);
    explicit_bzero(&context, sizeof context);
    digest_hex(out, sum);
}
