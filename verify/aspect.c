/* SPDX-License-Identifier: Apache-2.0 */
/* Aspects: the answers to what a person asks, each 0..1 with its reason, so that "same shape, other colour" is seen at a
 * glance. All but motion are of the aligned pair.
 *
 *   colour      aspect_colour.c
 *   brightness  aspect_colour.c
 *   structure   mean of the contrast-structure factor of SSIM (Wang et al. 2004) of the lightness
 *   shape       edges of each that have one of the other nearby (aspect_shape.c)
 *   details     1 - sqrt(share of a 16 x 16 grid that regions touch), those of another colour only left out
 *   motion      1 - mean path of the corners / diagonal, times the same of parts that moved
 *   meaning     what a network says (aspect_meaning.c); answered only where one was asked
 *
 * docs/algorithms/aspects.md says why each is as it is. */
#include "verify/aspect.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "image/colour_space.h"
#include "image/resize.h"
#include "measure/ssim_window.h"

enum { SMALL_SIDE = 320, GRID = 16, KINDS = LK_REGION_COLOUR + 1 };

void aspect_says(lk_aspect_result *out, double score, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(out->reason, sizeof out->reason, format, args);
    va_end(args);
    out->known = !isnan(score);
    out->score = out->known ? fmin(fmax(score, 0), 1) : 0;
}

static lk_status lab_planes(struct plane out[3], lk_engine *engine, const lk_image *rgb,
                            int32_t width, int32_t height, lk_error *err) {
    lk_image small = {0};
    float table[256];
    lk_status status = image_resize(&small, engine, rgb, width, height, RESIZE_BOX, err);
    for (int i = 0; status == LK_OK && i < 3; i++) {
        status = plane_new(&out[i], width, height, err);
    }
    colour_linear_table(table);
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        colour_lab_row(plane_row(&out[0], y), plane_row(&out[1], y), plane_row(&out[2], y),
                       image_row(&small, y), table, width);
    }
    lk_image_release(&small);
    return status;
}

static lk_status pair_make(struct aspect_pair *p, const struct aspect_input *in, lk_error *err) {
    double scale = fmin(1, (double)SMALL_SIDE / MAX(in->a->width, in->a->height));
    p->width = MAX((int32_t)lround(in->a->width * scale), 1);
    p->height = MAX((int32_t)lround(in->a->height * scale), 1);
    lk_image valid = {0};
    lk_status status = lab_planes(p->a, in->engine, in->a, p->width, p->height, err);
    status =
        status == LK_OK ? lab_planes(p->b, in->engine, in->b, p->width, p->height, err) : status;
    status = status == LK_OK
                 ? image_resize(&valid, in->engine, in->valid, p->width, p->height, RESIZE_BOX, err)
                 : status;
    status = status == LK_OK ? plane_new(&p->counts, p->width, p->height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < p->height; y++) {
        for (int32_t x = 0; x < p->width; x++) {
            plane_row(&p->counts, y)[x] = image_row(&valid, y)[x] == 255;
        }
    }
    lk_image_release(&valid);
    return status;
}

static void pair_release(struct aspect_pair *p) {
    for (int i = 0; i < 3; i++) {
        plane_release(&p->a[i]);
        plane_release(&p->b[i]);
    }
    plane_release(&p->counts);
}

static lk_status aspect_structure(lk_aspect_result *out, const struct aspect_input *in,
                                  lk_error *err) {
    const struct aspect_pair *p = &in->pair;
    if (MIN(p->width, p->height) < SSIM_GAUSSIAN_SIDE) {
        aspect_says(out, NAN, "too small to tell");
        return LK_OK;
    }
    struct plane scaled[2] = {{0}, {0}};
    const struct plane *from[2] = {&p->a[0], &p->b[0]};
    double mean, structure = 0;
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < 2; i++) {
        status = plane_new(&scaled[i], p->width, p->height, err);
        for (size_t k = 0; status == LK_OK && k < (size_t)p->width * (size_t)p->height; k++) {
            scaled[i].data[k] = from[i]->data[k] * 2.55f;
        }
    }
    status = status == LK_OK
                 ? ssim_gaussian(&mean, &structure, in->engine, &scaled[0], &scaled[1], err)
                 : status;
    plane_release(&scaled[0]);
    plane_release(&scaled[1]);
    if (status == LK_OK) {
        aspect_says(out, structure, "%s",
                    structure >= 0.9   ? "light and dark are laid out alike"
                    : structure >= 0.6 ? "light and dark are laid out alike in most places"
                    : structure >= 0.3 ? "light and dark are laid out alike in some places"
                                       : "light and dark are laid out differently");
    }
    return status;
}

