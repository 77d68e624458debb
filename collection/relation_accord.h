/* SPDX-License-Identifier: Apache-2.0 */
/* How far two thumbnails agree under a map. */
#ifndef LK_RELATION_ACCORD_H
#define LK_RELATION_ACCORD_H

#include "collection/relation.h"

/* map: pixels of b -> pixels of a; RGB both. No overlap is no error: nothing agrees. LK_E_MEMORY. */
LK_MUST_CHECK lk_status accord_find(struct accord *out, lk_engine *engine, const lk_image *a,
                                    const lk_image *b, const double map[9], lk_error *err);

#endif
