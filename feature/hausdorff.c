/* SPDX-License-Identifier: Apache-2.0 */
/* The Hausdorff distance and its kin, one way at a time; the distance of two sets is the larger of the two ways.
 *
 *   most       max over p in A of d(p, B)                      Hausdorff
 *   mean       (1 / |A|) sum of d(p, B)                        Dubuisson, Jain, ICPR 1994 ("modified")
 *   quantile   the K-th smallest d(p, B), K = ceil(q |A|)      Huttenlocher et al., PAMI 1993 ("partial")
 *
 * The sum of roots runs row by row, so it is the same on every machine. Oracle: scikit-image's hausdorff_distance, both methods,
 * and numpy for the quantile (tests/oracle/edge). */
#include "feature/hausdorff.h"

#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "feature/distance_transform.h"

enum { HALF_BITS = 16, HALVES = 1 << HALF_BITS };

/* The k-th smallest (from 1) of n values, by their upper halves first; counts has HALVES places. */
static int32_t select_smallest(const int32_t *values, int64_t n, int64_t k, int64_t *counts) {
    int32_t found = 0;
    for (int round = 0; round < 2; round++) {
        for (int32_t i = 0; i < HALVES; i++) {
            counts[i] = 0;
        }
        for (int64_t i = 0; i < n; i++) {
            if (round == 0) {
                counts[values[i] >> HALF_BITS]++;
            } else if (values[i] >> HALF_BITS == found) {
                counts[values[i] & (HALVES - 1)]++;
            }
        }
        int32_t half = 0;
        while (k > counts[half]) {
            k -= counts[half++];
        }
        found = round == 0 ? half : found << HALF_BITS | half;
    }
    return found;
}

/* The squared distances of the pixels of set; their number. */
static int64_t gather(int32_t *to, const lk_image *set, const int32_t *squared) {
    int64_t n = 0;
    for (int32_t y = 0; y < set->height; y++) {
        const uint8_t *row = image_row(set, y);
        const int32_t *from = squared + (size_t)y * (size_t)set->width;
        for (int32_t x = 0; x < set->width; x++) {
            if (row[x]) {
                to[n++] = from[x];
            }
        }
    }
    return n;
}

static int64_t count_pixels(const lk_image *set) {
    int64_t n = 0;
    for (int32_t y = 0; y < set->height; y++) {
        const uint8_t *row = image_row(set, y);
        for (int32_t x = 0; x < set->width; x++) {
            n += row[x] != 0;
        }
    }
    return n;
}

static void summarise(struct hausdorff_way *out, const int32_t *values, int64_t n,
                      const struct hausdorff_options *options, int64_t *counts) {
    int32_t most = 0;
    int64_t met = 0;
    double sum = 0, reach = options->reach * options->reach;
    for (int64_t i = 0; i < n; i++) {
        most = MAX(most, values[i]);
        met += values[i] <= reach;
        sum += sqrt(values[i]);
    }
    int64_t k = (int64_t)ceil(options->quantile * (double)n);
    out->most = sqrt(most);
    out->mean = sum / (double)n;
    out->quantile = sqrt(select_smallest(values, n, MIN(MAX(k, 1), n), counts));
    out->met = (double)met / (double)n;
}

lk_status hausdorff_way(struct hausdorff_way *out, const lk_image *set, const int32_t *squared,
                        const struct hausdorff_options *options, lk_error *err) {
    int64_t n = count_pixels(set);
    *out = (struct hausdorff_way){.pixels = n, .met = 1};
    if (n == 0) {
        return LK_OK;
    }
    if (squared[0] == DISTANCE_NONE) {
        out->most = out->mean = out->quantile = INFINITY;
        out->met = 0;
        return LK_OK;
    }
    int32_t *values = mem_alloc((size_t)n, sizeof *values);
    int64_t *counts = mem_alloc(HALVES, sizeof *counts);
    if (values && counts) {
        gather(values, set, squared);
        summarise(out, values, n, options, counts);
    }
    bool got = values && counts;
    mem_free(values);
    mem_free(counts);
    return got ? LK_OK : error_memory(err, (size_t)n * sizeof *values);
}
