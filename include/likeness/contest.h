/* SPDX-License-Identifier: Apache-2.0 */
/* Which original of a store does a photo show? Sister products look alike, each taken alone; so the originals that a search finds
 * are asked one after the other, and the verdict is given in the light of all of them (lk_verification_weigh). */
#ifndef LIKENESS_CONTEST_H
#define LIKENESS_CONTEST_H

#include <likeness/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A picture that photos are held beside, as it is looked at; what it points to is owned. */
typedef struct lk_original {
    lk_reference stored; /* empty unless it is of a store */
    lk_bytes file;       /* its bytes, as they were looked at */
    lk_image image;      /* decoded; a large JPEG reduced (LK_VERIFY_FRAME_SIDE) */
    lk_image_info info;  /* of the whole picture */
    lk_polygon *ignore;  /* areas to leave out, in pixels of the upright whole picture */
    size_t ignore_count;
    lk_features *features; /* those kept in the store; NULL for none */
} lk_original;

/* Adds a copy of the area to those left out. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_original_ignore(lk_original *original, const lk_polygon *area,
                                                  lk_error *err);
/* Frees what it owns and empties it; accepts an empty one. */
LK_API void lk_original_release(lk_original *original);

/* A photo, and what is known of it; all borrowed. */
typedef struct lk_photo {
    const lk_image *image;     /* decoded with LK_VERIFY_PHOTO_SIDE at least */
    const lk_image_info *info; /* as it was decoded, with the digest of its file */
    const lk_features
        *features; /* of lk_features_make with the contest's model; NULL: not yet found */
} lk_photo;

typedef struct lk_contest_options {
    lk_model *model; /* borrowed; for lk_verify and the search, whose embeddings the store keeps */
    /* How pairs are verified. compare.infos, .features, .ignore and .measure.model are filled in; rivals, of which nothing but the
     * probability is told, are asked without evidence, aspects and further measures. */
    lk_verify_options verify;
    bool
        keeps; /* what a search needs and is not there yet is computed and kept in the store, even where the lk_store handed
                 * over is open for reading alone */
    /* Called with every original once it is decoded, to add areas with lk_original_ignore before those it is stored with; from the
     * threads that call the contest. NULL for none. What it fails with ends the call. */
    lk_status (*areas)(void *arg, lk_original *original, lk_error *err);
    void *arg;            /* for areas */
    lk_progress progress; /* of what opening the search computes; on the thread that comes first */
} lk_contest_options;

/* lk_verify_options_default, and no store is written to. */
LK_API lk_contest_options lk_contest_options_default(void);

/* Verifying against originals: of one store, or of files. What it knows is shared by all calls, which may come from several threads
 * at once, each with an lk_store of its own of the same folder. The search (lk_finder) is opened by the first call that needs
 * it; that it could not be is said to all that do. */
typedef struct lk_contest lk_contest;

/* options are copied; what they point to is borrowed until lk_contest_close. LK_E_MEMORY, LK_E_USAGE without a model. */
LK_API LK_MUST_CHECK lk_status lk_contest_open(lk_contest **out, lk_engine *engine,
                                               const lk_contest_options *options, lk_error *err);
LK_API void lk_contest_close(lk_contest *contest);
/* Opens the search now: before threads, of which the first that needs it would work alone while the others wait. As
 * lk_finder_open; then lk_contest_identify and lk_contest_verify fail with the same. */
LK_API LK_MUST_CHECK lk_status lk_contest_prepare(lk_contest *contest, lk_store *store,
                                                  lk_error *err);

/* At most `most` originals that the photo may show, as lk_identify finds them. Errors as lk_contest_prepare and lk_identify. */
LK_API LK_MUST_CHECK lk_status lk_contest_candidates(lk_candidate *out, int32_t most,
                                                     int32_t *count, lk_contest *contest,
                                                     lk_store *store, const lk_photo *photo,
                                                     lk_error *err);
/* Among how many originals it searches; 0 before it did. */
LK_API int64_t lk_contest_originals(const lk_contest *contest);

/* The picture at path ("-" is standard input). Errors as lk_image_load, and those of options.areas. */
LK_API LK_MUST_CHECK lk_status lk_original_load(lk_original *out, const lk_contest *contest,
                                                const char *path, lk_error *err);
/* The version that text, "ID" or "ID@VERSION", names in the store, with what is kept with it; what is not is computed, and kept
 * where store may be written to. LK_E_IO for a removed reference that is named without its version, and for one that is not
 * there or whose picture is gone; LK_E_USAGE when text is neither, LK_E_CORRUPT, LK_E_MEMORY, and as lk_original_load. */
LK_API LK_MUST_CHECK lk_status lk_original_find(lk_original *out, const lk_contest *contest,
                                                lk_store *store, const char *text, lk_error *err);

/* Verifies the photo against the original, taken alone: lk_verify. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_contest_alone(lk_verification *out, const lk_contest *contest,
                                                const lk_original *original, const lk_photo *photo,
                                                lk_error *err);
/* The same in the light of the others: where the photo seems to show this original, those that the search finds for it are asked
 * too, five at most; pictures of the very same thing are no rivals. One whose picture is damaged, gone or refused is passed
 * over, and named by a warning, "rival-unread". Errors as lk_contest_prepare, lk_identify and lk_verify. */
LK_API LK_MUST_CHECK lk_status lk_contest_verify(lk_verification *out, lk_contest *contest,
                                                 lk_store *store, const lk_original *original,
                                                 const lk_photo *photo, lk_error *err);
/* Verifies the photo against the likeliest originals of the store, each once, and keeps the best answer: of `same` ones the most
 * probable, else of all. *original is the one it is of; the caller releases both. Where the photo does not even seem to show that
 * one, it is out's nearest and no reference. Passes over as lk_contest_verify. LK_E_IO when the store holds no original that can
 * be found, and where none of those found can be read what is wrong with the first. */
LK_API LK_MUST_CHECK lk_status lk_contest_identify(lk_verification *out, lk_original *original,
                                                   lk_contest *contest, lk_store *store,
                                                   const lk_photo *photo, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
