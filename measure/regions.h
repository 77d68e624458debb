/* SPDX-License-Identifier: Apache-2.0 */
/* From a map of differences to numbered regions: threshold, close small gaps, connected components, boxes. */
#ifndef LK_REGIONS_H
#define LK_REGIONS_H

#include <likeness/measure.h>

struct regions_options {
    double floor; /* a map value at or below this is never a difference; 0..1 */
    bool
        otsu; /* raise the threshold to Otsu's where that is higher; else the floor alone decides */
    int32_t close_px;    /* gaps up to this wide are closed */
    int64_t min_area_px; /* smaller components are dropped */
    int32_t max_count;   /* at most this many, the most severe */
};

struct regions_options regions_options_default(void);

/* Otsu's threshold of n values in 0..255 given as a histogram: the first level t that maximises the between-class variance of
 * {<= t} and {> t}, as OpenCV's THRESH_OTSU. 0 for an empty histogram or a single level at 0. */
int32_t regions_otsu(const int64_t histogram[256]);

/* The regions of map, by falling severity times area and numbered from 1; all of kind CHANGED. severity is the mean of the map
 * over the component. A map without a value above the floor has none. *out is on the heap (mem_free). LK_E_MEMORY. */
LK_MUST_CHECK lk_status regions_from_map(lk_region **out, size_t *count, const lk_map *map,
                                         const struct regions_options *o, lk_error *err);

#endif
