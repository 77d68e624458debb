/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ of a picture and of what it looks like turned and mirrored, from one transform. */
#ifndef LK_PDQ_H
#define LK_PDQ_H

#include <likeness/image.h>

enum {
    PDQ_BYTES = 32,
    PDQ_TURNS = 8,
    /* Bits of a turn's number: what is done to the picture, in this order. */
    PDQ_TRANSPOSED = 4,
    PDQ_UPSIDE_DOWN = 2, /* rows reversed */
    PDQ_MIRRORED = 1,    /* columns reversed */
};

/* hashes[t] is that of the picture after turn t: 0 as it is; 5 a quarter turn clockwise, 3 a half, 6 three quarters. The one of
 * t = 0 is lk_hash_compute()'s; the others differ by a few bits from those of turned pixels, as the reference's own do. quality
 * 0..100, 0 for a picture too small to have a hash. LK_E_MEMORY. */
LK_MUST_CHECK lk_status pdq_turned(uint8_t hashes[PDQ_TURNS][PDQ_BYTES], int32_t *quality,
                                   const lk_image *image, lk_error *err);

#endif
