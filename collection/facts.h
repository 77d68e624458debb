/* SPDX-License-Identifier: Apache-2.0 */
/* What a collection keeps of a picture, so that it is decoded once: signatures, an embedding, keypoints and a thumbnail. */
#ifndef LK_FACTS_H
#define LK_FACTS_H

#include <likeness/wavelet.h>

#include "feature/sift.h"
#include "image/image.h"
#include "signature/pdq.h"

enum {
    FACTS_SIDE =
        512, /* longer side at which keypoints are looked for; smaller pictures are enlarged up to twice */
    FACTS_KEYPOINTS = 400, /* kept at most */
    FACTS_THUMB = 128,     /* longer side of the thumbnail at most */
    FACTS_VERSION = 2,     /* raised when any of it comes out otherwise */
};

struct facts {
    int32_t width, height; /* of the picture, upright */
    char format[16];
    uint8_t pdq[PDQ_TURNS][PDQ_BYTES]; /* of the picture turned and mirrored in each way */
    int32_t pdq_quality;               /* 0..100 */
    lk_wavelet wavelet;
    float *embedding; /* dim, of unit length; NULL where there is none */
    int32_t dim;
    bool looked_for_keypoints;
    struct sift_points
        sift; /* in pixels of side_width x side_height; none where none were wanted */
    int32_t side_width, side_height;
    lk_image side;  /* RGB of side_width x side_height, for the embedding; not kept */
    lk_image thumb; /* RGB, alpha over white, longer side at most FACTS_THUMB, aspect kept */
};

/* All of it but the embedding, which networks make of several pictures at once. picture: as decoded (a JPEG may be reduced to
 * FACTS_SIDE or more); info: of its file. LK_E_MEMORY, LK_E_CANCELLED. The caller releases out. */
LK_MUST_CHECK lk_status facts_make(struct facts *out, lk_engine *engine, const lk_image *picture,
                                   const lk_image_info *info, bool keypoints, lk_error *err);
void facts_release(struct facts *f);
/* Whether these are places of a wavelet signature: y * 128 + x, negative or not, of 128 x 128. */
bool facts_places_are_valid(const int16_t *places, int32_t count);

#endif
