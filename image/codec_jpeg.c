/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG through libjpeg-turbo: accurate integer DCT and fancy upsampling (libjpeg's defaults, so pixels equal Pillow's),
 * scaled decoding for large photos, EXIF orientation, ICC, Adobe's inverted CMYK and YCCK.
 *
 * libjpeg repairs damaged data and goes on; here its first warning that means lost picture data ends the decode. */
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/codec.h"
#include "image/image.h"
#include "image/orient.h"

struct jpeg_reader {
    struct jpeg_decompress_struct lib;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const struct decode_request *request;
    lk_error *err;
    lk_status status;
    unsigned char *icc; /* of libjpeg, freed with free() as its documentation says */
    unsigned int icc_size;
};

static size_t consumed(const struct jpeg_reader *j) {
    size_t left = j->lib.src ? j->lib.src->bytes_in_buffer : 0;
    return j->request->size - MIN(left, j->request->size);
}

/* Legal files of kinds that libjpeg-turbo leaves out: lossless, hierarchical, 12 bits. */
static bool is_unsupported(int code) {
    return code == JERR_SOF_UNSUPPORTED || code == JERR_BAD_PRECISION ||
           code == JERR_CONVERSION_NOTIMPL || code == JERR_ARITH_NOTIMPL;
}

static void on_error(j_common_ptr lib) {
    struct jpeg_reader *j = lib->client_data;
    char text[JMSG_LENGTH_MAX];
    lib->err->format_message(lib, text);
    int code = lib->err->msg_code;
    if (code == JERR_OUT_OF_MEMORY) {
        j->status = error_memory(j->err, 0);
    } else if (code == JERR_NO_BACKING_STORE) { /* it would go over max_memory_to_use */
        j->status = error_limit(j->err, "memory_bytes", "decoding takes over %.0f MiB, the limit",
                                (double)j->request->limits.memory_bytes / 1048576);
    } else if (is_unsupported(code)) {
        j->status = error_set(j->err, LK_E_FORMAT, "this kind of JPEG is not read: %s", text);
    } else {
        j->status = error_set(j->err, LK_E_CORRUPT, "JPEG is damaged near byte %zu of %zu: %s",
                              consumed(j), j->request->size, text);
    }
    longjmp(j->escape, 1);
}

/* Stray bytes between markers and odd headers lose nothing of the picture; every other warning does. */
static bool warning_is_harmless(int code) {
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR ||
           code == JWRN_BOGUS_ICC;
}

static void on_message(j_common_ptr lib, int level) {
    struct jpeg_reader *j = lib->client_data;
    if (level >= 0 || warning_is_harmless(lib->err->msg_code)) {
        return;
    }
    if (lib->err->msg_code == JWRN_JPEG_EOF) {
        j->status = error_set(j->err, LK_E_CORRUPT,
                              "JPEG is cut off after %zu bytes, before its end", j->request->size);
        longjmp(j->escape, 1);
    }
    on_error(lib);
}

static void on_output(j_common_ptr lib) {
    (void)lib;
}

/* Called by libjpeg between blocks of work, also inside the scans of a progressive file. */
static void on_progress(j_common_ptr lib) {
    struct jpeg_reader *j = lib->client_data;
    if (codec_out_of_time(j->request)) {
        j->status = codec_time_error(j->request, j->err);
        longjmp(j->escape, 1);
    }
}

static void reader_open(struct jpeg_reader *j, const struct decode_request *r, lk_error *err) {
    j->request = r;
    j->err = err;
    j->lib.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    j->errors.output_message = on_output;
    j->lib.client_data = j;
}

/* The quality whose scaled luminance table (ISO 10918-1, table K.1, scaled as libjpeg does) is nearest in sum. */
static int32_t estimate_quality(const struct jpeg_decompress_struct *lib) {
    static const int standard_sum = 3688; /* of table K.1 */
    const JQUANT_TBL *table = lib->quant_tbl_ptrs[0];
    if (!table) {
        return 0;
    }
    double sum = 0;
    for (int i = 0; i < DCTSIZE2; i++) {
        sum += table->quantval[i];
    }
    double percent = sum * 100.0 / standard_sum;
    double quality = percent <= 100 ? (200 - percent) / 2 : 5000 / percent;
    return (int32_t)lround(MIN(MAX(quality, 1.0), 100.0));
}

