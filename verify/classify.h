/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a region: changed, missing, added, moved, or another colour only. */
#ifndef LK_CLASSIFY_H
#define LK_CLASSIFY_H

#include <likeness/measure.h>

#include "image/engine.h"

/* Two pictures on one frame and where they differ. */
struct change {
    lk_engine *engine;
    const lk_image *a, *b;  /* of one size and kind, 8 bits, RGB or RGBA */
    const uint8_t *differs; /* one byte a pixel, rows contiguous: not 0 where they do */
    bool exact;             /* two renderings; else photos, with light, blur and noise */
};

/* Sets kind and moved_by of each region. A region that only has another colour but for some places gives those as regions of
 * their own: the list, on the heap, may grow. LK_E_MEMORY. */
LK_MUST_CHECK lk_status classify_regions(lk_region **regions, size_t *count, const struct change *c,
                                         lk_error *err);

/* The steps; each is a file. */

/* Light of the two brought together, and how far two pixels may be apart to be the same. */
struct matched {
    const struct change *c;
    uint8_t light[3][256]; /* what a level of b is in the light of a */
    int32_t tolerance;     /* of the largest channel difference */
};

void match_light(struct matched *out, const struct change *c);
/* The largest channel difference of a at one place and b at another. */
int32_t pixel_apart(const struct matched *m, int32_t ax, int32_t ay, int32_t bx, int32_t by);

/* How the region looks in both pictures. */
struct look {
    double odd_a, odd_b; /* share of its pixels whose colour is not found around it, in each */
    double energy_a, energy_b; /* of gradients */
    double agreement;          /* of the gradients of both, 0..1 */
};

LK_MUST_CHECK lk_status region_look(struct look *out, const struct matched *m, const lk_region *r,
                                    lk_error *err);

/* Places of a region where the gradients of the two do not agree, at most PARTS_MOST, in pixels of the pictures; *parts is on the
 * heap. LK_E_MEMORY. */
enum { PARTS_MOST = 8 };
LK_MUST_CHECK lk_status disagreeing_parts(lk_region **parts, size_t *count, const struct matched *m,
                                          const lk_region *r, lk_error *err);

/* Finds which regions moved, with looks[i] of each; sets kind and moved_by of those. */
LK_MUST_CHECK lk_status find_moves(lk_region *regions, size_t count, const struct look *looks,
                                   const struct matched *m, lk_error *err);

#endif
