/* SPDX-License-Identifier: Apache-2.0 */
/* From what was measured to what it means. */
#ifndef LK_SIGHT_DECIDE_H
#define LK_SIGHT_DECIDE_H

#include "watch/sight_parts.h"

void sight_decide(lk_sighting *out, const struct camera_view *view, const struct sight_frame *frame,
                  const struct sight_seen *seen, double cosine);

#endif
