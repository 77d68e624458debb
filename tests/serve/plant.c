/* SPDX-License-Identifier: Apache-2.0 */
/* The whole command with a decoder that was taken over: linked with --wrap=lk_image_decode. A picture whose name is "deed-N" makes
 * it do deed N (deeds.h); others are decoded. Names reach the decoder of the service. */
#include <likeness/image.h>

#include "tests/serve/deeds.h"

/* Where decoder.c's confined process writes. */
enum { OUT = 4 };

lk_status __real_lk_image_decode(lk_image *out, lk_image_info *info, lk_engine *engine,
                                 const uint8_t *bytes, size_t size, const char *name,
                                 const lk_load_options *options, lk_error *err);
lk_status __wrap_lk_image_decode(lk_image *out, lk_image_info *info, lk_engine *engine,
                                 const uint8_t *bytes, size_t size, const char *name,
                                 const lk_load_options *options, lk_error *err);

lk_status __wrap_lk_image_decode(lk_image *out, lk_image_info *info, lk_engine *engine,
                                 const uint8_t *bytes, size_t size, const char *name,
                                 const lk_load_options *options, lk_error *err) {
    if (name && strncmp(name, "deed-", 5) == 0) {
        deed_do((int32_t)strtol(name + 5, NULL, 10), OUT);
    }
    return __real_lk_image_decode(out, info, engine, bytes, size, name, options, err);
}
