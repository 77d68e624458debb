/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence bundles: everything a verdict was made from, in one file, so that anybody can make it again. */
#ifndef LIKENESS_EVIDENCE_H
#define LIKENESS_EVIDENCE_H

#include <likeness/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a bundle is made of. The network asked is the one that is part of the library. */
typedef struct lk_bundle {
    const uint8_t *photo, *reference; /* the files as they came; borrowed */
    size_t photo_bytes, reference_bytes;
    const char *photo_name, *reference_name; /* folders in front are left off */
    const lk_policy *policy;                 /* NULL: "photos" */
    const lk_polygon *ignore;                /* pixels of the upright reference */
    size_t ignore_count;
    const lk_rival *rivals; /* that were weighed against it; their numbers are taken as they are */
    int32_t rival_count;
    const char *reference_id; /* in a store; NULL for none */
    int32_t reference_version;
    int64_t entry;                  /* of the log; 0 for none */
    const char *entry_hash;         /* 64 hex digits; NULL for none */
    const char *actor, *note;       /* NULL for none */
    const lk_verification *decided; /* the verdict that is on record; NULL: whatever comes out */
    /* Both pictures where they are decoded already, with LK_VERIFY_FRAME_SIDE and LK_VERIFY_PHOTO_SIDE, and what is known of their
     * files; NULL: they are decoded here. */
    const lk_image *reference_image, *photo_image;
    const lk_image_info *reference_info, *photo_info;
    const lk_bytes *result; /* of lk_bundle_result; NULL: it is made here */
} lk_bundle;

/* Verifies photo against reference and writes the bundle: a tar archive of manifest.json, the two files, policy.json,
 * result.json and SHA256SUMS (docs/formats/evidence.md). Errors as lk_image_decode and lk_verify; LK_E_CORRUPT when what comes out
 * is not what was decided. */
LK_API LK_MUST_CHECK lk_status lk_bundle_write(lk_bytes *out, lk_engine *engine,
                                               const lk_bundle *bundle, lk_error *err);

/* Verifies as lk_bundle_write would, and gives the document that it would have inside: it rests on the pictures, the policy, the
 * areas and the rivals alone. Errors as lk_bundle_write. */
LK_API LK_MUST_CHECK lk_status lk_bundle_result(lk_bytes *out, lk_engine *engine,
                                                const lk_bundle *bundle, lk_error *err);

/* What checking one came to. */
typedef struct lk_bundle_check {
    bool inputs_unchanged; /* every file has the SHA-256 that SHA256SUMS says */
    bool reproduced;   /* the verdict was made again, byte for byte; not tried on changed inputs */
    char problem[300]; /* the first one; empty when there is none */
    char likeness[32]; /* the version that made it */
    char verdict[16], intact[16]; /* made again; else empty */
    char photo_sha256[65], reference_sha256[65];
    char reference_id[129];
    int32_t reference_version;
    int64_t entry;
    char entry_hash[65];
} lk_bundle_check;

/* Reads a bundle, holds its files against the manifest, and verifies again. LK_OK whether or not it is good; LK_E_CORRUPT when it
 * is no bundle, LK_E_LIMIT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_bundle_open(lk_bundle_check *out, lk_engine *engine,
                                              const void *bytes, size_t size, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
