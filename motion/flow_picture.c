/* SPDX-License-Identifier: Apache-2.0 */
/* A flow field in colours: the wheel of the Middlebury benchmark (Baker, Scharstein, Lewis, Roth, Black, Szeliski: A Database and
 * Evaluation Methodology for Optical Flow, IJCV 2011). Six stretches of hue, each with as many steps as the eye tells
 * apart there; the angle chooses between two neighbouring colours of the wheel, the length mixes it with white.
 *
 * Oracle: the same wheel in NumPy (tests/oracle/flow). */
#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "image/image.h"
#include "motion/optical_flow.h"

enum { WHEEL = 55 };

/* A stretch of the wheel: one channel full, one rising or falling in `steps`, the third empty. */
struct stretch {
    int32_t steps, full, changing;
    bool rises;
};

static const struct stretch stretches[] = {
    {15, 0, 1, true},  /* red to yellow */
    {6, 1, 0, false},  /* to green */
    {4, 1, 2, true},   /* to cyan */
    {11, 2, 1, false}, /* to blue */
    {13, 2, 0, true},  /* to magenta */
    {6, 0, 2, false},  /* to red */
};

static void make_wheel(double wheel[WHEEL][3]) {
    int32_t at = 0;
    for (size_t s = 0; s < ARRAY_COUNT(stretches); s++) {
        const struct stretch *t = &stretches[s];
        for (int32_t i = 0; i < t->steps; i++, at++) {
            double part = floor(255.0 * i / t->steps);
            memset(wheel[at], 0, sizeof wheel[at]);
            wheel[at][t->full] = 1;
            wheel[at][t->changing] = (t->rises ? part : 255 - part) / 255;
        }
    }
}

static double longest_of(const lk_flow *flow) {
    double longest = 0;
    for (size_t i = 0; i < (size_t)flow->width * (size_t)flow->height; i++) {
        double u = flow->data[2 * i], v = flow->data[2 * i + 1];
        if (flow_is_known(flow->data + 2 * i)) {
            longest = fmax(longest, u * u + v * v);
        }
    }
    return sqrt(longest);
}

/* u and v in units of the longest. */
static void paint(uint8_t rgb[3], const double wheel[WHEEL][3], double u, double v) {
    double length = sqrt(u * u + v * v), turn = (atan2(-v, -u) / 3.14159265358979323846 + 1) / 2;
    double at = turn * (WHEEL - 1), part = at - floor(at);
    size_t first = (size_t)at, next = (first + 1) % WHEEL;
    for (int c = 0; c < 3; c++) {
        double colour = (1 - part) * wheel[first][c] + part * wheel[next][c];
        colour = length <= 1 ? 1 - length * (1 - colour) : 0.75 * colour;
        rgb[c] = (uint8_t)(255 * colour);
    }
}

lk_status lk_flow_picture(lk_image *out, const lk_flow *flow, double longest, lk_error *err) {
    double wheel[WHEEL][3];
    lk_status status = lk_image_new(out, flow->width, flow->height, 3, 8, err);
    if (status != LK_OK) {
        return status;
    }
    make_wheel(wheel);
    longest = longest > 0 ? longest : longest_of(flow);
    longest = longest > 0 ? longest : 1;
    for (int32_t y = 0; y < flow->height; y++) {
        const float *from = flow->data + 2 * (size_t)y * (size_t)flow->width;
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < flow->width; x++) {
            float u = from[2 * x], v = from[2 * x + 1];
            if (flow_is_known(from + 2 * x)) {
                paint(to + 3 * x, (const double(*)[3])wheel, u / longest, v / longest);
            } else {
                memset(to + 3 * x, 0, 3);
            }
        }
    }
    return LK_OK;
}
