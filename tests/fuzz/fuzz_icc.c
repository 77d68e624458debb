/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the picture (gray, RGB, RGBA, CMYK; 8 or 16 bits), the rest is its profile. */
#include <stdlib.h>
#include <string.h>

#include "image/icc.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const int32_t channels[4] = {1, 3, 4, 4};
    if (size < 1) {
        return 0;
    }
    int kind = bytes[0] & 3;
    struct decoded d = {.is_cmyk = kind == 3, .orientation = 1};
    int32_t depth = (bytes[0] & 4) && !d.is_cmyk ? 16 : 8;
    lk_image_info info = {0};
    lk_error err;
    if (lk_image_new(&d.image, 8, 8, channels[kind], depth, &err) != LK_OK ||
        codec_copy_bytes(&d.icc, bytes + 1, size - 1, &err) != LK_OK) {
        abort();
    }
    for (size_t i = 0; i < d.image.stride * 8; i++) {
        d.image.data[i] = (uint8_t)(i * 37);
    }
    if (icc_apply(&d, &info, false, &err) != LK_OK || d.is_cmyk) {
        abort();
    }
    lk_image_release(&d.image);
    lk_bytes_release(&d.icc);
    return 0;
}
