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

/* What is computed of an original once, for lk_reference_draft. */
typedef struct lk_reference_facts {
    lk_star star; /* the picture's quality: stars out of 5, and what is wrong */
    lk_derived embedding;
    float *vector; /* what embedding points to; of length 1; owned */
    char model[64];
} lk_reference_facts;

/* model: with an embedding; the same one is to be asked by lk_identify. LK_E_MEMORY, LK_E_CANCELLED. */
LK_API LK_MUST_CHECK lk_status lk_reference_facts_make(lk_reference_facts *out, lk_engine *engine,
                                                       lk_model *model, const lk_image *picture,
                                                       lk_error *err);
LK_API void lk_reference_facts_release(lk_reference_facts *facts);

/* An original that a photo may show. */
typedef struct lk_candidate {
    char id[LK_REFERENCE_ID_MAX + 1];
    int32_t version;
    double cosine; /* of the embeddings, -1..1 */
} lk_candidate;

/* The `most` originals in use whose embeddings are nearest to the photo's, nearest first; equal ones by id. Those without an
 * embedding of this model are passed over. LK_E_IO, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_identify(lk_candidate *out, int32_t most, int32_t *count,
                                           lk_store *store, lk_model *model, const lk_image *photo,
                                           lk_error *err);

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
 * the store; else its id and version are what counts. mark: of the photo. v must have been made with compare.infos.
 * LK_E_WRITE, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_verification_record(lk_recorded *out, lk_store *store,
                                                      lk_verification *v,
                                                      const lk_reference *reference,
                                                      const lk_hash *mark, const char *actor,
                                                      const char *note, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
