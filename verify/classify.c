/* SPDX-License-Identifier: Apache-2.0 */
/* The rules, in the order they are asked of a region:
 *
 *   moved    its pixels, or those that took their place, are found at one vector (classify_move.c)
 *   colour   gradients of both pictures agree: the shape stayed (classify_look.c)
 *   missing  its colours in the reference are not found around it, in the photo they are; or its gradients are gone
 *   added    the other way round
 *   changed  anything else
 *
 * tests/unit/test_classify.c draws each of them; docs/algorithms/regions.md has the confusion matrix. */
#include "verify/classify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"

/* Energies are squares: a third of the contrast is a ninth. */
static const double agreement_needed = 0.6, energies_alike = 0.12, energy_gone = 0.12,
                    oddness_apart = 0.3, oddness_of_ground = 0.2;

void match_light(struct matched *out, const struct change *c) {
    *out = (struct matched){.c = c, .tolerance = 6};
    int32_t width = c->a->width, height = c->a->height, n = c->a->channels;
    for (int k = 0; k < 3; k++) {
        double sums[5] = {0}; /* n, b, a, bb, ab over what does not differ */
        for (int32_t y = 0; !c->exact && y < height; y += 2) {
            const uint8_t *pa = image_row(c->a, y), *pb = image_row(c->b, y);
            for (int32_t x = 0; x < width; x += 2) {
                if (!c->differs[(size_t)y * (size_t)width + (size_t)x]) {
                    double va = pa[n * x + k], vb = pb[n * x + k];
                    sums[0] += 1;
                    sums[1] += vb;
                    sums[2] += va;
                    sums[3] += vb * vb;
                    sums[4] += va * vb;
                }
            }
        }
        double spread = sums[0] * sums[3] - sums[1] * sums[1];
        double gain = spread > 0 ? (sums[0] * sums[4] - sums[1] * sums[2]) / spread : 1;
        gain = c->exact ? 1 : fmin(fmax(gain, 0.5), 2);
        double start = sums[0] > 0 ? (sums[2] - gain * sums[1]) / sums[0] : 0;
        for (int v = 0; v < 256; v++) {
            out->light[k][v] = (uint8_t)lround(fmin(fmax(gain * v + start, 0), 255));
        }
    }
    if (!c->exact) {
        out->tolerance = 32; /* light that differs from place to place, blur, noise */
    }
}

int32_t pixel_apart(const struct matched *m, int32_t ax, int32_t ay, int32_t bx, int32_t by) {
    const lk_image *a = m->c->a, *b = m->c->b;
    const uint8_t *pa = image_row(a, ay) + (size_t)a->channels * (size_t)ax;
    const uint8_t *pb = image_row(b, by) + (size_t)b->channels * (size_t)bx;
    int32_t most = 0;
    for (int k = 0; k < 3; k++) {
        most = MAX(most, abs(pa[k] - m->light[k][pb[k]]));
    }
    return most;
}

static lk_region_kind kind_of(const struct look *l) {
    double least = fmin(l->energy_a, l->energy_b), most = fmax(l->energy_a, l->energy_b);
    double odd = l->odd_a - l->odd_b;
    if (l->agreement >= agreement_needed && least >= energies_alike * most) {
        return LK_REGION_COLOUR;
    }
    if (fabs(odd) >= oddness_apart && fmin(l->odd_a, l->odd_b) < oddness_of_ground) {
        return odd > 0 ? LK_REGION_MISSING : LK_REGION_ADDED;
    }
    if (least < energy_gone * most) {
        return l->energy_b < l->energy_a ? LK_REGION_MISSING : LK_REGION_ADDED;
    }
    return LK_REGION_CHANGED;
}

/* By falling severity times area, as regions come. */
static int by_weight(const void *a, const void *b) {
    const lk_region *p = a, *q = b;
    double wp = p->severity * (double)p->area_px, wq = q->severity * (double)q->area_px;
    return wp != wq ? (wp < wq ? 1 : -1) : p->id - q->id;
}

/* Adds the places of region i that changed more than their colour to the list. */
static lk_status split_region(lk_region **regions, size_t *count, size_t i, const struct matched *m,
                              lk_error *err) {
    lk_region *parts = NULL, *grown;
    size_t n = 0;
    lk_status status = disagreeing_parts(&parts, &n, m, &(*regions)[i], err);
    if (status != LK_OK || n == 0) {
        mem_free(parts);
        return status;
    }
    grown = mem_realloc(*regions, *count + n, sizeof *grown);
    if (!grown) {
        mem_free(parts);
        return error_memory(err, (*count + n) * sizeof *grown);
    }
    *regions = grown;
    for (size_t k = 0; k < n; k++) {
        parts[k].kind = LK_REGION_CHANGED;
        parts[k].severity = grown[i].severity;
        parts[k].id = (int32_t)*count + 1;
        grown[(*count)++] = parts[k];
        grown[i].area_px = MAX(grown[i].area_px - parts[k].area_px, 1);
    }
    mem_free(parts);
    return LK_OK;
}

static lk_status split_regions(lk_region **regions, size_t *count, const struct matched *m,
                               lk_error *err) {
    lk_status status = LK_OK;
    size_t found = *count;
    for (size_t i = 0; status == LK_OK && i < found; i++) {
        if ((*regions)[i].kind == LK_REGION_COLOUR) {
            status = split_region(regions, count, i, m, err);
        }
    }
    if (status == LK_OK && *count > found) {
        qsort(*regions, *count, sizeof **regions, by_weight);
        for (size_t i = 0; i < *count; i++) {
            (*regions)[i].id = (int32_t)i + 1;
        }
    }
    return status;
}

lk_status classify_regions(lk_region **regions, size_t *count, const struct change *c,
                           lk_error *err) {
    if (*count == 0) {
        return LK_OK;
    }
    struct matched *m = mem_alloc(1, sizeof *m);
    struct look *looks = mem_calloc(*count, sizeof *looks);
    lk_status status = m && looks ? LK_OK : error_memory(err, *count * sizeof *looks);
    if (status == LK_OK) {
        match_light(m, c);
    }
    for (size_t i = 0; status == LK_OK && i < *count; i++) {
        status = region_look(&looks[i], m, &(*regions)[i], err);
        (*regions)[i].kind = kind_of(&looks[i]);
    }
    status = status == LK_OK ? find_moves(*regions, *count, looks, m, err) : status;
    status = status == LK_OK ? split_regions(regions, count, m, err) : status;
    mem_free(m);
    mem_free(looks);
    return status;
}
