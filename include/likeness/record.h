/* SPDX-License-Identifier: Apache-2.0 */
/* Verify with a store: what is kept with an original, which original a photo may show, and the record of a verdict. */
#ifndef LIKENESS_RECORD_H
#define LIKENESS_RECORD_H

#include <likeness/audit.h>
#include <likeness/hash.h>
#include <likeness/model.h>
#include <likeness/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is computed of an original once, for lk_reference_draft. Not to be copied: `derived` points into it. */
enum { LK_FACTS_MOST = 4 };
typedef struct lk_reference_facts {
    lk_star star; /* the picture's quality: stars out of 5, and what is wrong */
    lk_derived derived[LK_FACTS_MOST]; /* embedding, keypoints, visual words, hash */
    int32_t derived_count;
    lk_bytes owned[LK_FACTS_MOST];
    char model[64];
} lk_reference_facts;

/* model: with an embedding; the same one is to be asked by lk_identify. file: what picture was decoded from, whole, since
 * verify looks at a large JPEG reduced; NULL where it is none. LK_E_MEMORY, LK_E_CANCELLED. */
LK_API LK_MUST_CHECK lk_status lk_reference_facts_make(lk_reference_facts *out, lk_engine *engine,
                                                       lk_model *model, const lk_image *picture,
                                                       const lk_bytes *file, lk_error *err);
/* Keeps them with a version that is there already. As lk_derived_put. */
LK_API LK_MUST_CHECK lk_status lk_reference_facts_keep(const lk_reference_facts *facts,
                                                       lk_store *store, const char *id,
                                                       int32_t version, lk_error *err);
LK_API void lk_reference_facts_release(lk_reference_facts *facts);

/* What is kept of the version, for lk_compare_options.features; *out is NULL where not all is, or it is of an older version of
 * what computes it. LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_reference_features(lk_features **out, lk_store *store,
                                                     const lk_reference *reference, lk_model *model,
                                                     lk_error *err);
/* Called before each of `total` pieces of work that may take long: `done` of them are, `name` comes next. */
typedef struct lk_progress {
    void (*step)(void *arg, int64_t done, int64_t total, const char *name);
    void *arg;
} lk_progress;

/* Computes what is not there yet of the newest versions of references in use, or was computed by an older version; *count tells
 * of how many. progress may be NULL. Pictures that are damaged or missing are passed over. LK_E_WRITE, LK_E_MEMORY,
 * LK_E_CANCELLED. */
LK_API LK_MUST_CHECK lk_status lk_references_derive(int64_t *count, lk_store *store,
                                                    lk_engine *engine, lk_model *model,
                                                    const lk_progress *progress, lk_error *err);

/* The originals in use, as they were when it was opened, to be searched; from several threads at once. Opening reads the file
 * that is kept beside the store, and makes it anew after a change; before that, unless the store is open for reading alone,
 * what is missing is computed (lk_references_derive). LK_E_CORRUPT, LK_E_LIMIT, LK_E_MEMORY, and as lk_references_derive. */
typedef struct lk_finder lk_finder;
LK_API LK_MUST_CHECK lk_status lk_finder_open(lk_finder **out, lk_store *store, lk_engine *engine,
                                              lk_model *model, const lk_progress *progress,
                                              lk_error *err);
LK_API void lk_finder_close(lk_finder *finder);
LK_API int64_t lk_finder_count(const lk_finder *finder);

/* An original that a photo may show. */
typedef struct lk_candidate {
    char id[LK_REFERENCE_ID_MAX + 1];
    int32_t version;
    int32_t
        inliers; /* matches of the strongest keypoints that agree on one map; 0 where that was not asked */
    double coverage;   /* share of the original that they lie near */
    double cosine;     /* of the embeddings, -1..1; -2 unless it is one of the nearest */
    int32_t hash_bits; /* of 256 that differ; -1 unless it is the nearest by hash */
    double
        score; /* 0..1: 0.5 and more says that keypoints, or a near hash, speak for it, less how alike it looks */
} lk_candidate;

/* Which originals may be found. */
typedef struct lk_candidate_filter {
    bool (*wanted)(void *arg, const char *id, int32_t version);
    void *arg;
} lk_candidate_filter;
enum { LK_CANDIDATES_MOST = 49 }; /* that lk_identify finds */

/* At most `most` originals that the photo may show, the likeliest first: by visual words, embedding and hash, ordered by matching
 * their keypoints. photo: of lk_features_make with the finder's model; mark: its hash (lk_verification_mark), or NULL. store
 * may be another lk_store of the same folder than the finder's. Damaged parts of the finder's file, and damaged keypoints of an
 * original, are passed over and made anew the next time. LK_E_CORRUPT for a damaged database, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_identify(lk_candidate *out, int32_t most, int32_t *count,
                                           const lk_finder *finder, lk_store *store,
                                           lk_engine *engine, const lk_features *photo,
                                           const lk_hash *mark, lk_error *err);
/* The same among those that filter wants; NULL for all. */
LK_API LK_MUST_CHECK lk_status lk_identify_among(lk_candidate *out, int32_t most, int32_t *count,
                                                 const lk_finder *finder, lk_store *store,
                                                 lk_engine *engine, const lk_features *photo,
                                                 const lk_hash *mark,
                                                 const lk_candidate_filter *filter, lk_error *err);

/* What the log has. */
typedef struct lk_recorded {
    lk_audit_head head; /* count is the entry's number */
    int64_t seen_in;    /* the first entry that this photo was submitted with before; 0 for none */
    bool
        seen_exactly; /* the same file then; else one that hardly differs (PDQ within 16 of 256 bits) */
} lk_recorded;

/* What a photo is known again by: its PDQ hash. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_verification_mark(lk_hash *out, lk_engine *engine,
                                                    const lk_image *photo, lk_error *err);

/* Adds the verdict to the store's log: inputs' hashes, the reference's version, policy, engine and measure versions, who and
 * why, and warns in v of a photo that was submitted before ("submitted-before"). reference NULL: a photo that shows none of
 * the store, and v's nearest is told of as that; else its id and version are what counts. mark: of the photo. v must have been
 * made with compare.infos. LK_E_WRITE, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_verification_record(lk_recorded *out, lk_store *store,
                                                      lk_verification *v,
                                                      const lk_reference *reference,
                                                      const lk_hash *mark, const char *actor,
                                                      const char *note, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
