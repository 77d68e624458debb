/* SPDX-License-Identifier: Apache-2.0 */
/* Orientation o stores the upright picture mirrored and turned: 2 mirrored, 3 by 180 degrees, 4 flipped, 5 transposed,
 * 6 needs a turn clockwise, 7 transversed, 8 needs a turn counter-clockwise. Source: EXIF 2.3, 4.6.4 (Orientation).
 * Oracle: Pillow's ImageOps.exif_transpose (tests/oracle/codec). */
#include "image/orient.h"

#include <string.h>

struct exif {
    const uint8_t *data;
    size_t size;
    bool big_endian;
};

static uint32_t exif_u16(const struct exif *e, size_t at) {
    const uint8_t *p = e->data + at;
    return e->big_endian ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
}

static uint32_t exif_u32(const struct exif *e, size_t at) {
    uint32_t first = exif_u16(e, at), second = exif_u16(e, at + 2);
    return e->big_endian ? first << 16 | second : second << 16 | first;
}

int32_t orient_from_exif(const uint8_t *data, size_t size) {
    enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };
    if (size >= 6 && memcmp(data, "Exif\0\0", 6) == 0) {
        data += 6;
        size -= 6;
    }
    struct exif e = {.data = data, .size = size};
    if (size < 8 || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0)) {
        return 1;
    }
    e.big_endian = data[0] == 'M';
    size_t directory = exif_u32(&e, 4);
    if (directory > size - 2) {
        return 1;
    }
    size_t count = exif_u16(&e, directory), at = directory + 2;
    for (size_t i = 0; i < count && at + ENTRY_BYTES <= size; i++, at += ENTRY_BYTES) {
        if (exif_u16(&e, at) == TAG_ORIENTATION && exif_u16(&e, at + 2) == TYPE_SHORT) {
            uint32_t value = exif_u16(&e, at + 8);
            return value >= 1 && value <= 8 ? (int32_t)value : 1;
        }
    }
    return 1;
}

/* Where the upright pixel (x, y) lies in the stored picture, as start + x * step_x + y * step_y in bytes. */
struct walk {
    ptrdiff_t start, step_x, step_y;
};

static struct walk walk_for(const lk_image *stored, int32_t orientation, ptrdiff_t pixel) {
    ptrdiff_t row = (ptrdiff_t)stored->stride;
    ptrdiff_t right = (stored->width - 1) * pixel, bottom = (stored->height - 1) * row;
    switch (orientation) {
    case 2: return (struct walk){right, -pixel, row};
    case 3: return (struct walk){right + bottom, -pixel, -row};
    case 4: return (struct walk){bottom, pixel, -row};
    case 5: return (struct walk){0, row, pixel};
    case 6: return (struct walk){bottom, -row, pixel};
    case 7: return (struct walk){right + bottom, -row, -pixel};
    case 8: return (struct walk){right, row, -pixel};
    default: return (struct walk){0, pixel, row};
    }
}

lk_status orient_apply(lk_image *image, int32_t orientation, lk_error *err) {
    if (orientation <= 1 || orientation > 8) {
        return LK_OK;
    }
    bool turned = orientation >= 5;
    lk_image out;
    lk_status status =
        lk_image_new(&out, turned ? image->height : image->width,
                     turned ? image->width : image->height, image->channels, image->bit_depth, err);
    if (status != LK_OK) {
        return status;
    }
    size_t pixel = (size_t)image->channels * (size_t)(image->bit_depth / 8);
    struct walk w = walk_for(image, orientation, (ptrdiff_t)pixel);
    for (int32_t y = 0; y < out.height; y++) {
        uint8_t *to = image_row(&out, y);
        const uint8_t *from = image->data + w.start + y * w.step_y;
        for (int32_t x = 0; x < out.width; x++, to += pixel, from += w.step_x) {
            memcpy(to, from, pixel);
        }
    }
    lk_image_release(image);
    *image = out;
    return LK_OK;
}
