/* SPDX-License-Identifier: Apache-2.0 */
/* PNG (ISO 15948) through libpng: every bit depth, palette, transparency and interlacing. The pixels of common files take
 * a faster way (codec_png_fast.h); what libpng makes of a file is what counts.
 *
 * Palette and 1-, 2-, 4-bit gray widen to 8 bits, a transparent colour becomes alpha, gray with alpha becomes RGBA, 16 bits
 * stay. gAMA, cHRM and sRGB chunks are not applied; an iCCP profile is (icc.c). */
#include <setjmp.h>
#include <string.h>

#include <png.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/codec.h"
#include "image/codec_png_fast.h"
#include "image/image.h"
#include "image/orient.h"

static const uint8_t png_magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

enum {
    PNG_HEADER_BYTES = 33, /* the signature and a whole IHDR chunk */
    CHUNK_FRAME = 12,      /* length, type, checksum */
};

struct png_reader {
    png_structp lib;
    png_infop info;
    const struct decode_request *request;
    lk_image_info *facts;
    size_t at; /* bytes handed out so far */
    lk_error *err;
    lk_status status;
    bool starved; /* libpng asked for memory in vain, and may have left a chunk out for it */
};

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Walks the chunks to the one that the bytes do not hold: the file went on at least to its end and an IEND. */
static lk_status png_cut_off(const struct decode_request *r, lk_error *err) {
    uint64_t at = sizeof png_magic;
    while (at + CHUNK_FRAME <= r->size) {
        at += CHUNK_FRAME + (uint64_t)be32(r->bytes + at);
    }
    uint64_t whole = at > r->size ? at + CHUNK_FRAME : (uint64_t)r->size + 1;
    return error_set(err, LK_E_CORRUPT, "PNG is cut off after %zu of at least %llu bytes", r->size,
                     (unsigned long long)whole);
}

static void on_read(png_structp lib, png_bytep out, size_t size) {
    struct png_reader *p = png_get_io_ptr(lib);
    if (size > p->request->size - p->at) {
        p->status = png_cut_off(p->request, p->err);
        png_longjmp(lib, 1);
    }
    memcpy(out, p->request->bytes + p->at, size);
    p->at += size;
}

static void on_png_error(png_structp lib, png_const_charp text) {
    struct png_reader *p = png_get_error_ptr(lib);
    if (p->status == LK_OK) {
        p->status =
            error_set(p->err, LK_E_CORRUPT, "PNG is damaged near byte %zu: %s", p->at, text);
    }
    png_longjmp(lib, 1);
}

/* libpng leaves out an ancillary chunk it cannot use; only a lost profile changes colours. Its text is all it tells. */
static void on_png_warning(png_structp lib, png_const_charp text) {
    struct png_reader *p = png_get_error_ptr(lib);
    if (p && p->status == LK_OK && strncmp(text, "iCCP", 4) == 0 &&
        (strstr(text, "too large") || strstr(text, "application limits"))) {
        p->status =
            error_limit(p->err, "metadata_bytes", "ICC profile has over %lld bytes, the limit",
                        (long long)p->request->limits.metadata_bytes);
        png_error(lib, text);
    }
    if (p && p->facts->warning[0] == '\0' && strncmp(text, "iCCP", 4) == 0) {
        codec_warn(p->facts,
                   "the embedded colour profile cannot be used, colours are taken as sRGB");
    }
}

static png_voidp on_malloc(png_structp lib, png_alloc_size_t size) {
    struct png_reader *p = png_get_mem_ptr(lib);
    void *block = mem_alloc(size, 1);
    if (!block && p) {
        p->starved = true;
        p->status = p->status == LK_OK ? error_memory(p->err, size) : p->status;
    }
    return block;
}

static void on_free(png_structp lib, png_voidp block) {
    (void)lib;
    mem_free(block);
}

static bool png_sniff(const uint8_t *bytes, size_t size) {
    return size >= 4 && memcmp(bytes, png_magic, MIN(size, sizeof png_magic)) == 0;
}

/* Reads IHDR by hand, so that the limits hold before libpng sees the file. */
static lk_status png_check_header(lk_image_info *info, const struct decode_request *r,
                                  lk_error *err) {
    static const uint8_t channels_of[7] = {1, 0, 3, 3, 2, 0, 4};
    const uint8_t *b = r->bytes;
    if (r->size < PNG_HEADER_BYTES) {
        return error_set(err, LK_E_CORRUPT, "PNG is cut off after %zu of at least %d bytes",
                         r->size, PNG_HEADER_BYTES);
    }
    if (memcmp(b + 8, "\0\0\0\x0dIHDR", 8) != 0 || b[25] > 6 || channels_of[b[25]] == 0) {
        return error_set(err, LK_E_CORRUPT, "PNG has no valid header");
    }
    uint32_t width = be32(b + 16), height = be32(b + 20);
    info->bit_depth = b[24];
    info->channels = channels_of[b[25]];
    info->has_alpha = (b[25] & 4) != 0;
    lk_status status = codec_check_size(&r->limits, width, height, 8, err);
    if (status == LK_OK) {
        info->stored_width = (int32_t)width;
        info->stored_height = (int32_t)height;
    }
    return status;
}

