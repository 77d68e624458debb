/* SPDX-License-Identifier: Apache-2.0 */
/* How blurred a picture is, without one to compare it with. */
#ifndef LK_BLUR_H
#define LK_BLUR_H

#include "image/engine.h"
#include "image/image.h"

/* The blur effect of Crete, Dolmiere, Ladret, Nicolas 2007: how much of the differences between neighbours a mean over `taps`
 * pixels leaves. 0 (sharp) to 1 (blurred further, nothing is lost), the larger of both directions; as scikit-image's blur_effect
 * with its slope filter. gray has 8 bits and one channel; one without any differences is 0. taps is odd. LK_E_USAGE above
 * 31 taps, LK_E_MEMORY. */
LK_MUST_CHECK lk_status blur_effect(double *out, lk_engine *engine, const lk_image *gray,
                                    int32_t taps, lk_error *err);

#endif
