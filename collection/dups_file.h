/* SPDX-License-Identifier: Apache-2.0 */
/* The files among which duplicates are looked for. */
#ifndef LK_DUPS_FILE_H
#define LK_DUPS_FILE_H

#include <likeness/dups.h>

#include "collection/finding.h"

struct dups_entry {
    char *path;
    uint32_t item;
    int64_t bytes, modified_ns,
        metadata; /* metadata: bytes of EXIF, IPTC and XMP, where the rule asks */
    int32_t width, height;
    char format[16];
    char sha256[65];
    bool is_protected;
};

struct dups_files {
    struct dups_entry *items; /* by item, then path */
    size_t count, room;
    int64_t pictures; /* different items */
};

/* Those of the collection below paths; all when count is 0. LK_E_MEMORY, LK_E_IO, LK_E_CORRUPT. */
MUST_CHECK lk_status dups_files_read(struct dups_files *out, lk_collection *c,
                                     const struct finding *g, const char *const *paths,
                                     size_t count, const lk_dups_options *options, lk_error *err);
void dups_files_release(struct dups_files *f);

/* The thumbnail as a JPEG, for a page; empty where it is damaged. */
MUST_CHECK lk_status dups_thumb(lk_bytes *out, lk_collection *c, lk_engine *engine, int64_t id,
                                lk_error *err);
/* Whether both files decode to the same pixels. One that cannot be read any more has others. */
MUST_CHECK lk_status dups_same_pixels(bool *same, lk_collection *c, lk_engine *engine,
                                      const struct dups_entry *a, const struct dups_entry *b,
                                      lk_error *err);

#endif
