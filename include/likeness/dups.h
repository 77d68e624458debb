/* SPDX-License-Identifier: Apache-2.0 */
/* Duplicates in a collection: which files show the same picture, in what way, and which of them to keep. */
#ifndef LIKENESS_DUPS_H
#define LIKENESS_DUPS_H

#include <likeness/collection.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a copy is to the file that is kept, the nearest first. */
typedef enum lk_dups_kind {
    LK_DUPS_EXACT, /* the same bytes, or the same pixels */
    LK_DUPS_NEAR, /* made anew: another format, quality or size, colours or parts edited, a border */
    LK_DUPS_CROP,     /* one is a part of the other */
    LK_DUPS_ROTATED,  /* by quarter turns or any angle */
    LK_DUPS_MIRRORED, /* in any of the eight ways that mirror */
    LK_DUPS_SCENE,    /* the same place or a burst: no copy */
    LK_DUPS_KINDS
} lk_dups_kind;
/* "exact", "near", ... as in JSON and `dups --kind`. */
LK_API const char *lk_dups_kind_name(lk_dups_kind kind);

/* Which file of a group stays. Equal ones are told apart by the rules below it in this list, at last by path. */
typedef enum lk_dups_keep {
    LK_KEEP_BEST, /* the whole before a part, then most pixels, then most bytes, then the oldest */
    LK_KEEP_LARGEST, /* most bytes */
    LK_KEEP_OLDEST,  /* by time of change */
    LK_KEEP_NEWEST,
    LK_KEEP_PATH,     /* keep_glob matches its path (fnmatch), else as best */
    LK_KEEP_METADATA, /* most EXIF, IPTC and XMP bytes, else as best */
} lk_dups_keep;

typedef struct lk_dups_options {
    uint32_t kinds;   /* 1 << lk_dups_kind for each that counts; all but scene */
    double min_score; /* of the relation of two pictures, 0..1; 0.5 */
    lk_dups_keep keep;
    const char *keep_glob;
    const char *const *protect; /* folders whose files are never to go */
    size_t protect_count;
    bool no_thumbs; /* groups have no thumbnails, some 4 kB a file */
    /* Called as pictures are searched for copies. May be NULL. */
    void (*step)(void *arg, size_t total, const char *path);
    void *arg;
} lk_dups_options;
LK_API lk_dups_options lk_dups_options_default(void);

typedef struct lk_dups_file {
    char *path; /* absolute */
    char sha256[65];
    int64_t bytes, modified_ns;
    int32_t width, height;
    char format[16];
    bool is_protected;
    /* What it is to the file that is kept; of that one itself: exact, "file", 1. */
    lk_dups_kind kind;
    const char *
        class_name; /* finer: "file", "pixels", "resized", "colour", ... docs/algorithms/duplicates.md */
    double score;    /* 0..1 */
    char words[160]; /* for a person: "turned by 90 degrees, cropped to 78 %" */
    lk_bytes thumb;  /* JPEG, 128 pixels; empty with no_thumbs */
} lk_dups_file;

/* Files that show the same picture; files[0] is the one to keep, and each other was held against it. */
typedef struct lk_dups_group {
    lk_dups_kind kind; /* the farthest of its files' */
    lk_dups_file *files;
    size_t count;
    char reason[160]; /* why files[0] is kept */
} lk_dups_group;

typedef struct lk_dups {
    lk_dups_group *groups; /* those with most bytes to be had first */
    size_t count;
    int64_t files, pictures; /* that were looked at; pictures: different contents */
    int64_t
        candidates; /* pairs that were held against each other in this run: none when all is known */
    int64_t removable_files; /* all but those kept and those protected */
    int64_t removable_bytes;
} lk_dups;

/* What two pictures are to each other, without a collection. */
typedef struct lk_dups_pair {
    bool is_copy;
    lk_dups_kind kind; /* of a copy, or LK_DUPS_SCENE */
    uint32_t
        kinds; /* 1 << kind for each that holds of a copy: --kind of any of them finds the pair */
    const char *class_name;
    double score;
    int32_t inliers; /* keypoints that agree */
    int32_t bits;    /* of PDQ that differ, in the turn that brings them nearest */
    char words[160]; /* of b, against a */
} lk_dups_pair;

/* The decision that lk_collection_dups rests on. LK_E_MEMORY, LK_E_CANCELLED. */
LK_API LK_MUST_CHECK lk_status lk_dups_compare(lk_dups_pair *out, lk_engine *engine,
                                               const lk_image *a, const lk_image *b, lk_error *err);

/* Groups the collection's files below paths (all of them when count is 0), which must be up to date with keypoints
 * (lk_collection_update). What pairs of pictures are to each other is kept in the collection, so that a second run is quick.
 * LK_E_CORRUPT, LK_E_WRITE, LK_E_CANCELLED, LK_E_MEMORY. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_collection_dups(lk_dups *out, lk_collection *collection,
                                                  lk_engine *engine, const char *const *paths,
                                                  size_t count, const lk_dups_options *options,
                                                  lk_error *err);
LK_API void lk_dups_release(lk_dups *dups);

#ifdef __cplusplus
}
#endif
#endif
