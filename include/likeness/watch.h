/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed cameras: has this view been moved, covered, defocused or replaced, how far, and how to turn it back. */
#ifndef LIKENESS_WATCH_H
#define LIKENESS_WATCH_H

#include <stdbool.h>

#include "likeness/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a camera's picture says of the camera. The first six are seen in one frame, `frozen` and `lost` only in what follows. */
typedef enum lk_view_state {
    LK_VIEW_OK,
    LK_VIEW_MOVED,     /* turned, shifted, rolled or zoomed: the scene is the same */
    LK_VIEW_COVERED,   /* something near hides a part or all of it */
    LK_VIEW_DEFOCUSED, /* much less sharp than the reference in the same light */
    LK_VIEW_DARK,      /* nothing to see: not night, of which there is a reference view */
    LK_VIEW_REPLACED,  /* another scene */
    LK_VIEW_FROZEN,    /* the same picture again and again, bit for bit or nearly */
    LK_VIEW_LOST,      /* no picture comes */
    LK_VIEW_STATES,
} lk_view_state;

/* "ok", "moved", ... as the JSON has it. */
LK_API const char *lk_view_state_name(lk_view_state state);

/* How the camera has turned since the reference view was taken; all 0 and zoom 1 when it has not. Pixels are those of the
 * reference: pan_px > 0 when what it showed now lies further left (the camera looks further right), tilt_px > 0 when it lies
 * further up (the camera looks further down); roll_deg > 0 when the camera turned clockwise, as seen from behind it;
 * zoom > 1 when things look larger. */
typedef struct lk_view_offset {
    double pan_px, tilt_px; /* at the middle of the picture */
    double roll_deg, zoom;
    double reliability; /* 0..1; 0: not known, the others then say nothing */
} lk_view_offset;

/* One frame held against the reference views of its camera. */
typedef struct lk_sighting {
    lk_view_state state; /* as this one frame shows it: LK_VIEW_OK to LK_VIEW_REPLACED */
    bool
        sure; /* false: the frame does not tell (exit code 3 of `watch --once`); state is then the likeliest */
    double score; /* 0..1, higher is more like the reference view that it is most like */
    double scores[LK_VIEW_REPLACED + 1]; /* 0..1: how much speaks for each state */
    int32_t view;                        /* the reference view that it is most like, from 0 */
    lk_view_offset offset;
    double cosine; /* of the embeddings, -1..1; the only thing that `--method embedding` looks at */
    double
        structure; /* 0..1: the share of the reference's lasting edges and keypoints found again in their place */
    double sharpness;  /* relative to the reference: 1 as sharp, 0.5 half */
    double brightness; /* mean luma, 0..1 */
    double covered;    /* 0..1: the share of the picture where the scene is hidden */
} lk_sighting;

#ifdef __cplusplus
}
#endif
#endif
