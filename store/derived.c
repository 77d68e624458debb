/* SPDX-License-Identifier: Apache-2.0 */
/* What was derived from pictures. Rows of one kind, algorithm and model lie beside each other, so that all embeddings are read
 * in one go. */
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/reference.h"

enum { DERIVED_BYTES_MAX = 64 << 20, KIND_MAX = 64 };

static const char *model_of(const lk_derived_key *key) {
    return key->model ? key->model : "";
}

static lk_status check_key(const lk_derived_key *key, lk_error *err) {
    if (!store_is_name(key->kind, KIND_MAX) || key->algorithm < 0) {
        return error_set(
            err, LK_E_USAGE,
            "what is derived has a kind of 1 to %d letters, digits and ._-, and a version from 0",
            KIND_MAX);
    }
    return store_check_text("model", key->model, LK_NAME_MAX, false, err);
}

/* The checksum covers where the data belongs: the key, once for all rows of it ... */
static uint32_t key_checksum(const lk_derived_key *key) {
    char place[KIND_MAX + LK_NAME_MAX + 64];
    int n =
        snprintf(place, sizeof place, "%.64s/%d/%.500s/", key->kind, key->algorithm, model_of(key));
    return libdeflate_crc32(0, place, (size_t)n);
}

/* ... and the version, before the data. */
static int64_t checksum(uint32_t key, const char *id, int64_t version, const void *data,
                        size_t size) {
    uint8_t number[8];
    for (int i = 0; i < 8; i++) {
        number[i] = (uint8_t)(version >> (8 * i));
    }
    uint32_t crc = libdeflate_crc32(key, id, strlen(id) + 1);
    crc = libdeflate_crc32(crc, number, sizeof number);
    return (int64_t)libdeflate_crc32(crc, data, size);
}

static void bind_key(struct sql *q, const lk_derived_key *key) {
    sql_bind_text(q, key->kind);
    sql_bind_int(q, key->algorithm);
    sql_bind_text(q, model_of(key));
}

lk_status lk_derived_put(lk_store *store, const char *id, int32_t version,
                         const lk_derived *derived, lk_error *err) {
    struct sql q;
    bool there;
    lk_status status = check_key(&derived->key, err);
    if (status == LK_OK && derived->size > DERIVED_BYTES_MAX) {
        status =
            error_set(err, LK_E_USAGE, "what is derived has at most %d bytes", DERIVED_BYTES_MAX);
    }
    if (status == LK_OK) {
        status = lk_store_begin(store, err);
    }
    if (status != LK_OK) {
        return status;
    }
    status = reference_exists(&there, store, id, version, err);
    if (status == LK_OK && (!there || version < 1)) {
        status = reference_missing(err, id, version);
    }
    if (status == LK_OK) {
        sql_begin(
            &q, &store->at,
            "INSERT INTO derived (kind, algorithm, model, reference, number, crc, data) VALUES "
            "(?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, algorithm, model, reference, number) DO "
            "UPDATE SET crc = excluded.crc, data = excluded.data");
        bind_key(&q, &derived->key);
        sql_bind_text(&q, id);
        sql_bind_int(&q, version);
        sql_bind_int(
            &q, checksum(key_checksum(&derived->key), id, version, derived->data, derived->size));
        sql_bind_blob(&q, derived->data, derived->size);
        status = sql_finish(&q, err);
    }
    return lk_store_end(store, status, err);
}

static lk_status damaged(const lk_store *s, const char *id, int64_t version, const char *kind,
                         lk_error *err) {
    lk_status status = error_set(err, LK_E_CORRUPT, "the %.64s of %.128s version %lld are damaged",
                                 kind, id, (long long)version);
    return error_input(err, status, s->at.path);
}

lk_status lk_derived_get(lk_bytes *out, bool *there, lk_store *store, const char *id,
                         int32_t version, const lk_derived_key *key, lk_error *err) {
    struct sql q;
    *out = (lk_bytes){0};
    sql_begin(&q, &store->at,
              "SELECT crc, data FROM derived WHERE kind = ? AND algorithm = ? AND model = ? AND "
              "reference = ? AND number = ?");
    bind_key(&q, key);
    sql_bind_text(&q, id);
    sql_bind_int(&q, version);
    lk_status status = sql_step(&q, there, err);
    if (status == LK_OK && *there) {
        const void *data = sql_blob(&q, 1, &out->size);
        out->data = mem_alloc(out->size + 1, 1);
        if (!out->data) {
            status = error_memory(err, out->size);
        } else if (checksum(key_checksum(key), id, version, data, out->size) != sql_int(&q, 0)) {
            status = damaged(store, id, version, key->kind, err);
        } else {
            memcpy(out->data, data, out->size);
            out->data[out->size] = 0;
        }
    }
    sql_end(&q);
    if (status != LK_OK) {
        lk_bytes_release(out);
    }
    return status;
}

/* Two scans side by side, which is half the time of a join: references in use, and what was derived, both in byte order of ids. */
struct scan {
    const lk_store *store;
    struct sql references, derived;
    bool reference, row; /* whether each stands on one */
    const lk_derived_key *key;
    uint32_t crc; /* of the key */
};

