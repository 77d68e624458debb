/* SPDX-License-Identifier: Apache-2.0 */
/* WebP through libwebp. Profile and orientation sit in RIFF chunks (WebP container specification), read here. */
#include <stdio.h>
#include <string.h>

#include <webp/decode.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/library.h"
#include "image/codec.h"
#include "image/image.h"
#include "image/orient.h"

#define WEBP_CALLS(X)                                                                              \
    X(WebPGetDecoderVersion) X(WebPGetFeaturesInternal) X(WebPDecodeRGBInto) X(WebPDecodeRGBAInto)

struct webp_calls {
    LIBRARY_POINTERS(WEBP_CALLS)
};

static const char *const webp_names[] = {LIBRARY_NAMES(WEBP_CALLS)};

static lk_status version_of_webp(char *out, size_t size, lk_error *err) {
    struct webp_calls lib;
    void *handle;
    lk_status status =
        library_open(&handle, &lib, webp_names, ARRAY_COUNT(webp_names), library_webp.soname, err);
    if (status == LK_OK) {
        int number = lib.WebPGetDecoderVersion(); /* a byte a part */
        snprintf(out, size, "%d.%d.%d", number >> 16 & 255, number >> 8 & 255, number & 255);
        library_close(handle);
    }
    return status;
}

const struct library_row library_webp = {
    .soname = "libwebp.so.7",
    .task = "WebP pictures",
    .version = version_of_webp,
};

static bool webp_sniff(const uint8_t *bytes, size_t size) {
    return size >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

static size_t le32(const uint8_t *p) {
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

/* The payload of the first chunk of that name; NULL when there is none or it runs past the end. */
static const uint8_t *find_chunk(const struct decode_request *r, const char *name, size_t *size) {
    for (size_t at = 12; at + 8 <= r->size;) {
        size_t length = le32(r->bytes + at + 4);
        if (length > r->size - at - 8) {
            return NULL;
        }
        if (memcmp(r->bytes + at, name, 4) == 0) {
            *size = length;
            return r->bytes + at + 8;
        }
        at += 8 + length + (length & 1);
    }
    return NULL;
}

static lk_status webp_cut_off(const struct decode_request *r, lk_error *err) {
    return error_set(err, LK_E_CORRUPT, "WebP is cut off after %zu of %zu bytes", r->size,
                     le32(r->bytes + 4) + 8);
}

static lk_status webp_features(WebPBitstreamFeatures *f, const struct webp_calls *lib,
                               lk_image_info *info, const struct decode_request *r, lk_error *err) {
    VP8StatusCode code =
        lib->WebPGetFeaturesInternal(r->bytes, r->size, f, WEBP_DECODER_ABI_VERSION);
    if (code == VP8_STATUS_NOT_ENOUGH_DATA) {
        return webp_cut_off(r, err);
    }
    if (code != VP8_STATUS_OK) {
        return error_set(err, LK_E_CORRUPT, "WebP header is damaged (libwebp code %d)", (int)code);
    }
    info->stored_width = f->width;
    info->stored_height = f->height;
    info->channels = f->has_alpha ? 4 : 3;
    info->bit_depth = 8;
    info->has_alpha = f->has_alpha != 0;
    if (f->has_animation) {
        return error_set(err, LK_E_FORMAT, "animated WebP is not read");
    }
    return codec_check_size(&r->limits, f->width, f->height, 8, err);
}

static lk_status webp_metadata(struct decoded *out, const struct decode_request *r, lk_error *err) {
    size_t size;
    const uint8_t *exif = find_chunk(r, "EXIF", &size);
    if (exif) {
        out->orientation = orient_from_exif(exif, size);
    }
    const uint8_t *icc = find_chunk(r, "ICCP", &size);
    if (!icc) {
        return LK_OK;
    }
    lk_status status = codec_check_metadata(&r->limits, "ICC profile", (int64_t)size, err);
    return status == LK_OK ? codec_copy_bytes(&out->icc, icc, size, err) : status;
}

static lk_status webp_pixels(struct decoded *out, const struct webp_calls *lib,
                             const WebPBitstreamFeatures *f, const struct decode_request *r,
                             lk_error *err) {
    lk_status status = lk_image_new(&out->image, f->width, f->height, f->has_alpha ? 4 : 3, 8, err);
    if (status != LK_OK) {
        return status;
    }
    lk_image *image = &out->image;
    size_t bytes = image->stride * (size_t)image->height;
    uint8_t *done =
        f->has_alpha
            ? lib->WebPDecodeRGBAInto(r->bytes, r->size, image->data, bytes, (int)image->stride)
            : lib->WebPDecodeRGBInto(r->bytes, r->size, image->data, bytes, (int)image->stride);
    if (done) {
        return LK_OK;
    }
    return r->size < le32(r->bytes + 4) + 8 ? webp_cut_off(r, err)
                                            : error_set(err, LK_E_CORRUPT, "WebP data is damaged");
}

static lk_status webp_run(struct decoded *out, lk_image_info *info, const struct decode_request *r,
                          bool pixels, lk_error *err) {
    void *handle;
    struct webp_calls lib;
    WebPBitstreamFeatures f;
    lk_status status =
        library_open(&handle, &lib, webp_names, ARRAY_COUNT(webp_names), library_webp.soname, err);
    if (status != LK_OK) {
        return status;
    }
    status = webp_features(&f, &lib, info, r, err);
    if (status == LK_OK) {
        status = webp_metadata(out, r, err);
    }
    if (status == LK_OK && pixels) {
        status = webp_pixels(out, &lib, &f, r, err);
        info->trailing_bytes = MAX((int64_t)r->size - (int64_t)le32(r->bytes + 4) - 8, 0);
    }
    library_close(handle);
    return status;
}

static lk_status webp_decode(struct decoded *out, lk_image_info *info,
                             const struct decode_request *r, lk_error *err) {
    return webp_run(out, info, r, true, err);
}

static lk_status webp_probe(lk_image_info *info, const struct decode_request *r, lk_error *err) {
    struct decoded facts = {.orientation = 1};
    lk_status status = webp_run(&facts, info, r, false, err);
    info->orientation = facts.orientation;
    info->has_icc = facts.icc.size > 0;
    lk_bytes_release(&facts.icc);
    return status;
}

const struct codec codec_webp = {
    .name = "webp",
    .extensions = "webp",
    .sniff = webp_sniff,
    .probe = webp_probe,
    .decode = webp_decode,
};
