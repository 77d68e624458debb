/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "image/colour.h"
#include "image/resize.h"

extern const struct signature signature_average, signature_phash, signature_dhash,
    signature_dhash_vertical, signature_whash, signature_colorhash, signature_crop_resistant,
    signature_pdq;

static const struct signature *const signature_table[] = {
    &signature_average, &signature_phash,     &signature_dhash,          &signature_dhash_vertical,
    &signature_whash,   &signature_colorhash, &signature_crop_resistant, &signature_pdq,
};

size_t lk_hash_count(void) {
    return ARRAY_COUNT(signature_table);
}

const lk_hash_info *lk_hash_at(size_t i) {
    return &signature_table[i]->info;
}

const lk_hash_info *lk_hash_find(const char *name) {
    for (size_t i = 0; i < ARRAY_COUNT(signature_table); i++) {
        const lk_hash_info *info = &signature_table[i]->info;
        if (strcmp(info->name, name) == 0 || (info->synonym && strcmp(info->synonym, name) == 0)) {
            return info;
        }
    }
    return NULL;
}

static const struct signature *signature_of(const lk_hash_info *info) {
    for (size_t i = 0; i < ARRAY_COUNT(signature_table); i++) {
        if (&signature_table[i]->info == info) {
            return signature_table[i];
        }
    }
    return NULL;
}

/* The picture without its alpha channel; colours are as stored, not laid over anything. */
static lk_status drop_alpha(lk_image *out, const lk_image *from, lk_error *err) {
    lk_status status = lk_image_new(out, from->width, from->height, 3, from->bit_depth, err);
    size_t sample = (size_t)(from->bit_depth / 8);
    for (int32_t y = 0; status == LK_OK && y < from->height; y++) {
        const uint8_t *p = image_row(from, y);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < from->width; x++, p += 4 * sample, to += 3 * sample) {
            memcpy(to, p, 3 * sample);
        }
    }
    return status;
}

typedef lk_status convert_image(lk_image *out, const lk_image *from, lk_error *err);

static lk_status convert_opaque(lk_image *out, const lk_image *image, convert_image *convert,
                                lk_error *err) {
    lk_image opaque = {0};
    *out = (lk_image){0};
    lk_status status = image->channels == 4 ? drop_alpha(&opaque, image, err) : LK_OK;
    status = status == LK_OK ? convert(out, image->channels == 4 ? &opaque : image, err) : status;
    lk_image_release(&opaque);
    return status;
}

lk_status signature_gray(lk_image *out, const lk_image *image, lk_error *err) {
    return convert_opaque(out, image, lk_image_to_gray, err);
}

lk_status signature_rgb(lk_image *out, const lk_image *image, lk_error *err) {
    return convert_opaque(out, image, colour_to_rgb8, err);
}