static lk_status reader_open(struct png_reader *p) {
    p->lib = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, p, on_png_error, on_png_warning, p,
                                      on_malloc, on_free);
    p->info = p->lib ? png_create_info_struct(p->lib) : NULL;
    if (!p->info) {
        return error_memory(p->err, 0);
    }
    return LK_OK;
}

/* These allocate, so an error may jump out of them. */
static void reader_configure(struct png_reader *p) {
    const lk_limits *limits = &p->request->limits;
    png_set_read_fn(p->lib, p, on_read);
    png_set_user_limits(p->lib, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(p->lib, (png_alloc_size_t)limits->metadata_bytes);
    png_set_chunk_cache_max(p->lib, 128);
    /* Text is of no use here and can inflate to a thousand times its length. */
    static const uint8_t unread[] = "tEXt\0zTXt\0iTXt\0sPLT\0hIST";
    png_set_keep_unknown_chunks(p->lib, PNG_HANDLE_CHUNK_NEVER, unread, sizeof unread / 5);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* no mutation would get past the checksums */
    png_set_crc_action(p->lib, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
#endif
    /* A benign mistake of an encoder (bad sRGB, time, text) is no reason to refuse a picture. */
    png_set_benign_errors(p->lib, 1);
}

static lk_status read_metadata(struct png_reader *p, struct decoded *out) {
    p->facts->has_alpha = p->facts->has_alpha || png_get_valid(p->lib, p->info, PNG_INFO_tRNS) != 0;
    png_charp name;
    png_bytep data;
    png_uint_32 size;
    int method;
    if (png_get_eXIf_1(p->lib, p->info, &size, &data)) {
        out->orientation = orient_from_exif(data, size);
    }
    if (png_get_iCCP(p->lib, p->info, &name, &method, &data, &size)) {
        return codec_copy_bytes(&out->icc, data, size, p->err);
    }
    return LK_OK;
}

/* The first whole chunk of that name, at its length field; NULL when there is none. */
static const uint8_t *find_chunk(const struct decode_request *r, const char *name) {
    uint64_t at = sizeof png_magic;
    while (at + CHUNK_FRAME <= r->size) {
        const uint8_t *chunk = r->bytes + at;
        at += CHUNK_FRAME + (uint64_t)be32(chunk);
        if (memcmp(chunk + 4, name, 4) == 0) {
            return at <= r->size ? chunk : NULL;
        }
    }
    return NULL;
}

/* Frames of an APNG (acTL: frame count, then plays); a plain PNG has one. The picture read is the default one. */
static int32_t count_frames(const struct decode_request *r) {
    const uint8_t *chunk = find_chunk(r, "acTL");
    uint32_t count = chunk && be32(chunk) >= 4 ? be32(chunk + 8) : 1;
    return (int32_t)MIN(MAX(count, 1u), (uint32_t)INT32_MAX);
}

static void choose_transforms(struct png_reader *p, lk_image_info *info) {
    int colour = png_get_color_type(p->lib, p->info), depth = png_get_bit_depth(p->lib, p->info);
    bool transparent = png_get_valid(p->lib, p->info, PNG_INFO_tRNS) != 0;
    if (colour == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(p->lib);
    }
    if (colour == PNG_COLOR_TYPE_GRAY && depth < 8) {
        png_set_expand_gray_1_2_4_to_8(p->lib);
    }
    if (transparent) {
        png_set_tRNS_to_alpha(p->lib);
    }
    if (info->has_alpha && (colour & PNG_COLOR_MASK_COLOR) == 0) {
        png_set_gray_to_rgb(p->lib);
    }
    if (depth == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        png_set_swap(p->lib);
    }
}

static lk_status read_rows(struct png_reader *p, lk_image *image, int passes) {
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < image->height; y++) {
            png_read_row(p->lib, image_row(image, y), NULL);
            if ((y & 63) == 0 && codec_out_of_time(p->request)) {
                return codec_time_error(p->request, p->err);
            }
        }
    }
    return LK_OK;
}

