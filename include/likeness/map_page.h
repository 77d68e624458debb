/* SPDX-License-Identifier: Apache-2.0 */
/* A similarity map to look at, and for programs. */
#ifndef LIKENESS_MAP_PAGE_H
#define LIKENESS_MAP_PAGE_H

#include <likeness/map.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A picture that is not on the map. */
typedef struct lk_map_skipped {
    char *path, *reason;
} lk_map_skipped;

/* What is said of the pictures of a map; everything is borrowed. Arrays have an entry a picture, and may be NULL where nothing is
 * known, but for paths. */
typedef struct lk_map_page {
    const char *title;
    const lk_similarity_map *map;
    const lk_map_options *options; /* that it was made with */
    const char *model;             /* that made the vectors */
    int32_t dim;                   /* of them */
    const lk_atlas *atlas;         /* finished, a tile a picture; NULL: dots only */
    char *const *paths;
    const int32_t *labels; /* a place in label_names, or -1 */
    char *const *label_names;
    int32_t label_count;
    const double *scores;  /* higher is better; NaN where there is none */
    const double *times;   /* seconds since 1970, UTC; NaN where there is none */
    const char *colour_by; /* at first: "cluster", "folder", "label", "score" or "time" */
    const lk_map_skipped *skipped;
    size_t skipped_count;
} lk_map_page;

/* The document likeness/map/1, one line: coordinates, clusters, what was skipped. A cluster is named by the label of more than
 * half of its members, else by the two most frequent labels, else by its medoid's file. LK_E_MEMORY, LK_E_LIMIT. */
LK_API LK_MUST_CHECK lk_status lk_map_page_json(lk_bytes *out, const lk_map_page *page,
                                                lk_error *err);

/* A table, tab separated, without a heading: path, x, y, cluster, label. Control characters of a path are written as \xNN. */
LK_API LK_MUST_CHECK lk_status lk_map_page_plain(lk_bytes *out, const lk_map_page *page,
                                                 lk_error *err);

/* One HTML file that needs nothing else and loads nothing (its own policy says so): dots that become pictures, by WebGL2, and a
 * list of them. LK_E_MEMORY, LK_E_LIMIT (over 1 GiB). */
LK_API LK_MUST_CHECK lk_status lk_map_page_html(lk_bytes *out, const lk_map_page *page,
                                                lk_error *err);

/* What that file is made of, for a page of a program that shows such maps: the file itself is then only read for its data. */
typedef enum lk_map_part {
    LK_MAP_STYLE, /* a style sheet */
    LK_MAP_BODY,  /* elements, to stand in one of class "map" */
    /* A script module that exports showMap(data), data being a fragment whose elements have what the file's scripts of other types
     * than JavaScript have: id, class, data attributes and text. It returns { land(name, bitmap, [{ path, cosine }]) }, which
     * shows where another picture would be, by what it is like. */
    LK_MAP_MODULE,
} lk_map_part;
/* LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_map_page_part(lk_bytes *out, lk_map_part part, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
