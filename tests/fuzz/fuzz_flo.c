/* SPDX-License-Identifier: Apache-2.0 */
/* Flow fields: what lk_flow_decode takes must come out of lk_flow_encode as the same bytes, and have a picture. */
#include <string.h>

#include <likeness/motion.h>

#include "tests/fuzz/fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    lk_flow flow;
    lk_error err = {0};
    lk_status status = lk_flow_decode(&flow, fuzz_engine(), bytes, size, &err);
    if ((status == LK_OK) != (flow.data != NULL) || (status != LK_OK && err.text[0] == '\0')) {
        abort();
    }
    if (status == LK_OK) {
        lk_bytes back;
        lk_image picture;
        if (lk_flow_encode(&back, &flow, NULL) != LK_OK || back.size != size ||
            memcmp(back.data, bytes, size) != 0 ||
            lk_flow_picture(&picture, &flow, 0, NULL) != LK_OK) {
            abort();
        }
        lk_bytes_release(&back);
        lk_image_release(&picture);
    }
    lk_flow_release(&flow);
    return 0;
}
