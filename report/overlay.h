/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_OVERLAY_H
#define LK_OVERLAY_H

#include <likeness/report.h>

/* A white RGB picture. */
LK_MUST_CHECK lk_status overlay_canvas(lk_image *out, int32_t width, int32_t height, lk_error *err);

#endif
