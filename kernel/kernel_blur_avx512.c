/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_blur_rows.h"

void kernel_blur_init_avx512(struct kernel_blur *k) {
    blur_name(k);
}
