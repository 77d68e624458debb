/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_refine_rows.h"

void kernel_refine_init_avx2(struct kernel_refine *k) {
    refine_name(k);
}