static void read_exif(struct jpeg_reader *j, struct decoded *out) {
    for (jpeg_saved_marker_ptr m = j->lib.marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && m->data_length > 6 &&
            memcmp(m->data, "Exif\0\0", 6) == 0) {
            out->orientation = orient_from_exif(m->data, m->data_length);
            return;
        }
    }
}

static lk_status read_icc(struct jpeg_reader *j, struct decoded *out, lk_image_info *info) {
    if (!jpeg_read_icc_profile(&j->lib, &j->icc, &j->icc_size)) {
        if (j->errors.msg_code == JWRN_BOGUS_ICC) {
            codec_warn(info, "the embedded colour profile is damaged, colours are taken as sRGB");
        }
        return LK_OK;
    }
    lk_status status =
        codec_check_metadata(&j->request->limits, "ICC profile", j->icc_size, j->err);
    return status == LK_OK ? codec_copy_bytes(&out->icc, j->icc, j->icc_size, j->err) : status;
}

/* What libjpeg holds for each pixel: the output row, and for progressive files all coefficients. */
static int64_t bytes_per_pixel(const struct jpeg_decompress_struct *lib) {
    int64_t components = lib->num_components;
    return jpeg_has_multiple_scans((j_decompress_ptr)(uintptr_t)lib) ? components * 3 : components;
}

static lk_status read_header(struct jpeg_reader *j, struct decoded *out, lk_image_info *info) {
    const struct decode_request *r = j->request;
    jpeg_create_decompress(&j->lib);
    j->progress.progress_monitor = on_progress;
    j->lib.progress = &j->progress;
    j->lib.mem->max_memory_to_use = (long)r->limits.memory_bytes;
    jpeg_mem_src(&j->lib, r->bytes, (unsigned long)r->size);
    jpeg_save_markers(&j->lib, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(&j->lib, JPEG_APP0 + 2, 0xffff);
    jpeg_read_header(&j->lib, TRUE);
    info->stored_width = (int32_t)j->lib.image_width;
    info->stored_height = (int32_t)j->lib.image_height;
    info->channels = j->lib.num_components;
    info->bit_depth = j->lib.data_precision;
    info->jpeg_quality = estimate_quality(&j->lib);
    info->is_cmyk = j->lib.num_components == 4;
    lk_status status = codec_check_size(&r->limits, j->lib.image_width, j->lib.image_height,
                                        bytes_per_pixel(&j->lib), j->err);
    read_exif(j, out);
    return status == LK_OK ? read_icc(j, out, info) : status;
}

/* The strongest reduction that keeps the longer side at max_side or above. */
static void choose_scale(struct jpeg_reader *j) {
    int64_t longer = MAX(j->lib.image_width, j->lib.image_height);
    int64_t wanted = j->request->options.max_side;
    j->lib.scale_num = 1;
    j->lib.scale_denom = 1;
    while (wanted > 0 && j->lib.scale_denom < 8 && longer / (2 * j->lib.scale_denom) >= wanted) {
        j->lib.scale_denom *= 2;
    }
}

static int32_t choose_colours(struct jpeg_reader *j) {
    bool has_luma =
        j->lib.jpeg_color_space == JCS_YCbCr || j->lib.jpeg_color_space == JCS_GRAYSCALE;
    if (j->lib.num_components == 4) {
        j->lib.out_color_space = JCS_CMYK;
        return 4;
    }
    if (j->lib.num_components == 1 || (j->request->options.gray && has_luma)) {
        j->lib.out_color_space = JCS_GRAYSCALE;
        return 1;
    }
    j->lib.out_color_space = JCS_RGB;
    return 3;
}

/* Adobe's programs store CMYK inverted and say so with their marker. */
static void invert_rows(lk_image *image) {
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *row = image_row(image, y);
        for (size_t i = 0; i < image_row_bytes(image); i++) {
            row[i] = (uint8_t)(255 - row[i]);
        }
    }
}

static lk_status read_pixels(struct jpeg_reader *j, struct decoded *out, lk_image_info *info) {
    choose_scale(j);
    int32_t channels = choose_colours(j);
    jpeg_start_decompress(&j->lib);
    lk_status status = lk_image_new(&out->image, (int32_t)j->lib.output_width,
                                    (int32_t)j->lib.output_height, channels, 8, j->err);
    if (status != LK_OK) {
        return status;
    }
    while (j->lib.output_scanline < j->lib.output_height) {
        JSAMPROW rows[8];
        JDIMENSION count = MIN(8u, j->lib.output_height - j->lib.output_scanline);
        for (JDIMENSION i = 0; i < count; i++) {
            rows[i] = image_row(&out->image, (int32_t)(j->lib.output_scanline + i));
        }
        jpeg_read_scanlines(&j->lib, rows, count);
    }
    jpeg_finish_decompress(&j->lib);
    if (channels < j->lib.num_components) { /* luma alone: the profile is for colours */
        info->has_icc = out->icc.size > 0;
        lk_bytes_release(&out->icc);
    }
    out->is_cmyk = channels == 4;
    if (out->is_cmyk && j->lib.saw_Adobe_marker) {
        invert_rows(&out->image);
    }
    return LK_OK;
}

