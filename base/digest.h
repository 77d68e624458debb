/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), through nettle. */
#ifndef LK_DIGEST_H
#define LK_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* The digest as 64 lower-case hex digits and a zero. */
void digest_sha256_hex(char out[65], const void *data, size_t size);

#endif
