/* SPDX-License-Identifier: Apache-2.0 */
#include "store/vectors.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/postgres.h"

enum { STATEMENT_MAX = 1 << 16 };

/* In these @ is the schema of the extension, which need not be in the search path. A vector has 2000 numbers at most, as an index
 * of pgvector takes them; what holds others, or what is no number, has none. likeness_vector reads float32, the least byte
 * first: bits 0 to 22 are the fraction, 23 to 30 the exponent (IEEE 754). */
static const char making[] =
    "CREATE TABLE reference_vector (algorithm BIGINT NOT NULL, model TEXT COLLATE \"C\" NOT NULL, "
    "reference TEXT COLLATE \"C\" NOT NULL, number BIGINT NOT NULL, data @.vector NOT NULL, "
    "PRIMARY KEY (algorithm, model, reference, number));"

    "CREATE FUNCTION likeness_vector(bytes BYTEA) RETURNS @.vector LANGUAGE sql IMMUTABLE AS "
    "$body$ SELECT CASE WHEN NOT bool_or(e = 255) THEN array_agg(((1 - 2 * s) * CASE e WHEN 255 "
    "THEN 0 WHEN 0 THEN m * power(2::float8, -149) ELSE (m + 8388608) * power(2::float8, e - 150) "
    "END)::real "
    "ORDER BY i)::@.vector END FROM (SELECT i, ((u >> 31) & 1)::int AS s, ((u >> 23) & 255)::int "
    "AS e, (u & 8388607)::int AS m FROM (SELECT i, get_byte(flat, 4 * i)::bigint + "
    "(get_byte(flat, 4 * i + 1)::bigint << 8) + (get_byte(flat, 4 * i + 2)::bigint << 16) + "
    "(get_byte(flat, 4 * i + 3)::bigint << 24) AS u FROM (SELECT bytes || ''::bytea AS flat "
    "WHERE length(bytes) BETWEEN 4 AND 8000 AND length(bytes) % 4 = 0 OFFSET 0) f, "
    "generate_series(0, length(flat) / 4 - 1) i) a) b $body$;"

    "CREATE FUNCTION likeness_vector_follows() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    "IF TG_OP <> 'INSERT' THEN DELETE FROM reference_vector v WHERE v.algorithm = OLD.algorithm "
    "AND v.model = OLD.model AND v.reference = OLD.reference AND v.number = OLD.number; END IF; "
    "IF TG_OP <> 'DELETE' THEN INSERT INTO reference_vector SELECT NEW.algorithm, NEW.model, "
    "NEW.reference, NEW.number, v FROM likeness_vector(NEW.data) v WHERE v IS NOT NULL; END IF; "
    "RETURN NULL; END $body$;"
    "CREATE TRIGGER vector_added AFTER INSERT ON derived FOR EACH ROW "
    "WHEN (NEW.kind = 'embedding') EXECUTE FUNCTION likeness_vector_follows();"
    "CREATE TRIGGER vector_changed AFTER UPDATE ON derived FOR EACH ROW "
    "WHEN (NEW.kind = 'embedding') EXECUTE FUNCTION likeness_vector_follows();"
    "CREATE TRIGGER vector_gone AFTER DELETE ON derived FOR EACH ROW "
    "WHEN (OLD.kind = 'embedding') EXECUTE FUNCTION likeness_vector_follows();"

    /* 1 when the index of the model is there, made if it may be. */
    "CREATE FUNCTION likeness_near_index(of_algorithm BIGINT, of_model TEXT, dim BIGINT, make "
    "BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $body$ DECLARE name TEXT := 'reference_vector_' "
    "|| left(md5(of_algorithm || '/' || dim || '/' || of_model), 16); BEGIN "
    "IF to_regclass(name) IS NULL AND make <> 0 THEN EXECUTE format('CREATE INDEX %I ON "
    "reference_vector USING hnsw ((data::@.vector(%s)) @.vector_cosine_ops) WHERE algorithm = %s "
    "AND model = %L AND @.vector_dims(data) = %s', name, dim, of_algorithm, of_model, dim); END "
    "IF; RETURN CASE WHEN to_regclass(name) IS NULL THEN 0 ELSE 1 END; END $body$;"

    /* The conditions are those of the index, word by word. */
    "CREATE FUNCTION likeness_near(of_algorithm BIGINT, of_model TEXT, dim BIGINT, asked TEXT, "
    "most BIGINT) RETURNS TABLE (reference TEXT, number BIGINT) LANGUAGE plpgsql AS $body$ BEGIN "
    "PERFORM set_config('hnsw.ef_search', '200', true); RETURN QUERY EXECUTE format('SELECT "
    "v.reference, v.number FROM reference_vector v WHERE v.algorithm = %s AND v.model = %L AND "
    "@.vector_dims(v.data) = %s ORDER BY v.data::@.vector(%s) OPERATOR(@.<=>) %L::@.vector(%s) "
    "LIMIT %s', of_algorithm, of_model, dim, dim, asked, dim, most); END $body$;";

