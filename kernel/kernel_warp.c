/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_warp_rows.h"

static void find_c(struct warp_places *out, const double m[9], const struct warp_source *s,
                   int32_t x0, int32_t y, size_t n) {
    warp_find(out, m, s, x0, y, n);
}

static void read_c(uint8_t *out, const struct warp_source *s, const struct warp_places *places,
                   size_t n) {
    for (size_t i = 0; i < n; i++, out += s->channels) {
        if (places->inside[i]) {
            warp_sample(out, s, places, i);
        } else {
            warp_black(out, s->channels);
        }
    }
}

void kernel_warp_init_c(struct kernel_warp *k) {
    k->find = find_c;
    k->read = read_c;
}
