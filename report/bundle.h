/* SPDX-License-Identifier: Apache-2.0 */
/* What writing and reading a bundle share. */
#ifndef LK_BUNDLE_H
#define LK_BUNDLE_H

#include <likeness/evidence.h>

#include "base/buf.h"
#include "base/tar.h"

enum {
    BUNDLE_MANIFEST,
    BUNDLE_REFERENCE,
    BUNDLE_PHOTO,
    BUNDLE_POLICY,
    BUNDLE_RESULT,
    BUNDLE_SUMS, /* of those before it */
    BUNDLE_MEMBERS
};
enum { BUNDLE_BYTES_MAX = 256 << 20, BUNDLE_POLYGONS_MAX = 256, BUNDLE_POINTS_MAX = 1024 };

extern const char bundle_schema[];
extern const char *const bundle_members[BUNDLE_MEMBERS]; /* in the order of the archive */

/* Verifies what the bundle holds: out is result.json. *v is to be released, also when it fails. */
MUST_CHECK lk_status bundle_verify(lk_bytes *out, lk_verification *v, lk_engine *engine,
                                   const lk_bundle *b, lk_error *err);

/* SHA256SUMS: a line a member, as sha256sum writes it. */
void bundle_sums(struct buf *b, const struct tar_member members[BUNDLE_SUMS]);

#endif
