/* SPDX-License-Identifier: Apache-2.0 */
/* HEIC and AVIF through libheif: the primary picture, turned and cropped as its own properties say (so orientation is
 * done already), 8 bits a sample. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <libheif/heif.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/library.h"
#include "base/mem.h"
#include "image/codec.h"
#include "image/image.h"

#define HEIF_CALLS(X)                                                                              \
    X(heif_get_version)                                                                            \
    X(heif_context_alloc)                                                                          \
    X(heif_context_free)                                                                           \
    X(heif_context_set_maximum_image_size_limit)                                                   \
    X(heif_context_read_from_memory_without_copy)                                                  \
    X(heif_context_get_number_of_top_level_images)                                                 \
    X(heif_context_get_primary_image_handle)                                                       \
    X(heif_image_handle_release)                                                                   \
    X(heif_image_handle_get_width)                                                                 \
    X(heif_image_handle_get_height)                                                                \
    X(heif_image_handle_has_alpha_channel)                                                         \
    X(heif_image_handle_get_luma_bits_per_pixel)                                                   \
    X(heif_image_handle_get_color_profile_type)                                                    \
    X(heif_image_handle_get_raw_color_profile_size)                                                \
    X(heif_image_handle_get_raw_color_profile)                                                     \
    X(heif_image_handle_get_nclx_color_profile)                                                    \
    X(heif_nclx_color_profile_free)                                                                \
    X(heif_image_handle_is_premultiplied_alpha)                                                    \
    X(heif_decode_image)                                                                           \
    X(heif_image_get_plane_readonly)                                                               \
    X(heif_image_get_width)                                                                        \
    X(heif_image_get_height)                                                                       \
    X(heif_image_release)

struct heif_calls {
    LIBRARY_POINTERS(HEIF_CALLS)
};

static const char *const heif_names[] = {LIBRARY_NAMES(HEIF_CALLS)};

static lk_status version_of_heif(char *out, size_t size, lk_error *err) {
    struct heif_calls lib;
    void *handle;
    lk_status status =
        library_open(&handle, &lib, heif_names, ARRAY_COUNT(heif_names), library_heif.soname, err);
    if (status == LK_OK) {
        snprintf(out, size, "%s", lib.heif_get_version());
        library_close(handle);
    }
    return status;
}

const struct library_row library_heif = {
    .soname = "libheif.so.1",
    .task = "HEIC and AVIF pictures",
    .version = version_of_heif,
};

struct heif_decoder {
    struct heif_calls lib;
    void *library;
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
};

/* Tells of colours that no embedded profile describes and that are not sRGB's (ITU-T H.273: primaries 1 are BT.709's,
 * 2 is unspecified; the transfer curves of BT.709, 1, and BT.601, 6, are shown as sRGB's, 13, by all viewers). */
static void heif_warn_colours(struct heif_decoder *h, lk_image_info *info) {
    struct heif_color_profile_nclx *nclx = NULL;
    h->lib.heif_image_handle_get_nclx_color_profile(h->handle, &nclx);
    if (!nclx) {
        return;
    }
    int primaries = (int)nclx->color_primaries, curve = (int)nclx->transfer_characteristics;
    bool known = (primaries == 1 || primaries == 2) &&
                 (curve == 1 || curve == 2 || curve == 6 || curve == 13);
    if (!known) {
        codec_warn(info, "colours (H.273 primaries %d, transfer %d) are taken as sRGB", primaries,
                   curve);
    }
    h->lib.heif_nclx_color_profile_free(nclx);
}

/* ISO/IEC 14496-12 file type box: size, "ftyp", major brand. */
static bool has_brand(const uint8_t *bytes, size_t size, const char *const *brands) {
    if (size < 12 || memcmp(bytes + 4, "ftyp", 4) != 0) {
        return false;
    }
    for (; *brands; brands++) {
        if (memcmp(bytes + 8, *brands, 4) == 0) {
            return true;
        }
    }
    return false;
}

static bool heif_sniff(const uint8_t *bytes, size_t size) {
    static const char *const brands[] = {"heic", "heix", "hevc", "heim",
                                         "heis", "mif1", "msf1", NULL};
    return has_brand(bytes, size, brands);
}

static bool avif_sniff(const uint8_t *bytes, size_t size) {
    static const char *const brands[] = {"avif", "avis", NULL};
    return has_brand(bytes, size, brands);
}

static lk_status heif_failed(const struct heif_error *e, const struct decode_request *r,
                             lk_error *err) {
    const char *text = e->message ? e->message : "unknown error";
    if (e->code == heif_error_Memory_allocation_error) {
        return error_limit(err, "side", "HEIF: %s", text); /* all that libheif refuses by size */
    }
    if (e->code == heif_error_Unsupported_feature || e->code == heif_error_Unsupported_filetype) {
        return error_set(err, LK_E_FORMAT, "HEIF: %s", text);
    }
    return error_set(err, LK_E_CORRUPT, "HEIF is damaged or cut off (%zu bytes): %s", r->size,
                     text);
}

