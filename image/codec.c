/* SPDX-License-Identifier: Apache-2.0 */
#include "image/codec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/icc.h"
#include "image/image.h"
#include "image/orient.h"

static const struct codec *const codec_table[] = {
    &codec_jpeg, &codec_png, &codec_webp, &codec_avif, &codec_heif, &codec_tiff, &codec_pnm,
};

size_t lk_format_count(void) {
    return ARRAY_COUNT(codec_table);
}

lk_format_info lk_format_at(size_t i) {
    return (lk_format_info){.name = codec_table[i]->name, .extensions = codec_table[i]->extensions};
}

/* Formats people will try and that are not read: the message names them. */
static const struct {
    const char *name;
    size_t offset;
    const char *magic;
} foreign_table[] = {
    {"GIF", 0, "GIF8"},         {"BMP", 0, "BM"},         {"PDF", 0, "%PDF"},
    {"JPEG XL", 0, "\xff\x0a"}, {"Photoshop", 0, "8BPS"}, {"SVG or XML", 0, "<?xml"},
    {"SVG", 0, "<svg"},         {"JPEG XL", 4, "JXL "},   {"HTML", 0, "<!DOCTYPE"},
};

static double thread_cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool codec_out_of_time(const struct decode_request *r) {
    return thread_cpu_s() > r->cpu_end_s || engine_check_stop(r->engine, NULL) != LK_OK;
}

lk_status codec_time_error(const struct decode_request *r, lk_error *err) {
    if (engine_check_stop(r->engine, err) != LK_OK) {
        return LK_E_CANCELLED;
    }
    return error_limit(err, "cpu_s", "decoding takes more than the limit of %g s", r->limits.cpu_s);
}

void codec_warn(lk_image_info *info, const char *format, ...) {
    size_t used = strlen(info->warning);
    char *at = info->warning + used;
    size_t room = sizeof info->warning - used;
    if (used > 0 && room > 2) {
        memcpy(at, "; ", 3);
        at += 2;
        room -= 2;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(at, room, format, args);
    va_end(args);
}

lk_status codec_check_size(const lk_limits *limits, int64_t width, int64_t height,
                           int64_t bytes_per_pixel, lk_error *err) {
    if (width <= 0 || height <= 0) {
        return error_set(err, LK_E_CORRUPT, "the header claims %lld x %lld pixels",
                         (long long)width, (long long)height);
    }
    double mega = (double)width * (double)height / 1e6;
    if (mega > (double)limits->pixels / 1e6) {
        return error_limit(err, "pixels", "claims %lld x %lld = %.6g MP, limit is %g MP",
                           (long long)width, (long long)height, mega, (double)limits->pixels / 1e6);
    }
    if (width > limits->side || height > limits->side) {
        return error_limit(err, "side", "claims %lld x %lld, limit is %lld px a side",
                           (long long)width, (long long)height, (long long)limits->side);
    }
    double bytes = (double)width * (double)height * (double)bytes_per_pixel;
    if (bytes > (double)limits->memory_bytes) {
        return error_limit(err, "memory_bytes",
                           "decoding %lld x %lld takes %.0f MiB, limit is %.0f MiB",
                           (long long)width, (long long)height, bytes / 1048576,
                           (double)limits->memory_bytes / 1048576);
    }
    return LK_OK;
}

lk_status codec_check_metadata(const lk_limits *limits, const char *what, int64_t bytes,
                               lk_error *err) {
    if (bytes > limits->metadata_bytes) {
        return error_limit(err, "metadata_bytes", "%s has %lld bytes, limit is %lld", what,
                           (long long)bytes, (long long)limits->metadata_bytes);
    }
    return LK_OK;
}

lk_status codec_copy_bytes(lk_bytes *out, const void *bytes, size_t size, lk_error *err) {
    uint8_t *copy = mem_alloc(size + 1, 1);
    if (!copy) {
        return error_memory(err, size);
    }
    memcpy(copy, bytes, size);
    copy[size] = 0;
    *out = (lk_bytes){.data = copy, .size = size};
    return LK_OK;
}

const struct codec *codec_sniff(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < ARRAY_COUNT(codec_table); i++) {
        if (codec_table[i]->sniff(bytes, size)) {
            return codec_table[i];
        }
    }
    return NULL;
}

