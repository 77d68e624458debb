/* SPDX-License-Identifier: Apache-2.0 */
/* Files made beside verdicts, as the store has them.
 *
 * A report has the same pictures inside as those that are kept beside it, and evidence the photo and the original. So a file is a
 * list of parts, each a stretch of something else: of the row itself (data, compressed: all texts), of a blob of the entry (its
 * pictures, one after the other), or of a blob that others may name too (the photo, the original); a stretch of a blob may stand in
 * the file as base64. kept_file.parts has them as text, "t0:0+512 b1:40+3000 r0:0+77": kind, number of the blob, begin, bytes.
 * sha256 is of the whole file.
 *
 * bytes of a row of `kept` are those of its data. A blob whose files could not be put is noted in kept_gone, and deleted later. */
#ifndef LK_KEPT_H
#define LK_KEPT_H

#include "store/store.h"

enum { KEPT_BLOBS_MAX = 8, KEPT_PARTS_MAX = 512 };
#define KEPT_FILE_MAX ((int64_t)256 << 20)

enum kept_kind { KEPT_TEXT = 't', KEPT_RAW = 'r', KEPT_BASE64 = 'b' };

struct kept_part {
    char kind;
    int blob;
    int64_t begin, bytes; /* there, before it becomes base64 */
};

/* Whether nothing names the blob. */
MUST_CHECK lk_status kept_is_used(bool *used, lk_store *s, const char *sha256, lk_error *err);

#endif
