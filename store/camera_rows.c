/* SPDX-License-Identifier: Apache-2.0 */
#include "store/camera_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/audit_log.h"
#include "store/reference.h"
#include "store/score_rows.h"

static lk_status no_camera(const char *id, lk_error *err) {
    return error_input(err, error_set(err, LK_E_IO, "there is no camera of that id"), id);
}

/* -- Cameras -- */

static lk_status is_in_use(bool *out, lk_store *s, const char *id, lk_error *err) {
    struct sql q;
    int64_t found;
    sql_begin(&q, &s->at, "SELECT 1 FROM camera WHERE id = ? AND removed IS NULL");
    sql_bind_text(&q, id);
    lk_status status = sql_finish_int(&found, &q, 0, err);
    *out = found != 0;
    return status;
}

static lk_status put(lk_store *s, const char *id, const char *settings, const char *actor,
                     lk_error *err) {
    struct sql q;
    bool there;
    lk_status status = is_in_use(&there, s, id, err);
    if (status != LK_OK) {
        return status;
    }
    const lk_audit_record entry = {.kind = there ? "camera.set" : "camera.add",
                                   .actor = actor,
                                   .subject = id,
                                   .payload = settings};
    status = lk_audit_append(NULL, s, &entry, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "INSERT INTO camera (id, settings) VALUES (?1, ?2) "
              "ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, removed = NULL");
    sql_bind_text(&q, id);
    sql_bind_text(&q, settings);
    return sql_finish(&q, err);
}

lk_status camera_put(lk_store *s, const char *id, const char *settings, const char *actor,
                     lk_error *err) {
    if (!lk_reference_id_is_valid(id)) {
        return error_input(
            err, error_set(err, LK_E_USAGE, "a camera's id has letters, digits and ._-"), id);
    }
    lk_status status = strlen(settings) > CAMERA_TEXT_MAX
                           ? error_set(err, LK_E_USAGE, "a camera's settings have at most %d bytes",
                                       CAMERA_TEXT_MAX)
                           : lk_store_begin(s, err);
    return status == LK_OK ? lk_store_end(s, put(s, id, settings, actor, err), err) : status;
}

static lk_status take_out(lk_store *s, const char *id, const char *actor, const char *note,
                          lk_error *err) {
    struct sql q;
    bool there;
    char now[32];
    lk_status status = is_in_use(&there, s, id, err);
    if (status != LK_OK || !there) {
        return status == LK_OK ? no_camera(id, err) : status;
    }
    moment_text(now, moment_now_ms());
    sql_begin(&q, &s->at, "UPDATE camera SET removed = ?, standing = '' WHERE id = ?");
    sql_bind_text(&q, now);
    sql_bind_text(&q, id);
    status = sql_finish(&q, err);
    status = status == LK_OK ? score_forget(s, id, err) : status;
    return status == LK_OK ? audit_note(s, "camera.rm", id, actor, note, err) : status;
}

lk_status camera_remove(lk_store *s, const char *id, const char *actor, const char *note,
                        lk_error *err) {
    lk_status status = lk_store_begin(s, err);
    return status == LK_OK ? lk_store_end(s, take_out(s, id, actor, note, err), err) : status;
}

lk_status camera_visit(lk_store *s, const char *id,
                       bool (*visit)(void *arg, const struct camera_row *row), void *arg,
                       lk_error *err) {
    struct sql q;
    bool row, goes_on = true, found = false;
    lk_status status;
    sql_begin(&q, &s->at,
              "SELECT id, settings, standing FROM camera WHERE removed IS NULL AND (id = ?1 OR ?1 "
              "IS NULL) ORDER BY id");
    sql_bind_text(&q, id);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        const struct camera_row r = {sql_text(&q, 0), sql_text(&q, 1), sql_text(&q, 2)};
        goes_on = visit(arg, &r);
        found = true;
    }
    sql_end(&q);
    return status == LK_OK && id && !found ? no_camera(id, err) : status;
}