static const char filling[] =
    "INSERT INTO reference_vector SELECT d.algorithm, d.model, d.reference, d.number, v FROM "
    "derived d, LATERAL likeness_vector(d.data) v WHERE d.kind = 'embedding' AND v IS NOT NULL AND "
    "NOT EXISTS (SELECT 1 FROM reference_vector r WHERE r.algorithm = d.algorithm AND r.model = "
    "d.model AND r.reference = d.reference AND r.number = d.number);"
    /* The keys first: no index is made of a table that is being read. */
    "DO $body$ DECLARE keys JSONB; k JSONB; BEGIN SELECT coalesce(jsonb_agg(DISTINCT "
    "jsonb_build_array(algorithm, model, @.vector_dims(data))), '[]') INTO keys FROM "
    "reference_vector; FOR k IN SELECT jsonb_array_elements(keys) LOOP PERFORM "
    "likeness_near_index((k ->> 0)::bigint, k ->> 1, (k ->> 2)::bigint, 1); END LOOP; END $body$";

/* -- Making -- */

/* The schema that the extension is in, quoted; "" for none. */
static lk_status extension_schema(char out[160], const lk_store *s, lk_error *err) {
    struct sql q;
    bool row;
    out[0] = '\0';
    sql_begin(&q, &s->at,
              "SELECT quote_ident(n.nspname::text) FROM pg_catalog.pg_extension e JOIN "
              "pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        snprintf(out, 160, "%s", sql_text(&q, 0));
    }
    sql_end(&q);
    return status;
}

static lk_status run_in(const lk_store *s, const char *text, const char *schema, lk_error *err) {
    struct buf b;
    buf_init(&b, STATEMENT_MAX);
    for (size_t n; *text; text += n + (text[n] == '@')) {
        n = strcspn(text, "@");
        buf_add(&b, text, n);
        buf_add_text(&b, text[n] == '@' ? schema : "");
    }
    lk_status status = buf_status(&b, err);
    status = status == LK_OK ? sql_run(&s->at, (const char *)b.data, err) : status;
    buf_release(&b);
    return status;
}

static lk_status make_all(lk_store *s, lk_error *err) {
    char schema[160];
    int64_t there = 0;
    lk_status status = sql_run(&s->at, "CREATE EXTENSION IF NOT EXISTS vector", err);
    status = status == LK_OK ? extension_schema(schema, s, err) : status;
    status = status == LK_OK ? sql_number(&there, &s->at,
                                          "SELECT count(*) FROM pg_catalog.pg_class c WHERE "
                                          "c.oid = to_regclass('reference_vector')",
                                          err)
                             : status;
    status = status == LK_OK && there == 0 ? run_in(s, making, schema, err) : status;
    return status == LK_OK ? run_in(s, filling, schema, err) : status;
}

lk_status vectors_make(bool *made, lk_store *s, int64_t most, lk_error *why, lk_error *err) {
    int64_t offered = 0, rows = 0;
    *made = false;
    *why = (lk_error){0};
    lk_status status = sql_number(&offered, &s->at,
                                  "SELECT count(*) FROM pg_catalog.pg_available_extensions WHERE "
                                  "name = 'vector'",
                                  err);
    if (status == LK_OK && offered > 0) {
        status =
            sql_number(&rows, &s->at, "SELECT count(*) FROM derived WHERE kind = 'embedding'", err);
    }
    if (status != LK_OK || offered == 0 || rows > most) {
        return status;
    }
    status = sql_part_begin(&s->at, err);
    if (status != LK_OK) {
        return status;
    }
    *made = make_all(s, why) == LK_OK; /* else not permitted, too old: it goes without */
    if (*made) {
        return sql_part_keep(&s->at, err);
    }
    if (!sql_part_undo(&s->at)) {
        if (err) {
            *err = *why;
        }
        return why->status;
    }
    return LK_OK;
}

