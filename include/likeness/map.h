/* SPDX-License-Identifier: Apache-2.0 */
/* A map of many pictures: points in the plane that lie near each other where vectors do, clusters, and an atlas of thumbnails. */
#ifndef LIKENESS_MAP_H
#define LIKENESS_MAP_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lk_map_method {
    LK_MAP_UMAP, /* neighbours stay neighbours (McInnes, Healy and Melville 2018) */
    LK_MAP_PCA,  /* the two directions in which the vectors differ most: quick, coarse */
    LK_MAP_METHODS
} lk_map_method;
/* "umap", "pca" */
LK_API const char *lk_map_method_name(lk_map_method method);

enum { LK_MAP_NEIGHBOURS_MAX = 100, LK_MAP_POINTS_MAX = 1000000, LK_MAP_DIM_MAX = 8192 };

typedef struct lk_map_options {
    lk_map_method method;
    int32_t neighbours; /* that each point is tied to; 2..LK_MAP_NEIGHBOURS_MAX */
    double min_dist;    /* how near points may come, in units of spread, 0..spread */
    double spread;      /* above 0, at most 10 */
    int32_t epochs;     /* of the layout; 0: 500 up to 10,000 points, 300 above */
    int32_t negatives;  /* points pushed off for each one drawn near, 1..50 */
    uint64_t seed;
} lk_map_options;

/* UMAP with 15 neighbours, min_dist 0.01, spread 1, 15 negatives, seed 1. */
LK_API lk_map_options lk_map_options_default(void);

/* Rows of dim numbers; borrowed. They are compared by their angles: a distance is that of the rows brought to length 1. */
typedef struct lk_map_vectors {
    const float *data;
    int32_t count, dim;
} lk_map_vectors;

typedef struct lk_map_cluster {
    int32_t count;  /* members */
    int32_t medoid; /* the member whose squared distances to the others have the smallest sum */
    float x, y;     /* the median of its members' places */
} lk_map_cluster;

typedef struct lk_similarity_map {
    int32_t count;
    int32_t neighbours; /* a point; fewer than asked for where there are fewer points */
    float *xy;          /* count x 2 */
    int32_t *nearest;   /* count x neighbours, the nearest first, ties by number; never itself */
    float *distances;   /* of those, 0..2: the cosine is 1 - distance^2 / 2 */
    int32_t *clusters;  /* a point: which cluster */
    lk_map_cluster *cluster; /* the largest first */
    int32_t cluster_count;
} lk_similarity_map;

/* How far lk_map_make is: what it does now ("neighbours", "layout", "clusters"), and the share of that, 0..1. Called from the
 * calling thread. */
typedef void lk_map_report(void *arg, const char *what, double share);

/* Makes the map. The same vectors, options and seed give the same map on every machine, whatever the number of threads.
 * LK_E_USAGE for no vectors, an option outside its range or a number that is not finite (err->text names the row);
 * LK_E_LIMIT above LK_MAP_POINTS_MAX or LK_MAP_DIM_MAX; LK_E_CANCELLED; LK_E_MEMORY. options and report may be NULL.
 * Cost: count^2 x dim for the neighbours, then count x epochs. */
LK_API LK_MUST_CHECK lk_status lk_map_make(lk_similarity_map *out, lk_engine *engine,
                                           const lk_map_vectors *vectors,
                                           const lk_map_options *options, lk_map_report *report,
                                           void *arg, lk_error *err);
LK_API void lk_map_release(lk_similarity_map *map);

/* How well places keep neighbourhoods (Venna and Kaski 2001; scikit-learn's definition): 1 less a penalty for each of a point's k
 * nearest on the map that is not among its k nearest by vectors. xy: count x 2. LK_E_USAGE unless 0 < k < count / 2;
 * LK_E_CANCELLED; LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_map_trustworthiness(double *out, lk_engine *engine,
                                                      const lk_map_vectors *vectors,
                                                      const float *xy, int32_t k, lk_error *err);

/* -- Thumbnails -- */

enum { LK_ATLAS_TILE_MIN = 16, LK_ATLAS_TILE_MAX = 256, LK_ATLAS_PAGE_SIDE = 2048 };

/* Pictures made small, side by side on pages of at most LK_ATLAS_PAGE_SIDE pixels a side, each page a JPEG file. */
typedef struct lk_atlas lk_atlas;

typedef struct lk_atlas_info {
    int32_t tile;          /* pixels a side that each picture may take */
    int32_t columns, rows; /* of a page; the last page may have fewer rows */
    int32_t count;         /* pictures; number i is on page i / (columns * rows), row by row */
    int32_t pages;
} lk_atlas_info;

/* For pictures of at most tile x tile pixels; LK_E_USAGE outside LK_ATLAS_TILE_MIN.._MAX. The engine is borrowed. */
LK_API LK_MUST_CHECK lk_status lk_atlas_new(lk_atlas **out, lk_engine *engine, int32_t tile,
                                            lk_error *err);
LK_API void lk_atlas_free(lk_atlas *atlas);
/* Adds the picture, made to fit the tile with its shape kept (smaller ones stay as they are). */
LK_API LK_MUST_CHECK lk_status lk_atlas_add(lk_atlas *atlas, const lk_image *image, lk_error *err);
/* Writes the last page; nothing can be added after it. */
LK_API LK_MUST_CHECK lk_status lk_atlas_finish(lk_atlas *atlas, lk_error *err);
LK_API lk_atlas_info lk_atlas_about(const lk_atlas *atlas);
/* A page as JPEG; borrowed. */
LK_API const lk_bytes *lk_atlas_page(const lk_atlas *atlas, int32_t page);
/* The size of picture i in its tile, whose upper left corner it has. */
LK_API void lk_atlas_size(const lk_atlas *atlas, int32_t i, int32_t *width, int32_t *height);

#ifdef __cplusplus
}
#endif
#endif
