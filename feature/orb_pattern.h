/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_ORB_PATTERN_H
#define LK_ORB_PATTERN_H

#include <stdint.h>

/* x0, y0, x1, y1 relative to the keypoint. */
extern const int8_t orb_pattern[256][4];

#endif
