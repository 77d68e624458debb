/* SPDX-License-Identifier: Apache-2.0 */
/* TIFF through libtiff: the first picture of the file. 8- and 16-bit gray, RGB and RGBA and 8-bit CMYK in contiguous rows
 * are read as they are; everything else (palette, bilevel, YCbCr, tiles, planes) goes through libtiff's RGBA conversion
 * and has 8 bits afterwards. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tiffio.h>

#include "base/error.h"
#include "base/library.h"
#include "base/mem.h"
#include "image/codec.h"
#include "image/image.h"

#define TIFF_CALLS(X)                                                                              \
    X(TIFFGetVersion)                                                                              \
    X(TIFFOpenOptionsAlloc)                                                                        \
    X(TIFFOpenOptionsFree)                                                                         \
    X(TIFFOpenOptionsSetMaxSingleMemAlloc)                                                         \
    X(TIFFOpenOptionsSetErrorHandlerExtR)                                                          \
    X(TIFFOpenOptionsSetWarningHandlerExtR)                                                        \
    X(TIFFClientOpenExt)                                                                           \
    X(TIFFClose)                                                                                   \
    X(TIFFGetField)                                                                                \
    X(TIFFGetFieldDefaulted)                                                                       \
    X(TIFFIsTiled)                                                                                 \
    X(TIFFScanlineSize)                                                                            \
    X(TIFFReadScanline)                                                                            \
    X(TIFFNumberOfDirectories)                                                                     \
    X(TIFFRGBAImageOK)                                                                             \
    X(TIFFReadRGBAImageOriented)

struct tiff_calls {
    LIBRARY_POINTERS(TIFF_CALLS)
};

static const char *const tiff_names[] = {LIBRARY_NAMES(TIFF_CALLS)};

static lk_status version_of_tiff(char *out, size_t size, lk_error *err) {
    struct tiff_calls lib;
    void *handle;
    lk_status status =
        library_open(&handle, &lib, tiff_names, ARRAY_COUNT(tiff_names), library_tiff.soname, err);
    if (status == LK_OK) {
        const char *text =
            lib.TIFFGetVersion(); /* "LIBTIFF, Version 4.5.0" and lines on its authors */
        const char *number = strpbrk(text, "0123456789");
        number = number ? number : text;
        snprintf(out, size, "%.*s", (int)strcspn(number, "\n"), number);
        library_close(handle);
    }
    return status;
}

const struct library_row library_tiff = {
    .soname = "libtiff.so.6",
    .task = "TIFF pictures",
    .version = version_of_tiff,
};

struct tiff_reader {
    struct tiff_calls lib;
    void *library;
    TIFF *tiff;
    const struct decode_request *request;
    uint64_t at;
    bool out_of_time;
    char message[200]; /* the first error libtiff reported */
    uint16_t bits, samples, photometric, planar, orientation, format;
    uint16_t extra; /* EXTRASAMPLE_: what a sample beyond the colours means */
};

static tmsize_t mem_read(thandle_t handle, void *out, tmsize_t size) {
    struct tiff_reader *t = handle;
    t->out_of_time = t->out_of_time || codec_out_of_time(t->request);
    if (t->out_of_time) { /* libtiff has no way to stop it but a read that fails */
        return -1;
    }
    uint64_t left = t->at < t->request->size ? t->request->size - t->at : 0;
    uint64_t n = MIN((uint64_t)size, left);
    memcpy(out, t->request->bytes + (left ? t->at : 0), (size_t)n);
    t->at += n;
    return (tmsize_t)n;
}

static tmsize_t mem_write(thandle_t handle, void *data, tmsize_t size) {
    (void)handle;
    (void)data;
    (void)size;
    return -1;
}

static toff_t mem_seek(thandle_t handle, toff_t offset, int whence) {
    struct tiff_reader *t = handle;
    uint64_t base = whence == SEEK_CUR ? t->at : whence == SEEK_END ? t->request->size : 0;
    t->at = base + offset;
    return t->at;
}

static int mem_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t mem_length(thandle_t handle) {
    return ((struct tiff_reader *)handle)->request->size;
}

static int on_tiff_error(TIFF *tiff, void *user, const char *module, const char *format,
                         va_list args) {
    struct tiff_reader *t = user;
    (void)tiff;
    (void)module;
    if (t->message[0] == '\0') {
        vsnprintf(t->message, sizeof t->message, format, args);
    }
    return 1;
}

static int on_tiff_warning(TIFF *tiff, void *user, const char *module, const char *format,
                           va_list args) {
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)args;
    return 1;
}

static lk_status tiff_failed(const struct tiff_reader *t, lk_error *err) {
    if (t->out_of_time) {
        return codec_time_error(t->request, err);
    }
    if (strstr(t->message,
               "byte limit defined in open options")) { /* the only sign libtiff gives */
        return error_limit(err, "memory_bytes", "TIFF: %s", t->message);
    }
    return error_set(err, LK_E_CORRUPT, "TIFF is damaged or cut off (%zu bytes): %s",
                     t->request->size, t->message[0] ? t->message : "no picture in it");
}

