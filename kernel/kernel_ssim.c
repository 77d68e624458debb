/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_ssim.h"

static void columns_add_c(const struct ssim_columns *c, const uint8_t *a, const uint8_t *b,
                          size_t n) {
    for (size_t x = 0; x < n; x++) {
        c->means[x] += a[x] | (uint32_t)b[x] << 16;
        c->squares[x] += a[x] * a[x] + b[x] * b[x];
        c->products[x] += a[x] * b[x];
    }
}

static void columns_slide_c(const struct ssim_columns *c, const uint8_t *in_a, const uint8_t *in_b,
                            const uint8_t *out_a, const uint8_t *out_b, size_t n) {
    for (size_t x = 0; x < n; x++) {
        c->means[x] += in_a[x] | (uint32_t)in_b[x] << 16;
        c->means[x] -= out_a[x] | (uint32_t)out_b[x] << 16;
        c->squares[x] += in_a[x] * in_a[x] + in_b[x] * in_b[x];
        c->squares[x] -= out_a[x] * out_a[x] + out_b[x] * out_b[x];
        c->products[x] += in_a[x] * in_b[x] - out_a[x] * out_b[x];
    }
}

/* With N = 49 both factors of S are multiplied by N^2 = 2401 or N (N - 1) = 2352, which leaves whole numbers below 2^29 and a
 * constant: differences of nearly equal numbers happen in integers only. */
static void uniform_row_c(float *s, const struct ssim_columns *c, size_t n) {
    const float c1 = (float)(2401 * SSIM_C1), c2 = (float)(2352 * SSIM_C2);
    for (size_t x = 0; x < n; x++) {
        uint32_t means = 0;
        int32_t squares = 0, products = 0;
        for (size_t k = 0; k < SSIM_UNIFORM_TAPS; k++) {
            means += c->means[x + k];
            squares += c->squares[x + k];
            products += c->products[x + k];
        }
        int32_t a = (int32_t)(means & 0xffff), b = (int32_t)(means >> 16);
        int32_t ab = a * b, aa_bb = a * a + b * b;
        int32_t covariance = 49 * products - ab, variances = 49 * squares - aa_bb;
        float above = ((float)(2 * ab) + c1) * ((float)(2 * covariance) + c2);
        float below = ((float)aa_bb + c1) * ((float)variances + c2);
        s[x] = above / below;
    }
}

static void gaussian_down_c(const struct ssim_moments *m, const float *const a[SSIM_GAUSSIAN_TAPS],
                            const float *const b[SSIM_GAUSSIAN_TAPS],
                            const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n) {
    enum { MIDDLE = SSIM_GAUSSIAN_RADIUS };
    for (size_t x = 0; x < n; x++) {
        double va = a[MIDDLE][x], vb = b[MIDDLE][x];
        double sum_a = weights[0] * va, sum_b = weights[0] * vb;
        double squares = weights[0] * (va * va + vb * vb), products = weights[0] * (va * vb);
        for (int k = 1; k <= SSIM_GAUSSIAN_RADIUS; k++) {
            double a0 = a[MIDDLE - k][x], a1 = a[MIDDLE + k][x];
            double b0 = b[MIDDLE - k][x], b1 = b[MIDDLE + k][x];
            sum_a += weights[k] * (a0 + a1);
            sum_b += weights[k] * (b0 + b1);
            squares += weights[k] * ((a0 * a0 + b0 * b0) + (a1 * a1 + b1 * b1));
            products += weights[k] * (a0 * b0 + a1 * b1);
        }
        m->a[x] = sum_a;
        m->b[x] = sum_b;
        m->squares[x] = squares;
        m->products[x] = products;
    }
}

static double weigh_11(const double *v, const double weights[SSIM_GAUSSIAN_RADIUS + 1]) {
    const double *middle = v + SSIM_GAUSSIAN_RADIUS;
    double sum = weights[0] * middle[0];
    for (int k = 1; k <= SSIM_GAUSSIAN_RADIUS; k++) {
        sum += weights[k] * (middle[-k] + middle[k]);
    }
    return sum;
}

static void gaussian_row_c(float *s, float *contrast, const struct ssim_moments *m,
                           const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n) {
    for (size_t x = 0; x < n; x++) {
        double a = weigh_11(m->a + x, weights), b = weigh_11(m->b + x, weights);
        double squares = weigh_11(m->squares + x, weights);
        double products = weigh_11(m->products + x, weights);
        double ab = a * b, aa_bb = a * a + b * b;
        double above = 2 * (products - ab) + SSIM_C2, below = (squares - aa_bb) + SSIM_C2;
        s[x] = (float)(((2 * ab + SSIM_C1) * above) / ((aa_bb + SSIM_C1) * below));
        if (contrast) {
            contrast[x] = (float)(above / below);
        }
    }
}

static int64_t sum_c(const float *s, size_t n) {
    int64_t sum = 0;
    for (size_t x = 0; x < n; x++) {
        sum += (int32_t)(s[x] * (float)(1 << SSIM_SUM_BITS));
    }
    return sum;
}

static void distance_c(float *map, const float *s, size_t n) {
    for (size_t x = 0; x < n; x++) {
        float d = 1 - s[x];
        d = d > 0 ? d : 0;
        map[x] = d < 1 ? d : 1;
    }
}

void kernel_ssim_init_c(struct kernel_ssim *k) {
    *k = (struct kernel_ssim){
        .columns_add = columns_add_c,
        .columns_slide = columns_slide_c,
        .uniform_row = uniform_row_c,
        .gaussian_down = gaussian_down_c,
        .gaussian_row = gaussian_row_c,
        .sum = sum_c,
        .distance = distance_c,
    };
}
