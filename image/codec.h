/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs: one descriptor a format, found by the first bytes of a file.
 *
 * A codec turns bytes into pixels as they are stored; what is common to all (limits on the file, colour profile,
 * orientation, digest) happens once, in codec.c. Every size that comes from a file passes codec_check_size before
 * anything is allocated from it. */
#ifndef LK_CODEC_H
#define LK_CODEC_H

#include <likeness/image.h>

#include "base/compiler.h"
#include "base/library.h"
#include "image/engine.h"

/* One decode: the bytes, the limits that hold, and the processor time at which it must stop. */
struct decode_request {
    const uint8_t *bytes;
    size_t size;
    lk_limits limits;
    lk_load_options options;
    double cpu_end_s;              /* thread processor time */
    const struct kernels *kernels; /* NULL: nothing but the libraries */
    const lk_engine *engine;       /* asked whether to stop; NULL: never */
};

/* What a codec gives back; all of it owned by whoever asked. */
struct decoded {
    lk_image image;      /* as stored, or CMYK in 4 channels when is_cmyk */
    bool is_cmyk;        /* 0 is no ink */
    lk_bytes icc;        /* the embedded profile; empty when there is none */
    int32_t orientation; /* EXIF 1..8 that is still to be applied */
};

struct codec {
    const char *name;       /* "jpeg" */
    const char *extensions; /* "jpg jpeg jpe" */
    bool probe_whole; /* facts may stand at the end of the file (TIFF directories, EXIF in PNG) */
    bool (*sniff)(const uint8_t *bytes, size_t size);
    /* Fills format facts of info from the header; decodes no pixels. */
    lk_status (*probe)(lk_image_info *info, const struct decode_request *r, lk_error *err);
    /* Fills out and the same facts. On failure out may be half filled; the caller releases it. */
    lk_status (*decode)(struct decoded *out, lk_image_info *info, const struct decode_request *r,
                        lk_error *err);
};

extern const struct codec codec_jpeg, codec_png, codec_webp, codec_heif, codec_avif, codec_tiff,
    codec_pnm;

/* The libraries of those that load theirs when the first file comes. */
extern const struct library_row library_heif, library_tiff, library_webp;

/* The codec whose files begin so; NULL for none. */
const struct codec *codec_sniff(const uint8_t *bytes, size_t size);
/* Whether the extension of path is that of a format we read. */
bool codec_named(const char *path);

/* LK_E_LIMIT when the picture is over pixels, side or memory_bytes; LK_E_CORRUPT when a side is not positive.
 * bytes_per_pixel is what the decode will hold at its peak. */
LK_MUST_CHECK lk_status codec_check_size(const lk_limits *limits, int64_t width, int64_t height,
                                         int64_t bytes_per_pixel, lk_error *err);
LK_MUST_CHECK lk_status codec_check_metadata(const lk_limits *limits, const char *what,
                                             int64_t bytes, lk_error *err);
/* Whether the processor time of this decode is used up, or it was asked to stop; codec_time_error says which. Cheap enough
 * for every row. */
bool codec_out_of_time(const struct decode_request *r);
LK_MUST_CHECK lk_status codec_time_error(const struct decode_request *r, lk_error *err);

/* Adds a sentence to info->warning. */
void codec_warn(lk_image_info *info, const char *format, ...) PRINTF_LIKE(2, 3);

/* A copy of size bytes for decoded.icc. */
LK_MUST_CHECK lk_status codec_copy_bytes(lk_bytes *out, const void *bytes, size_t size,
                                         lk_error *err);

/* Encoders: image to bytes. */
LK_MUST_CHECK lk_status jpeg_encode(lk_bytes *out, const lk_image *image, int32_t quality,
                                    lk_error *err);
LK_MUST_CHECK lk_status png_encode(lk_bytes *out, const lk_image *image, lk_error *err);
LK_MUST_CHECK lk_status pnm_encode(lk_bytes *out, const lk_image *image, lk_error *err);

#endif