/* Those of few references are looked up one by one. */
static void scan_begin_since(struct scan *s, int64_t since) {
    sql_begin(&s->references, &s->store->at,
              "SELECT id, newest FROM reference INDEXED BY reference_changed_at "
              "WHERE changed > ? AND removed IS NULL ORDER BY id");
    sql_bind_int(&s->references, since);
    sql_begin(&s->derived, &s->store->at,
              "SELECT d.reference, d.number, d.crc, d.data "
              "FROM reference r INDEXED BY reference_changed_at CROSS JOIN derived d "
              "ON d.reference = r.id AND d.number = r.newest WHERE d.kind = ? AND d.algorithm = ? "
              "AND d.model = ? AND r.changed > ? ORDER BY d.reference");
    bind_key(&s->derived, s->key);
    sql_bind_int(&s->derived, since);
}

static void scan_begin(struct scan *s, const lk_store *store, const lk_derived_key *key,
                       int64_t since) {
    *s = (struct scan){.store = store, .key = key, .crc = key_checksum(key)};
    if (since > STORE_EVER) {
        scan_begin_since(s, since);
        return;
    }
    sql_begin(&s->references, &store->at,
              "SELECT id, newest FROM reference WHERE removed IS NULL ORDER BY id");
    sql_begin(
        &s->derived, &store->at,
        "SELECT reference, number, crc, data FROM derived WHERE kind = ? AND algorithm = ? AND "
        "model = ? ORDER BY reference, number");
    bind_key(&s->derived, key);
}

static void scan_end(struct scan *s) {
    sql_end(&s->references);
    sql_end(&s->derived);
}

/* The next row that is of the newest version of a reference in use; s->row is false behind the last. */
static lk_status scan_next(struct scan *s, lk_error *err) {
    lk_status status;
    while ((status = sql_step(&s->derived, &s->row, err)) == LK_OK && s->row) {
        const char *id = sql_text(&s->derived, 0);
        int order = s->reference ? strcmp(sql_text(&s->references, 0), id) : -1;
        while (order < 0) {
            status = sql_step(&s->references, &s->reference, err);
            if (status != LK_OK) {
                return status;
            }
            order = s->reference ? strcmp(sql_text(&s->references, 0), id) : 1;
        }
        if (!s->reference) {
            s->row = false;
            return LK_OK;
        }
        if (order == 0 && sql_int(&s->references, 1) == sql_int(&s->derived, 1)) {
            return LK_OK;
        }
    }
    return status;
}

/* Counts damaged rows and goes on; with damaged_count NULL one is an error. */
static lk_status visit_derived(struct scan *s, int64_t *damaged_count,
                               bool (*visit)(void *arg, const char *id, int32_t version,
                                             const void *data, size_t size),
                               void *arg, lk_error *err) {
    bool more = true;
    lk_status status;
    while (more && (status = scan_next(s, err)) == LK_OK && s->row) {
        size_t size;
        const char *id = sql_text(&s->derived, 0);
        int64_t version = sql_int(&s->derived, 1);
        const void *data = sql_blob(&s->derived, 3, &size);
        bool sound = checksum(s->crc, id, version, data, size) == sql_int(&s->derived, 2);
        if (!sound && !damaged_count) {
            return damaged(s->store, id, version, s->key->kind, err);
        }
        if (sound) {
            more = visit(arg, id, (int32_t)version, data, size);
        } else {
            (*damaged_count)++;
        }
    }
    return status;
}

static lk_status
visit_all(lk_store *store, const lk_derived_key *key, int64_t since, int64_t *damaged_count,
          bool (*visit)(void *arg, const char *id, int32_t version, const void *data, size_t size),
          void *arg, lk_error *err) {
    struct scan s;
    lk_status status = store_read_begin(store, err); /* both of one state */
    if (status != LK_OK) {
        return status;
    }
    scan_begin(&s, store, key, since);
    status = visit_derived(&s, damaged_count, visit, arg, err);
    scan_end(&s);
    store_read_end(store);
    return status;
}

lk_status lk_derived_visit(lk_store *store, const lk_derived_key *key,
                           bool (*visit)(void *arg, const char *id, int32_t version,
                                         const void *data, size_t size),
                           void *arg, lk_error *err) {
    return visit_all(store, key, STORE_EVER, NULL, visit, arg, err);
}

lk_status store_visit_sound(lk_store *store, const lk_derived_key *key, int64_t since,
                            int64_t *damaged_count,
                            bool (*visit)(void *arg, const char *id, int32_t version,
                                          const void *data, size_t size),
                            void *arg, lk_error *err) {
    return visit_all(store, key, since, damaged_count, visit, arg, err);
}

/* -- Damage: what was derived can be derived again -- */