static lk_status heif_open(struct heif_decoder *h, lk_image_info *info,
                           const struct decode_request *r, lk_error *err) {
    lk_status status = library_open(&h->library, &h->lib, heif_names, ARRAY_COUNT(heif_names),
                                    library_heif.soname, err);
    if (status != LK_OK) {
        return status;
    }
    h->context = h->lib.heif_context_alloc();
    if (!h->context) {
        return error_memory(err, 0);
    }
    int side = (int)MIN(r->limits.side, (int64_t)INT_MAX);
    h->lib.heif_context_set_maximum_image_size_limit(h->context, side);
    struct heif_error e =
        h->lib.heif_context_read_from_memory_without_copy(h->context, r->bytes, r->size, NULL);
    if (e.code == heif_error_Ok) {
        e = h->lib.heif_context_get_primary_image_handle(h->context, &h->handle);
    }
    if (e.code != heif_error_Ok) {
        return heif_failed(&e, r, err);
    }
    info->stored_width = h->lib.heif_image_handle_get_width(h->handle);
    info->stored_height = h->lib.heif_image_handle_get_height(h->handle);
    info->has_alpha = h->lib.heif_image_handle_has_alpha_channel(h->handle) != 0;
    info->channels = info->has_alpha ? 4 : 3;
    info->bit_depth = h->lib.heif_image_handle_get_luma_bits_per_pixel(h->handle);
    info->frames = h->lib.heif_context_get_number_of_top_level_images(h->context);
    return codec_check_size(&r->limits, info->stored_width, info->stored_height, 10, err);
}

static void heif_close(struct heif_decoder *h) {
    if (h->image) {
        h->lib.heif_image_release(h->image);
    }
    if (h->handle) {
        h->lib.heif_image_handle_release(h->handle);
    }
    if (h->context) {
        h->lib.heif_context_free(h->context);
    }
    library_close(h->library);
}

static lk_status heif_profile(struct decoded *out, lk_image_info *info, struct heif_decoder *h,
                              const struct decode_request *r, lk_error *err) {
    enum heif_color_profile_type type = h->lib.heif_image_handle_get_color_profile_type(h->handle);
    if (type != heif_color_profile_type_prof && type != heif_color_profile_type_rICC) {
        heif_warn_colours(h, info);
        return LK_OK;
    }
    size_t size = h->lib.heif_image_handle_get_raw_color_profile_size(h->handle);
    lk_status status = codec_check_metadata(&r->limits, "ICC profile", (int64_t)size, err);
    if (status != LK_OK || size == 0) {
        return status;
    }
    uint8_t *data = mem_calloc(size, 1);
    if (!data) {
        return error_memory(err, size);
    }
    out->icc = (lk_bytes){.data = data, .size = size};
    struct heif_error e = h->lib.heif_image_handle_get_raw_color_profile(h->handle, data);
    return e.code == heif_error_Ok ? LK_OK : heif_failed(&e, r, err);
}

static lk_status heif_pixels(struct decoded *out, struct heif_decoder *h, bool alpha,
                             const struct decode_request *r, lk_error *err) {
    enum heif_chroma chroma = alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    struct heif_error e =
        h->lib.heif_decode_image(h->handle, &h->image, heif_colorspace_RGB, chroma, NULL);
    if (e.code != heif_error_Ok) {
        return heif_failed(&e, r, err);
    }
    int stride;
    const uint8_t *plane =
        h->lib.heif_image_get_plane_readonly(h->image, heif_channel_interleaved, &stride);
    int width = h->lib.heif_image_get_width(h->image, heif_channel_interleaved);
    int height = h->lib.heif_image_get_height(h->image, heif_channel_interleaved);
    if (!plane || width <= 0 || height <= 0) {
        return error_set(err, LK_E_CORRUPT, "HEIF gave no pixels");
    }
    lk_status status = lk_image_new(&out->image, width, height, alpha ? 4 : 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        memcpy(image_row(&out->image, y), plane + (size_t)y * (size_t)stride, out->image.stride);
    }
    if (status == LK_OK && alpha && h->lib.heif_image_handle_is_premultiplied_alpha(h->handle)) {
        image_unpremultiply(&out->image);
    }
    return status;
}

static lk_status heif_run(struct decoded *out, lk_image_info *info, const struct decode_request *r,
                          bool pixels, lk_error *err) {
    struct heif_decoder h = {0};
    lk_status status = heif_open(&h, info, r, err);
    if (status == LK_OK) {
        status = heif_profile(out, info, &h, r, err);
    }
    if (status == LK_OK && pixels) {
        status = heif_pixels(out, &h, info->has_alpha, r, err);
    }
    heif_close(&h);
    return status;
}

static lk_status heif_decode(struct decoded *out, lk_image_info *info,
                             const struct decode_request *r, lk_error *err) {
    return heif_run(out, info, r, true, err);
}

static lk_status heif_probe(lk_image_info *info, const struct decode_request *r, lk_error *err) {
    struct decoded facts = {.orientation = 1};
    lk_status status = heif_run(&facts, info, r, false, err);
    info->has_icc = facts.icc.size > 0;
    lk_bytes_release(&facts.icc);
    return status;
}

const struct codec codec_heif = {
    .name = "heif",
    .extensions = "heic heif hif",
    .probe_whole = true,
    .sniff = heif_sniff,
    .probe = heif_probe,
    .decode = heif_decode,
};

const struct codec codec_avif = {
    .name = "avif",
    .extensions = "avif",
    .probe_whole = true,
    .sniff = avif_sniff,
    .probe = heif_probe,
    .decode = heif_decode,
};