/* The share of the cells of a grid over the reference that regions of some kinds (a bit each) touch. */
static double touched_share(const struct aspect_input *in, unsigned kinds) {
    bool touched[GRID][GRID] = {{false}};
    int32_t count = 0;
    for (size_t i = 0; i < in->region_count; i++) {
        const lk_region *r = &in->regions[i];
        if (!(kinds & 1u << r->kind)) {
            continue;
        }
        int32_t x1 = (int32_t)((int64_t)(r->x + r->width - 1) * GRID / in->size->width);
        int32_t y1 = (int32_t)((int64_t)(r->y + r->height - 1) * GRID / in->size->height);
        for (int32_t y = (int32_t)((int64_t)r->y * GRID / in->size->height); y <= y1; y++) {
            for (int32_t x = (int32_t)((int64_t)r->x * GRID / in->size->width); x <= x1; x++) {
                count += !touched[y][x];
                touched[y][x] = true;
            }
        }
    }
    return (double)count / (GRID * GRID);
}

static lk_status aspect_details(lk_aspect_result *out, const struct aspect_input *in,
                                lk_error *err) {
    (void)err;
    size_t of_kind[KINDS] = {0};
    if (in->align->outcome == ALIGN_NOT_FOUND) {
        aspect_says(out, 0, "the pictures do not lie on one another");
        return LK_OK;
    }
    for (size_t i = 0; i < in->region_count; i++) {
        of_kind[in->regions[i].kind]++;
    }
    char list[100] = "";
    for (int kind = 0; kind < KINDS; kind++) {
        size_t used = strlen(list);
        if (of_kind[kind]) {
            snprintf(list + used, sizeof list - used, "%s%zu %s", used ? ", " : "", of_kind[kind],
                     lk_region_kind_name((lk_region_kind)kind));
        }
    }
    aspect_says(out, 1 - sqrt(touched_share(in, ~(1u << LK_REGION_COLOUR))), "%s%s",
                in->region_count ? "places that differ: " : "no place differs", list);
    return LK_OK;
}

/* How far the corners of the frame went, as a share of its diagonal, when nothing but the alignment moved them. */
static double corner_path(const struct aspect_input *in) {
    const double *h = in->align->alignment.homography;
    double width = in->size->width, height = in->size->height, sum = 0;
    double photo_width = in->photo_size->width, photo_height = in->photo_size->height;
    for (int i = 0; i < 4; i++) {
        double u = i % 2 ? photo_width : 0, v = i / 2 ? photo_height : 0;
        double w = h[6] * u + h[7] * v + h[8];
        double x = (h[0] * u + h[1] * v + h[2]) / w, y = (h[3] * u + h[4] * v + h[5]) / w;
        sum += hypot(x - u * width / photo_width, y - v * height / photo_height);
    }
    return sum / (4 * hypot(width, height));
}

static lk_status aspect_motion(lk_aspect_result *out, const struct aspect_input *in,
                               lk_error *err) {
    (void)err;
    const lk_alignment *m = &in->align->alignment;
    if (in->align->outcome == ALIGN_NOT_FOUND) {
        aspect_says(out, NAN, "no move brings one onto the other");
        return LK_OK;
    }
    double parts = touched_share(in, 1u << LK_REGION_MOVED);
    const char *moved = parts > 0 ? "; parts of it moved" : "";
    if (in->align->outcome == ALIGN_IN_PLACE) {
        aspect_says(out, 1 - sqrt(parts), "both lie in the same place%s", moved);
        return LK_OK;
    }
    aspect_says(out, (1 - fmin(corner_path(in), 1)) * (1 - sqrt(parts)),
                "turned %.0f deg, shown at %.0f %%, middle shifted by %.0f, %.0f px%s",
                m->rotation_deg, 100 * m->scale, m->shift_x, m->shift_y, moved);
    return LK_OK;
}

static const struct {
    lk_aspect aspect;
    lk_status (*answer)(lk_aspect_result *out, const struct aspect_input *in, lk_error *err);
} aspect_table[] = {
    {LK_ASPECT_COLOUR, aspect_colour},       {LK_ASPECT_BRIGHTNESS, aspect_brightness},
    {LK_ASPECT_STRUCTURE, aspect_structure}, {LK_ASPECT_SHAPE, aspect_shape},
    {LK_ASPECT_DETAILS, aspect_details},     {LK_ASPECT_MOTION, aspect_motion},
};

lk_status aspects_find(lk_comparison *out, struct aspect_input *in, lk_error *err) {
    lk_status status = pair_make(&in->pair, in, err);
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(aspect_table); i++) {
        lk_aspect_result *r = &out->aspects[out->aspect_count++];
        r->aspect = aspect_table[i].aspect;
        status = aspect_table[i].answer(r, in, err);
    }
    if (status == LK_OK && aspect_meaning(&out->aspects[out->aspect_count], out)) {
        out->aspect_count++;
    }
    pair_release(&in->pair);
    return status;
}