lk_status camera_stand(lk_store *s, const char *id, const char *standing, lk_error *err) {
    struct sql q;
    if (strlen(standing) > CAMERA_TEXT_MAX) {
        return error_set(err, LK_E_USAGE, "where a camera stands has at most %d bytes",
                         CAMERA_TEXT_MAX);
    }
    sql_begin(&q, &s->at, "UPDATE camera SET standing = ? WHERE id = ?");
    sql_bind_text(&q, standing);
    sql_bind_text(&q, id);
    return sql_finish(&q, err);
}

/* -- Views -- */

lk_status camera_view_put(lk_store *s, const char *id, struct camera_view_row *row, lk_error *err) {
    struct sql q;
    int64_t number;
    if (row->size > CAMERA_VIEW_MAX) {
        return error_set(err, LK_E_USAGE, "a view has at most %d bytes", CAMERA_VIEW_MAX);
    }
    sql_begin(&q, &s->at, "SELECT coalesce(max(number), 0) + 1 FROM camera_view WHERE camera = ?");
    sql_bind_text(&q, id);
    lk_status status = sql_finish_int(&number, &q, 1, err);
    if (status != LK_OK) {
        return status;
    }
    row->number = (int32_t)number;
    sql_begin(&q, &s->at,
              "INSERT INTO camera_view (camera, number, sha256, bytes, origin, taken, crc, data) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_text(&q, id);
    sql_bind_int(&q, number);
    sql_bind_text(&q, row->sha256);
    sql_bind_int(&q, row->bytes);
    sql_bind_text(&q, row->origin);
    sql_bind_int(&q, row->taken_ms);
    sql_bind_int(&q, reference_crc(row->data, row->size));
    sql_bind_blob(&q, row->data, row->size);
    return sql_finish(&q, err);
}

lk_status camera_view_update(lk_store *s, const char *id, int32_t number, const void *data,
                             size_t size, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "UPDATE camera_view SET crc = ?, data = ? WHERE camera = ? AND number = ?");
    sql_bind_int(&q, reference_crc(data, size));
    sql_bind_blob(&q, data, size);
    sql_bind_text(&q, id);
    sql_bind_int(&q, number);
    return sql_finish(&q, err);
}

lk_status camera_view_retire(lk_store *s, const char *id, int32_t number, int64_t at_ms,
                             lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "UPDATE camera_view SET retired = ?1 WHERE camera = ?2 AND retired IS NULL AND "
              "(number = ?3 OR ?3 = 0)");
    sql_bind_int(&q, at_ms);
    sql_bind_text(&q, id);
    sql_bind_int(&q, number);
    return sql_finish(&q, err);
}

lk_status camera_view_mark(int64_t *out, lk_store *s, const char *id, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "SELECT coalesce(max(number), 0) * 1000000 + count(retired) FROM camera_view WHERE "
              "camera = ?");
    sql_bind_text(&q, id);
    return sql_finish_int(out, &q, 0, err);
}

static void view_row(struct camera_view_row *out, struct sql *q) {
    *out = (struct camera_view_row){.number = (int32_t)sql_int(q, 0),
                                    .bytes = sql_int(q, 2),
                                    .taken_ms = sql_int(q, 4),
                                    .retired_ms = sql_int(q, 5)};
    snprintf(out->sha256, sizeof out->sha256, "%s", sql_text(q, 1));
    snprintf(out->origin, sizeof out->origin, "%s", sql_text(q, 3));
}

#define VIEW_COLUMNS "SELECT number, sha256, bytes, origin, taken, coalesce(retired, 0)"
#define VIEW_FROM                                                                                  \
    " FROM camera_view WHERE camera = ?1 AND (?2 <> 0 OR retired IS NULL) ORDER BY number"

static void visit_begin(struct sql *q, lk_store *s, const char *text, const char *id, bool all) {
    sql_begin(q, &s->at, text);
    sql_bind_text(q, id);
    sql_bind_int(q, all);
}

