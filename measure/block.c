/* SPDX-License-Identifier: Apache-2.0 */
/* block: means of n x n cells, compared one after the other, and an end as soon as enough of them differ.
 *
 * Cell i of n covers the pixels floor(i W / n) .. floor((i + 1) W / n) - 1 of each picture's own width, rows likewise; n is
 * block_grid, or the shortest side where that is less. Two cells differ when the mean over R, G and B of the difference
 * of their means is above 5 levels of 255 (two per cent, the least step of flat light people see beside one another).
 * Cells are read row by row; reading stops once more than block_limit * n^2 of them differ.
 *
 * value = share of the cells read that differ, score = 1 - value. No published reference: the definition is this one. */
#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "measure/measure.h"

static const double differs_above = 5.0 / 255;

static void cell_means(double means[3], const lk_image *rgb, int32_t column, int32_t row,
                       int32_t grid) {
    int32_t x0 = (int32_t)((int64_t)column * rgb->width / grid);
    int32_t x1 = (int32_t)((int64_t)(column + 1) * rgb->width / grid);
    int32_t y0 = (int32_t)((int64_t)row * rgb->height / grid);
    int32_t y1 = (int32_t)((int64_t)(row + 1) * rgb->height / grid);
    uint64_t sums[3] = {0};
    for (int32_t y = y0; y < y1; y++) {
        const uint8_t *p = image_row(rgb, y) + 3 * (size_t)x0;
        uint32_t r = 0, g = 0, b = 0; /* a row of 16,384 samples fits */
        for (int32_t x = x0; x < x1; x++, p += 3) {
            r += p[0];
            g += p[1];
            b += p[2];
        }
        sums[0] += r;
        sums[1] += g;
        sums[2] += b;
    }
    double pixels = (double)(x1 - x0) * (y1 - y0);
    for (int c = 0; c < 3; c++) {
        means[c] = (double)sums[c] / pixels;
    }
}

struct reading {
    int64_t read, differ;
    double sum, largest; /* of the cells' differences, 0..1 */
};

static void read_cells(struct reading *r, const lk_image *a, const lk_image *b, int32_t grid,
                       double allowed) {
    for (int32_t cell = 0; cell < grid * grid && (double)r->differ <= allowed; cell++) {
        double ma[3], mb[3];
        cell_means(ma, a, cell % grid, cell / grid, grid);
        cell_means(mb, b, cell % grid, cell / grid, grid);
        double d = (fabs(ma[0] - mb[0]) + fabs(ma[1] - mb[1]) + fabs(ma[2] - mb[2])) / (3 * 255);
        r->sum += d;
        r->largest = fmax(r->largest, d);
        r->differ += d > differs_above;
        r->read++;
    }
}

static lk_status block_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    double limit = in->options->block_limit;
    int32_t grid = in->options->block_grid;
    if (grid < 1 || !(limit >= 0 && limit <= 1)) {
        return error_set(err, LK_E_USAGE,
                         "block needs a grid of at least 1 and a limit in 0..1, got %d and %g",
                         grid, limit);
    }
    lk_status status = view_rgb(&a, in->a, err);
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    grid = MIN(grid, MIN(MIN(a->width, a->height), MIN(b->width, b->height)));
    int64_t total = (int64_t)grid * grid;
    struct reading r = {0};
    read_cells(&r, a, b, grid, limit * (double)total);
    out->value = (double)r.differ / (double)r.read;
    out->score = 1 - out->value;
    measure_detail_int(out, "blocks_read", r.read);
    measure_detail_int(out, "blocks_total", total);
    measure_detail_int(out, "blocks_differ", r.differ);
    measure_detail_number(out, "mean_difference", r.sum / (double)r.read);
    measure_detail_number(out, "largest_difference", r.largest);
    measure_detail_text(out, "scan_order", "row-major");
    return LK_OK;
}

const struct measure measure_block = {
    .info = {.name = "block",
             .version = 1,
             .title = "Blocks",
             .summary = "The share of the cells of a grid whose mean colour differs.",
             .unit = "",
             .aspect = LK_ASPECT_STRUCTURE,
             .higher_is_more_alike = false,
             .symmetric = true,
             .is_default = false,
             .best = 0,
             .min = 0,
             .max = 1},
    .any_size = true,
    .run = block_run,
};
