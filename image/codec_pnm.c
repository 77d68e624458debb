/* SPDX-License-Identifier: Apache-2.0 */
/* The Netpbm family: PBM, PGM, PPM plain (P1-P3) and raw (P4-P6), and PAM (P7), maxval up to 65535. Source: the Netpbm
 * format pages. Samples are scaled to the full range: round(v * 255 / maxval), or 65535 when maxval is above 255. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "image/codec.h"
#include "image/image.h"

struct pnm {
    const struct decode_request *r;
    size_t at;
    char kind; /* '1'..'7' */
    uint32_t width, height, depth, maxval;
    bool has_alpha;
};

static bool pnm_sniff(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
           (bytes[2] == '\n' || bytes[2] == ' ' || bytes[2] == '\t' || bytes[2] == '\r' ||
            bytes[2] == '#');
}

static int peek(const struct pnm *p) {
    return p->at < p->r->size ? p->r->bytes[p->at] : -1;
}

static bool is_space(int c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void skip_space(struct pnm *p) {
    for (int c = peek(p); is_space(c) || c == '#'; c = peek(p)) {
        while (c == '#' && peek(p) != '\n' && peek(p) >= 0) {
            p->at++;
        }
        p->at++;
    }
}

/* A decimal number up to `most`; false when there is none. */
static bool read_number(struct pnm *p, uint32_t most, uint32_t *out) {
    skip_space(p);
    uint64_t value = 0;
    size_t start = p->at;
    for (int c = peek(p); c >= '0' && c <= '9' && value <= most; c = peek(p)) {
        value = value * 10 + (uint64_t)(c - '0');
        p->at++;
    }
    *out = (uint32_t)value;
    return p->at > start && value <= most;
}

static bool read_word(struct pnm *p, char *out, size_t size) {
    skip_space(p);
    size_t n = 0;
    for (int c = peek(p); c > ' ' && n + 1 < size; c = peek(p)) {
        out[n++] = (char)c;
        p->at++;
    }
    out[n] = '\0';
    return n > 0;
}

static bool read_pam_header(struct pnm *p) {
    char word[32];
    while (read_word(p, word, sizeof word) && strcmp(word, "ENDHDR") != 0) {
        bool known = strcmp(word, "WIDTH") == 0    ? read_number(p, INT32_MAX, &p->width)
                     : strcmp(word, "HEIGHT") == 0 ? read_number(p, INT32_MAX, &p->height)
                     : strcmp(word, "DEPTH") == 0  ? read_number(p, 4, &p->depth)
                     : strcmp(word, "MAXVAL") == 0
                         ? read_number(p, 65535, &p->maxval)
                         : strcmp(word, "TUPLTYPE") == 0 && read_word(p, word, sizeof word);
        if (!known) {
            return false;
        }
    }
    return strcmp(word, "ENDHDR") == 0 && p->depth >= 1;
}

static bool read_plain_header(struct pnm *p) {
    p->depth = p->kind == '3' || p->kind == '6' ? 3 : 1;
    bool bitmap = p->kind == '1' || p->kind == '4';
    p->maxval = 1;
    return read_number(p, INT32_MAX, &p->width) && read_number(p, INT32_MAX, &p->height) &&
           (bitmap || read_number(p, 65535, &p->maxval));
}

static lk_status pnm_header(struct pnm *p, lk_image_info *info, const struct decode_request *r,
                            lk_error *err) {
    *p = (struct pnm){.r = r, .at = 2, .kind = (char)r->bytes[1]};
    bool ok = p->kind == '7' ? read_pam_header(p) : read_plain_header(p);
    if (!ok || p->maxval == 0 || !is_space(peek(p))) {
        return error_set(err, LK_E_CORRUPT, "PNM header is not valid near byte %zu", p->at);
    }
    p->at++; /* the one white space before the samples */
    p->has_alpha = p->depth == 2 || p->depth == 4;
    info->stored_width = (int32_t)p->width;
    info->stored_height = (int32_t)p->height;
    info->channels = (int32_t)p->depth;
    info->bit_depth = p->maxval == 1 ? 1 : p->maxval > 255 ? 16 : 8;
    info->has_alpha = p->has_alpha;
    return codec_check_size(&r->limits, p->width, p->height, 8, err);
}

/* The next sample in stored order; false at the end of the data or on a plain number over maxval. */
static bool next_sample(struct pnm *p, uint32_t *out) {
    if (p->kind == '1') { /* digits may stand without spaces between */
        skip_space(p);
        int c = peek(p);
        p->at++;
        *out = c == '0'; /* 1 is black */
        return c == '0' || c == '1';
    }
    if (p->kind <= '3') {
        return read_number(p, p->maxval, out);
    }
    size_t bytes = p->maxval > 255 ? 2 : 1;
    if (p->r->size - p->at < bytes) {
        return false;
    }
    const uint8_t *b = p->r->bytes + p->at;
    *out = bytes == 2 ? (uint32_t)(b[0] << 8 | b[1]) : b[0];
    *out = MIN(*out, p->maxval);
    p->at += bytes;
    return true;
}

static bool read_bits_row(struct pnm *p, uint8_t *row) {
    size_t bytes = ((size_t)p->width + 7) / 8;
    if (p->r->size - p->at < bytes) {
        return false;
    }
    for (uint32_t x = 0; x < p->width; x++) {
        row[x] = p->r->bytes[p->at + x / 8] >> (7 - x % 8) & 1 ? 0 : 255;
    }
    p->at += bytes;
    return true;
}

static void put_sample(lk_image *image, void *row, size_t i, uint32_t value, uint32_t maxval) {
    uint32_t full = image->bit_depth == 16 ? 65535 : 255;
    uint32_t scaled = (uint32_t)(((uint64_t)value * full + maxval / 2) / maxval);
    if (image->bit_depth == 16) {
        ((uint16_t *)row)[i] = (uint16_t)scaled;
    } else {
        ((uint8_t *)row)[i] = (uint8_t)scaled;
    }
}

static bool read_row(struct pnm *p, lk_image *image, int32_t y) {
    uint8_t *row = image_row(image, y);
    if (p->kind == '4') {
        return read_bits_row(p, row);
    }
    size_t n = (size_t)image->channels;
    for (size_t x = 0; x < p->width; x++) {
        uint32_t sample[4];
        for (size_t c = 0; c < p->depth; c++) {
            if (!next_sample(p, &sample[c])) {
                return false;
            }
        }
        for (size_t c = 0; c < n; c++) { /* gray + alpha spreads over RGBA */
            size_t from = p->depth == 2 ? c == 3 : c;
            put_sample(image, row, x * n + c, sample[from], p->maxval);
        }
    }
    return true;
}

static lk_status pnm_decode(struct decoded *out, lk_image_info *info,
                            const struct decode_request *r, lk_error *err) {
    struct pnm p;
    lk_status status = pnm_header(&p, info, r, err);
    if (status == LK_OK) {
        status = lk_image_new(&out->image, (int32_t)p.width, (int32_t)p.height,
                              p.depth == 2 ? 4 : (int32_t)p.depth, p.maxval > 255 ? 16 : 8, err);
    }
    for (int32_t y = 0; status == LK_OK && y < out->image.height; y++) {
        if (!read_row(&p, &out->image, y)) {
            status = error_set(err, LK_E_CORRUPT,
                               "PNM is cut off or broken at byte %zu of %zu (row %d of %d)",
                               MIN(p.at, r->size), r->size, y, out->image.height);
        } else if ((y & 63) == 0 && codec_out_of_time(r)) {
            status = codec_time_error(r, err);
        }
    }
    if (p.kind <= '3') { /* the last plain number ends a line */
        skip_space(&p);
    }
    info->trailing_bytes = (int64_t)(r->size - MIN(p.at, r->size));
    return status;
}

static lk_status pnm_probe(lk_image_info *info, const struct decode_request *r, lk_error *err) {
    struct pnm p;
    return pnm_header(&p, info, r, err);
}

const struct codec codec_pnm = {
    .name = "pnm",
    .extensions = "pbm pgm ppm pnm pam",
    .sniff = pnm_sniff,
    .probe = pnm_probe,
    .decode = pnm_decode,
};

lk_status pnm_encode(lk_bytes *out, const lk_image *image, lk_error *err) {
    struct buf b;
    buf_init(&b, SIZE_MAX / 4);
    int maxval = image->bit_depth == 16 ? 65535 : 255;
    if (image->channels == 4) {
        buf_printf(&b, "P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL %d\nTUPLTYPE RGB_ALPHA\nENDHDR\n",
                   image->width, image->height, maxval);
    } else {
        buf_printf(&b, "P%c\n%d %d\n%d\n", image->channels == 1 ? '5' : '6', image->width,
                   image->height, maxval);
    }
    for (int32_t y = 0; y < image->height; y++) {
        if (image->bit_depth == 8) {
            buf_add(&b, image_row(image, y), image_row_bytes(image));
            continue;
        }
        const uint16_t *row = image_row16(image, y);
        for (size_t i = 0; i < image_row_bytes(image) / 2; i++) {
            uint8_t two[2] = {(uint8_t)(row[i] >> 8), (uint8_t)row[i]};
            buf_add(&b, two, 2);
        }
    }
    return buf_finish(&b, out, err);
}
