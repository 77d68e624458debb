/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a decoder's fuzz target: files of one format through the whole of lk_image_decode (limits, decoding,
 * profile, orientation), under limits that keep a try short. */
#ifndef LK_FUZZ_IMAGE_H
#define LK_FUZZ_IMAGE_H

#include <stdlib.h>

#include "image/codec.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline lk_engine *fuzz_engine(void) {
    static lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    options.limits.pixels = 1 << 20;
    options.limits.memory_bytes = 64 << 20;
    options.limits.cpu_s = 2;
    if (!engine && lk_engine_new(&engine, &options, NULL) != LK_OK) {
        abort();
    }
    return engine;
}

/* Aborts when the answer contradicts itself: pixels with an error, none without, an error that says nothing. */
static inline int fuzz_decode(const struct codec *codec, const uint8_t *bytes, size_t size) {
    lk_image image;
    lk_image_info info;
    lk_error err = {0};
    const lk_load_options options = {.no_digest = true};
    if (!codec->sniff(bytes, size)) {
        return 0;
    }
    lk_status status =
        lk_image_decode(&image, &info, fuzz_engine(), bytes, size, "fuzz", &options, &err);
    if ((status == LK_OK) != (image.data != NULL) || (status != LK_OK && err.text[0] == '\0')) {
        abort();
    }
    uint32_t sum = 0; /* reads every sample, so that a row too short is seen */
    for (int32_t y = 0; y < image.height; y++) {
        for (size_t i = 0; i < image_row_bytes(&image); i++) {
            sum += image_row(&image, y)[i];
        }
    }
    *(volatile uint32_t *)&sum = sum;
    lk_image_release(&image);
    return 0;
}

#define FUZZ_IMAGE(codec)                                                                          \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {                                \
        return fuzz_decode(&(codec), bytes, size);                                                 \
    }

#endif
