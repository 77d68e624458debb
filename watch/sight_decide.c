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
    out->reliability = ramp(sight_standing(seen), 0.3, 0.6);
}

void sight_decide(lk_sighting *out, const struct camera_view *view, const struct sight_frame *frame,
                  const struct sight_seen *seen, double cosine) {
    double *s = out->scores;
    double found = ramp(sight_standing(seen), 0.3, 0.6);
    fill_offset(&out->offset, view, seen);
    out->cosine = cosine;
    out->structure = seen->present;
    out->sharpness = seen->sharpness;
    out->brightness = frame->brightness / 255;
    out->covered = 1 - seen->present;
    double moved =
        fmax(fmax(ramp(seen->reach, 0.005, 0.015), ramp(fabs(out->offset.roll_deg), 0.3, 0.8)),
             ramp(fabs(log(out->offset.zoom)), 0.012, 0.04));
    double smooth = ramp(frame->busy / (view->busy + 0.5), 0.6, 0.3);
    s[LK_VIEW_MOVED] = found * moved;
    s[LK_VIEW_DEFOCUSED] = (1 - s[LK_VIEW_MOVED]) * ramp(seen->sharpness, 0.8, 0.5) *
                           ramp(seen->blurred, 0.4, 0.7) * found;
    s[LK_VIEW_DARK] = ramp(out->brightness, 0.08, 0.04) * (1 - found);
    s[LK_VIEW_COVERED] = (1 - s[LK_VIEW_MOVED]) * ramp(out->covered, 0.1, 0.3) *
                         fmax(found, smooth) * (1 - s[LK_VIEW_DARK]);
    s[LK_VIEW_REPLACED] = (1 - found) * (1 - smooth) * (1 - s[LK_VIEW_DARK]);
    double worst = 0;
    for (int32_t i = LK_VIEW_MOVED; i <= LK_VIEW_REPLACED; i++) {
        if (s[i] > worst) {
            worst = s[i];
            out->state = (lk_view_state)i;
        }
    }
    s[LK_VIEW_OK] = 1 - worst;
    if (worst < 0.5) {
        out->state = LK_VIEW_OK;
    }
    out->sure = fabs(worst - 0.5) > 0.1;
    out->score = s[LK_VIEW_OK];
}
