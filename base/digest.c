/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <nettle/sha2.h>

void digest_sha256_hex(char out[65], const void *data, size_t size) {
    static const char digits[] = "0123456789abcdef";
    struct sha256_ctx ctx;
    uint8_t sum[SHA256_DIGEST_SIZE];
    sha256_init(&ctx);
    sha256_update(&ctx, size, data);
    sha256_digest(&ctx, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[64] = '\0';
}