static lk_status count(lk_store_vectors *out, lk_store *s, lk_error *err) {
    struct sql q;
    bool row;
    sql_begin(&q, &s->at,
              "SELECT (SELECT count(*) FROM reference_vector), (SELECT count(*) FROM "
              "pg_catalog.pg_indexes WHERE schemaname = current_schema() AND tablename = "
              "'reference_vector' AND indexdef LIKE '%USING hnsw%'), (SELECT extversion FROM "
              "pg_catalog.pg_extension WHERE extname = 'vector')");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        out->rows = sql_int(&q, 0);
        out->indexes = sql_int(&q, 1);
        snprintf(out->version, sizeof out->version, "%s", sql_text(&q, 2));
    }
    sql_end(&q);
    return status;
}

lk_status lk_store_vectors_make(lk_store_vectors *out, lk_store *s, lk_error *err) {
    bool made = false;
    lk_error why = {0};
    *out = (lk_store_vectors){0};
    if (!s->at.postgres) {
        return LK_OK;
    }
    lk_status status = lk_store_begin(s, err);
    if (status == LK_OK) {
        status = lk_store_end(s, vectors_make(&made, s, INT64_MAX, &why, err), err);
    }
    snprintf(out->failure, sizeof out->failure, "%.255s", made ? "" : why.text);
    return status == LK_OK && made ? count(out, s, err) : status;
}

/* -- Asking -- */

static lk_status index_of(int64_t *there, lk_store *s, const lk_derived_key *key, int32_t dim,
                          bool make, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "SELECT likeness_near_index(?, ?, ?, ?)");
    sql_bind_int(&q, key->algorithm);
    sql_bind_text(&q, key->model ? key->model : "");
    sql_bind_int(&q, dim);
    sql_bind_int(&q, make);
    return sql_finish_int(there, &q, 0, err);
}

static lk_status make_index(int64_t *there, lk_store *s, const lk_derived_key *key, int32_t dim,
                            lk_error *err) {
    int64_t rows;
    lk_status status = sql_number(&rows, &s->at, "SELECT count(*) FROM reference_vector", err);
    if (status != LK_OK || rows > VECTORS_IN_PASSING) {
        return status;
    }
    status = lk_store_begin(s, err);
    return status == LK_OK ? lk_store_end(s, index_of(there, s, key, dim, true, err), err) : status;
}

lk_status store_near_ready(bool *out, lk_store *s, const lk_derived_key *key, int32_t dim,
                           lk_error *err) {
    enum { DIM_MOST = 2000 };
    int64_t there = 0;
    *out = false;
    if (!s->at.postgres || dim > DIM_MOST) {
        return LK_OK;
    }
    lk_status status = sql_number(&there, &s->at,
                                  "SELECT count(*) FROM pg_catalog.pg_class c WHERE c.oid = "
                                  "to_regclass('reference_vector')",
                                  err);
    if (status != LK_OK || there == 0) {
        return status;
    }
    status = index_of(&there, s, key, dim, false, err);
    if (status == LK_OK && there == 0 && !s->at.reads_only) {
        status = make_index(&there, s, key, dim, err);
    }
    *out = status == LK_OK && there != 0;
    return status;
}

int64_t store_near_least(const lk_store *s) {
    return s->at.postgres ? s->at.postgres->near_least : INT64_MAX;
}

/* "[1,0.5,-2]", with as many digits as tell floats apart. */
static lk_status vector_text(struct buf *b, const float *vector, int32_t dim, lk_error *err) {
    buf_init(b, STATEMENT_MAX);
    for (int32_t i = 0; i < dim; i++) {
        buf_printf(b, "%c%.9g", i == 0 ? '[' : ',', (double)vector[i]);
    }
    buf_add_text(b, "]");
    return buf_status(b, err);
}

lk_status store_visit_near(lk_store *s, const lk_derived_key *key, const float *vector, int32_t dim,
                           int32_t most, bool (*visit)(void *arg, const char *id, int32_t version),
                           void *arg, lk_error *err) {
    struct sql q;
    struct buf text;
    bool row, goes_on = true;
    lk_status status = vector_text(&text, vector, dim, err);
    if (status != LK_OK) {
        buf_release(&text);
        return status;
    }
    sql_begin(&q, &s->at, "SELECT reference, number FROM likeness_near(?, ?, ?, ?, ?)");
    sql_bind_int(&q, key->algorithm);
    sql_bind_text(&q, key->model ? key->model : "");
    sql_bind_int(&q, dim);
    sql_bind_text(&q, (const char *)text.data);
    sql_bind_int(&q, most);
    while (goes_on && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        goes_on = visit(arg, sql_text(&q, 0), (int32_t)sql_int(&q, 1));
    }
    sql_end(&q);
    buf_release(&text);
    return status;
}
