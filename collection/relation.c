/* SPDX-License-Identifier: Apache-2.0 */
/* Two questions, in this order.
 *
 * Is one a copy of the other? Of the maps that may bring one onto the other (relation_map.h) the one is taken under which most of
 * the texture agrees (relation_accord.h). A copy is a pair that agrees in enough of it, and the better the less noise is left: an
 * overlay hides a part and leaves the rest as it was, while two photos of one thing, frames of a burst or editions of a cover are
 * a little different everywhere. limits[] has the numbers; where they come from: docs/algorithms/duplicates.md.
 *
 * What was done to it? The map says what was cut, turned, mirrored and stretched; what does not agree, what differs in colour and
 * what lies beside say the rest. Everything that holds is in `also`; `class` is the last of them in the order of the table. */
#include "collection/relation.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "collection/relation_accord.h"
#include "collection/relation_map.h"
#include "feature/homography.h"

static const struct relation_row rows[RELATION_CLASSES] = {
    [RELATION_NONE] = {"none", NULL, "another picture"},
    [RELATION_SCENE] = {"scene", NULL, "perhaps of the same scene"},
    [RELATION_RESIZED] = {"resized", "near", "re-encoded or resized"},
    [RELATION_COLOUR] = {"colour", "near", "changed in colour or light"},
    [RELATION_EDITED] = {"edited", "near", "edited in part, or with something laid over"},
    [RELATION_BORDER] = {"border", "near", "with a border added"},
    [RELATION_ASPECT] = {"aspect", "near", "stretched"},
    [RELATION_CROPPED] = {"cropped", "crop", "cropped"},
    [RELATION_ANGLE] = {"angle", "rotated", "turned by an angle"},
    [RELATION_QUARTER] = {"quarter", "rotated", "turned by quarters"},
    [RELATION_MIRRORED] = {"mirrored", "mirrored", "mirrored"},
};

const struct relation_row *relation_row(enum relation_class class) {
    return &rows[class];
}

/* -- Whether it is a copy -- */

static const struct {
    double texture;         /* windows' worth of it, below which nothing can be said */
    double agree;           /* least share of the texture that agrees */
    double agree_supported; /* the same with many keypoints that agree to a fraction of a pixel */
    int32_t support;
    double support_rms, support_quiet;
    double quiet, quiet_from,
        quiet_slope;  /* most noise: quiet + slope (agree - from), from there on */
    double quiet_any; /* agreement from which noise and shear do not matter */
    double shear_deg;
    double covers;              /* least share of one of both that the other shows */
    int32_t inliers, keypoints; /* inliers needed where there are so many keypoints to agree */
    int32_t sure_bits; /* of the hash: a whole picture this near that agrees needs no search */
    double sure;
} limits = {
    .texture = 5,
    .agree = 0.6,
    .agree_supported = 0.5,
    .support = 60,
    .support_rms = 0.4,
    .support_quiet = 1.5,
    .quiet = 2.8,
    .quiet_from = 0.7,
    .quiet_slope = 15,
    .quiet_any = 0.95,
    .shear_deg = 0.75,
    .covers = 0.25,
    .inliers = 6,
    .keypoints = 60,
    .sure_bits = 70,
    .sure = 0.9,
};

/* Frames of one camera: as large as each other, one exactly on the other, a part has changed, and the rest, which an edit leaves
 * alone, has noise of its own. */
static const double frame_changed = 0.01, frame_rms = 0.55;
static const double frame_quiet = 0.9, frame_quiet_most = 2.5;
/* The light has changed as well. */
static const double frame_colour = 4, frame_colour_most = 25, frame_lit_changed = 0.09;
static const double frame_lit_broad = 0.98;

/* Between this share of keypoints and a copy lies the same scene. */
enum { SCENE_INLIERS = 15 };
static const double scene_share = 0.1, scene_agree = 0.5;

struct trial {
    struct relation_map map;
    struct accord accord;
    bool whole;
};

