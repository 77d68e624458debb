/* SPDX-License-Identifier: Apache-2.0 */
/* ICC profiles to sRGB: lcms2's transform, perceptual intent (0, the default of Pillow's ImageCms and of viewers), no
 * black point compensation. Alpha is not touched. Oracle: Pillow ImageCms.profileToProfile (tests/oracle/codec). */
#include "image/icc.h"

#include <lcms2.h>

#include "base/error.h"
#include "image/image.h"

/* CMYK without a profile, as Pillow: R = (255 - K) - (255 - K) * C / 255, rounded as MULDIV255 does. */
static uint8_t ink_to_light(uint32_t ink, uint32_t paper) {
    uint32_t t = ink * paper + 128;
    uint32_t absorbed = ((t >> 8) + t) >> 8;
    return (uint8_t)(paper - absorbed);
}

static void cmyk_rows_plain(lk_image *out, const lk_image *cmyk) {
    for (int32_t y = 0; y < cmyk->height; y++) {
        const uint8_t *from = image_row(cmyk, y);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < cmyk->width; x++, from += 4, to += 3) {
            uint32_t paper = 255u - from[3];
            for (int c = 0; c < 3; c++) {
                to[c] = ink_to_light(from[c], paper);
            }
        }
    }
}

static cmsUInt32Number layout_of(const lk_image *image, bool is_cmyk) {
    cmsUInt32Number bytes = (cmsUInt32Number)(image->bit_depth / 8);
    if (is_cmyk) {
        return COLORSPACE_SH(PT_CMYK) | CHANNELS_SH(4) | BYTES_SH(bytes);
    }
    if (image->channels == 1) {
        return COLORSPACE_SH(PT_GRAY) | CHANNELS_SH(1) | BYTES_SH(bytes);
    }
    return COLORSPACE_SH(PT_RGB) | CHANNELS_SH(3) | EXTRA_SH(image->channels == 4 ? 1u : 0u) |
           BYTES_SH(bytes);
}

static bool profile_fits(cmsHPROFILE profile, const struct decoded *d) {
    cmsColorSpaceSignature space = cmsGetColorSpace(profile);
    if (d->is_cmyk) {
        return space == cmsSigCmykData;
    }
    return space == (d->image.channels == 1 ? cmsSigGrayData : cmsSigRgbData);
}

/* out may be `from` itself when both have the same layout: lcms2 reads each pixel before it writes it, and leaves an
 * alpha channel alone. */
static void transform_rows(lk_image *out, const lk_image *from, cmsHTRANSFORM transform) {
    for (int32_t y = 0; y < from->height; y++) {
        cmsDoTransform(transform, image_row(from, y), image_row(out, y),
                       (cmsUInt32Number)from->width);
    }
}

/* sRGB, or for a gray picture the gray profile with sRGB's curve; NULL when memory is short. */
static cmsHPROFILE open_target(cmsContext ctx, bool gray) {
    cmsHPROFILE srgb = cmsCreate_sRGBProfileTHR(ctx);
    if (!srgb || !gray) {
        return srgb;
    }
    cmsToneCurve *curve = cmsReadTag(srgb, cmsSigRedTRCTag);
    cmsHPROFILE target = curve ? cmsCreateGrayProfileTHR(ctx, cmsD50_xyY(), curve) : NULL;
    cmsCloseProfile(srgb);
    return target;
}

/* Gray stays gray and RGB stays RGB, both in place; CMYK becomes RGB in a picture of its own. */
static lk_status convert(struct decoded *d, cmsContext ctx, cmsHPROFILE profile, bool *done,
                         lk_error *err) {
    lk_image out = d->image;
    if (d->is_cmyk) {
        lk_status status =
            lk_image_new(&out, d->image.width, d->image.height, 3, d->image.bit_depth, err);
        if (status != LK_OK) {
            return status;
        }
    }
    cmsHPROFILE srgb = open_target(ctx, out.channels == 1);
    cmsHTRANSFORM transform =
        srgb ? cmsCreateTransformTHR(ctx, profile, layout_of(&d->image, d->is_cmyk), srgb,
                                     layout_of(&out, false), INTENT_PERCEPTUAL, 0)
             : NULL;
    *done = transform != NULL;
    if (transform) {
        transform_rows(&out, &d->image, transform);
        cmsDeleteTransform(transform);
    }
    if (srgb) {
        cmsCloseProfile(srgb);
    }
    if (d->is_cmyk) { /* one of the two pictures goes */
        lk_image_release(transform ? &d->image : &out);
        if (transform) {
            d->image = out;
            d->is_cmyk = false;
        }
    }
    return LK_OK;
}

static lk_status cmyk_plain(struct decoded *d, lk_error *err) {
    lk_image out;
    lk_status status = lk_image_new(&out, d->image.width, d->image.height, 3, 8, err);
    if (status == LK_OK) {
        cmyk_rows_plain(&out, &d->image);
        lk_image_release(&d->image);
        d->image = out;
        d->is_cmyk = false;
    }
    return status;
}

static lk_status apply_profile(struct decoded *d, lk_image_info *info, bool keep, lk_error *err) {
    cmsContext ctx = cmsCreateContext(NULL, NULL);
    if (!ctx) {
        return error_memory(err, 0);
    }
    lk_status status = LK_OK;
    bool done = false;
    cmsHPROFILE profile = cmsOpenProfileFromMemTHR(ctx, d->icc.data, (cmsUInt32Number)d->icc.size);
    if (profile) {
        cmsGetProfileInfoASCII(profile, cmsInfoDescription, "en", "US", info->icc_name,
                               sizeof info->icc_name);
        info->icc_name[sizeof info->icc_name - 1] = '\0';
        if (profile_fits(profile, d)) {
            if (!keep || d->is_cmyk) {
                status = convert(d, ctx, profile, &done, err);
            } else {
                done = true;
            }
        }
        cmsCloseProfile(profile);
    }
    if (status == LK_OK && !done) {
        codec_warn(info, "the embedded colour profile cannot be used, colours are taken as sRGB");
    }
    cmsDeleteContext(ctx);
    return status;
}

lk_status icc_apply(struct decoded *d, lk_image_info *info, bool keep, lk_error *err) {
    lk_status status = LK_OK;
    info->has_icc = info->has_icc || d->icc.size > 0;
    info->is_cmyk = d->is_cmyk;
    if (d->icc.size > 0) {
        status = apply_profile(d, info, keep, err);
    }
    if (status == LK_OK && d->is_cmyk) {
        status = cmyk_plain(d, err);
    }
    return status;
}