static bool tiff_sniff(const uint8_t *bytes, size_t size) {
    return size >= 4 && (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
                         memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

static lk_status tiff_open(struct tiff_reader *t, const struct decode_request *r, lk_error *err) {
    t->request = r;
    lk_status status = library_open(&t->library, &t->lib, tiff_names, ARRAY_COUNT(tiff_names),
                                    library_tiff.soname, err);
    if (status != LK_OK) {
        return status;
    }
    TIFFOpenOptions *options = t->lib.TIFFOpenOptionsAlloc();
    if (!options) {
        return error_memory(err, 0);
    }
    t->lib.TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)r->limits.memory_bytes);
    t->lib.TIFFOpenOptionsSetErrorHandlerExtR(options, on_tiff_error, t);
    t->lib.TIFFOpenOptionsSetWarningHandlerExtR(options, on_tiff_warning, t);
    /* "m": no memory mapping, the bytes are in memory already. */
    t->tiff = t->lib.TIFFClientOpenExt("memory", "rm", t, mem_read, mem_write, mem_seek, mem_close,
                                       mem_length, NULL, NULL, options);
    t->lib.TIFFOpenOptionsFree(options);
    return t->tiff ? LK_OK : tiff_failed(t, err);
}

static void tiff_close(struct tiff_reader *t) {
    if (t->tiff) {
        t->lib.TIFFClose(t->tiff);
    }
    library_close(t->library);
}

/* What the sample after the colours is. A fourth sample that nothing describes is taken for alpha, as Pillow does. */
static uint16_t find_extra(struct tiff_reader *t) {
    bool gray =
        t->photometric == PHOTOMETRIC_MINISBLACK || t->photometric == PHOTOMETRIC_MINISWHITE;
    uint16_t colours = gray ? 1 : t->photometric == PHOTOMETRIC_RGB ? 3 : 4, count = 0;
    uint16_t *kinds = NULL;
    if (t->samples != colours + 1) {
        return EXTRASAMPLE_UNSPECIFIED;
    }
    if (!t->lib.TIFFGetField(t->tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) || count == 0) {
        return EXTRASAMPLE_UNASSALPHA;
    }
    return kinds[0];
}

static lk_status tiff_header(struct tiff_reader *t, struct decoded *out, lk_image_info *info,
                             lk_error *err) {
    uint32_t width = 0, height = 0, icc_size = 0;
    void *icc = NULL;
    t->lib.TIFFGetField(t->tiff, TIFFTAG_IMAGEWIDTH, &width);
    t->lib.TIFFGetField(t->tiff, TIFFTAG_IMAGELENGTH, &height);
    t->lib.TIFFGetFieldDefaulted(t->tiff, TIFFTAG_BITSPERSAMPLE, &t->bits);
    t->lib.TIFFGetFieldDefaulted(t->tiff, TIFFTAG_SAMPLESPERPIXEL, &t->samples);
    t->lib.TIFFGetFieldDefaulted(t->tiff, TIFFTAG_PLANARCONFIG, &t->planar);
    t->lib.TIFFGetFieldDefaulted(t->tiff, TIFFTAG_ORIENTATION, &t->orientation);
    t->lib.TIFFGetFieldDefaulted(t->tiff, TIFFTAG_SAMPLEFORMAT, &t->format);
    t->photometric = PHOTOMETRIC_MINISBLACK;
    t->lib.TIFFGetField(t->tiff, TIFFTAG_PHOTOMETRIC, &t->photometric);
    t->extra = find_extra(t);
    info->bit_depth = t->bits;
    info->channels = t->samples;
    info->has_alpha = t->extra != EXTRASAMPLE_UNSPECIFIED;
    info->frames = (int32_t)MIN(t->lib.TIFFNumberOfDirectories(t->tiff), 65535);
    info->is_cmyk = t->photometric == PHOTOMETRIC_SEPARATED;
    out->orientation = t->orientation >= 1 && t->orientation <= 8 ? t->orientation : 1;
    lk_status status = codec_check_size(&t->request->limits, width, height, 10, err);
    if (status != LK_OK) {
        return status;
    }
    info->stored_width = (int32_t)width;
    info->stored_height = (int32_t)height;
    if (t->lib.TIFFGetField(t->tiff, TIFFTAG_ICCPROFILE, &icc_size, &icc) && icc_size) {
        status = codec_check_metadata(&t->request->limits, "ICC profile", icc_size, err);
        return status == LK_OK ? codec_copy_bytes(&out->icc, icc, icc_size, err) : status;
    }
    return LK_OK;
}

/* Rows that can be read straight into an lk_image. */
static bool is_direct(const struct tiff_reader *t) {
    bool gray = t->photometric == PHOTOMETRIC_MINISBLACK && t->samples == 1;
    bool rgb = t->photometric == PHOTOMETRIC_RGB &&
               (t->samples == 3 || (t->samples == 4 && t->extra != EXTRASAMPLE_UNSPECIFIED));
    bool inks = t->photometric == PHOTOMETRIC_SEPARATED && t->samples == 4 && t->bits == 8;
    return (gray || rgb || inks) && (t->bits == 8 || t->bits == 16) &&
           t->planar == PLANARCONFIG_CONTIG && t->format == SAMPLEFORMAT_UINT &&
           !t->lib.TIFFIsTiled(t->tiff);
}

