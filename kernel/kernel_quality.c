/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_quality.h"

#include <math.h>

static inline void add(double *one, double *four, double d) {
    double positive = d > 0 ? d : 0, square = positive * positive;
    *one += positive;
    *four += square * square;
}

static void add_row_c(double sums[QUALITY_SUMS][QUALITY_LANES], const struct quality_row *row,
                      size_t n) {
    for (size_t x = 0; x < n; x++) {
        size_t lane = x % QUALITY_LANES;
        double ma = row->mean_a[x], mb = row->mean_b[x], step = ma - mb;
        double above = 2 * (row->products[x] - ma * mb) + QUALITY_C2;
        double below = (row->squares[x] - (ma * ma + mb * mb)) + QUALITY_C2;
        add(&sums[0][lane], &sums[1][lane], 1 - (1 - step * step) * above / below);
        double edge_a = 1 + fabs(row->a[x] - ma), edge_b = 1 + fabs(row->b[x] - mb);
        double ringing = edge_b / edge_a - 1;
        add(&sums[2][lane], &sums[3][lane], ringing);
        add(&sums[4][lane], &sums[5][lane], -ringing);
    }
}

void kernel_quality_init_c(struct kernel_quality *k) {
    k->add_row = add_row_c;
}
