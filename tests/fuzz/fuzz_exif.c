/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "image/orient.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    int32_t orientation = orient_from_exif(bytes, size);
    if (orientation < 1 || orientation > 8) {
        abort();
    }
    return 0;
}
