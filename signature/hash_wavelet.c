/* SPDX-License-Identifier: Apache-2.0 */
/* whash: gray, Lanczos to the largest power of two that fits the shorter side (at least side), / 255, Haar decomposition whose
 * overall mean is taken out, then the low band of side x side; a bit is set where it is above the median. ImageHash's whash.
 *
 * Each orthonormal Haar level of the low band is (sum of 2 x 2) / 2, so the band after l levels is the sum over blocks of
 * 2^l x 2^l divided by 2^l. ImageHash removes the mean by decomposing in full, zeroing the last coefficient and putting the
 * picture together again; it computes that in floating point, and ties with the median depend on its last bits. The steps are
 * done here in the same order as PyWavelets does them: (a + b) * 0.7071067811865476 along columns, then along rows.
 * Oracle: a Haar transform written out with numpy and Pillow (tests/oracle/hash). */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "signature/signature.h"

static const double root_half = 0.7071067811865476;

/* One level of decomposition of the n x n corner of data (row length `stride`): sums to the first half, differences to the
 * second, along axis `down`. */
static void haar_forward(double *data, double *line, int32_t n, int32_t stride, bool down) {
    int32_t step = down ? stride : 1, next = down ? 1 : stride;
    for (int32_t i = 0; i < n; i++) {
        double *p = data + (size_t)i * (size_t)next;
        for (int32_t k = 0; k < n / 2; k++) {
            double a = p[(2 * k) * step], b = p[(2 * k + 1) * step];
            line[k] = root_half * a + root_half * b;
            line[n / 2 + k] = root_half * a - root_half * b;
        }
        for (int32_t k = 0; k < n; k++) {
            p[k * step] = line[k];
        }
    }
}

static void haar_inverse(double *data, double *line, int32_t n, int32_t stride, bool down) {
    int32_t step = down ? stride : 1, next = down ? 1 : stride;
    for (int32_t i = 0; i < n; i++) {
        double *p = data + (size_t)i * (size_t)next;
        for (int32_t k = 0; k < n / 2; k++) {
            double s = p[k * step], d = p[(n / 2 + k) * step];
            line[2 * k] = root_half * s + root_half * d;
            line[2 * k + 1] = root_half * s - root_half * d;
        }
        for (int32_t k = 0; k < n; k++) {
            p[k * step] = line[k];
        }
    }
}

static void remove_mean(double *data, double *line, int32_t scale) {
    for (int32_t n = scale; n > 1; n /= 2) {
        haar_forward(data, line, n, scale, true);
        haar_forward(data, line, n, scale, false);
    }
    data[0] = 0;
    for (int32_t n = 2; n <= scale; n *= 2) {
        haar_inverse(data, line, n, scale, false);
        haar_inverse(data, line, n, scale, true);
    }
}

static lk_status whash_compute(lk_hash *out, lk_engine *engine, const lk_image *image, int32_t side,
                               lk_error *err) {
    int32_t shorter = image->width < image->height ? image->width : image->height, scale = 1;
    while (scale * 2 <= shorter) {
        scale *= 2;
    }
    scale = scale < side ? side : scale;
    lk_image small;
    lk_status status = signature_gray_resized(&small, engine, image, scale, scale, err);
    if (status != LK_OK) {
        return status;
    }
    size_t n = (size_t)scale * (size_t)scale, low = (size_t)side * (size_t)side;
    double *data = mem_alloc(n + (size_t)scale + 2 * low, sizeof *data);
    if (!data) {
        lk_image_release(&small);
        return error_memory(err, n * sizeof *data);
    }
    double *line = data + n, *band = line + scale, *sorted = band + low;
    for (size_t i = 0; i < n; i++) {
        data[i] = small.data[i] / 255.0;
    }
    lk_image_release(&small);
    remove_mean(data, line, scale);
    for (int32_t size = scale; size > side; size /= 2) {
        haar_forward(data, line, size, scale, true);
        haar_forward(data, line, size, scale, false);
    }
    for (int32_t y = 0; y < side; y++) {
        memcpy(band + (size_t)y * (size_t)side, data + (size_t)y * (size_t)scale,
               (size_t)side * sizeof *band);
    }
    memcpy(sorted, band, low * sizeof *band);
    double median = signature_median(sorted, low);
    out->bits = (int32_t)low;
    for (int32_t i = 0; i < out->bits; i++) {
        if (band[i] > median) {
            signature_set_bit(out, i);
        }
    }
    mem_free(data);
    return LK_OK;
}

const struct signature signature_whash = {
    .info = {.name = "whash",
             .title = "Wavelet hash",
             .summary = "The coarsest band of a Haar wavelet.",
             .bits = 64,
             .side = 8,
             .sizes = true,
             .match_bits = 10},
    .compute = whash_compute,
};
