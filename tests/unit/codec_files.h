/* SPDX-License-Identifier: Apache-2.0 */
/* The pictures of tests/data/codec: their oracle values and their bytes. */
#ifndef LK_CODEC_FILES_H
#define LK_CODEC_FILES_H

#include "base/file.h"
#include "image/image.h"

static const struct picture {
    const char *name;
    int32_t width, height, channels, bit_depth, orientation, frames;
    uint64_t hash;
} pictures[] = {
#include "tests/oracle/codec/codec_values.inc"
};

enum { PICTURES = sizeof pictures / sizeof *pictures };

static inline const char *picture_path(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/codec/%s", TEST_DATA, name);
    return path;
}

/* The bytes of a picture; the caller releases them. */
static inline lk_bytes picture_bytes(const char *name) {
    lk_bytes bytes;
    lk_error err;
    assert_ok(file_read(&bytes, picture_path(name), 1 << 20, NULL, &err));
    return bytes;
}

/* FNV-1a over the samples. */
static inline uint64_t picture_hash(const lk_image *image) {
    uint64_t h = 0xcbf29ce484222325u;
    for (int32_t y = 0; y < image->height; y++) {
        for (size_t i = 0; i < image_row_bytes(image); i++) {
            h = (h ^ image_row(image, y)[i]) * 0x100000001b3u;
        }
    }
    return h;
}

#endif
