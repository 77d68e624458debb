/* SPDX-License-Identifier: Apache-2.0 */
/* What a store has on PostgreSQL alone, beside the tables that it has anywhere (migrate.c): steps of its own, whose number is in
 * likeness_store. The store works without them, a little slower: who may not take them (a service whose user may only write rows)
 * opens it as it is, and who may takes them with the next opening. */
#include "store/postgres_steps.h"

#include "base/error.h"
#include "store/vectors.h"

/* Triggers tell what was changed on the channel of the store's schema, when it is committed; the same word of one transaction is
 * told once. A job that was taken is nobody else's business. */
static const char *const steps[] = {
    "CREATE FUNCTION likeness_tells() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    "PERFORM pg_catalog.pg_notify('likeness_' || (SELECT relnamespace FROM pg_catalog.pg_class "
    "WHERE oid = TG_RELID), TG_ARGV[0]); RETURN NULL; END $body$;"
    "CREATE TRIGGER state_told AFTER UPDATE ON state FOR EACH ROW "
    "EXECUTE FUNCTION likeness_tells('references');"
    "CREATE TRIGGER job_told AFTER INSERT ON job FOR EACH ROW "
    "EXECUTE FUNCTION likeness_tells('jobs');"
    "CREATE TRIGGER job_free_told AFTER UPDATE OF state ON job FOR EACH ROW "
    "WHEN (OLD.state <> NEW.state AND NEW.state <> 'running') "
    "EXECUTE FUNCTION likeness_tells('jobs');"
    "CREATE TRIGGER news_told AFTER INSERT ON news FOR EACH ROW "
    "EXECUTE FUNCTION likeness_tells('news');",

    NULL, /* vectors, where the server has them; likeness db migrate tries again */
};

/* How many were taken: 0 too where the column is not there yet. -1: the user may take none. */
static lk_status taken(int64_t *out, const lk_store *s, lk_error *err) {
    struct sql q;
    sql_begin(
        &q, &s->at,
        "SELECT CASE WHEN has_schema_privilege(c.relnamespace, 'CREATE') AND "
        "pg_has_role(c.relowner, 'USAGE') THEN coalesce((to_jsonb(s) ->> 'own_steps')::bigint, 0) "
        "ELSE -1 END FROM likeness_store s, pg_catalog.pg_class c WHERE c.oid = s.tableoid");
    return sql_finish_int(out, &q, -1, err);
}

static lk_status take_from(lk_store *s, int64_t from, lk_error *err) {
    struct sql q;
    bool made;
    lk_error why; /* likeness db migrate tells it */
    lk_status status = sql_run(
        &s->at,
        "ALTER TABLE likeness_store ADD COLUMN IF NOT EXISTS own_steps BIGINT NOT NULL DEFAULT 0",
        err);
    for (size_t i = (size_t)from; status == LK_OK && i < ARRAY_COUNT(steps); i++) {
        status = steps[i] ? sql_run(&s->at, steps[i], err)
                          : vectors_make(&made, s, VECTORS_IN_PASSING, &why, err);
    }
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at, "UPDATE likeness_store SET own_steps = ?");
    sql_bind_int(&q, (int64_t)ARRAY_COUNT(steps));
    return sql_finish(&q, err);
}

lk_status postgres_take_steps(lk_store *s, lk_error *err) {
    int64_t from;
    const int64_t newest = (int64_t)ARRAY_COUNT(steps);
    lk_status status = taken(&from, s, err);
    if (status != LK_OK || from < 0 || from >= newest) {
        return status;
    }
    status = lk_store_begin(s, err);
    if (status != LK_OK) {
        return status;
    }
    status = taken(&from, s, err); /* from here on alone: somebody else may have been first */
    if (status == LK_OK && from >= 0 && from < newest) {
        status = take_from(s, from, err);
    }
    return lk_store_end(s, status, err);
}
