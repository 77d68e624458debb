/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_refine_rows.h"

void kernel_refine_init_c(struct kernel_refine *k) {
    refine_name(k);
}
