/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629) as it comes from outside: file names are bytes, not text. */
#ifndef LK_UTF8_H
#define LK_UTF8_H

#include <stddef.h>

/* Length of the sequence at s; 0 when it is none (overlong, surrogate, out of range, cut off by the closing zero). */
size_t utf8_length(const unsigned char *s);

/* U+FFFD, what stands for a byte that is none. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Orders pointers to texts by their bytes, for qsort. */
int utf8_by_bytes(const void *a, const void *b);

#endif
