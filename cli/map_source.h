/* SPDX-License-Identifier: Apache-2.0 */
/* What a map is drawn from: paths, a vector each, thumbnails, and what could not be read. Wherever they come from, the rest of
 * `likeness map` knows this struct alone. */
#ifndef LK_MAP_SOURCE_H
#define LK_MAP_SOURCE_H

#include "cli/model_run.h"

struct map_source {
    int32_t count, dim;
    char **paths;    /* owned, as all below */
    float *vectors;  /* count x dim */
    double *times;   /* of the files: seconds since 1970 */
    lk_atlas *atlas; /* a tile a picture, in this order; finished */
    char model[64];
    lk_map_skipped *skipped;
    size_t skipped_count;
    int32_t room, skipped_room;
    lk_error err; /* of taking a picture in */
};

/* Embeds the pictures that the arguments name. tile: pixels of a thumbnail; 0: by how many pictures there are. Files that cannot be
 * read are reported, kept in skipped, and make *code EXIT_TROUBLE. LK_E_USAGE where there is no picture. */
lk_status map_source_embed(struct map_source *s, enum exit_code *code, const struct common *common,
                           lk_engine *engine, const struct model_settings *model, int32_t tile,
                           lk_error *err);
/* The same from an index that `likeness index` made: nothing is decoded but thumbnails. Pictures without an embedding are
 * skipped. */
lk_status map_source_index(struct map_source *s, enum exit_code *code, lk_engine *engine,
                           const char *path, int32_t tile, lk_error *err);
/* Whether the file at path is an index rather than a picture. */
bool map_source_is_index(const char *path);
void map_source_release(struct map_source *s);

#endif