static lk_status unknown_format(const uint8_t *bytes, size_t size, lk_error *err) {
    if (size == 0) {
        return error_set(err, LK_E_FORMAT, "the file is empty");
    }
    for (size_t i = 0; i < ARRAY_COUNT(foreign_table); i++) {
        size_t length = strlen(foreign_table[i].magic), offset = foreign_table[i].offset;
        if (size >= offset + length &&
            memcmp(bytes + offset, foreign_table[i].magic, length) == 0) {
            return error_set(
                err, LK_E_FORMAT,
                "%s is not among the formats read (JPEG, PNG, WebP, HEIC, AVIF, TIFF, PNM)",
                foreign_table[i].name);
        }
    }
    return error_set(err, LK_E_FORMAT, "the first bytes are those of no picture format read");
}

/* Whether word stands in the space-separated list. */
static bool list_has(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += length) {
        if ((p == list || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool extension_known(const char *extension) {
    bool known = false;
    for (size_t i = 0; !known && extension[0] && i < ARRAY_COUNT(codec_table); i++) {
        known = list_has(codec_table[i]->extensions, extension);
    }
    return known;
}

bool codec_named(const char *path) {
    char extension[16];
    file_extension(extension, sizeof extension, path);
    return extension_known(extension);
}

/* A type that disagrees with the name of the file is worth a word: the content decides. */
static void warn_extension(lk_image_info *info, const struct codec *codec) {
    static const char foreign[] = "bmp gif jxl pdf psd svg";
    char extension[16];
    file_extension(extension, sizeof extension, info->path);
    if (extension[0] == '\0' || list_has(codec->extensions, extension)) {
        return;
    }
    if (list_has(foreign, extension) ||
        extension_known(extension)) { /* an unknown ending promises nothing */
        codec_warn(info, "named .%s but the content is %s", extension, codec->name);
    }
}

static void info_begin(lk_image_info *info, const char *name, size_t size) {
    *info = (lk_image_info){.orientation = 1, .frames = 1, .file_bytes = (int64_t)size};
    snprintf(info->path, sizeof info->path, "%s", name);
}

static void info_finish(lk_image_info *info, const struct codec *codec) {
    snprintf(info->format, sizeof info->format, "%s", codec->name);
    bool turned = info->orientation >= 5;
    info->width = turned ? info->stored_height : info->stored_width;
    info->height = turned ? info->stored_width : info->stored_height;
    warn_extension(info, codec);
}

static struct decode_request request_for(const lk_engine *engine, const uint8_t *bytes, size_t size,
                                         const lk_load_options *options) {
    return (struct decode_request){
        .bytes = bytes,
        .size = size,
        .limits = engine->limits,
        .options = options ? *options : (lk_load_options){0},
        .cpu_end_s = thread_cpu_s() + engine->limits.cpu_s,
        .kernels = &engine->kernels,
        .engine = engine,
    };
}

/* Turning needs a second picture of the same size beside the first. */
static lk_status check_turn(const lk_image *image, const lk_limits *limits, lk_error *err) {
    int64_t bytes_per_pixel = 2 * (int64_t)image->channels * (image->bit_depth / 8);
    return codec_check_size(limits, image->width, image->height, bytes_per_pixel, err);
}

/* Profile first, then orientation: both read the pixels once. */
static lk_status decoded_finish(lk_image *out, struct decoded *d, lk_image_info *info,
                                const struct decode_request *r, lk_error *err) {
    lk_status status = icc_apply(d, info, r->options.keep_profile, err);
    if (status == LK_OK && d->orientation > 1 && !r->options.ignore_orientation) {
        status = check_turn(&d->image, &r->limits, err);
        status = status == LK_OK ? orient_apply(&d->image, d->orientation, err) : status;
    }
    if (status == LK_OK) {
        *out = d->image;
        d->image = (lk_image){0};
    }
    return status;
}

lk_status lk_image_decode(lk_image *out, lk_image_info *info, lk_engine *engine,
                          const uint8_t *bytes, size_t size, const char *name,
                          const lk_load_options *options, lk_error *err) {
    lk_image_info local;
    info = info ? info : &local;
    *out = (lk_image){0};
    info_begin(info, name, size);
    struct decode_request r = request_for(engine, bytes, size, options);
    struct decoded d = {.orientation = 1};
    lk_status status;
    const struct codec *codec = codec_sniff(bytes, size);
    if (!codec) {
        status = unknown_format(bytes, size, err);
    } else if ((int64_t)size > r.limits.file_bytes) {
        status = error_limit(err, "file_bytes", "file has %zu bytes, limit is %lld", size,
                             (long long)r.limits.file_bytes);
    } else {
        status = codec->decode(&d, info, &r, err);
    }
    if (status == LK_OK &&
        codec_out_of_time(&r)) { /* for libraries that cannot be stopped on the way */
        status = codec_time_error(&r, err);
    }
    if (status == LK_OK) {
        info->orientation = d.orientation;
        info_finish(info, codec);
        status = decoded_finish(out, &d, info, &r, err);
    }
    if (status == LK_OK && !r.options.no_digest) {
        digest_sha256_hex(info->sha256, bytes, size);
    }
    lk_image_release(&d.image);
    lk_bytes_release(&d.icc);
    return error_input(err, status, name);
}

lk_status lk_image_load(lk_image *out, lk_image_info *info, lk_engine *engine, const char *path,
                        const lk_load_options *options, lk_error *err) {
    *out = (lk_image){0};
    lk_bytes bytes = {0};
    lk_status status = error_input(err, engine_check_stop(engine, err), path);
    status = status == LK_OK ? file_read(&bytes, path, engine->limits.file_bytes, engine->stop, err)
                             : status;
    if (status == LK_OK) {
        status = lk_image_decode(out, info, engine, bytes.data, bytes.size, path, options, err);
    }
    lk_bytes_release(&bytes);
    return status;
}

/* Headers sit within the first bytes, but EXIF and ICC may lie deep: 4 MiB covers what cameras write in front of the
 * pixels. Formats whose directory may stand at the end (probe_whole) are read to their end. */
enum { PROBE_BYTES = 4 << 20 };

static lk_status probe_read(lk_bytes *out, int64_t *total, const struct codec **codec,
                            const char *path, const lk_engine *engine, lk_error *err) {
    int64_t most = MIN(engine->limits.file_bytes, (int64_t)PROBE_BYTES);
    lk_status status = file_read_head(out, total, path, most, engine->stop, err);
    if (status != LK_OK) {
        return status;
    }
    *codec = codec_sniff(out->data, out->size);
    if (*codec && (*codec)->probe_whole && *total > (int64_t)out->size) {
        lk_bytes_release(out);
        status = file_read(out, path, engine->limits.file_bytes, engine->stop, err);
    }
    return status;
}

lk_status lk_image_probe(lk_image_info *info, lk_engine *engine, const char *path, lk_error *err) {
    lk_bytes bytes;
    int64_t total;
    const struct codec *codec = NULL;
    info_begin(info, path, 0);
    lk_status status = probe_read(&bytes, &total, &codec, path, engine, err);
    if (status != LK_OK) {
        return status;
    }
    struct decode_request r = request_for(engine, bytes.data, bytes.size, NULL);
    status = codec ? codec->probe(info, &r, err) : unknown_format(bytes.data, bytes.size, err);
    if (status == LK_OK) {
        info->file_bytes = total >= 0 ? total : (int64_t)bytes.size;
        info_finish(info, codec);
    }
    lk_bytes_release(&bytes);
    return error_input(err, status, path);
}

lk_status lk_image_encode(lk_bytes *out, const lk_image *image, lk_engine *engine,
                          const char *format, int32_t quality, lk_error *err) {
    (void)engine;
    *out = (lk_bytes){0};
    if (strcmp(format, "png") == 0) {
        return png_encode(out, image, err);
    }
    if (strcmp(format, "jpeg") == 0) {
        return jpeg_encode(out, image, quality, err);
    }
    if (strcmp(format, "pnm") == 0) {
        return pnm_encode(out, image, err);
    }
    return error_set(err, LK_E_USAGE, "cannot write the format %s (png, jpeg, pnm)", format);
}

lk_status lk_image_save(const lk_image *image, lk_engine *engine, const char *path, lk_error *err) {
    static const struct {
        const char *extension, *format;
    } writers[] = {{"png", "png"}, {"jpg", "jpeg"}, {"jpeg", "jpeg"}, {"ppm", "pnm"},
                   {"pgm", "pnm"}, {"pnm", "pnm"},  {"pam", "pnm"}};
    char extension[16];
    file_extension(extension, sizeof extension, path);
    const char *format = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(writers); i++) {
        if (strcmp(writers[i].extension, extension) == 0) {
            format = writers[i].format;
        }
    }
    if (!format) {
        return error_input(
            err, error_set(err, LK_E_USAGE, "the name must end in .png, .jpg, .ppm, .pgm or .pam"),
            path);
    }
    lk_bytes bytes;
    lk_status status = lk_image_encode(&bytes, image, engine, format, 92, err);
    if (status == LK_OK) {
        status = file_write(path, bytes.data, bytes.size, err);
    }
    lk_bytes_release(&bytes);
    return error_input(err, status, path);
}
