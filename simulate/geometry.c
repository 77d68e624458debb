/* SPDX-License-Identifier: Apache-2.0 */
/* H = S K [r1 r2 t]: the plane of the picture turned and moved, then seen through a pinhole K of the given field of view, then
 * stretched by S from the photo's own shape to that of the output. The distance t is found by bisection: the nearest from
 * which the picture spans no more than asked. */
#include "simulate/geometry.h"

#include <math.h>

#include "simulate/portable_math.h"

void geometry_map(double *x, double *y, const double h[9], double from_x, double from_y) {
    double w = h[6] * from_x + h[7] * from_y + h[8];
    *x = (h[0] * from_x + h[1] * from_y + h[2]) / w;
    *y = (h[3] * from_x + h[4] * from_y + h[5]) / w;
}

void geometry_multiply(double out[9], const double a[9], const double b[9]) {
    for (int32_t i = 0; i < 9; i++) {
        out[i] = a[i / 3 * 3] * b[i % 3] + a[i / 3 * 3 + 1] * b[3 + i % 3] +
                 a[i / 3 * 3 + 2] * b[6 + i % 3];
    }
}

void geometry_invert(double out[9], const double m[9]) {
    for (int32_t i = 0; i < 9; i++) {
        /* the cofactor of row i % 3, column i / 3: rows and columns change places */
        int32_t r = i % 3, c = i / 3, r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3,
                c2 = (c + 2) % 3;
        out[i] = m[3 * r1 + c1] * m[3 * r2 + c2] - m[3 * r1 + c2] * m[3 * r2 + c1];
    }
    double determinant = m[0] * out[0] + m[1] * out[3] + m[2] * out[6];
    for (int32_t i = 0; i < 9; i++) {
        out[i] /= determinant;
    }
}

/* What does not change with the distance. */
struct pose {
    double width, height; /* of the photo before it is stretched */
    double focal;         /* in its pixels */
    double turn_c, turn_s, tilt_c, tilt_s, axis_x, axis_y;
    double middle_x, middle_y, right, bottom; /* of the picture */
};

static struct pose pose_of(const lk_simulator *camera, int32_t width, int32_t height) {
    struct pose p = {.height = camera->height};
    double half_c, half_s;
    p.width = camera->aspect > 0 ? camera->aspect * p.height : camera->width;
    portable_sin_cos(&half_s, &half_c, camera->view_deg / 2);
    p.focal = p.width / 2 * half_c / half_s;
    portable_sin_cos(&p.turn_s, &p.turn_c, camera->turn_deg);
    portable_sin_cos(&p.tilt_s, &p.tilt_c, camera->tilt_deg);
    portable_sin_cos(&p.axis_y, &p.axis_x, camera->tilt_to_deg);
    p.right = width - 1;
    p.bottom = height - 1;
    p.middle_x = p.right / 2;
    p.middle_y = p.bottom / 2;
    return p;
}

static void look(double h[9], const struct pose *p, double distance) {
    double ax = p->axis_x, ay = p->axis_y, ct = p->tilt_c, st = p->tilt_s;
    /* Rodrigues: turning by the tilt about the axis (-ay, ax, 0); the plane's columns r1 and r2 are enough. */
    double tilt[9] = {ct + ay * ay * (1 - ct),
                      -ax * ay * (1 - ct),
                      0,
                      -ax * ay * (1 - ct),
                      ct + ax * ax * (1 - ct),
                      0,
                      -ax * st,
                      -ay * st,
                      distance};
    double c = p->turn_c, n = p->turn_s, px = p->middle_x, py = p->middle_y;
    double place[9] = {c, -n, -c * px + n * py, n, c, -n * px - c * py, 0, 0, 1};
    double eye[9] = {p->focal, 0, (p->width - 1) / 2, 0, p->focal, (p->height - 1) / 2, 0, 0, 1};
    double turned[9];
    geometry_multiply(turned, tilt, place);
    geometry_multiply(h, eye, turned);
    for (int32_t i = 0; i < 9; i++) {
        h[i] /= distance; /* so that h[8] stays near 1 */
    }
}

/* The box of the picture's corners in the photo. */
struct span {
    double low_x, high_x, low_y, high_y;
};

static struct span span_of(const double h[9], const struct pose *p) {
    struct span b = {1e9, -1e9, 1e9, -1e9};
    for (int32_t i = 0; i < 4; i++) {
        double x, y;
        geometry_map(&x, &y, h, (i & 1) * p->right, (i >> 1) * p->bottom);
        b.low_x = fmin(b.low_x, x);
        b.high_x = fmax(b.high_x, x);
        b.low_y = fmin(b.low_y, y);
        b.high_y = fmax(b.high_y, y);
    }
    return b;
}

void geometry_find(double h[9], const lk_simulator *camera, int32_t width, int32_t height) {
    const struct pose p = pose_of(camera, width, height);
    double diagonal = sqrt((double)width * width + (double)height * height);
    /* Nearer than `near` a corner would lie behind the camera; from there the picture spans more than any cover. */
    double near = diagonal * (0.5 * p.tilt_s + 0.001), far = 1000 * diagonal;
    for (int32_t i = 0; i < 40; i++) { /* to far / near times 2^-40 */
        double distance = sqrt(near * far);
        look(h, &p, distance);
        struct span b = span_of(h, &p);
        double share =
            fmax((b.high_x - b.low_x + 1) / p.width, (b.high_y - b.low_y + 1) / p.height);
        if (share > camera->cover) {
            near = distance;
        } else {
            far = distance;
        }
    }
    look(h, &p, far);
    /* Points at its middle by cutting: the view stays the same. Then the stretch; pixels are counted from their middles. */
    struct span b = span_of(h, &p);
    double shift_x = (0.5 + camera->offset_x) * p.width - (b.low_x + b.high_x + 1) / 2;
    double shift_y = (0.5 + camera->offset_y) * p.height - (b.low_y + b.high_y + 1) / 2;
    double stretch = camera->width / p.width;
    double move[9] = {stretch, 0, stretch * (shift_x + 0.5) - 0.5, 0, 1, shift_y, 0, 0, 1};
    double seen[9];
    geometry_multiply(seen, move, h);
    for (int32_t i = 0; i < 9; i++) {
        h[i] = seen[i] / seen[8];
    }
}
