/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_diff.h"

#include <stdlib.h>
#include <string.h>

static size_t first_beyond_c(const uint8_t *a, const uint8_t *b, size_t from, size_t n,
                             uint8_t tolerance) {
    size_t i = from;
    while (i < n) {
        if (i + 8 <= n && memcmp(a + i, b + i, 8) == 0) {
            i += 8;
        } else if (abs(a[i] - b[i]) > tolerance) {
            return i;
        } else {
            i++;
        }
    }
    return n;
}

void kernel_diff_init_c(struct kernel_diff *k) {
    k->first_beyond = first_beyond_c;
}
