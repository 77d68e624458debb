/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_sift.h"

#include "base/cpu.h"
#include "kernel/kernel_scan.h"

static void products_vnni(int32_t *out, size_t stride, const uint8_t *const *queries, size_t count,
                          const uint8_t *list, const int32_t *offsets, size_t blocks) {
    kernel_scan_products_vnni(out, stride, queries, count, list, offsets, blocks, SIFT_BYTES);
}

void kernel_sift_init_avx512(struct kernel_sift *k) {
    if (cpu_has_vector_dot()) {
        k->products = products_vnni;
    }
}
