/* SPDX-License-Identifier: Apache-2.0 */
/* The structural similarity as a loss. With window means m, variances v and covariance c of x and y,
 *     s = A B / (C D),  A = 2 mx my + k1, B = 2 cxy + k2, C = mx^2 + my^2 + k1, D = vx + vy + k2,
 * and its derivative by one pixel x_i of the window of N pixels is
 *     ds/dx_i = 2 / N * ( s * (my / A - mx / C)  +  s * ((y_i - my) / B - (x_i - mx) / D) ),
 * so that a pixel's gradient is a sum over its windows of  p + q y_i - r x_i : three window sums of planes p, q, r. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/loss.h"

enum { SIDE = 7, WINDOW = SIDE * SIDE };

/* Sums over windows: of the squares of x and so on for one plane. */
struct moments {
    double x, y, xx, yy, xy;
};

static struct moments moments_at(const float *x, const float *y, int64_t width) {
    struct moments m = {0};
    for (int64_t v = 0; v < SIDE; v++) {
        for (int64_t u = 0; u < SIDE; u++) {
            double a = (double)x[v * width + u], b = (double)y[v * width + u];
            m.x += a;
            m.y += b;
            m.xx += a * a;
            m.yy += b * b;
            m.xy += a * b;
        }
    }
    return m;
}

/* Adds the window's share of the gradient: p + q y - r x. */
static void spread(float *gradient, const float *x, const float *y, int64_t width,
                   const double pqr[3]) {
    for (int64_t v = 0; v < SIDE; v++) {
        for (int64_t u = 0; u < SIDE; u++) {
            int64_t i = v * width + u;
            gradient[i] += (float)(pqr[0] + pqr[1] * (double)y[i] - pqr[2] * (double)x[i]);
        }
    }
}

/* The similarity of one window; its gradient times `each` is taken from `gradient`. */
static double window(float *gradient, const float *x, const float *y, int64_t width, double each) {
    const double k1 = 0.01 * 0.01, k2 = 0.03 * 0.03;
    struct moments m = moments_at(x, y, width);
    double mx = m.x / WINDOW, my = m.y / WINDOW;
    double a = 2 * mx * my + k1, b = 2 * (m.xy / WINDOW - mx * my) + k2;
    double c = mx * mx + my * my + k1;
    double d = m.xx / WINDOW - mx * mx + m.yy / WINDOW - my * my + k2;
    double s = a * b / (c * d), scale = -2 * each / WINDOW;
    const double pqr[3] = {scale * ((b - a) * my / (c * d) + s * (mx / d - mx / c)),
                           scale * a / (c * d), scale * s / d};
    spread(gradient, x, y, width, pqr);
    return s;
}

lk_status loss_ssim(double *loss, float *gradient, const float *x, const float *target,
                    int64_t planes, int64_t height, int64_t width, lk_error *err) {
    *loss = 0;
    if (height < SIDE || width < SIDE) {
        return error_set(err, LK_E_SIZE, "SSIM needs planes of %d x %d at least, not %lld x %lld",
                         SIDE, SIDE, (long long)width, (long long)height);
    }
    int64_t rows = height - SIDE + 1, columns = width - SIDE + 1;
    double each = 1 / (double)(planes * rows * columns), sum = 0;
    memset(gradient, 0, (size_t)(planes * height * width) * sizeof *gradient);
    for (int64_t plane = 0; plane < planes; plane++) {
        for (int64_t v = 0; v < rows; v++) {
            for (int64_t u = 0; u < columns; u++) {
                int64_t at = (plane * height + v) * width + u;
                sum += window(gradient + at, x + at, target + at, width, each);
            }
        }
    }
    *loss = 1 - sum * each;
    return LK_OK;
}
