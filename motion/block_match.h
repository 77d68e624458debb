/* SPDX-License-Identifier: Apache-2.0 */
/* Motion by blocks, as video encoders find it. */
#ifndef LK_BLOCK_MATCH_H
#define LK_BLOCK_MATCH_H

#include "image/engine.h"
#include "image/image.h"

enum block_search { BLOCK_HEXAGON, BLOCK_FULL };
enum block_metric { BLOCK_SAD, BLOCK_SATD };

enum { BLOCK_SIDE_LEAST = 4, BLOCK_SIDE_MOST = 64, BLOCK_RANGE_MOST = 256, BLOCK_QUARTERS = 4 };

struct block_options {
    int32_t side;  /* of a block, pixels */
    int32_t range; /* a vector's components are at most this, pixels */
    enum block_search search;
    enum block_metric metric;
    int32_t subpel; /* vectors in steps of 1 / subpel pixel: 1, 2 or 4 */
    double
        lambda; /* cost = metric + lambda * bits of the vector's difference from its prediction */
};

/* A block's vector in quarter pixels: what a shows at p lies at p + vector / 4 in b. */
struct block_vector {
    int32_t x, y;
    double cost;
};

struct block_field {
    int32_t width, height; /* of the picture */
    int32_t side, columns, rows;
    struct block_vector *vectors; /* owned; rows contiguous */
};

/* The second picture with a border around it, and the half samples between its pixels. */
struct block_reference {
    int32_t width, height; /* of the picture inside */
    int32_t border;
    size_t stride;
    uint8_t *planes
        [4]; /* owned: whole, half to the right, half down, half both; at the picture's first pixel */
    uint8_t *memory;
};

LK_MUST_CHECK lk_status block_reference_new(struct block_reference *out, lk_engine *engine,
                                            const lk_image *gray, int32_t border, lk_error *err);
void block_reference_release(struct block_reference *r);

/* width x height samples of the reference at (x, y) + (vx, vy) / 4, into to (rows of width) unless they lie there as they are;
 * *stride is that of what is returned. */
const uint8_t *block_fetch(const struct block_reference *r, const struct kernels *k, uint8_t *to,
                           size_t *stride, int32_t x, int32_t y, int32_t width, int32_t height,
                           int32_t vx, int32_t vy);

/* Vectors from a to the picture in r, gray 8 bits of one size. r->border must be at least range + BLOCK_QUARTERS. LK_E_MEMORY. */
LK_MUST_CHECK lk_status block_match(struct block_field *out, lk_engine *engine, const lk_image *a,
                                    const struct block_reference *r,
                                    const struct block_options *options, lk_error *err);
void block_field_release(struct block_field *f);

/* Bits of v in signed exponential Golomb code (H.264, 9.1). */
int32_t block_vector_bits(int32_t v);

#endif
