/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the camera: their table, and drawing them from a seed.
 *
 * The ranges of a drawn photo are judgements of what hands and phones do, none is measured. What spoils a photo altogether (a
 * thing in front, a shadow, moire, a tiny photo enlarged) comes with a probability that grows with the difficulty; the rest is
 * a range that does. */
#include "simulate/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/rng.h"

#define NUMBER(member, low, high, unit, help)                                                      \
    { #member, LK_CAMERA_NUMBER, low, high, NULL, unit, help, offsetof(lk_simulator, member) }

static const lk_simulator_setting setting_table[] = {
    NUMBER(aspect, 0, 10, "", "width / height of the photo before it is stretched; 0: as it is"),
    NUMBER(view_deg, 5, 100, "deg", "field of view across; less is farther away and flatter"),
    NUMBER(tilt_deg, 0, 60, "deg", "the camera leans away from looking straight down"),
    NUMBER(tilt_to_deg, -360, 720, "deg", "towards this direction"),
    NUMBER(turn_deg, -720, 720, "deg", "the picture is turned, clockwise"),
    NUMBER(cover, 0.05, 3, "share", "of the photo's width or height that the picture spans"),
    NUMBER(offset_x, -1, 1, "share", "of the picture from the photo's middle, to the right"),
    NUMBER(offset_y, -1, 1, "share", "the same, down"),
    {"ground", LK_CAMERA_CHOICE, 0, 0, "wood|plain|cloth|tiles|speckle|clutter", "",
     "what the picture lies on", offsetof(lk_simulator, ground)},
    NUMBER(ground_scale, 0.25, 8, "factor", "size of the ground's pattern"),
    NUMBER(ground_deg, -720, 720, "deg", "the ground is turned"),
    NUMBER(contact, 0, 1, "share", "light that the picture's edge takes from the ground"),
    NUMBER(light, 0, 1, "share", "of the light that the darkest side lacks"),
    NUMBER(light_to_deg, -720, 720, "deg", "direction from which light comes"),
    NUMBER(exposure, 0.05, 8, "factor", "on all light"),
    NUMBER(warmth, -0.5, 0.5, "share", "red gains, blue loses"),
    NUMBER(tint, -0.5, 0.5, "share", "green gains"),
    NUMBER(vignette, 0, 1, "share", "of the light that the corners lose"),
    NUMBER(glare, 0, 4, "white", "highest light of a reflection"),
    NUMBER(glare_x, -1, 1, "share", "its middle from the photo's, to the right"),
    NUMBER(glare_y, -1, 1, "share", "the same, down"),
    NUMBER(glare_size, 0.05, 1, "share", "of the shorter side: its standard deviation"),
    NUMBER(glare_stretch, 1, 10, "factor", "how much longer than wide"),
    NUMBER(glare_deg, -720, 720, "deg", "its direction"),
    NUMBER(shadow, 0, 1, "share", "of the light that a shadow takes"),
    NUMBER(shadow_at, -1, 1, "share", "where its middle lies across the photo"),
    NUMBER(shadow_width, 0, 2, "share", "of the shorter side"),
    NUMBER(shadow_soft, 0.05, 1, "share", "of the shorter side: its blurred edge"),
    NUMBER(shadow_deg, -720, 720, "deg", "direction across it"),
    NUMBER(hidden, 0, 0.5, "share", "of the shorter side: half the width of a thing in front"),
    NUMBER(hidden_reach, 0, 1, "share", "of the photo: how far it reaches in"),
    NUMBER(hidden_deg, -720, 720, "deg", "direction from which it comes"),
    NUMBER(blur_px, 0, 30, "px", "defocus: standard deviation"),
    NUMBER(motion_px, 0, 100, "px", "length of the streak that a moving hand leaves"),
    NUMBER(motion_deg, -720, 720, "deg", "its direction"),
    NUMBER(resolution, 0.05, 1, "share", "of the photo's sides: taken so small, then enlarged"),
    NUMBER(moire, 0, 0.5, "share", "strength of stripes as of a photographed screen"),
    NUMBER(moire_px, 2, 1000, "px", "from stripe to stripe"),
    NUMBER(moire_deg, -720, 720, "deg", "direction across them"),
    NUMBER(noise, 0, 0.5, "white", "standard deviation of a white pixel"),
    NUMBER(gamma, 0.25, 4, "", "exponent on levels"),
    NUMBER(contrast, 0.1, 3, "factor", "on the distance of levels from middle gray"),
    NUMBER(saturation, 0, 3, "factor", "on the distance of colours from gray"),
    {"quality", LK_CAMERA_WHOLE, 0, 100, NULL, "", "of the JPEG; 0 is none",
     offsetof(lk_simulator, quality)},
};

size_t lk_simulator_setting_count(void) {
    return ARRAY_COUNT(setting_table);
}

const lk_simulator_setting *lk_simulator_setting_at(size_t i) {
    return &setting_table[i];
}

double lk_simulator_get(const lk_simulator *camera, const lk_simulator_setting *setting) {
    const void *at = (const char *)camera + setting->offset;
    return setting->kind == LK_CAMERA_NUMBER ? *(const double *)at : *(const int32_t *)at;
}

/* Which of "a|b|c" word is, or -1; *count is how many there are. */
static int32_t choice_find(int32_t *count, const char *choices, const char *word) {
    size_t length = strlen(word);
    int32_t found = -1, i = 0;
    for (;; i++) {
        size_t one = strcspn(choices, "|");
        found = one == length && memcmp(choices, word, one) == 0 ? i : found;
        if (!choices[one]) {
            break;
        }
        choices += one + 1;
    }
    *count = i + 1;
    return found;
}

static lk_status set_choice(int32_t *to, const lk_simulator_setting *row, const char *word,
                            lk_error *err) {
    int32_t count, choice = choice_find(&count, row->choices, word);
    if (choice < 0) {
        return error_set(err, LK_E_USAGE, "%s takes one of %s, not %s", row->name, row->choices,
                         word);
    }
    *to = choice;
    return LK_OK;
}

static lk_status refuse_range(const lk_simulator_setting *row, double value, lk_error *err) {
    return error_set(err, LK_E_USAGE, "%s takes %s from %g to %g, not %g", row->name,
                     row->kind == LK_CAMERA_WHOLE ? "a whole number" : "a number", row->min,
                     row->max, value);
}

lk_status lk_simulator_set(lk_simulator *camera, const char *text, lk_error *err) {
    size_t length = strcspn(text, "=");
    for (size_t i = 0; text[length] && i < ARRAY_COUNT(setting_table); i++) {
        const lk_simulator_setting *row = &setting_table[i];
        if (strlen(row->name) != length || memcmp(text, row->name, length) != 0) {
            continue;
        }
        void *to = (char *)camera + row->offset;
        const char *word = text + length + 1;
        if (row->kind == LK_CAMERA_CHOICE) {
            return set_choice(to, row, word, err);
        }
        char *end;
        double value = strtod(word, &end);
        if (end == word || *end) {
            return error_set(err, LK_E_USAGE, "%s takes a number, not %s", row->name, word);
        }
        if (!(value >= row->min && value <= row->max) ||
            (row->kind == LK_CAMERA_WHOLE && value != rint(value))) {
            return refuse_range(row, value, err);
        }
        if (row->kind == LK_CAMERA_WHOLE) {
            *(int32_t *)to = (int32_t)value;
        } else {
            *(double *)to = value;
        }
        return LK_OK;
    }
    return error_set(err, LK_E_USAGE, "%s: want NAME=VALUE with the name of a setting", text);
}

lk_status camera_check(const lk_simulator *camera, lk_error *err) {
    if (MIN(camera->width, camera->height) < LK_CAMERA_SIDE_LEAST ||
        MAX(camera->width, camera->height) > LK_CAMERA_SIDE_MOST) {
        return error_set(err, LK_E_USAGE, "photos are %d to %d pixels a side, not %d x %d",
                         LK_CAMERA_SIDE_LEAST, LK_CAMERA_SIDE_MOST, camera->width, camera->height);
    }
    for (size_t i = 0; i < ARRAY_COUNT(setting_table); i++) {
        const lk_simulator_setting *row = &setting_table[i];
        double value = lk_simulator_get(camera, row), max = row->max;
        if (row->kind == LK_CAMERA_CHOICE) {
            int32_t count;
            choice_find(&count, row->choices, "");
            max = count - 1;
        }
        if (!(value >= row->min && value <= max)) {
            return refuse_range(row, value, err);
        }
    }
    return LK_OK;
}

lk_simulator lk_simulator_default(int32_t width, int32_t height) {
    return (lk_simulator){.width = width,
                          .height = height,
                          .view_deg = 66, /* the main camera of a phone */
                          .cover = 0.85,
                          .ground_scale = 1,
                          .contact = 0.6,
                          .exposure = 1,
                          .glare_size = 0.12,
                          .glare_stretch = 1,
                          .shadow_soft = 0.1,
                          .moire_px = 6,
                          .resolution = 1,
                          .gamma = 1,
                          .contrast = 1,
                          .saturation = 1};
}

static double between(struct rng *r, double low, double high) {
    return low + (high - low) * rng_unit(r);
}

/* A share `p` of all times. What follows is drawn either way, so that a setting does not move those after it. */
static bool chance(struct rng *r, double p) {
    return rng_unit(r) < p;
}

static void draw_pose(lk_simulator *c, struct rng *r, double d) {
    c->view_deg = between(r, 62 - 25 * d, 68);
    c->tilt_deg = between(r, 2, 10 + 20 * d + 15 * d * d);
    c->tilt_to_deg = between(r, 0, 360);
    double turn = between(r, -8 - 14 * d, 8 + 14 * d), any = between(r, -180, 180);
    c->turn_deg = chance(r, 0.15 * d) ? any : turn;
    c->cover = between(r, 0.78 - 0.2 * d - 0.28 * d * d, 0.9 + 0.15 * d * d);
    double reach = 0.02 + 0.1 * d * d;
    c->offset_x = between(r, -reach, reach);
    c->offset_y = between(r, -reach, reach);
    c->ground = (int32_t)rng_below(r, 6);
    c->ground_scale = between(r, 0.5, 2);
    c->ground_deg = between(r, 0, 360);
    c->contact = between(r, 0.2, 0.7);
}

static void draw_light(lk_simulator *c, struct rng *r, double d) {
    c->light = between(r, 0.1, 0.35 + 0.3 * d);
    c->light_to_deg = between(r, 0, 360);
    c->exposure = between(r, 0.85 - 0.35 * d, 1.05 + 0.35 * d);
    c->warmth = between(r, -0.06 - 0.12 * d, 0.06 + 0.14 * d);
    c->tint = between(r, -0.01 - 0.04 * d, 0.01 + 0.04 * d);
    c->vignette = between(r, 0.1, 0.3 + 0.2 * d);
    double faint = between(r, 0, 0.02 + 0.1 * d), strong = between(r, 0.2, 1.2);
    c->glare = chance(r, 0.3 * d * d) ? strong : faint;
    c->glare_x = between(r, -0.4, 0.4);
    c->glare_y = between(r, -0.4, 0.4);
    c->glare_size = between(r, 0.06, 0.16);
    c->glare_stretch = between(r, 1, 3);
    c->glare_deg = between(r, 0, 180);
    double shade = between(r, 0.2, 0.7);
    c->shadow = chance(r, 0.35 * d) ? shade : 0;
    c->shadow_at = between(r, -0.6, 0.6);
    c->shadow_width = between(r, 0.15, 0.7);
    c->shadow_soft = between(r, 0.05, 0.3);
    c->shadow_deg = between(r, 0, 360);
    double hidden = between(r, 0.04, 0.12 + 0.1 * d);
    c->hidden = chance(r, 0.3 * d * d) ? hidden : 0;
    c->hidden_reach = between(r, 0.1, 0.4);
    c->hidden_deg = between(r, 0, 360);
}

static void draw_sensor(lk_simulator *c, struct rng *r, double d) {
    double shorter = MIN(c->width, c->height);
    double soft = between(r, 0.3, 0.7 + 0.8 * d), defocus = between(r, 0.8, 1.2 + shorter / 100);
    c->blur_px = chance(r, 0.25 * d * d) ? defocus : soft;
    double shake = between(r, 0, 0.5 + 2.5 * d), streak = between(r, 2, 4 + shorter / 40);
    c->motion_px = chance(r, 0.2 * d * d) ? streak : shake;
    c->motion_deg = between(r, 0, 180);
    double small = between(r, 0.35, 0.9);
    c->resolution = chance(r, 0.3 * d * d) ? small : 1;
    double stripes = between(r, 0.02, 0.12);
    c->moire = chance(r, 0.12 * d * d) ? stripes : 0;
    c->moire_px = between(r, 2.5, 5 + shorter / 20);
    c->moire_deg = between(r, 0, 180);
    c->noise = between(r, 0.004, 0.012 + 0.03 * d);
    c->gamma = between(r, 1 - 0.2 * d, 1 + 0.25 * d);
    c->contrast = between(r, 1 - 0.2 * d, 1 + 0.15 * d);
    c->saturation = between(r, 1 - 0.3 * d, 1 + 0.25 * d);
    c->quality = (int32_t)between(r, 92 - 25 * d - 27 * d * d, 96 - 15 * d);
}

lk_simulator lk_simulator_draw(uint64_t seed, double difficulty, int32_t width, int32_t height) {
    struct rng r;
    lk_simulator c = lk_simulator_default(width, height);
    double d = fmin(fmax(difficulty, 0), 1);
    c.seed = seed;
    rng_init(&r, seed);
    draw_pose(&c, &r, d);
    draw_light(&c, &r, d);
    draw_sensor(&c, &r, d);
    return c;
}

/* A photo has many times the pixels of a view: what its lens, hand, sensor and file did to single pixels hardly shows once it is
 * reduced. What went wrong at large (defocus and streaks beyond what every photo has) stays. */
static void reduce_marks(lk_simulator *c, double share, double d) {
    c->blur_px *= c->blur_px < 0.7 + 0.8 * d ? share : 1;
    c->motion_px *= c->motion_px < 0.5 + 2.5 * d ? share : 1;
    c->noise *= share;
    c->quality = 0;
}

/* More than one photographs by hand: a thing lies as it lies on a table, a phone forgets how it was held (quarter turns), and a
 * photo is taken from too far away. */
static void turn_view(lk_simulator *c, struct rng *r, double d) {
    double any = between(r, -180, 180), quarters = 90 * (1 + (double)rng_below(r, 3));
    double turned = chance(r, 0.5) ? any : remainder(c->turn_deg + quarters, 360);
    c->turn_deg = chance(r, 0.4 * fmin(2 * d, 1)) ? turned : c->turn_deg;
    double far = between(r, 0.4, 0.7);
    c->cover = chance(r, 0.3 * d) ? fmin(c->cover, far) : c->cover;
}

lk_simulator lk_simulator_draw_view(uint64_t seed, double difficulty, int32_t width, int32_t height,
                                    const lk_image *picture) {
    struct rng r;
    lk_simulator c = lk_simulator_draw(seed, difficulty, width, height);
    static const double shapes[] = {3 / 4.0, 3 / 4.0, 9 / 16.0, 1}; /* of a phone held upright */
    rng_init(&r, seed ^ 0x76696577u);                               /* a sequence of its own */
    double own = (double)picture->width / picture->height, shape = shapes[rng_below(&r, 4)];
    bool is_wide = (own > 1) != chance(&r, 0.1 + 0.1 * difficulty);
    double tight = own * between(&r, 0.85, 1.2); /* the photo was cut to the thing */
    c.aspect = chance(&r, 0.3) ? tight : is_wide ? 1 / shape : shape;
    c.aspect = fmin(fmax(c.aspect, 0.2), 5);
    double d = fmin(fmax(difficulty, 0), 1), share = between(&r, 0.05, 0.5);
    if (chance(&r, 0.6)) { /* the others are of small photos, enlarged or cut out of one */
        reduce_marks(&c, share, d);
    }
    turn_view(&c, &r, d);
    return c;
}
