/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) and its keyed form HMAC (RFC 2104), through nettle. */
#ifndef LK_DIGEST_H
#define LK_DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32 };

/* Of bytes that come in pieces. */
struct digest {
    struct sha256_ctx context;
};

void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t size);
void digest_end(uint8_t out[DIGEST_BYTES], struct digest *d);

/* 64 lower-case hex digits and a zero. */
void digest_hex(char out[65], const uint8_t sum[DIGEST_BYTES]);
/* The sum that 64 lower-case hex digits at text are; false when they are none. What follows them is not looked at. */
bool digest_from_hex(uint8_t out[DIGEST_BYTES], const char *text);

/* The digest as 64 lower-case hex digits and a zero. */
void digest_sha256_hex(char out[65], const void *data, size_t size);
/* HMAC-SHA256 of the data under a key, likewise. */
void digest_hmac_hex(char out[65], const void *key, size_t key_size, const void *data, size_t size);

#endif
