/* SPDX-License-Identifier: Apache-2.0 */
/* Where the camera stands: a pinhole above the picture's plane. */
#ifndef LK_GEOMETRY_H
#define LK_GEOMETRY_H

#include <likeness/simulate.h>

/* The first setting that is out of range: LK_E_USAGE. */
LK_MUST_CHECK lk_status camera_check(const lk_simulator *camera, lk_error *err);

/* homography (row-major) maps pixels of a picture of width x height to pixels of the photo. */
void geometry_find(double homography[9], const lk_simulator *camera, int32_t width, int32_t height);

void geometry_map(double *x, double *y, const double h[9], double from_x, double from_y);
void geometry_multiply(double out[9], const double a[9], const double b[9]);
void geometry_invert(double out[9], const double m[9]);

#endif
