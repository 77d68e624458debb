/* SPDX-License-Identifier: Apache-2.0 */
/* The news of a store, numbered in the order in which they were written, and files that jobs left. */
#include "store/news.h"

#include <likeness/jobs.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* The newest news of a job's progress replaces the one before; of all so many are kept, but never fewer than one, so that no
 * number is given twice. */
static lk_status make_room(lk_store *s, const char *type, int64_t job, int64_t number,
                           lk_error *err) {
    struct sql q;
    lk_status status = LK_OK;
    if (strcmp(type, "job.progress") == 0) {
        sql_begin(&q, &s->at, "DELETE FROM news WHERE job = ? AND type = 'job.progress'");
        sql_bind_int(&q, job);
        status = sql_finish(&q, err);
    }
    if (status == LK_OK && number % 100 == 0) {
        sql_begin(&q, &s->at, "DELETE FROM news WHERE id <= ?");
        sql_bind_int(&q, number - LK_JOB_NEWS_KEPT);
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status news_add(lk_store *s, const char *type, int64_t job, const char *document,
                   lk_error *err) {
    struct sql q;
    int64_t number;
    lk_status status = lk_news_last(&number, s, err);
    status = status == LK_OK ? make_room(s, type, job, number + 1, err) : status;
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at, "INSERT INTO news (id, at, type, job, document) VALUES (?, ?, ?, ?, ?)");
    sql_bind_int(&q, number + 1);
    sql_bind_int(&q, moment_now_ms());
    sql_bind_text(&q, type);
    sql_bind_int(&q, job);
    sql_bind_text(&q, document);
    return sql_finish(&q, err);
}

lk_status lk_news_last(int64_t *number, lk_store *s, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "SELECT coalesce(max(id), 0) FROM news");
    return sql_finish_int(number, &q, 0, err);
}

lk_status lk_news_visit(lk_store *s, int64_t after, int64_t job, int32_t most,
                        bool (*visit)(void *arg, const lk_news *news), void *arg, lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    sql_begin(&q, &s->at,
              "SELECT id, at, type, job, document FROM news WHERE id > ?1 AND (job = ?2 OR ?2 = 0) "
              "ORDER BY id LIMIT ?3");
    sql_bind_int(&q, after);
    sql_bind_int(&q, job);
    sql_bind_int(&q, MAX(most, 1));
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        const lk_news news = {sql_int(&q, 0), sql_int(&q, 1), sql_text(&q, 2), sql_int(&q, 3),
                              sql_text(&q, 4)};
        goes_on = visit(arg, &news);
    }
    sql_end(&q);
    return status;
}

/* -- Files of jobs -- */

lk_status lk_job_files(lk_store *s, int64_t id, bool (*visit)(void *arg, const lk_job_file *file),
                       void *arg, lk_error *err) {
    struct sql q;
    bool row, goes_on = true;
    lk_status status;
    sql_begin(&q, &s->at, "SELECT name, type, bytes FROM job_file WHERE job = ? ORDER BY name");
    sql_bind_int(&q, id);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && goes_on) {
        const lk_job_file file = {sql_text(&q, 0), sql_text(&q, 1), NULL, (size_t)sql_int(&q, 2)};
        goes_on = visit(arg, &file);
    }
    sql_end(&q);
    return status;
}

lk_status lk_job_file_get(lk_bytes *out, char type[64], lk_store *s, int64_t id, const char *name,
                          lk_error *err) {
    struct sql q;
    bool row;
    *out = (lk_bytes){0};
    sql_begin(&q, &s->at, "SELECT type, data FROM job_file WHERE job = ? AND name = ?");
    sql_bind_int(&q, id);
    sql_bind_text(&q, name);
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && !row) {
        status = error_input(
            err, error_set(err, LK_E_IO, "job %lld has no such file", (long long)id), name);
    } else if (status == LK_OK) {
        const void *data = sql_blob(&q, 1, &out->size);
        snprintf(type, 64, "%s", sql_text(&q, 0));
        out->data = mem_calloc(out->size + 1, 1);
        if (!out->data) {
            status = error_memory(err, out->size);
            out->size = 0;
        } else if (out->size > 0) {
            memcpy(out->data, data, out->size);
        }
    }
    sql_end(&q);
    return status;
}