static lk_status read_direct(struct decoded *out, struct tiff_reader *t, const lk_image_info *info,
                             lk_error *err) {
    lk_status status = lk_image_new(&out->image, info->stored_width, info->stored_height,
                                    t->samples, t->bits, err);
    if (status == LK_OK && t->lib.TIFFScanlineSize(t->tiff) != (tmsize_t)out->image.stride) {
        status = error_set(err, LK_E_CORRUPT, "TIFF rows have the wrong length");
    }
    for (int32_t y = 0; status == LK_OK && y < out->image.height; y++) {
        if (t->lib.TIFFReadScanline(t->tiff, image_row(&out->image, y), (uint32_t)y, 0) < 0) {
            status = tiff_failed(t, err);
        } else if ((y & 63) == 0 && codec_out_of_time(t->request)) {
            status = codec_time_error(t->request, err);
        }
    }
    out->is_cmyk = info->is_cmyk;
    if (status == LK_OK && t->extra == EXTRASAMPLE_ASSOCALPHA) {
        image_unpremultiply(&out->image);
    }
    return status;
}

/* libtiff's RGBA words: red in the low byte. */
static void unpack_row(uint8_t *to, const uint32_t *from, int32_t width, int32_t channels) {
    for (int32_t x = 0; x < width; x++, to += channels) {
        uint32_t word = from[x];
        uint8_t rgba[4] = {(uint8_t)TIFFGetR(word), (uint8_t)TIFFGetG(word),
                           (uint8_t)TIFFGetB(word), (uint8_t)TIFFGetA(word)};
        memcpy(to, rgba, (size_t)channels);
    }
}

static lk_status read_converted(struct decoded *out, struct tiff_reader *t,
                                const lk_image_info *info, lk_error *err) {
    int32_t width = info->stored_width, height = info->stored_height;
    bool gray =
        t->photometric == PHOTOMETRIC_MINISBLACK || t->photometric == PHOTOMETRIC_MINISWHITE;
    int32_t channels = info->has_alpha ? 4 : gray ? 1 : 3;
    char reason[1024] = "";
    if (!t->lib.TIFFRGBAImageOK(t->tiff, reason)) {
        return error_set(err, LK_E_FORMAT, "this kind of TIFF is not read: %.160s", reason);
    }
    uint32_t *words = mem_alloc((size_t)width * (size_t)height, sizeof *words);
    if (!words) {
        return error_memory(err, (size_t)width * (size_t)height * sizeof *words);
    }
    /* Asking for the stored orientation itself leaves the turning to orient.c, as for every other format. */
    lk_status status = LK_OK;
    if (!t->lib.TIFFReadRGBAImageOriented(t->tiff, (uint32_t)width, (uint32_t)height, words,
                                          out->orientation, 1)) {
        status = tiff_failed(t, err);
    } else {
        status = lk_image_new(&out->image, width, height, channels, 8, err);
    }
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        unpack_row(image_row(&out->image, y), words + (size_t)y * (size_t)width, width, channels);
    }
    if (status == LK_OK && info->has_alpha) { /* libtiff multiplies by alpha what is not */
        image_unpremultiply(&out->image);
    }
    if (info->is_cmyk) { /* libtiff made RGB of it already; the profile was for the inks */
        lk_bytes_release(&out->icc);
    }
    mem_free(words);
    return status;
}

static lk_status tiff_run(struct decoded *out, lk_image_info *info, const struct decode_request *r,
                          bool pixels, lk_error *err) {
    struct tiff_reader *t = mem_calloc(1, sizeof *t);
    if (!t) {
        return error_memory(err, sizeof *t);
    }
    lk_status status = tiff_open(t, r, err);
    if (status == LK_OK) {
        status = tiff_header(t, out, info, err);
    }
    if (status == LK_OK && pixels) {
        status = is_direct(t) ? read_direct(out, t, info, err) : read_converted(out, t, info, err);
    }
    if (status == LK_OK && t->message[0] != '\0') {
        status = tiff_failed(
            t, err); /* libtiff went on after an error: part of the picture is missing */
    }
    tiff_close(t);
    mem_free(t);
    return status;
}

static lk_status tiff_decode(struct decoded *out, lk_image_info *info,
                             const struct decode_request *r, lk_error *err) {
    return tiff_run(out, info, r, true, err);
}

static lk_status tiff_probe(lk_image_info *info, const struct decode_request *r, lk_error *err) {
    struct decoded facts = {.orientation = 1};
    lk_status status = tiff_run(&facts, info, r, false, err);
    info->orientation = facts.orientation;
    info->has_icc = facts.icc.size > 0;
    lk_bytes_release(&facts.icc);
    return status;
}

const struct codec codec_tiff = {
    .name = "tiff",
    .extensions = "tif tiff",
    .probe_whole = true,
    .sniff = tiff_sniff,
    .probe = tiff_probe,
    .decode = tiff_decode,
};
