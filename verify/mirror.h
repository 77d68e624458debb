/* SPDX-License-Identifier: Apache-2.0 */
/* Does the photo show the mirror image of the reference? */
#ifndef LK_MIRROR_H
#define LK_MIRROR_H

#include "verify/align.h"

/* Looks at the mirror image of the photo b too, unless r, the alignment of b as it is, leaves hardly any doubt. Where that
 * explains the reference clearly better, r becomes not found, with the mirror image's agreement in r->mirrored. LK_E_MEMORY. */
LK_MUST_CHECK lk_status mirror_check(struct align_result *r, struct view *a, struct view *b,
                                     lk_align_mode mode, lk_error *err);

#endif
