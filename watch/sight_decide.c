/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/sight_decide.h"

#include <math.h>

#include "base/compiler.h"

static double clamp01(double v) {
    return fmin(fmax(v, 0), 1);
}

/* 0 at from, 1 at to (which may lie below). */
static double ramp(double value, double from, double to) {
    return clamp01((value - from) / (to - from));
}

static void fill_offset(lk_view_offset *out, const struct camera_view *view,
                        const struct sight_seen *seen) {
    const struct sight_map *m = &seen->map;
    double w = view->layers[0].width, h = view->layers[0].height;
    double scale = view->frame_width / w;
    out->pan_px = -scale * (m->a * w / 2 - m->b * h / 2 + m->dx - w / 2);
    out->tilt_px = -scale * (m->b * w / 2 + m->a * h / 2 + m->dy - h / 2);
    out->roll_deg = -atan2(m->b, m->a) * 180 / M_PI;
    out->zoom = hypot(m->a, m->b);
    out->reliability = ramp(fmax(seen->near.clear, seen->far.clear), 0.1, 0.5);
}

/* What speaks for a turn, apart from whether it is one: 0.5 at 1.8 % of the width, 0.65 degrees, a zoom of 2.7 %. */
static double moved_by(const lk_view_offset *o, double width) {
    double shift = hypot(o->pan_px, o->tilt_px) / width;
    return fmax(fmax(ramp(shift, 0.016, 0.02), ramp(fabs(o->roll_deg), 0.4, 0.9)),
                ramp(fabs(log(o->zoom)), 0.015, 0.038));
}

/* A lens that loses its focus breathes, and who touched it shook it: up to here blur is told before the move. */
static bool move_is_small(const lk_view_offset *o, double width) {
    return hypot(o->pan_px, o->tilt_px) < 0.1 * width && fabs(log(o->zoom)) < 0.06 &&
           fabs(o->roll_deg) < 3;
}

/* A reference without structure (a night without lamps): only light and smoothness can be held against it. */
static void decide_featureless(lk_sighting *out, const struct camera_view *view,
                               const struct sight_frame *frame) {
    bool alike = sight_is_featureless_too(view, frame);
    out->state = alike ? LK_VIEW_OK : LK_VIEW_REPLACED;
    out->scores[LK_VIEW_OK] = alike ? 0.5 : 0.4;
    out->scores[out->state] = alike ? 0.5 : 0.6;
    out->score = out->scores[LK_VIEW_OK];
    out->sure = false;
}

struct evidence {
    double found;  /* that the scene is there at all */
    double smooth; /* that the frame has next to no structure of its own */
    double dark, blurred, moved, hidden;
};

static void weigh(struct evidence *e, const lk_sighting *g, const struct camera_view *view,
                  const struct sight_frame *frame, const struct sight_seen *seen) {
    double anchor = fmax(seen->near.clear, seen->far.clear);
    double light = frame->brightness / fmax(view->brightness, 1);
    /* Of a strongly blurred scene no block is there without doubt, but all of it agrees at a coarse level, as neither a cover
     * (0.54 at most) nor, but rarely, another scene (0.68) does. */
    double soft = ramp(seen->coarse, 0.6, 0.7) * ramp(seen->sharp_blocks, 5, 12) *
                  ramp(frame->busy / (view->busy + 0.1), 0.85, 0.65);
    e->found = fmax(ramp(anchor, 0.06, 0.14), soft);
    e->smooth = ramp(frame->busy / fmin(view->busy + 0.1, 6), 0.6, 0.4);
    e->dark = ramp(frame->brightness / 255, 0.10, 0.06) * ramp(light, 0.4, 0.2) *
              (1 - ramp(seen->near.share, 0.7, 0.9));
    e->blurred = e->found * ramp(seen->sharpness, 0.75, 0.5) * ramp(seen->blurred, 0.5, 0.8) *
                 ramp(seen->sharp_blocks, 4, 10);
    e->moved = ramp(anchor, 0.2, 0.4) * moved_by(&g->offset, view->frame_width);
    e->hidden = ramp(g->covered, 0.12, 0.24);
}

static void score_states(double s[], const struct evidence *e, bool small) {
    double lit = 1 - e->dark;
    s[LK_VIEW_DARK] = e->dark;
    s[LK_VIEW_DEFOCUSED] = lit * e->blurred * (small ? 1 : 1 - e->moved);
    s[LK_VIEW_MOVED] = lit * e->moved * (small ? 1 - e->blurred : 1);
    s[LK_VIEW_COVERED] = lit * fmax(e->found * e->hidden * (1 - e->moved) * (1 - e->blurred),
                                    (1 - e->found) * e->smooth);
    s[LK_VIEW_REPLACED] = lit * (1 - e->found) * (1 - e->smooth);
}

/* The worst state, if all together say that something is wrong; what two causes explain half each is wrong all the same. */
static void choose(lk_sighting *out) {
    double fine = 1;
    lk_view_state worst = LK_VIEW_MOVED;
    for (int32_t i = LK_VIEW_MOVED; i <= LK_VIEW_REPLACED; i++) {
        fine *= 1 - out->scores[i];
        worst = out->scores[i] > out->scores[worst] ? (lk_view_state)i : worst;
    }
    out->scores[LK_VIEW_OK] = out->score = fine;
    out->state = fine >= 0.5 ? LK_VIEW_OK : worst;
    out->sure = fabs(fine - 0.5) > 0.1 && (fine >= 0.5 || out->scores[worst] > 0.6);
}

void sight_decide(lk_sighting *out, const struct camera_view *view, const struct sight_frame *frame,
                  const struct sight_seen *seen, double cosine) {
    struct evidence e;
    fill_offset(&out->offset, view, seen);
    out->cosine = cosine;
    out->structure = seen->near.share;
    out->sharpness = seen->sharpness;
    out->brightness = frame->brightness / 255;
    if (sight_is_featureless(view)) {
        decide_featureless(out, view, frame);
        return;
    }
    bool blurred = seen->sharpness < 0.6 && seen->sharp_blocks >= 10;
    out->covered = clamp01(1 - (blurred ? seen->far.filled : seen->near.filled));
    weigh(&e, out, view, frame, seen);
    score_states(out->scores, &e, move_is_small(&out->offset, view->frame_width));
    choose(out);
    /* By night, without a reference of it, lamps and lit windows are found where the day had none: another scene, it seems. And
     * what the sun or headlights blind tells nothing. */
    bool fell = frame->brightness < 0.45 * view->brightness;
    bool blinded = seen->glare > 0.3;
    if (e.found < 0.5 && ((fell && out->state == LK_VIEW_REPLACED) || blinded)) {
        out->sure = false;
    }
}