/* The palette as libpng widens it: colours beyond its end are black, those beyond tRNS opaque. */
static void palette_widen(uint8_t out[256][4], bool *has_alpha, struct png_reader *p) {
    png_colorp colours = NULL;
    png_bytep alphas = NULL;
    int colour_count = 0, alpha_count = 0;
    png_get_PLTE(p->lib, p->info, &colours, &colour_count);
    png_get_tRNS(p->lib, p->info, &alphas, &alpha_count, NULL);
    for (int i = 0; i < 256; i++) {
        png_color c = i < colour_count ? colours[i] : (png_color){0};
        uint8_t alpha = i < alpha_count ? alphas[i] : 255;
        memcpy(out[i], (uint8_t[4]){c.red, c.green, c.blue, alpha}, 4);
    }
    *has_alpha = alpha_count > 0;
}

/* True when the picture came the fast way: out and info are complete. */
static bool read_fast(struct png_reader *p, struct decoded *out, lk_image_info *info) {
    int colour = png_get_color_type(p->lib, p->info);
    bool palette = colour == PNG_COLOR_TYPE_PALETTE;
    bool transparent = png_get_valid(p->lib, p->info, PNG_INFO_tRNS) != 0;
    if (!p->request->kernels || png_get_bit_depth(p->lib, p->info) != 8 ||
        (transparent && !palette) ||
        png_get_interlace_type(p->lib, p->info) != PNG_INTERLACE_NONE) {
        return false;
    }
    uint8_t colours[256][4];
    size_t end;
    struct png_fast f = {
        .request = p->request,
        .idat_at = p->at - 8, /* libpng stops behind the type of the first IDAT */
        .width = info->stored_width,
        .height = info->stored_height,
        .samples = info->channels,
        .palette = palette ? colours : NULL,
    };
    if (palette) {
        palette_widen(colours, &f.palette_has_alpha, p);
    }
    if (!png_fast_read(&out->image, &end, &f)) {
        return false;
    }
    info->trailing_bytes = (int64_t)(p->request->size - end);
    return true;
}

static lk_status read_pixels(struct png_reader *p, struct decoded *out, lk_image_info *info) {
    choose_transforms(p, info);
    int passes = png_set_interlace_handling(p->lib);
    png_read_update_info(p->lib, p->info);
    lk_status status =
        lk_image_new(&out->image, info->stored_width, info->stored_height,
                     png_get_channels(p->lib, p->info), png_get_bit_depth(p->lib, p->info), p->err);
    if (status == LK_OK) {
        status = read_rows(p, &out->image, passes);
    }
    if (status == LK_OK) {
        png_read_end(p->lib, p->info);
        info->trailing_bytes = (int64_t)(p->request->size - p->at);
        if (out->orientation == 1) { /* eXIf may stand behind the pixels */
            status = out->icc.size ? LK_OK : read_metadata(p, out);
        }
    }
    return status;
}

static lk_status png_run(struct decoded *out, lk_image_info *info, const struct decode_request *r,
                         bool pixels, lk_error *err) {
    lk_status status = png_check_header(info, r, err);
    if (status != LK_OK) {
        return status;
    }
    struct png_reader *p = mem_calloc(1, sizeof *p);
    if (!p) {
        return error_memory(err, sizeof *p);
    }
    p->request = r;
    p->facts = info;
    p->err = err;
    info->frames = count_frames(r);
    p->status = reader_open(p);
    if (p->status == LK_OK && setjmp(png_jmpbuf(p->lib)) == 0) {
        reader_configure(p);
        png_read_info(p->lib, p->info);
        p->status = read_metadata(p, out);
        if (p->status == LK_OK && pixels && !read_fast(p, out, info)) {
            p->status = read_pixels(p, out, info);
        }
    }
    status = p->status == LK_OK && p->starved ? LK_E_MEMORY : p->status;
    png_destroy_read_struct(&p->lib, &p->info, NULL);
    mem_free(p);
    return status;
}

static lk_status png_decode(struct decoded *out, lk_image_info *info,
                            const struct decode_request *r, lk_error *err) {
    return png_run(out, info, r, true, err);
}

static lk_status png_probe(lk_image_info *info, const struct decode_request *r, lk_error *err) {
    struct decoded facts = {.orientation = 1};
    lk_status status = png_run(&facts, info, r, false, err);
    const uint8_t *exif = find_chunk(r, "eXIf"); /* may stand behind the pixels */
    info->orientation = exif ? orient_from_exif(exif + 8, be32(exif)) : 1;
    info->has_icc = facts.icc.size > 0;
    lk_bytes_release(&facts.icc);
    return status;
}

const struct codec codec_png = {
    .name = "png",
    .extensions = "png apng",
    .probe_whole = true,
    .sniff = png_sniff,
    .probe = png_probe,
    .decode = png_decode,
};
