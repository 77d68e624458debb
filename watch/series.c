/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's scores over time, in steps as wide as they are asked for: spans of the store put together. */
#include <math.h>

#include "base/error.h"
#include "store/score_rows.h"
#include "watch/event.h"

_Static_assert((int)LK_SERIES_FINE_S == (int)SCORE_FINE_S &&
                   (int)LK_SERIES_COARSE_S == (int)SCORE_COARSE_S,
               "what the store keeps");

struct grouping {
    int64_t step_ms;
    struct score_row sum; /* of one step so far; nothing came and nothing was missed: none */
    bool (*visit)(void *arg, const lk_camera_score *score);
    void *arg;
    bool goes_on;
};

static void give(struct grouping *g) {
    const struct score_row *r = &g->sum;
    bool any = r->frames > 0;
    if (!g->goes_on || r->frames + r->missed == 0) {
        return;
    }
    const lk_camera_score out = {.at_ms = r->at_ms,
                                 .frames = r->frames,
                                 .missed = r->missed,
                                 .score =
                                     any ? (double)r->total / (double)r->frames / SCORE_UNIT : NAN,
                                 .lowest = any ? (double)r->lowest / SCORE_UNIT : NAN,
                                 .highest = any ? (double)r->highest / SCORE_UNIT : NAN,
                                 .state = view_state_find(r->state),
                                 .baseline = (int32_t)r->baseline};
    g->goes_on = g->visit(g->arg, &out);
}

static void merge(struct score_row *sum, const struct score_row *row) {
    if (row->frames > 0) {
        sum->lowest = sum->frames > 0 ? MIN(sum->lowest, row->lowest) : row->lowest;
        sum->highest = MAX(sum->highest, row->highest);
        sum->baseline = row->baseline;
    }
    sum->frames += row->frames;
    sum->missed += row->missed;
    sum->total += row->total;
    sum->state = lk_view_state_name(view_state_find(row->state)); /* that outlives the row */
}

static bool take_span(void *arg, const struct score_row *row) {
    struct grouping *g = arg;
    int64_t at_ms = row->at_ms - row->at_ms % g->step_ms;
    if (at_ms != g->sum.at_ms) {
        give(g);
        g->sum = (struct score_row){.at_ms = at_ms};
    }
    merge(&g->sum, row);
    return g->goes_on;
}

int32_t lk_camera_series_step(int64_t from_ms, int64_t to_ms, int32_t step_s) {
    const int64_t wanted = 480, whole_s = (to_ms - from_ms) / 1000;
    int64_t s = step_s > 0 ? step_s : whole_s / wanted;
    bool old = moment_now_ms() - from_ms > INT64_C(1000) * SCORE_FINE_KEPT_S;
    int64_t span = old || s >= SCORE_COARSE_S ? SCORE_COARSE_S : SCORE_FINE_S;
    return (int32_t)MAX(span, (s + span - 1) / span * span);
}

lk_status lk_camera_series(lk_store *store, const lk_camera_series_query *query,
                           bool (*visit)(void *arg, const lk_camera_score *score), void *arg,
                           lk_error *err) {
    int32_t step_s = query->step_s;
    if (step_s < SCORE_FINE_S || step_s % SCORE_FINE_S != 0 || query->from_ms < 0 ||
        (step_s > SCORE_COARSE_S && step_s % SCORE_COARSE_S != 0)) {
        return error_set(err, LK_E_USAGE, "a step of %d s is none that lk_camera_series_step gives",
                         step_s);
    }
    struct grouping g = {
        .step_ms = INT64_C(1000) * step_s, .visit = visit, .arg = arg, .goes_on = true};
    lk_status status =
        score_visit(store, query->camera, step_s >= SCORE_COARSE_S ? SCORE_COARSE_S : SCORE_FINE_S,
                    query->from_ms - query->from_ms % g.step_ms, query->to_ms, take_span, &g, err);
    if (status == LK_OK) {
        give(&g);
    }
    return status;
}
