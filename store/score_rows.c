/* SPDX-License-Identifier: Apache-2.0 */
#include "store/score_rows.h"

static const struct {
    int64_t span_s, kept_s;
} levels[] = {{SCORE_FINE_S, SCORE_FINE_KEPT_S}, {SCORE_COARSE_S, SCORE_COARSE_KEPT_S}};

/* What lies further from this moment than is kept: also in the future, where a wrong clock put it, so that nothing stays for
 * ever. */
static lk_status prune(lk_store *s, const char *camera, int64_t at_ms, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(levels); i++) {
        struct sql q;
        sql_begin(&q, &s->at,
                  "DELETE FROM camera_score WHERE camera = ? AND span = ? AND (at < ? OR at > ?)");
        sql_bind_text(&q, camera);
        sql_bind_int(&q, levels[i].span_s);
        sql_bind_int(&q, at_ms - 1000 * levels[i].kept_s);
        sql_bind_int(&q, at_ms + 1000 * levels[i].kept_s);
        status = sql_finish(&q, err);
    }
    return status;
}

/* count is of frames in the span so far, this one among them. */
static lk_status add(int64_t *count, lk_store *s, const char *camera, int64_t span_s,
                     const struct score_row *row, lk_error *err) {
    struct sql q;
    int64_t span_ms = 1000 * span_s;
    sql_begin(&q, &s->at,
              "INSERT INTO camera_score (camera, span, at, frames, missed, total, lowest, highest, "
              "baseline, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
              "ON CONFLICT (camera, span, at) DO UPDATE SET "
              "frames = camera_score.frames + excluded.frames, "
              "missed = camera_score.missed + excluded.missed, "
              "total = camera_score.total + excluded.total, "
              "lowest = CASE WHEN excluded.frames > 0 AND (camera_score.frames = 0 OR "
              "excluded.lowest < camera_score.lowest) THEN excluded.lowest ELSE "
              "camera_score.lowest END, "
              "highest = CASE WHEN excluded.highest > camera_score.highest THEN excluded.highest "
              "ELSE camera_score.highest END, "
              "baseline = CASE WHEN excluded.baseline > 0 THEN excluded.baseline ELSE "
              "camera_score.baseline END, "
              "state = excluded.state RETURNING frames + missed");
    sql_bind_text(&q, camera);
    sql_bind_int(&q, span_s);
    sql_bind_int(&q, row->at_ms - row->at_ms % span_ms);
    sql_bind_int(&q, row->frames);
    sql_bind_int(&q, row->missed);
    sql_bind_int(&q, row->total);
    sql_bind_int(&q, row->lowest);
    sql_bind_int(&q, row->highest);
    sql_bind_int(&q, row->baseline);
    sql_bind_text(&q, row->state);
    return sql_finish_int(count, &q, 0, err);
}

lk_status score_add(lk_store *s, const char *camera, const struct score_row *row, lk_error *err) {
    lk_status status = LK_OK;
    int64_t count = 0;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(levels); i++) {
        status = add(&count, s, camera, levels[i].span_s, row, err);
    }
    return status == LK_OK && count == 1 ? prune(s, camera, row->at_ms, err) : status;
}

lk_status score_forget(lk_store *s, const char *camera, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "DELETE FROM camera_score WHERE camera = ?");
    sql_bind_text(&q, camera);
    return sql_finish(&q, err);
}

lk_status score_visit(lk_store *s, const char *camera, int64_t span_s, int64_t from_ms,
                      int64_t to_ms, bool (*visit)(void *arg, const struct score_row *row),
                      void *arg, lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    sql_begin(&q, &s->at,
              "SELECT at, frames, missed, total, lowest, highest, baseline, state FROM "
              "camera_score WHERE camera = ? AND span = ? AND at >= ? AND at < ? ORDER BY at");
    sql_bind_text(&q, camera);
    sql_bind_int(&q, span_s);
    sql_bind_int(&q, from_ms);
    sql_bind_int(&q, to_ms);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        const struct score_row r = {.at_ms = sql_int(&q, 0),
                                    .frames = sql_int(&q, 1),
                                    .missed = sql_int(&q, 2),
                                    .total = sql_int(&q, 3),
                                    .lowest = sql_int(&q, 4),
                                    .highest = sql_int(&q, 5),
                                    .baseline = sql_int(&q, 6),
                                    .state = sql_text(&q, 7)};
        goes_on = visit(arg, &r);
    }
    sql_end(&q);
    return status;
}
