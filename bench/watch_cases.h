/* SPDX-License-Identifier: Apache-2.0 */
/* Troubles of a fixed camera, made from real frames: the camera's picture is a window of a larger one, so that what comes into view
 * when it turns is real. Used by bench_watch and by the test that holds its bars. */
#ifndef LK_WATCH_CASES_H
#define LK_WATCH_CASES_H

#include "image/image.h"
#include "likeness/watch.h"

/* Where the reference looks: all of the frame, or a part from which it can turn. */
enum watch_window {
    WINDOW_WHOLE,
    WINDOW_CENTRE,
    WINDOW_LEFT,
    WINDOW_RIGHT,
    WINDOW_TOP,
    WINDOW_BOTTOM,
    WINDOWS
};

enum watch_trouble {
    TROUBLE_NONE,
    TROUBLE_SHIFT,    /* size: % of the width; variants: right, left, down, up */
    TROUBLE_ROLL,     /* degrees; clockwise, the other way */
    TROUBLE_ZOOM,     /* factor */
    TROUBLE_COVER,    /* % of the area; variants: the side it comes from (4) + 4 * what it is (5) */
    TROUBLE_DEFOCUS,  /* sigma, pixels of the frame */
    TROUBLE_DARK,     /* share of the light that is left */
    TROUBLE_REPLACED, /* another scene, given */
    TROUBLES,
};

struct watch_case {
    enum watch_trouble trouble;
    double size;
    int32_t variant;
    uint64_t seed; /* of noise */
};

const char *watch_trouble_name(enum watch_trouble t);
/* What it is to be called. */
lk_view_state watch_trouble_state(enum watch_trouble t);
/* The sizes that are tried, and how many variants there are. */
int32_t watch_trouble_sizes(const double **out, enum watch_trouble t);
int32_t watch_trouble_variants(enum watch_trouble t);

enum watch_window watch_case_window(const struct watch_case *c);
/* What the window shows of a frame. */
LK_MUST_CHECK lk_status watch_window_make(lk_image *out, lk_engine *engine, const lk_image *frame,
                                          enum watch_window window, lk_error *err);
/* What the camera shows of the frame (RGB) in trouble; other: for TROUBLE_REPLACED. truth: the camera's turn since the
 * reference. */
LK_MUST_CHECK lk_status watch_case_make(lk_image *out, lk_view_offset *truth, lk_engine *engine,
                                        const lk_image *frame, const lk_image *other,
                                        const struct watch_case *c, lk_error *err);

/* The frame in other light: gain, gamma, a ramp of shade and noise drawn from the seed; 0: as it is. */
LK_MUST_CHECK lk_status watch_relight(lk_image *out, const lk_image *frame, uint64_t seed,
                                      lk_error *err);

#endif
