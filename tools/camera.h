/* SPDX-License-Identifier: Apache-2.0 */
/* A camera that photographs a flat picture lying on a table: the maker of samples and of test photos whose true geometry is
 * known. Deterministic: the same settings give the same pixels. It shares no code with what it tests (no warp, no filter). */
#ifndef LK_CAMERA_H
#define LK_CAMERA_H

#include <likeness/image.h>

/* How one photo is taken. camera_settings_random draws all of it from a seed. */
struct camera_settings {
    uint64_t seed;         /* of the table, the noise, and what random settings are drawn from */
    int32_t width, height; /* of the photo */
    double tilt_deg;       /* the camera leans away from looking straight down by this ... */
    double tilt_to_deg;    /* ... towards this direction; 0 is right, 90 is down */
    double turn_deg;       /* the picture is turned on the table, clockwise */
    double cover;          /* the picture's larger share of the photo's width or height, 0..1 */
    double offset_x,
        offset_y; /* of the middle of the picture's box from the photo's, in shares of its size */
    double light; /* how uneven: the darkest corner gets 1 - light of the brightest's light */
    double light_to_deg; /* direction that it comes from */
    double exposure;     /* factor on everything */
    double warmth;       /* white balance: red gains, blue loses this share */
    double glare;        /* strength of a soft highlight, in white levels */
    double blur_px;      /* defocus: standard deviation */
    double motion_px;    /* length of the streak a moving hand leaves */
    double motion_deg;
    double noise;    /* standard deviation of a white pixel, share of white */
    int32_t quality; /* JPEG */
};

/* A plausible hand-held photo: difficulty 0 is a good one, 1 a poor one. */
struct camera_settings camera_settings_random(uint64_t seed, double difficulty, int32_t width,
                                              int32_t height);

/* What may be done to the picture before it is photographed. */
enum camera_edit_kind {
    EDIT_REMOVE, /* painted over with the colour around it: something is missing */
    EDIT_STAMP,  /* a filled ellipse in a contrasting colour */
    EDIT_TEXT,   /* strokes as of two lines of print, dark on light or light on dark */
    EDIT_KINDS
};
const char *camera_edit_name(enum camera_edit_kind kind);

struct camera_edit {
    int32_t x, y, width, height; /* inside the picture */
    enum camera_edit_kind kind;
    uint64_t seed;
};
/* Paints edit into picture (RGB 8 bits). */
void camera_edit_paint(lk_image *picture, const struct camera_edit *edit);

/* Takes the photo of picture (RGB 8 bits): out is RGB 8 bits before JPEG. homography (row-major) maps pixels of the picture to
 * pixels of the photo. LK_E_MEMORY, LK_E_USAGE when the picture would lie outside what a camera can see. */
LK_MUST_CHECK lk_status camera_take(lk_image *out, double homography[9], const lk_image *picture,
                                    const struct camera_settings *settings, lk_error *err);

#endif
