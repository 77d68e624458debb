/* SPDX-License-Identifier: Apache-2.0 */
/* What was derived from pictures, and the photos that verdicts were given on. Rows of one kind, algorithm and model lie beside each
 * other, so that all embeddings are read in one go. */
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

/* The checksum covers where the data belongs. */
static int64_t checksum(const lk_derived_key *key, const char *id, int64_t version,
                        const void *data, size_t size) {
    char place[KIND_MAX + LK_NAME_MAX + LK_REFERENCE_ID_MAX + 64];
    int n = snprintf(place, sizeof place, "%.64s/%d/%.500s/%.128s/%lld", key->kind, key->algorithm,
                     model_of(key), id, (long long)version);
    return reference_crc(data, size) ^ reference_crc(place, (size_t)n);
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
            &q, store,
            "INSERT OR REPLACE INTO derived (kind, algorithm, model, reference, number, crc, data) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)");
        bind_key(&q, &derived->key);
        sql_bind_text(&q, id);
        sql_bind_int(&q, version);
        sql_bind_int(&q, checksum(&derived->key, id, version, derived->data, derived->size));
        sql_bind_blob(&q, derived->data, derived->size);
        status = sql_finish(&q, err);
    }
    return lk_store_end(store, status, err);
}

static lk_status damaged(const lk_store *s, const char *id, int64_t version, const char *kind,
                         lk_error *err) {
    lk_status status = error_set(err, LK_E_CORRUPT, "the %.64s of %.128s version %lld are damaged",
                                 kind, id, (long long)version);
    return error_input(err, status, s->database);
}

lk_status lk_derived_get(lk_bytes *out, bool *there, lk_store *store, const char *id,
                         int32_t version, const lk_derived_key *key, lk_error *err) {
    struct sql q;
    *out = (lk_bytes){0};
    sql_begin(&q, store,
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
        } else if (checksum(key, id, version, data, out->size) != sql_int(&q, 0)) {
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

lk_status lk_derived_visit(lk_store *store, const lk_derived_key *key,
                           bool (*visit)(void *arg, const char *id, int32_t version,
                                         const void *data, size_t size),
                           void *arg, lk_error *err) {
    struct sql q;
    bool row, more = true;
    lk_status status;
    sql_begin(&q, store,
              "SELECT d.reference, d.number, d.crc, d.data FROM derived d JOIN reference r ON "
              "r.id = d.reference AND r.newest = d.number AND r.removed IS NULL "
              "WHERE d.kind = ? AND d.algorithm = ? AND d.model = ? ORDER BY d.reference");
    bind_key(&q, key);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && more) {
        size_t size;
        const char *id = sql_text(&q, 0);
        int64_t version = sql_int(&q, 1);
        const void *data = sql_blob(&q, 3, &size);
        if (checksum(key, id, version, data, size) != sql_int(&q, 2)) {
            status = damaged(store, id, version, key->kind, err);
            break;
        }
        more = visit(arg, id, (int32_t)version, data, size);
    }
    sql_end(&q);
    return status;
}

lk_status lk_submission_visit(lk_store *store, const char *photo_sha256,
                              bool (*visit)(void *arg, const lk_submission *s), void *arg,
                              lk_error *err) {
    struct sql q;
    bool row, more = true;
    lk_status status;
    sql_begin(&q, store,
              photo_sha256 ? "SELECT p.entry, p.photo_sha256, p.fingerprint, p.reference, "
                             "p.version, p.verdict, a.at "
                             "FROM submission p JOIN audit a ON a.seq = p.entry WHERE "
                             "p.photo_sha256 = ? ORDER BY p.entry"
                           : "SELECT p.entry, p.photo_sha256, p.fingerprint, p.reference, "
                             "p.version, p.verdict, a.at "
                             "FROM submission p JOIN audit a ON a.seq = p.entry ORDER BY p.entry");
    if (photo_sha256) {
        sql_bind_text(&q, photo_sha256);
    }
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && more) {
        lk_submission p = {.entry = sql_int(&q, 0), .version = (int32_t)sql_int(&q, 4)};
        p.fingerprint = sql_blob(&q, 2, &p.fingerprint_size);
        snprintf(p.photo_sha256, sizeof p.photo_sha256, "%s", sql_text(&q, 1));
        snprintf(p.reference, sizeof p.reference, "%s", sql_text(&q, 3));
        snprintf(p.verdict, sizeof p.verdict, "%s", sql_text(&q, 5));
        snprintf(p.at, sizeof p.at, "%s", sql_text(&q, 6));
        more = visit(arg, &p);
    }
    sql_end(&q);
    return status;
}
