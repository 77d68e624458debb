/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/standing.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"

/* No state: the frame does not tell. */
enum { UNSURE = -1 };

struct standing standing_new(void) {
    return (struct standing){.score = NAN, .brightness = NAN, .fell_from = NAN, .offset.zoom = 1};
}

/* What the picture itself shows lasts; a camera that answers again, or whose picture changes again, is well at once. */
static bool latches(lk_view_state state) {
    return state != LK_VIEW_OK && state != LK_VIEW_FROZEN && state != LK_VIEW_LOST;
}

/* -- What one frame says -- */

static void count_same(struct standing *s, const struct observation *o) {
    bool same = o->digest && strcmp(s->digest, o->digest) == 0;
    if (!same) {
        s->same_since_ms = o->at_ms;
        s->same = 0;
    }
    s->same += o->digest != NULL && s->same < INT32_MAX;
    strncpy(s->digest, o->digest ? o->digest : "", sizeof s->digest - 1);
}

static int kind_of(const struct standing *s, const lk_camera *camera, const struct observation *o) {
    if (!o->sighting) {
        return LK_VIEW_LOST;
    }
    if (camera->frozen_frames > 0 && s->same >= camera->frozen_frames) {
        return LK_VIEW_FROZEN;
    }
    if (!o->sighting->sure && s->state != LK_VIEW_OK && !latches(s->state)) {
        return LK_VIEW_OK; /* a picture that tells nothing still ends that none came, or the same one */
    }
    return o->sighting->sure ? (int)o->sighting->state : UNSURE;
}

/* -- Steps -- */

static void forget_others(struct standing *s) {
    memset(s->others, 0, sizeof s->others);
    s->others_since_ms = 0;
}

static bool enter(struct standing *s, const lk_camera *camera, lk_view_state state, int32_t frames,
                  int64_t since_ms) {
    s->state = state;
    s->since_ms = since_ms;
    s->confirmed = frames;
    /* what was to be acknowledged still is when the camera was lost in between */
    s->latched = state != LK_VIEW_OK && camera->latch && (s->latched || latches(state));
    s->well = 0;
    forget_others(s);
    return true;
}

static int32_t others_count(const struct standing *s) {
    int32_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(s->others); i++) {
        count += s->others[i];
    }
    return count;
}

/* Something else than the confirmed state: believed when so many frames in a row say so, as the kind that most of them say. From
 * one alarm to another it takes twice as many: the first may waver. */
static bool step_other(struct standing *s, const lk_camera *camera, int kind, int64_t at_ms) {
    s->well = 0;
    if (others_count(s) == 0) {
        s->others_since_ms = at_ms;
    }
    s->others[kind]++;
    int32_t count = others_count(s),
            needed = s->state == LK_VIEW_OK ? camera->confirm : 2 * camera->confirm;
    int most = kind;
    for (int i = 0; i < LK_VIEW_STATES; i++) {
        most = s->others[i] > s->others[most] ? i : most;
    }
    if (kind == LK_VIEW_FROZEN) {
        return enter(s, camera, LK_VIEW_FROZEN, s->same,
                     s->same_since_ms); /* it was counted already */
    }
    return count >= needed ? enter(s, camera, (lk_view_state)most, count, s->others_since_ms)
                           : false;
}

static bool step_well(struct standing *s, const lk_camera *camera, int64_t at_ms) {
    forget_others(s);
    if (s->state == LK_VIEW_OK) {
        return false;
    }
    if (s->well == 0) {
        s->well_since_ms = at_ms;
    }
    s->well += s->well < INT32_MAX;
    bool held = !latches(s->state) || (double)(at_ms - s->well_since_ms) >= 1000 * camera->hold_s;
    return !s->latched && held && s->well >= camera->confirm
               ? enter(s, camera, LK_VIEW_OK, s->well, s->well_since_ms)
               : false;
}

/* Night comes step by step, a hand does not: while it lies there, nothing is counted. */
static void follow_brightness(struct standing *s, const lk_sighting *sighting) {
    const double step = 0.08;
    if (s->brightness - sighting->brightness >= step && isnan(s->fell_from)) {
        s->fell_from = s->brightness;
    }
    if (sighting->brightness > s->fell_from - step) {
        s->fell_from = NAN;
    }
    bool by_steps = !isnan(s->brightness) && isnan(s->fell_from) && s->darkening < INT32_MAX;
    s->darkening = by_steps ? s->darkening + 1 : 0;
    s->brightness = sighting->brightness;
}

static void note(struct standing *s, const struct observation *o) {
    s->started_ms = s->started_ms ? s->started_ms : o->at_ms;
    s->since_ms = s->since_ms ? s->since_ms : o->at_ms;
    if (o->sighting) {
        s->frames++;
        s->looked_ms = o->at_ms;
        s->score = o->sighting->score;
        s->offset = o->sighting->offset;
        follow_brightness(s, o->sighting);
    }
}

bool standing_step(struct standing *s, const lk_camera *camera, const struct observation *o) {
    lk_view_state before = s->state;
    bool changed = false;
    count_same(s, o);
    note(s, o);
    int kind = kind_of(s, camera, o);
    if (kind == LK_VIEW_OK) {
        changed = step_well(s, camera, o->at_ms);
    } else if (kind == (int)s->state) {
        s->well = 0;
        forget_others(s);
    } else if (kind != UNSURE) {
        changed = step_other(s, camera, kind, o->at_ms);
    }
    bool quiet = lk_quiet_covers(camera->quiet, camera->quiet_count, o->at_ms);
    bool again = s->untold && !quiet; /* what a quiet time muted lasts */
    if (changed || again) {
        s->previous = changed ? before : s->told;
        s->muted = quiet;
    }
    if (changed && quiet) {
        s->told = s->untold ? s->told : before;
        s->untold = s->state != s->told;
    } else if (changed || again) {
        s->untold = false;
    }
    return changed || again;
}

void standing_settle(struct standing *s, int64_t at_ms) {
    s->told = s->untold ? s->told : s->state;
    s->untold = s->told != LK_VIEW_OK; /* whoever was told of the alarm is told of its end */
    s->state = LK_VIEW_OK;
    s->since_ms = at_ms;
    s->latched = false;
    s->well = 0;
    s->same = 0;
    s->digest[0] = '\0';
    s->offset = (lk_view_offset){.zoom = 1};
    forget_others(s);
}

bool standing_learns(const struct standing *s, const lk_camera *camera, int64_t at_ms) {
    return camera->learn_frames > 0 ? s->frames < camera->learn_frames
                                    : (double)(at_ms - s->started_ms) < 1000 * camera->learn_s;
}
