/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    return codec_avif.sniff(bytes, size) ? fuzz_decode(&codec_avif, bytes, size)
                                         : fuzz_decode(&codec_heif, bytes, size);
}