lk_status signature_gray_resized(lk_image *out, lk_engine *engine, const lk_image *image,
                                 int32_t width, int32_t height, lk_error *err) {
    lk_image gray;
    *out = (lk_image){0};
    lk_status status = signature_gray(&gray, image, err);
    status = status == LK_OK ? image_resize(out, engine, &gray, width, height, RESIZE_LANCZOS, err)
                             : status;
    lk_image_release(&gray);
    return status;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double signature_median(double *values, size_t n) {
    qsort(values, n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

lk_status lk_hash_compute(lk_hash *out, lk_engine *engine, const lk_image *image,
                          const lk_hash_info *info, int32_t side, lk_error *err) {
    *out = (lk_hash){.info = info, .segments = 1, .quality = -1};
    const struct signature *s = signature_of(info);
    if (!s) {
        return error_set(err, LK_E_USAGE, "there is no such hash");
    }
    side = side == 0 ? info->side : side;
    bool known = side == info->side || (info->sizes && (side == 8 || side == 16 || side == 32));
    if (!known) {
        return error_set(err, LK_E_USAGE, "%s has no size of %d x %d bits", info->name, side, side);
    }
    return s->compute(out, engine, image, side, err);
}

/* ImageHash pads a number of bits that is no multiple of 4 on the left. */
static size_t segment_text(char *out, size_t size, const uint8_t *data, int32_t bits) {
    int32_t digits = (bits + 3) / 4, pad = digits * 4 - bits;
    size_t n = 0;
    for (int32_t d = 0; d < digits && n + 1 < size; d++) {
        unsigned value = 0;
        for (int32_t k = 0; k < 4; k++) {
            int32_t bit = 4 * d + k - pad;
            value = value << 1 | (bit >= 0 ? (unsigned)(data[bit / 8] >> (7 - bit % 8) & 1) : 0);
        }
        out[n++] = "0123456789abcdef"[value];
    }
    out[n] = '\0';
    return n;
}

void lk_hash_text(char *out, size_t size, const lk_hash *hash) {
    size_t at = 0, bytes = (size_t)(hash->bits + 7) / 8;
    out[0] = '\0';
    for (int32_t s = 0; s < hash->segments && at + 2 < size; s++) {
        if (s > 0) {
            out[at++] = ',';
        }
        at += segment_text(out + at, size - at, hash->data + (size_t)s * bytes, hash->bits);
    }
}

static int32_t bits_apart(const uint8_t *a, const uint8_t *b, size_t bytes) {
    int32_t bits = 0;
    for (size_t i = 0; i < bytes; i++) {
        bits += __builtin_popcount((unsigned)(a[i] ^ b[i]));
    }
    return bits;
}

lk_status lk_hash_distance(int32_t *out, const lk_hash *a, const lk_hash *b, lk_error *err) {
    *out = 0;
    if (a->info != b->info || a->bits != b->bits) {
        return error_set(err, LK_E_USAGE, "hashes of different kinds or sizes cannot be compared");
    }
    size_t bytes = (size_t)(a->bits + 7) / 8;
    if (!a->info->segmented) {
        *out = bits_apart(a->data, b->data, bytes);
        return LK_OK;
    }
    for (int32_t i = 0; i < a->segments; i++) {
        int32_t least = a->bits;
        for (int32_t k = 0; k < b->segments; k++) {
            least = MIN(
                least, bits_apart(a->data + (size_t)i * bytes, b->data + (size_t)k * bytes, bytes));
        }
        *out += least > a->info->match_bits;
    }
    return LK_OK;
}

int32_t lk_hash_distance_max(const lk_hash *a) {
    return a->info->segmented ? a->segments : a->bits;
}

bool lk_hash_is_near(const lk_hash *a, int32_t distance) {
    const lk_hash_info *info = a->info;
    if (info->segmented) {
        return distance < a->segments;
    }
    int64_t scale = info->sizes ? info->side * info->side : 1, bits = info->sizes ? a->bits : 1;
    return distance * scale <= info->match_bits * bits;
}

static int digit_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The inverse of segment_text(): `digits` digits; false for what it does not print. */
static bool parse_segment(uint8_t *data, const char *text, int32_t digits, int32_t bits) {
    int32_t pad = digits * 4 - bits;
    for (int32_t d = 0; d < digits; d++) {
        int value = digit_value(text[d]);
        for (int32_t k = 0; value >= 0 && k < 4; k++) {
            int32_t bit = 4 * d + k - pad;
            unsigned set = (unsigned)value >> (3 - k) & 1;
            if (bit >= 0) {
                data[bit / 8] |= (uint8_t)(set << (7 - bit % 8));
            } else if (set) {
                return false; /* in front of the first bit */
            }
        }
        if (value < 0) {
            return false;
        }
    }
    return true;
}

/* Bits of a hash with this many digits; 0 when its kind has none such. */
static int32_t bits_for_digits(const lk_hash_info *info, size_t digits) {
    for (int32_t side = 8; info->sizes && side <= 32; side *= 2) {
        if (digits == (size_t)(side * side / 4)) {
            return side * side;
        }
    }
    int32_t bits = info->sizes ? 0 : info->bits;
    return digits == (size_t)(bits + 3) / 4 ? bits : 0;
}

lk_status lk_hash_parse(lk_hash *out, const lk_hash_info *info, const char *text, lk_error *err) {
    *out = (lk_hash){.info = info, .quality = -1};
    if (!signature_of(info)) {
        return error_set(err, LK_E_USAGE, "there is no such hash");
    }
    int32_t most = info->segmented ? LK_HASH_SEGMENTS_MAX : 1;
    size_t digits = strcspn(text, ",");
    out->bits = bits_for_digits(info, digits);
    bool good = out->bits > 0, more = true;
    while (good && more) {
        good = out->segments < most && strcspn(text, ",") == digits &&
               parse_segment(out->data + (size_t)out->segments * (size_t)((out->bits + 7) / 8),
                             text, (int32_t)digits, out->bits);
        out->segments += good;
        more = good && text[digits] == ',';
        text += good ? digits + more : 0;
    }
    return good ? LK_OK
                : error_set(err, LK_E_USAGE, "this is not a %s hash as it is printed", info->name);
}
