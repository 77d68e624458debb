/* SPDX-License-Identifier: Apache-2.0 */
/* A map takes a direction by its derivative, and a size by the root of the derivative's determinant: what a picture is scaled by on
 * average over the directions. */
#include "feature/sift_frame.h"

#include <math.h>

#include "feature/homography.h"

struct sift_frame sift_frame_of(const struct sift_point *p) {
    double angle = 2 * M_PI * p->turn;
    return (struct sift_frame){p->x, p->y, p->sigma * cos(angle), p->sigma * sin(angle)};
}

bool sift_vectors_agree(const double a[2], const double b[2], const struct sift_tolerance *t) {
    double n = a[0] * a[0] + a[1] * a[1], m = b[0] * b[0] + b[1] * b[1];
    double dot = a[0] * b[0] + a[1] * b[1], least = t->least_cosine, ratio = t->ratio * t->ratio;
    return dot > 0 && dot * dot >= least * least * n * m && n <= ratio * m && m <= ratio * n;
}

/* The derivative of h at (px, py), which it maps to (x, y). */
static void derive(double d[4], const double h[9], double px, double py, double x, double y) {
    double w = h[6] * px + h[7] * py + h[8];
    d[0] = (h[0] - x * h[6]) / w;
    d[1] = (h[1] - x * h[7]) / w;
    d[2] = (h[3] - y * h[6]) / w;
    d[3] = (h[4] - y * h[7]) / w;
}

bool sift_frames_agree(double *squared, const struct sift_frame *a, const struct sift_frame *b,
                       const double h[9], const struct sift_tolerance *t) {
    double x, y, d[4];
    if (!homography_apply(&x, &y, h, b->x, b->y)) {
        return false;
    }
    *squared = (x - a->x) * (x - a->x) + (y - a->y) * (y - a->y);
    if (!(*squared <= t->distance * t->distance)) {
        return false;
    }
    derive(d, h, b->x, b->y, x, y);
    double to[2] = {d[0] * b->u + d[1] * b->v, d[2] * b->u + d[3] * b->v};
    double length = hypot(to[0], to[1]);
    double size = hypot(b->u, b->v) * sqrt(fabs(d[0] * d[3] - d[1] * d[2]));
    double k = length > 0 ? size / length : 0;
    const double mapped[2] = {to[0] * k, to[1] * k}, own[2] = {a->u, a->v};
    return sift_vectors_agree(mapped, own, t);
}