/* Degrees by which the sides' angle is no right one: editing cuts, turns and stretches, a camera that moved does this as well. */
static double shear_of(const double h[9]) {
    double u = hypot(h[0], h[3]), v = hypot(h[1], h[4]);
    double sine = u > 0 && v > 0 ? (h[0] * h[1] + h[3] * h[4]) / (u * v) : 0;
    return fabs(asin(fmax(fmin(sine, 1), -1))) * 180 / M_PI;
}

static bool is_copy(const struct trial *t) {
    const struct accord *c = &t->accord;
    double quiet = limits.quiet + limits.quiet_slope * fmax(c->agree - limits.quiet_from, 0);
    bool supported = t->map.inliers >= limits.support && t->map.rms <= limits.support_rms &&
                     c->quiet <= limits.support_quiet;
    if (c->texture < limits.texture || fmax(c->covers_a, c->covers_b) < limits.covers) {
        return false;
    }
    if (t->map.inliers < limits.inliers && t->map.keypoints >= limits.keypoints &&
        c->agree < limits.sure) {
        return false;
    }
    if (shear_of(t->map.h) > limits.shear_deg && c->agree < limits.quiet_any) {
        return false;
    }
    return c->agree >= (supported ? limits.agree_supported : limits.agree) &&
           (c->agree >= limits.quiet_any || c->quiet <= quiet);
}

static bool is_frame(const struct trial *t, const struct facts *a, const struct facts *b) {
    const struct accord *c = &t->accord;
    bool in_place = t->whole && a->width == b->width && a->height == b->height && t->map.h[0] > 0 &&
                    t->map.h[4] > 0 && t->map.rms <= frame_rms;
    bool noisy = c->quiet >= frame_quiet && c->quiet <= frame_quiet_most;
    bool lit = c->colour <= frame_colour_most && c->changed_open >= frame_lit_changed &&
               c->broad < frame_lit_broad;
    return in_place && noisy &&
           (c->colour <= frame_colour ? c->changed_open >= frame_changed : lit);
}

static bool is_scene(const struct trial *t) {
    return t->map.inliers >= SCENE_INLIERS &&
           (t->accord.agree >= scene_agree || t->map.inliers >= scene_share * t->map.keypoints);
}

/* -- What was done to it -- */

static const double shows_all = 0.97;    /* share of a picture that counts as all of it */
static const double plain_border = 0.75; /* of what lies beside; there may be letters on a border */
static const double angle_least_deg = 1; /* a map from keypoints is off by up to 0.3 */
static const double stretch_least = 0.025;
static const double colour_least = 4; /* levels; JPEG quality 30 leaves 1.5, a resize 2 */
static const double changed_least = 0.01, changed_coarse = 0.15, edited_quiet = 3;
static const double changed_recoloured =
    0.05; /* light that ends at black and white changes edges */

static void add(struct relation *r, enum relation_class class) {
    r->also |= 1u << class;
    r->class = MAX(r->class, class);
}

/* Splits the map into mirroring, turn and stretch. */
static void tell_shape(struct relation *r, const struct facts *b) {
    const double *m = r->map;
    double side = r->mirrored ? -1 : 1;
    double c[2] = {side * m[0], side * m[3]}, d[2] = {m[1], m[4]};
    double sx = hypot(c[0], c[1]), sy = hypot(d[0], d[1]);
    double turn = atan2(c[1] / sx - d[0] / sy, c[0] / sx + d[1] / sy) * 180 / M_PI;
    double rest = remainder(turn, 90);
    double rounding = 1.0 / MIN(b->width, b->height);
    r->angle_deg = turn;
    r->stretch = sx > 0 ? sy / sx : 1;
    if (r->mirrored) {
        add(r, RELATION_MIRRORED);
    } else if (fabs(turn - rest) > 45) {
        add(r, RELATION_QUARTER);
    }
    if (fabs(rest) > angle_least_deg) {
        add(r, RELATION_ANGLE);
    }
    if (fabs(log(r->stretch)) > stretch_least + rounding) {
        add(r, RELATION_ASPECT);
    }
}

