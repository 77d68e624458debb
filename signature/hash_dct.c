/* SPDX-License-Identifier: Apache-2.0 */
/* phash: gray, Lanczos to 4 side x 4 side, DCT-II over columns and then rows (unnormalised, y_k = 2 sum x_n cos(pi k (2n + 1) /
 * 2N)), the lowest side x side coefficients including DC; a bit is set where one is above their median. ImageHash's phash.
 * Oracle: the same steps with Pillow and scipy.fftpack (tests/oracle/hash). */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "signature/signature.h"

/* cos(pi k (2n + 1) / 2N) for k < count, n < size, row by row. */
static double *cosine_table(int32_t count, int32_t size) {
    double *table = mem_alloc((size_t)count * (size_t)size, sizeof *table);
    for (int32_t k = 0; table && k < count; k++) {
        for (int32_t n = 0; n < size; n++) {
            table[k * size + n] = cos(M_PI * k * (2 * n + 1) / (2.0 * size));
        }
    }
    return table;
}

static void low_coefficients(double *out, const lk_image *small, const double *cosines,
                             double *columns, int32_t side) {
    int32_t n = small->width;
    for (int32_t k = 0; k < side; k++) { /* along axis 0 */
        for (int32_t x = 0; x < n; x++) {
            double sum = 0;
            for (int32_t y = 0; y < n; y++) {
                sum += image_row(small, y)[x] * cosines[k * n + y];
            }
            columns[k * n + x] = 2 * sum;
        }
    }
    for (int32_t k = 0; k < side; k++) { /* along axis 1 */
        for (int32_t j = 0; j < side; j++) {
            double sum = 0;
            for (int32_t x = 0; x < n; x++) {
                sum += columns[k * n + x] * cosines[j * n + x];
            }
            out[k * side + j] = 2 * sum;
        }
    }
}

static lk_status phash_compute(lk_hash *out, lk_engine *engine, const lk_image *image, int32_t side,
                               lk_error *err) {
    int32_t n = 4 * side;
    size_t low = (size_t)side * (size_t)side;
    lk_image small;
    lk_status status = signature_gray_resized(&small, engine, image, n, n, err);
    if (status != LK_OK) {
        return status;
    }
    double *cosines = cosine_table(side, n);
    double *work = mem_alloc((size_t)side * (size_t)n + 2 * low, sizeof *work);
    if (cosines && work) {
        double *coefficients = work + (size_t)side * (size_t)n, *sorted = coefficients + low;
        low_coefficients(coefficients, &small, cosines, work, side);
        for (size_t i = 0; i < low; i++) {
            sorted[i] = coefficients[i];
        }
        double median = signature_median(sorted, low);
        out->bits = (int32_t)low;
        for (int32_t i = 0; i < out->bits; i++) {
            if (coefficients[i] > median) {
                signature_set_bit(out, i);
            }
        }
    } else {
        status = error_memory(err, low * sizeof *work);
    }
    mem_free(cosines);
    mem_free(work);
    lk_image_release(&small);
    return status;
}

const struct signature signature_phash = {
    .info = {.name = "phash",
             .title = "DCT hash",
             .summary = "The lowest frequencies; the usual choice for near duplicates.",
             .bits = 64,
             .side = 8,
             .sizes = true,
             .match_bits = 10},
    .compute = phash_compute,
};
