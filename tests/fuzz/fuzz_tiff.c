/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_image.h"

FUZZ_IMAGE(codec_tiff)