lk_status store_drop_derived(lk_store *s, const lk_derived_key *key, const char *id,
                             int64_t version, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "DELETE FROM derived WHERE kind = ? AND algorithm = ? AND model = ? AND "
              "reference = ? AND number = ?");
    bind_key(&q, key);
    sql_bind_text(&q, id);
    sql_bind_int(&q, version);
    return sql_finish(&q, err);
}

lk_status store_drop_damaged(lk_store *s, const lk_derived_key *key, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status = lk_store_begin(s, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at,
              "SELECT reference, number, crc, data FROM derived WHERE kind = ? AND algorithm = ? "
              "AND model = ?");
    bind_key(&q, key);
    while (status == LK_OK && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        size_t size;
        char id[LK_REFERENCE_ID_MAX + 1]; /* the row goes while it is read */
        int64_t version = sql_int(&q, 1);
        const void *data = sql_blob(&q, 3, &size);
        snprintf(id, sizeof id, "%s", sql_text(&q, 0));
        if (checksum(key_checksum(key), id, version, data, size) != sql_int(&q, 2)) {
            status = store_drop_derived(s, key, id, version, err);
        }
    }
    sql_end(&q);
    return lk_store_end(s, status, err);
}

/* -- The state of it all -- */

lk_status store_state(struct store_state *out, lk_store *s, lk_error *err) {
    struct sql q;
    bool row;
    size_t size = 0;
    *out = (struct store_state){0};
    sql_begin(&q, &s->at, "SELECT changes, salt FROM state");
    lk_status status = sql_step(&q, &row, err);
    const void *salt = status == LK_OK && row ? sql_blob(&q, 1, &size) : NULL;
    if (status == LK_OK && size != sizeof out->salt) {
        status = error_input(err, error_set(err, LK_E_CORRUPT, "the store's state is damaged"),
                             s->at.path);
    }
    if (status == LK_OK) {
        out->changes = sql_int(&q, 0);
        memcpy(out->salt, salt, size);
    }
    sql_end(&q);
    return status == LK_OK ? lk_audit_head_get(&out->log, s, err) : status;
}

lk_status store_was(bool *out, lk_store *s, int64_t entries, const uint8_t hash[32],
                    lk_error *err) {
    struct sql q;
    bool row;
    size_t size = 0;
    *out = entries == 0;
    if (*out) {
        return LK_OK;
    }
    sql_begin(&q, &s->at, "SELECT hash FROM audit WHERE seq = ?");
    sql_bind_int(&q, entries);
    lk_status status = sql_step(&q, &row, err);
    const void *found = status == LK_OK && row ? sql_blob(&q, 0, &size) : NULL;
    *out = found && size == 32 && memcmp(found, hash, size) == 0;
    sql_end(&q);
    return status;
}

/* Those that lack the key and, so that none comes twice, have all of those before it. */
static lk_status visit_lacking(bool *more, lk_store *s, const lk_derived_key *keys, size_t at,
                               int64_t since, bool (*visit)(void *arg, const char *id), void *arg,
                               lk_error *err) {
    static const char has[] =
        "EXISTS (SELECT 1 FROM derived d WHERE d.kind = ? AND d.algorithm = ? "
        "AND d.model = ? AND d.reference = r.id AND d.number = r.newest)";
    char text[2048];
    struct sql q;
    bool row;
    int n = snprintf(text, sizeof text,
                     "SELECT r.id FROM reference r %s JOIN version v ON v.reference = r.id AND "
                     "v.number = r.newest WHERE r.changed > ? AND r.removed IS NULL AND "
                     "v.purged IS NULL AND NOT %s",
                     since > STORE_EVER ? "INDEXED BY reference_changed_at CROSS" : "", has);
    for (size_t i = 0; i < at; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, " AND %s", has);
    }
    sql_begin(&q, &s->at, text);
    sql_bind_int(&q, since);
    bind_key(&q, &keys[at]);
    for (size_t i = 0; i < at; i++) {
        bind_key(&q, &keys[i]);
    }
    lk_status status = LK_OK;
    while (*more && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        *more = visit(arg, sql_text(&q, 0));
    }
    sql_end(&q);
    return status;
}

lk_status store_visit_changed(lk_store *s, int64_t since, bool (*visit)(void *arg, const char *id),
                              void *arg, lk_error *err) {
    struct sql q;
    bool row, more = true;
    lk_status status = LK_OK;
    sql_begin(&q, &s->at, "SELECT id FROM reference WHERE changed > ? ORDER BY id");
    sql_bind_int(&q, since);
    while (more && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        more = visit(arg, sql_text(&q, 0));
    }
    sql_end(&q);
    return status;
}

lk_status store_visit_underived(lk_store *s, const lk_derived_key *keys, size_t count,
                                int64_t since, bool (*visit)(void *arg, const char *id), void *arg,
                                lk_error *err) {
    enum { KEYS_MOST = 8 }; /* for which the text has room */
    bool more = true;
    lk_status status = store_read_begin(s, err);
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = 0; status == LK_OK && i < MIN(count, (size_t)KEYS_MOST); i++) {
        status = visit_lacking(&more, s, keys, i, since, visit, arg, err);
    }
    store_read_end(s);
    return status;
}
