/* SPDX-License-Identifier: Apache-2.0 */
/* Collections: folders of pictures, looked at once, to be searched and cleared of duplicates. */
#ifndef LIKENESS_COLLECTION_H
#define LIKENESS_COLLECTION_H

#include <likeness/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An index of pictures: a small database at `path`, and beside it PATH.find, which is searched in memory and made anew from the
 * database where it is missing, damaged or old. What it holds can be made again from the pictures: nothing is lost with it. */
typedef struct lk_collection lk_collection;

typedef enum lk_collection_mode {
    LK_COLLECTION_READ,   /* must be there */
    LK_COLLECTION_WRITE,  /* is made where it is not there */
    LK_COLLECTION_MEMORY, /* path is not looked at; gone with lk_collection_close */
} lk_collection_mode;

/* LK_E_IO where there is none, LK_E_FORMAT for another file or one of a newer likeness, LK_E_CORRUPT, LK_E_WRITE,
 * LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_collection_open(lk_collection **out, const char *path,
                                                  lk_collection_mode mode, lk_error *err);
LK_API void lk_collection_close(lk_collection *collection);

/* What a run over folders found. */
typedef struct lk_collection_changes {
    int64_t files;     /* that are in the collection now, of those asked for */
    int64_t unchanged; /* of the size, time and place they had: not opened */
    int64_t added, changed, removed;
    int64_t
        decoded; /* pictures that were looked at: contents seen before under another name are not */
    int64_t skipped; /* that cannot be read */
} lk_collection_changes;

typedef struct lk_collection_options {
    lk_model *model; /* for embeddings; NULL: none are made, those there stay */
    bool keypoints;  /* for crops, turned and mirrored copies, and details: three times the time */
    bool keep_gone;  /* files that are not there any more stay in the collection */
    /* Called before each file is looked at, from the caller's thread. May be NULL. */
    void (*step)(void *arg, size_t total, const char *path);
    /* Called with each file that is skipped, and why; also of those found to be so in an earlier run. May be NULL. */
    void (*skip)(void *arg, const char *path, const char *why);
    void *arg;
} lk_collection_options;

/* Brings what the collection knows of the files and folders called paths up to date: by size, time and inode, then by content. With
 * count 0, of all that were asked for in earlier runs; a folder that is gone by then is skipped, and its files stay.
 * What was done is kept batch by batch, so that an interrupted run goes on where it was. A folder below that cannot be read, and a
 * file that went meanwhile, are skipped; what is known of the files of such a folder stays. One of paths that is not there is
 * an error. LK_E_IO, LK_E_LIMIT (above 1 million files), LK_E_WRITE, LK_E_CANCELLED,
 * LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_collection_update(lk_collection_changes *out,
                                                    lk_collection *collection, lk_engine *engine,
                                                    const char *const *paths, size_t count,
                                                    const lk_collection_options *options,
                                                    lk_error *err);

/* What there is in all. */
typedef struct lk_collection_state {
    int64_t files, pictures; /* pictures: different contents */
    int64_t skipped;
    int64_t embedded, with_keypoints; /* of the pictures */
    char model[64];                   /* whose embeddings these are; empty for none */
} lk_collection_state;
LK_API LK_MUST_CHECK lk_status lk_collection_look(lk_collection_state *out,
                                                  lk_collection *collection, lk_error *err);

/* A picture of a collection: a content, and the first of its files by path. Valid during the visit. */
typedef struct lk_collection_picture {
    const char *path; /* absolute */
    int64_t bytes, modified_ns;
    int32_t width, height;
    const float *embedding; /* dim, of unit length; NULL where there is none of the index's model */
    int32_t dim;
    lk_bytes thumb; /* PNG, 128 pixels; empty where it is damaged */
} lk_collection_picture;
/* Calls visit with each picture until it returns false. LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_collection_visit(
    lk_collection *collection, bool (*visit)(void *arg, const lk_collection_picture *picture),
    void *arg, lk_error *err);

/* The same with the picture whose file has that SHA-256 (64 hex digits); not called when there is none. */
LK_API LK_MUST_CHECK lk_status lk_collection_find(
    lk_collection *collection, const char *sha256,
    bool (*visit)(void *arg, const lk_collection_picture *picture), void *arg, lk_error *err);

/* -- Searching -- */

/* By what a picture is searched. */
typedef enum lk_search_by {
    LK_SEARCH_BOTH,      /* local where the index has keypoints, then whole */
    LK_SEARCH_WHOLE,     /* the embedding where the index has any, else the hash */
    LK_SEARCH_LOCAL,     /* keypoints: crops, details, turned and mirrored copies */
    LK_SEARCH_EMBEDDING, /* the nearest embeddings */
    LK_SEARCH_HASH,      /* PDQ, every one */
    LK_SEARCH_WAVELET,   /* the wavelet signature (Jacobs, Finkelstein, Salesin 1995) */
} lk_search_by;
/* "both", "whole", "local", "embedding", "hash", "wavelet". */
LK_API const char *lk_search_by_name(lk_search_by by);

typedef struct lk_search_options {
    lk_search_by by;
    size_t most;      /* different pictures; 10 */
    double min_score; /* 0..1; 0 */
    bool
        exact; /* look at every embedding, also of a collection so large that it has cells of them */
} lk_search_options;
LK_API lk_search_options lk_search_options_default(void);

/* A file that was found. What was not asked for is -1. */
typedef struct lk_search_hit {
    char *path; /* absolute */
    char sha256[65];
    int32_t width, height;
    double
        score; /* 0..1, higher is more alike; each way has its own scale: docs/algorithms/search.md */
    double distance; /* of the way that found it: 1 - cosine, bits, the paper's number, 1 - score */
    lk_search_by by; /* that way */
    double cosine;   /* of the embeddings, -1..1; -2 where there is none */
    int32_t hash_bits; /* that differ */
    int32_t inliers;   /* keypoints that agree on one place */
    bool mirrored;     /* its mirror image is what agrees */
} lk_search_hit;

typedef struct lk_search_hits {
    lk_search_hit *items; /* the most alike first; files of the same bytes behind one another */
    size_t count;
    int64_t searched;  /* pictures in the index */
    int64_t confirmed; /* pictures whose keypoints were matched */
} lk_search_hits;

/* The model whose embeddings are searched, empty for none, without looking at all that there is. LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_collection_model(char out[64], lk_collection *collection,
                                                   lk_engine *engine, lk_error *err);

/* What of the collection is like picture. info: of its file. model: the one that the index's embeddings are of
 * (lk_collection_model); NULL where none is needed. LK_E_USAGE when what is asked for is not in the index, or model is
 * another; LK_E_CORRUPT, LK_E_MEMORY, LK_E_CANCELLED. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_collection_search(lk_search_hits *out, lk_collection *collection,
                                                    lk_engine *engine, lk_model *model,
                                                    const lk_image *picture,
                                                    const lk_image_info *info,
                                                    const lk_search_options *options,
                                                    lk_error *err);
LK_API void lk_search_hits_release(lk_search_hits *hits);

#ifdef __cplusplus
}
#endif
#endif
