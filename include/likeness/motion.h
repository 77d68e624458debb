/* SPDX-License-Identifier: Apache-2.0 */
/* What moved from one picture to another. */
#ifndef LIKENESS_MOTION_H
#define LIKENESS_MOTION_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A displacement for every pixel of the first picture: what it shows at (x, y) the second shows at (x + u, y + v). u and v
 * stand next to each other, pixels and rows follow without gaps. Empty: data NULL. */
typedef struct lk_flow {
    int32_t width, height;
    float *data; /* owned; 2 * width * height */
} lk_flow;

/* A component of this size or more means that the displacement is not known. */
#define LK_FLOW_UNKNOWN 1e9f

LK_API void lk_flow_release(lk_flow *flow);

/* The dense optical flow from a to b: two pictures of one size, both sides at least 16, or LK_E_SIZE. Their brightness
 * is what is followed. A picture of more than LK_FLOW_PIXELS pixels is followed at a reduced size. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_flow_compute(lk_flow *out, lk_engine *engine, const lk_image *a,
                                               const lk_image *b, lk_error *err);

enum { LK_FLOW_PIXELS = 1 << 22 };

/* The field in the .flo format of the Middlebury benchmark (docs/formats/flo.md). LK_E_FORMAT for other bytes, LK_E_CORRUPT
 * where the size or a number is wrong, LK_E_LIMIT for more than the engine's limits allow. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_flow_decode(lk_flow *out, const lk_engine *engine,
                                              const void *data, size_t size, lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_flow_load(lk_flow *out, const lk_engine *engine, const char *path,
                                            lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_flow_encode(lk_bytes *out, const lk_flow *flow, lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_flow_save(const lk_flow *flow, const char *path, lk_error *err);

/* The field as a picture, RGB: the hue says where a pixel goes (right red, down yellow, left blue-green, up violet), pale is
 * near, full colour is `longest` pixels, darker is further, black is not known. longest <= 0: the longest of the field. The
 * caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_flow_picture(lk_image *out, const lk_flow *flow, double longest,
                                               lk_error *err);

/* The mean distance between the ends of the vectors of two fields of one size, in pixels, over the pixels that both know.
 * LK_E_SIZE; LK_E_USAGE when no pixel is known to both. */
LK_API LK_MUST_CHECK lk_status lk_flow_error(double *out, const lk_flow *flow, const lk_flow *truth,
                                             lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
