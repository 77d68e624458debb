/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the pixel chunks of a common PNG (ISO 15948) in one piece.
 *
 * The whole deflate stream goes through libdeflate at once into the buffer that becomes the picture: a filtered row is one
 * byte longer than its pixels, so rows are unfiltered in place from top to bottom, each ending up before where it lay.
 * Palette and gray with alpha take a second buffer. Every check that libpng makes is made here too (order of chunks,
 * CRC-32, Adler-32, length of the stream, filter types); where one fails the file is libpng's.
 *
 * Oracle: tests/unit/test_png_fast.c reads each file both ways and wants the same bytes. */
#include "image/codec_png_fast.h"

#include <string.h>

#include <libdeflate.h>

#include "base/mem.h"
#include "image/image.h"

enum { CHUNK_EXTRA = 12 }; /* length, type and CRC */

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct chunk {
    const uint8_t *type; /* 4 letters, the data behind them */
    const uint8_t *data;
    size_t size;
};

/* Fuzzing does without: no mutation would get past it. */
static bool crc_is_right(const uint8_t *type, size_t size) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    (void)type;
    (void)size;
    return true;
#else
    return libdeflate_crc32(0, type, size + 4) == be32(type + 4 + size);
#endif
}

/* The chunk at *at, whole and with a right CRC; moves *at behind it. */
static bool chunk_next(struct chunk *out, const struct decode_request *r, size_t *at) {
    if (*at > r->size || r->size - *at < CHUNK_EXTRA) {
        return false;
    }
    const uint8_t *p = r->bytes + *at;
    size_t size = be32(p);
    if (size > r->size - *at - CHUNK_EXTRA) {
        return false;
    }
    *out = (struct chunk){.type = p + 4, .data = p + 8, .size = size};
    *at += size + CHUNK_EXTRA;
    return crc_is_right(p + 4, size);
}

static bool chunk_is(const struct chunk *c, const char *type) {
    return memcmp(c->type, type, 4) == 0;
}

/* What lies behind the pixels: IEND, perhaps after chunks that say nothing of the picture. EXIF there is libpng's. */
static bool tail_is_plain(const struct decode_request *r, size_t *at, struct chunk c) {
    static const char plain[][5] = {"tEXt", "zTXt", "iTXt", "tIME"};
    while (!chunk_is(&c, "IEND")) {
        bool known = false;
        for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
            known = known || chunk_is(&c, plain[i]);
        }
        if (!known || !chunk_next(&c, r, at)) {
            return false;
        }
    }
    return c.size == 0;
}

/* The compressed stream in one piece: the one IDAT where it lies, or several joined into *owned. */
struct stream {
    const uint8_t *data;
    size_t size;
    uint8_t *owned;
};

static bool stream_find(struct stream *s, size_t *end, const struct png_fast *f) {
    const struct decode_request *r = f->request;
    struct chunk first, c;
    size_t at = f->idat_at, total = 0, count = 0;
    if (!chunk_next(&first, r, &at) || !chunk_is(&first, "IDAT")) {
        return false;
    }
    c = first;
    do {
        total += c.size;
        count++;
        if (!chunk_next(&c, r, &at)) {
            return false;
        }
    } while (chunk_is(&c, "IDAT"));
    if (!tail_is_plain(r, &at, c)) {
        return false;
    }
    *end = at;
    *s = (struct stream){.data = first.data, .size = total};
    if (count == 1) {
        return true;
    }
    s->owned = mem_alloc(total, 1);
    if (!s->owned) {
        return false;
    }
    const uint8_t *p = first.type - 4;
    for (size_t filled = 0; count > 0; count--) {
        size_t size = be32(p);
        memcpy(s->owned + filled, p + 8, size);
        filled += size;
        p += size + CHUNK_EXTRA;
    }
    s->data = s->owned;
    return true;
}

/* Exactly size bytes must come out and the stream must end with its last byte. */
static bool inflate_all(uint8_t *out, size_t size, const struct stream *s) {
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    size_t used = 0, made = 0;
    bool ok = d &&
              libdeflate_zlib_decompress_ex(d, s->data, s->size, out, size, &used, &made) ==
                  LIBDEFLATE_SUCCESS &&
              used == s->size && made == size;
    libdeflate_free_decompressor(d);
    return ok;
}

/* Filtered rows of 1 + row_bytes become rows of row_bytes, from the start of the same buffer. */
static bool unfilter_in_place(uint8_t *data, size_t row_bytes, const struct png_fast *f) {
    const struct kernel_png *k = &f->request->kernels->png;
    uint8_t *zeros = mem_calloc(row_bytes, 1);
    const uint8_t *above = zeros;
    bool ok = zeros != NULL;
    for (int32_t y = 0; ok && y < f->height; y++) {
        const uint8_t *in = data + (size_t)y * (row_bytes + 1);
        uint8_t *out = data + (size_t)y * row_bytes;
        ok = in[0] < PNG_FILTERS;
        if (ok) {
            k->unfilter[in[0]](out, in + 1, above, row_bytes, (size_t)f->samples);
            above = out;
        }
    }
    mem_free(zeros);
    return ok;
}

/* Palette to RGB or RGBA, gray with alpha to RGBA. */
static bool widen(lk_image *image, const uint8_t *pixels, const struct png_fast *f) {
    lk_error ignored;
    int32_t channels = f->palette && !f->palette_has_alpha ? 3 : 4;
    if (lk_image_new(image, f->width, f->height, channels, 8, &ignored) != LK_OK) {
        return false;
    }
    uint8_t *out = image->data;
    size_t count = (size_t)f->width * (size_t)f->height;
    for (size_t i = 0; i < count; i++, out += channels) {
        if (f->palette) {
            memcpy(out, f->palette[pixels[i]], (size_t)channels);
        } else {
            memset(out, pixels[2 * i], 3);
            out[3] = pixels[2 * i + 1];
        }
    }
    return true;
}

bool png_fast_read(lk_image *image, size_t *end, const struct png_fast *f) {
    struct stream s = {0};
    size_t row_bytes = (size_t)f->width * (size_t)f->samples;
    uint8_t *data = NULL;
    *image = (lk_image){0};
    bool ok = stream_find(&s, end, f) &&
              (data = mem_alloc_aligned((size_t)f->height, row_bytes + 1)) != NULL &&
              inflate_all(data, (size_t)f->height * (row_bytes + 1), &s) &&
              unfilter_in_place(data, row_bytes, f);
    if (ok && (f->palette || f->samples == 2)) {
        ok = widen(image, data, f);
    } else if (ok) {
        *image = (lk_image){.width = f->width,
                            .height = f->height,
                            .channels = f->samples,
                            .bit_depth = 8,
                            .stride = row_bytes,
                            .data = data};
        data = NULL;
    }
    mem_free(data);
    mem_free(s.owned);
    return ok;
}