lk_status camera_view_visit(lk_store *s, const char *id, bool all,
                            bool (*visit)(void *arg, const struct camera_view_row *row), void *arg,
                            lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    visit_begin(&q, s, VIEW_COLUMNS ", crc, data" VIEW_FROM, id, all);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        struct camera_view_row r;
        view_row(&r, &q);
        const void *data = sql_blob(&q, 7, &r.size);
        r.data = reference_crc(data, r.size) == sql_int(&q, 6) ? data : NULL;
        goes_on = visit(arg, &r);
    }
    sql_end(&q);
    return status;
}

lk_status camera_view_records(lk_store *s, const char *id, bool all,
                              bool (*visit)(void *arg, const struct camera_view_row *row),
                              void *arg, lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    visit_begin(&q, s, VIEW_COLUMNS VIEW_FROM, id, all);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        struct camera_view_row r;
        view_row(&r, &q);
        goes_on = visit(arg, &r);
    }
    sql_end(&q);
    return status;
}

lk_status camera_view_count(int64_t *out, lk_store *s, const char *id, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "SELECT count(*) FROM camera_view WHERE camera = ? AND retired IS NULL");
    sql_bind_text(&q, id);
    return sql_finish_int(out, &q, 0, err);
}

/* -- Events -- */

lk_status camera_event_next(int64_t *id, lk_store *s, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "SELECT coalesce(max(id), 0) + 1 FROM camera_event");
    return sql_finish_int(id, &q, 1, err);
}

lk_status camera_event_put(lk_store *s, const struct camera_event_row *row, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "INSERT INTO camera_event (id, camera, state, time, before_sha256, after_sha256, "
              "told, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, row->id);
    sql_bind_text(&q, row->camera);
    sql_bind_text(&q, row->state);
    sql_bind_int(&q, row->time_ms);
    sql_bind_text(&q, row->before_sha256);
    sql_bind_text(&q, row->after_sha256);
    sql_bind_int(&q, row->told);
    sql_bind_text(&q, row->document);
    return sql_finish(&q, err);
}

lk_status camera_event_told(lk_store *s, int64_t id, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "UPDATE camera_event SET told = 1 WHERE id = ?");
    sql_bind_int(&q, id);
    return sql_finish(&q, err);
}

lk_status camera_event_acknowledge(lk_store *s, const char *camera, int64_t at_ms, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "UPDATE camera_event SET acknowledged = ? WHERE camera = ? AND acknowledged IS NULL");
    sql_bind_int(&q, at_ms);
    sql_bind_text(&q, camera);
    return sql_finish(&q, err);
}

static void event_row(struct camera_event_row *out, struct sql *q) {
    *out = (struct camera_event_row){.id = sql_int(q, 0),
                                     .camera = sql_text(q, 1),
                                     .state = sql_text(q, 2),
                                     .time_ms = sql_int(q, 3),
                                     .told = sql_int(q, 6) != 0,
                                     .acknowledged_ms = sql_int(q, 7),
                                     .document = sql_text(q, 8)};
    snprintf(out->before_sha256, sizeof out->before_sha256, "%s", sql_text(q, 4));
    snprintf(out->after_sha256, sizeof out->after_sha256, "%s", sql_text(q, 5));
}

lk_status camera_event_visit(lk_store *s, const struct camera_event_query *query,
                             bool (*visit)(void *arg, const struct camera_event_row *row),
                             void *arg, lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    sql_begin(
        &q, &s->at,
        "SELECT * FROM (SELECT id, camera, state, time, before_sha256, after_sha256, told, "
        "coalesce(acknowledged, 0), document "
        "FROM camera_event WHERE (camera = ?1 OR ?1 IS NULL) AND (told = 0 OR ?2 = 0) AND id > ?3 "
        "AND id < ?5 ORDER BY id DESC LIMIT ?4) AS e ORDER BY id");
    sql_bind_text(&q, query->camera);
    sql_bind_int(&q, query->untold);
    sql_bind_int(&q, query->after);
    sql_bind_int(&q, query->newest > 0 ? query->newest : INT64_MAX);
    sql_bind_int(&q, query->before > 0 ? query->before : INT64_MAX);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        struct camera_event_row r;
        event_row(&r, &q);
        goes_on = visit(arg, &r);
    }
    sql_end(&q);
    return status;
}