static void tell_parts(struct relation *r) {
    const struct accord *c = &r->accord;
    bool turned = r->also & (1u << RELATION_ANGLE); /* which leaves corners */
    bool beside_a = c->covers_a < shows_all, beside_b = c->covers_b < shows_all;
    bool cut_a = beside_a && c->plain_a < plain_border;
    bool cut_b = beside_b && c->plain_b < plain_border;
    r->part = cut_a && !cut_b ? 1 : cut_b && !cut_a ? -1 : 0;
    if (cut_a || cut_b) {
        add(r, RELATION_CROPPED);
    }
    if (!turned && ((beside_a && !cut_a) || (beside_b && !cut_b))) {
        add(r, RELATION_BORDER);
    }
}

static void tell_light(struct relation *r) {
    const struct accord *c = &r->accord;
    bool recoloured = c->colour > colour_least;
    bool coarse = c->quiet > edited_quiet; /* so small that all of it differs a little */
    if (recoloured) {
        add(r, RELATION_COLOUR);
    }
    if (recoloured ? c->changed_open > changed_recoloured
                   : c->changed > (coarse ? changed_coarse : changed_least)) {
        add(r, RELATION_EDITED);
    }
}

static void describe(struct relation *r, const struct trial *t, const struct facts *a,
                     const struct facts *b) {
    const struct relation_size of_a[2] = {{a->side_width, a->side_height}, {a->width, a->height}},
                               of_b[2] = {{b->side_width, b->side_height}, {b->width, b->height}};
    bool copy = is_copy(t) && !is_frame(t, a, b);
    relation_map_resize(r->map, t->map.h, of_a, of_b);
    r->accord = t->accord;
    r->inliers = t->map.inliers;
    r->keypoints = t->map.keypoints;
    r->rms = t->map.rms;
    r->mirrored = t->map.mirrored;
    r->score = 0.5 * t->accord.agree;
    if (copy) {
        r->score = 0.5 + r->score;
        add(r, RELATION_RESIZED);
        tell_shape(r, b);
        tell_parts(r);
        tell_light(r);
    } else if (is_copy(t) || is_scene(t)) {
        add(r, RELATION_SCENE);
    }
}

/* -- Looking -- */

static lk_status judge(struct trial *t, lk_engine *engine, const struct facts *a,
                       const struct facts *b, lk_error *err) {
    double h[9];
    const struct relation_size of_a[2] = {{a->side_width, a->side_height},
                                          {a->thumb.width, a->thumb.height}},
                               of_b[2] = {{b->side_width, b->side_height},
                                          {b->thumb.width, b->thumb.height}};
    relation_map_resize(h, t->map.h, of_a, of_b);
    return accord_find(&t->accord, engine, &a->thumb, &b->thumb, h, err);
}

/* A whole picture on a whole one needs no measuring: keypoints must say clearly more. */
static const double prefer_whole = 0.03;

/* Takes the map from keypoints, of b mirrored or not, if more agrees under it. */
static lk_status try_keypoints(struct trial *best, lk_engine *engine, const struct facts *a,
                               const struct facts *b, bool mirrored, lk_error *err) {
    struct trial t = {0};
    lk_status status = relation_map_keypoints(&t.map, engine, a, b, mirrored, err);
    if (status != LK_OK || t.map.inliers == 0) {
        return status;
    }
    status = judge(&t, engine, a, b, err);
    double least = best->accord.agree + (best->whole ? prefer_whole : 0);
    if (status == LK_OK && t.accord.agree > least) {
        *best = t;
    }
    return status;
}

lk_status relation_find(struct relation *out, lk_engine *engine, const struct facts *a,
                        const struct facts *b, lk_error *err) {
    struct trial best = {.whole = true};
    *out = (struct relation){.map = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .stretch = 1};
    relation_map_whole(&best.map, &out->hash_bits, a, b);
    lk_status status = judge(&best, engine, a, b, err);
    bool sure = best.accord.agree >= limits.sure && out->hash_bits <= limits.sure_bits;
    for (int32_t i = 0; i < 2 && status == LK_OK && !sure; i++) {
        status = try_keypoints(&best, engine, a, b, i == 1, err);
        sure = best.accord.agree >= limits.sure;
    }
    status = status == LK_OK ? relation_map_confirm(&best.map, a, b, err) : status;
    if (status == LK_OK) {
        describe(out, &best, a, b);
    }
    return status;
}
