/* SPDX-License-Identifier: Apache-2.0 */
/* The photos that verdicts were given on. */
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/audit_log.h"

enum { FINGERPRINT_MAX = 256 };

static int64_t checksum(const lk_submission *p, int64_t entry) {
    char place[sizeof *p + 64];
    int n = snprintf(place, sizeof place, "%lld %s %s %d %s", (long long)entry, p->photo_sha256,
                     p->reference, p->version, p->verdict);
    uint32_t crc = libdeflate_crc32(0, place, (size_t)n);
    return (int64_t)libdeflate_crc32(crc, p->fingerprint ? p->fingerprint : "",
                                     p->fingerprint_size);
}

lk_status submission_insert(lk_store *s, int64_t entry, const lk_submission *p, lk_error *err) {
    struct sql q;
    uint8_t sum[DIGEST_BYTES];
    if (!digest_from_hex(sum, p->photo_sha256) || p->fingerprint_size > FINGERPRINT_MAX ||
        (p->reference[0] && !lk_reference_id_is_valid(p->reference)) ||
        !store_is_name(p->verdict, sizeof p->verdict - 1)) {
        return error_set(err, LK_E_USAGE,
                         "a photo is kept with its SHA-256, a verdict, a fingerprint of at most %d "
                         "bytes and the id of a "
                         "reference or none",
                         FINGERPRINT_MAX);
    }
    sql_begin(&q, &s->at,
              "INSERT INTO submission (entry, photo_sha256, fingerprint, reference, version, "
              "verdict, crc) "
              "VALUES (?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, entry);
    sql_bind_text(&q, p->photo_sha256);
    sql_bind_blob(&q, p->fingerprint, p->fingerprint_size);
    sql_bind_text(&q, p->reference);
    sql_bind_int(&q, p->version);
    sql_bind_text(&q, p->verdict);
    sql_bind_int(&q, checksum(p, entry));
    return sql_finish(&q, err);
}

static void take_row(lk_submission *p, struct sql *q) {
    *p = (lk_submission){.entry = sql_int(q, 0), .version = (int32_t)sql_int(q, 4)};
    p->fingerprint = sql_blob(q, 2, &p->fingerprint_size);
    snprintf(p->photo_sha256, sizeof p->photo_sha256, "%s", sql_text(q, 1));
    snprintf(p->reference, sizeof p->reference, "%s", sql_text(q, 3));
    snprintf(p->verdict, sizeof p->verdict, "%s", sql_text(q, 5));
    snprintf(p->at, sizeof p->at, "%s", sql_text(q, 6));
}

static bool is_sound(const lk_submission *p, struct sql *q) {
    return checksum(p, p->entry) == sql_int(q, 7);
}

static lk_status read_row(lk_submission *p, struct sql *q, lk_error *err) {
    take_row(p, q);
    if (is_sound(p, q)) {
        return LK_OK;
    }
    lk_status status =
        error_set(err, LK_E_CORRUPT, "the photo of entry %lld is damaged", (long long)p->entry);
    return error_input(err, status, q->database->path);
}

#define COLUMNS                                                                                    \
    "p.entry, p.photo_sha256, p.fingerprint, p.reference, p.version, p.verdict, a.at, p.crc "      \
    "FROM submission p JOIN audit a ON a.seq = p.entry "

lk_status lk_submission_visit(lk_store *store, const char *photo_sha256,
                              bool (*visit)(void *arg, const lk_submission *s), void *arg,
                              lk_error *err) {
    struct sql q;
    bool row, more = true;
    lk_status status;
    sql_begin(&q, &store->at,
              photo_sha256 ? "SELECT " COLUMNS "WHERE p.photo_sha256 = ? ORDER BY p.entry"
                           : "SELECT " COLUMNS "ORDER BY p.entry");
    if (photo_sha256) {
        sql_bind_text(&q, photo_sha256);
    }
    while (more && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        lk_submission p;
        status = read_row(&p, &q, err);
        if (status != LK_OK) {
            break;
        }
        more = visit(arg, &p);
    }
    sql_end(&q);
    return status;
}

/* The first sound row of a statement that gives COLUMNS; 0 for none. */
static lk_status first_sound(int64_t *entry, struct sql *q, lk_error *err) {
    bool row;
    lk_status status;
    *entry = 0;
    while (*entry == 0 && (status = sql_step(q, &row, err)) == LK_OK && row) {
        lk_submission p;
        take_row(&p, q);
        *entry = is_sound(&p, q) ? p.entry : 0;
    }
    sql_end(q);
    return status;
}

lk_status submission_find(int64_t *entry, lk_store *s, const char *photo_sha256, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "SELECT " COLUMNS "WHERE p.photo_sha256 = ? ORDER BY p.entry");
    sql_bind_text(&q, photo_sha256);
    return first_sound(entry, &q, err);
}

lk_status submission_is_sound(bool *out, lk_store *s, int64_t entry, lk_error *err) {
    struct sql q;
    int64_t found;
    sql_begin(&q, &s->at, "SELECT " COLUMNS "WHERE p.entry = ?");
    sql_bind_int(&q, entry);
    lk_status status = first_sound(&found, &q, err);
    *out = found > 0;
    return status;
}

static lk_status keep(struct fingerprints *f, int64_t entry, const void *data, lk_error *err) {
    if (f->count == f->capacity) {
        size_t capacity = f->capacity + f->capacity / 2 + 64;
        struct fingerprint *items = mem_realloc(f->items, capacity, sizeof *items);
        if (!items) {
            return error_memory(err, capacity * sizeof *items);
        }
        f->items = items;
        f->capacity = capacity;
    }
    f->items[f->count].entry = entry;
    memcpy(f->items[f->count++].bits, data, STORE_FINGERPRINT_BYTES);
    return LK_OK;
}

lk_status store_fingerprints(const struct fingerprints **out, lk_store *s, lk_error *err) {
    struct sql q;
    struct fingerprints *f = &s->fingerprints;
    bool row;
    lk_status status;
    *out = f;
    sql_begin(&q, &s->at,
              "SELECT entry, fingerprint FROM submission WHERE entry > ? ORDER BY entry");
    sql_bind_int(&q, f->last);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        size_t size;
        const void *data = sql_blob(&q, 1, &size);
        int64_t entry = sql_int(&q, 0);
        if (size == STORE_FINGERPRINT_BYTES && (status = keep(f, entry, data, err)) != LK_OK) {
            break;
        }
        f->last = entry;
    }
    sql_end(&q);
    return status;
}

void store_forget_fingerprints(lk_store *s) {
    mem_free(s->fingerprints.items);
    s->fingerprints = (struct fingerprints){0};
}

lk_status submission_first_damaged(int64_t *entry, lk_store *s, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    *entry = 0;
    sql_begin(&q, &s->at, "SELECT " COLUMNS "ORDER BY p.entry");
    while (*entry == 0 && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        lk_submission p;
        take_row(&p, &q);
        *entry = is_sound(&p, &q) ? 0 : p.entry;
    }
    sql_end(&q);
    return status;
}
