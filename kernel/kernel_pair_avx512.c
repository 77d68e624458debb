/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_pair_rows.h"

void kernel_pair_init_avx512(struct kernel_pair *k) {
    name_rows(k);
}
