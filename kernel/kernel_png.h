/* SPDX-License-Identifier: Apache-2.0 */
/* The row filters of PNG (ISO 15948, clause 9), undone. */
#ifndef LK_KERNEL_PNG_H
#define LK_KERNEL_PNG_H

#include <stddef.h>
#include <stdint.h>

enum { PNG_FILTERS = 5 }; /* 0 none, 1 sub, 2 up, 3 average, 4 Paeth */

/* One row: n filtered bytes at in become pixels at out; above holds the n bytes of the row before (zeros before the
 * first); bpp is the bytes of a pixel, 1 to 4. out and in may be the same buffer so long as out lies before in:
 * a version never writes past the bytes it has read. */
typedef void png_unfilter(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n,
                          size_t bpp);

struct kernel_png {
    png_unfilter *unfilter[PNG_FILTERS]; /* by filter type */
};

void kernel_png_init_c(struct kernel_png *k);
void kernel_png_init_avx2(struct kernel_png *k);

#endif
