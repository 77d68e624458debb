/* SPDX-License-Identifier: Apache-2.0 */
/* A camera simulator: photos of a flat picture lying on something, of which every setting and the true geometry are known. A file
 * of originals becomes test photos, or what a network learns from. The same settings give the same pixels on every machine. */
#ifndef LIKENESS_SIMULATE_H
#define LIKENESS_SIMULATE_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How one photo is taken. lk_simulator_default is a camera straight above in perfect light, lk_simulator_draw a plausible hand.
 * lk_simulator_setting_at describes all members but the first three: unit, range, meaning. Directions are degrees, clockwise from
 * right: 0 is right, 90 is down. Shares are 0..1. */
typedef struct lk_simulator {
    uint64_t seed;         /* of the ground, the noise and what lies in front */
    int32_t width, height; /* of the photo */
    int32_t ground;        /* which of the choices: wood, plain, cloth, tiles, speckle, clutter */
    int32_t quality;       /* JPEG; 0 is none */
    double aspect, view_deg, tilt_deg, tilt_to_deg, turn_deg, cover, offset_x, offset_y;
    double contact, ground_scale, ground_deg;
    double light, light_to_deg, exposure, warmth, tint, vignette;
    double glare, glare_x, glare_y, glare_size, glare_stretch, glare_deg;
    double shadow, shadow_at, shadow_width, shadow_soft, shadow_deg;
    double hidden, hidden_reach, hidden_deg;
    double blur_px, motion_px, motion_deg, resolution;
    double moire, moire_px, moire_deg;
    double noise, gamma, contrast, saturation;
} lk_simulator;

typedef enum lk_simulator_kind {
    LK_CAMERA_NUMBER, /* double */
    LK_CAMERA_WHOLE,  /* int32_t */
    LK_CAMERA_CHOICE, /* int32_t: which of choices */
} lk_simulator_kind;

/* One row a setting. */
typedef struct lk_simulator_setting {
    const char *name;
    lk_simulator_kind kind;
    double min, max;
    const char *choices; /* "a|b|c" of LK_CAMERA_CHOICE, else NULL */
    const char *unit;    /* "deg", "px", "share", "factor"; empty for none */
    const char *help;
    size_t offset; /* in lk_simulator */
} lk_simulator_setting;

LK_API size_t lk_simulator_setting_count(void);
LK_API const lk_simulator_setting *lk_simulator_setting_at(size_t i);
LK_API double lk_simulator_get(const lk_simulator *camera, const lk_simulator_setting *setting);

/* Sets what "NAME=VALUE" says. LK_E_USAGE for an unknown name or a value out of range. */
LK_API LK_MUST_CHECK lk_status lk_simulator_set(lk_simulator *camera, const char *text,
                                                lk_error *err);

/* Straight from above, even light, no blur, no noise, no JPEG: only the geometry. */
LK_API lk_simulator lk_simulator_default(int32_t width, int32_t height);

/* A hand-held photo with all settings drawn from the seed: difficulty 0 is a good one, 1 a poor one (tilted up to 45 degrees, the
 * picture 30 % to 105 % of the photo, partly hidden, blurred). */
LK_API lk_simulator lk_simulator_draw(uint64_t seed, double difficulty, int32_t width,
                                      int32_t height);

/* The same for a network's input of width x height, onto which a photo is stretched whatever its shape (lk_model_card's
 * LK_RESIZE_STRETCH): the photo's own shape is drawn as well, as a rule upright for an upright picture, sometimes cut close to
 * it. */
LK_API lk_simulator lk_simulator_draw_view(uint64_t seed, double difficulty, int32_t width,
                                           int32_t height, const lk_image *picture);

enum {
    LK_SIMULATE_SIDE_LEAST = 16, /* of a picture */
    LK_CAMERA_SIDE_LEAST = 8,
    LK_CAMERA_SIDE_MOST = 65500, /* of a photo */
};

/* Takes the photo of picture, of LK_SIMULATE_SIDE_LEAST pixels a side or more: out is RGB 8 bits, with the marks of its JPEG
 * unless quality is 0. homography (row-major) maps pixels of the picture to pixels of the photo. background is what the picture
 * lies on, NULL for the drawn ground. Takes 32 bytes a pixel of the photo and 16 of the picture. LK_E_USAGE for settings out of
 * range, LK_E_LIMIT, LK_E_MEMORY, LK_E_CANCELLED. */
LK_API LK_MUST_CHECK lk_status lk_simulate(lk_image *out, double homography[9], lk_engine *engine,
                                           const lk_image *picture, const lk_simulator *camera,
                                           const lk_image *background, lk_error *err);

/* What views need beside their settings: tables, the drawn grounds (2 MB), and buffers that grow to the largest view asked for
 * and then stay. One a thread. */
typedef struct lk_view_scratch lk_view_scratch;
LK_API LK_MUST_CHECK lk_status lk_view_scratch_new(lk_view_scratch **out, lk_error *err);
LK_API void lk_view_scratch_free(lk_view_scratch *scratch);

/* A small photo, thousands a second: one ray a pixel where lk_simulate sends nine, a JPEG that is only quantised. out is the
 * caller's, camera->height rows of 3 * camera->width bytes; picture and background (or NULL) are RGB 8 bits. Threads may share
 * all but out and scratch. LK_E_USAGE as lk_simulate, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_simulate_view(uint8_t *out, lk_view_scratch *scratch,
                                                const lk_image *picture, const lk_simulator *camera,
                                                const lk_image *background, lk_error *err);

/* The picture itself, stretched to width x height as a network's input is (bilinear with the support of the reduction; within
 * a level of what embeddings are computed from). picture is RGB 8 bits. */
LK_API LK_MUST_CHECK lk_status lk_clean_view(uint8_t *out, int32_t width, int32_t height,
                                             lk_view_scratch *scratch, const lk_image *picture,
                                             lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
