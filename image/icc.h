/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of an embedded ICC profile to sRGB, through lcms2. */
#ifndef LK_ICC_H
#define LK_ICC_H

#include "image/codec.h"

/* Brings d->image to sRGB by d->icc and fills info->has_icc and icc_name. CMYK becomes RGB always: by its profile, or by
 * Pillow's formula without one. A profile that lcms2 cannot read or that is for another colour space leaves the
 * numbers as they are and says so in info->warning. With keep, only CMYK is converted. */
LK_MUST_CHECK lk_status icc_apply(struct decoded *d, lk_image_info *info, bool keep, lk_error *err);

#endif