static lk_status jpeg_run(struct decoded *out, lk_image_info *info, const struct decode_request *r,
                          bool pixels, lk_error *err) {
    struct jpeg_reader *j = mem_calloc(1, sizeof *j);
    if (!j) {
        return error_memory(err, sizeof *j);
    }
    reader_open(j, r, err);
    if (setjmp(j->escape) == 0) {
        j->status = read_header(j, out, info);
        if (j->status == LK_OK && pixels) {
            j->status = read_pixels(j, out, info);
        }
        if (pixels) {
            info->trailing_bytes = (int64_t)j->lib.src->bytes_in_buffer;
        }
    }
    lk_status status = j->status;
    free(j->icc);
    jpeg_destroy_decompress(&j->lib);
    mem_free(j);
    return status;
}

static bool jpeg_sniff(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

static lk_status jpeg_decode(struct decoded *out, lk_image_info *info,
                             const struct decode_request *r, lk_error *err) {
    return jpeg_run(out, info, r, true, err);
}

static lk_status jpeg_probe(lk_image_info *info, const struct decode_request *r, lk_error *err) {
    struct decoded facts = {.orientation = 1};
    lk_status status = jpeg_run(&facts, info, r, false, err);
    info->orientation = facts.orientation;
    info->has_icc = facts.icc.size > 0;
    lk_bytes_release(&facts.icc);
    return status;
}

const struct codec codec_jpeg = {
    .name = "jpeg",
    .extensions = "jpg jpeg jpe jfif",
    .sniff = jpeg_sniff,
    .probe = jpeg_probe,
    .decode = jpeg_decode,
};

struct jpeg_writer {
    struct jpeg_compress_struct lib;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    unsigned char *bytes; /* of libjpeg's memory destination, freed with free() */
    unsigned long size;
};

static void on_write_error(j_common_ptr lib) {
    struct jpeg_writer *w = lib->client_data;
    longjmp(w->escape, 1);
}

static void write_rows(struct jpeg_writer *w, const lk_image *image, int32_t quality) {
    jpeg_create_compress(&w->lib);
    jpeg_mem_dest(&w->lib, &w->bytes, &w->size);
    w->lib.image_width = (JDIMENSION)image->width;
    w->lib.image_height = (JDIMENSION)image->height;
    w->lib.input_components = image->channels;
    w->lib.in_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&w->lib);
    jpeg_set_quality(&w->lib, quality, TRUE);
    jpeg_start_compress(&w->lib, TRUE);
    while (w->lib.next_scanline < w->lib.image_height) {
        JSAMPROW row = image_row(image, (int32_t)w->lib.next_scanline);
        jpeg_write_scanlines(&w->lib, &row, 1);
    }
    jpeg_finish_compress(&w->lib);
}

lk_status jpeg_encode(lk_bytes *out, const lk_image *image, int32_t quality, lk_error *err) {
    if (image->bit_depth != 8 || image->channels == 4 || image->width > 65500 ||
        image->height > 65500) {
        return error_set(err, LK_E_USAGE,
                         "JPEG holds 8-bit gray or RGB without alpha, up to 65500 px a side");
    }
    struct jpeg_writer *w = mem_calloc(1, sizeof *w);
    if (!w) {
        return error_memory(err, sizeof *w);
    }
    w->lib.err = jpeg_std_error(&w->errors);
    w->errors.error_exit = on_write_error;
    w->lib.client_data = w;
    lk_status status = LK_OK;
    if (setjmp(w->escape) == 0) {
        write_rows(w, image, quality < 1 ? 1 : quality > 100 ? 100 : quality);
    } else {
        status = error_memory(err, image_row_bytes(image) * (size_t)image->height);
    }
    jpeg_destroy_compress(&w->lib);
    if (status == LK_OK) {
        status = codec_copy_bytes(out, w->bytes, w->size, err);
    }
    free(w->bytes);
    mem_free(w);
    return status;
}
