/* SPDX-License-Identifier: Apache-2.0 */
#include "store/kept.h"

#include <libdeflate.h>
#include <likeness/service.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/blob.h"

enum { FILES_MAX = 32, PARTS_TEXT_MAX = KEPT_PARTS_MAX * 56 };

/* A blob that the files name. */
struct source {
    char sha256[65];
    const void *data; /* borrowed, or of `pack` */
    size_t size;
    bool is_written; /* blob is on its way; else something named it when it was looked at */
    struct blob blob;
};

/* Where a piece is. */
struct place {
    int blob;
    int64_t begin;
    lk_bytes base64; /* empty unless it may stand so */
};

struct file {
    char name[LK_KEPT_NAME_MAX + 1], type[LK_KEPT_TYPE_MAX + 1], sha256[65];
    int64_t bytes;
    lk_bytes parts;
};

struct lk_kept {
    lk_store *store;
    const lk_kept_piece *pieces; /* a copy; what they point to is borrowed */
    struct place *places;
    size_t piece_count;
    struct source sources[KEPT_BLOBS_MAX];
    int source_count;
    struct buf pack, text; /* pieces that are nobody else's; what is no piece */
    struct file files[FILES_MAX];
    int file_count;
};

/* -- Pieces -- */

lk_status kept_is_used(bool *used, lk_store *s, const char *sha256, lk_error *err) {
    struct sql q;
    int64_t found;
    sql_begin(&q, &s->at, "SELECT 1 FROM picture_in_use WHERE sha256 = ? LIMIT 1");
    sql_bind_text(&q, sha256);
    lk_status status = sql_finish_int(&found, &q, 0, err);
    *used = found == 1;
    return status;
}

/* Writes it, unless something names it: then it is there already. */
static lk_status write_source(struct source *from, lk_store *s, lk_error *err) {
    bool used = false;
    lk_status status = kept_is_used(&used, s, from->sha256, err);
    if (status == LK_OK && !used) {
        status = blob_write(&from->blob, s, from->data, from->size, err);
        from->is_written = status == LK_OK;
    }
    return status;
}

static lk_status add_source(lk_kept *k, const void *data, size_t size, lk_error *err) {
    if (k->source_count == KEPT_BLOBS_MAX) {
        return error_set(err, LK_E_LIMIT, "more than %d blobs", KEPT_BLOBS_MAX);
    }
    struct source *from = &k->sources[k->source_count++];
    *from = (struct source){.data = data, .size = size};
    digest_sha256_hex(from->sha256, data, size);
    return write_source(from, k->store, err);
}

static lk_status encode(lk_bytes *out, const lk_kept_piece *piece, lk_error *err) {
    struct buf text;
    buf_init(&text, (size_t)KEPT_FILE_MAX);
    buf_add_base64(&text, piece->data, piece->size);
    return buf_finish(&text, out, err);
}

/* One that is the same as another is there already. */
static void pack_piece(lk_kept *k, size_t i) {
    const lk_kept_piece *piece = &k->pieces[i];
    for (size_t j = 0; j < i; j++) {
        if (!k->pieces[j].is_shared && k->pieces[j].size == piece->size &&
            memcmp(k->pieces[j].data, piece->data, piece->size) == 0) {
            k->places[i] = (struct place){.blob = k->places[j].blob, .begin = k->places[j].begin};
            return;
        }
    }
    k->places[i] = (struct place){.blob = k->source_count, .begin = (int64_t)k->pack.size};
    buf_add(&k->pack, piece->data, piece->size);
}

/* Those of their own first; the others follow one another in the last blob. */
static lk_status place_pieces(lk_kept *k, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < k->piece_count; i++) {
        const lk_kept_piece *piece = &k->pieces[i];
        if (piece->is_shared) {
            k->places[i].blob = k->source_count;
            status = add_source(k, piece->data, piece->size, err);
        }
    }
    for (size_t i = 0; status == LK_OK && i < k->piece_count; i++) {
        const lk_kept_piece *piece = &k->pieces[i];
        if (!piece->is_shared) {
            pack_piece(k, i);
        }
        if (piece->is_base64) {
            status = encode(&k->places[i].base64, piece, err);
        }
    }
    status = status == LK_OK ? buf_status(&k->pack, err) : status;
    return status == LK_OK && k->pack.size > 0 ? add_source(k, k->pack.data, k->pack.size, err)
                                               : status;
}

lk_status lk_kept_new(lk_kept **out, lk_store *store, const lk_kept_piece *pieces, size_t count,
                      lk_error *err) {
    lk_kept *k = *out = mem_calloc(1, sizeof *k);
    lk_kept_piece *copy = mem_calloc(count + 1, sizeof *copy);
    if (k) {
        k->store = store;
        k->pieces = copy;
        k->places = mem_calloc(count + 1, sizeof *k->places);
        buf_init(&k->pack, (size_t)KEPT_FILE_MAX);
        buf_init(&k->text, (size_t)KEPT_FILE_MAX);
    }
    lk_status status = LK_OK;
    if (!k || !copy || !k->places) {
        status = error_memory(err, count * sizeof *copy);
    } else {
        memcpy(copy, pieces, count * sizeof *copy);
        k->piece_count = count;
        status = place_pieces(k, err);
    }
    if (status != LK_OK) {
        if (!k) {
            mem_free(copy);
        }
        lk_kept_free(k, false);
        *out = NULL;
    }
    return status;
}

/* It may be there, and nobody's: whoever prunes looks. Where not even that can be written, the check counts it. */
static void note_gone(lk_store *s, const char *sha256) {
    struct sql q;
    sql_begin(&q, &s->at,
              "INSERT INTO kept_gone (sha256) VALUES (?) ON CONFLICT (sha256) DO NOTHING");
    sql_bind_text(&q, sha256);
    lk_status status = sql_finish(&q, NULL);
    (void)status;
}

void lk_kept_free(lk_kept *k, bool lasts) {
    if (!k) {
        return;
    }
    for (int i = 0; !lasts && i < k->source_count; i++) {
        if (k->sources[i].is_written) {
            k->sources[i].blob.created =
                false; /* a commit that failed may have been made to last all the same */
            blob_undo(&k->sources[i].blob, k->store);
            note_gone(k->store, k->sources[i].sha256);
        }
    }
    for (size_t i = 0; i < k->piece_count; i++) {
        lk_bytes_release(&k->places[i].base64);
    }
    for (int i = 0; i < k->file_count; i++) {
        lk_bytes_release(&k->files[i].parts);
    }
    buf_release(&k->pack);
    buf_release(&k->text);
    mem_free(k->places);
    mem_free((void *)(uintptr_t)k->pieces);
    mem_free(k);
}

/* -- Files -- */

struct cutting {
    lk_kept *kept;
    const uint8_t *data;
    size_t size, done; /* bytes of the file that are in a part */
    struct buf parts;
    int count;
};

static void add_part(struct cutting *c, const struct kept_part *part) {
    buf_printf(&c->parts, "%s%c%d:%lld+%lld", c->count++ > 0 ? " " : "", part->kind, part->blob,
               (long long)part->begin, (long long)part->bytes);
}

/* What is no piece, up to there. */
static void add_text(struct cutting *c, size_t end) {
    struct buf *text = &c->kept->text;
    if (end > c->done) {
        const struct kept_part part = {
            .kind = KEPT_TEXT, .begin = (int64_t)text->size, .bytes = (int64_t)(end - c->done)};
        buf_add(text, c->data + c->done, end - c->done);
        add_part(c, &part);
        c->done = end;
    }
}

static bool cut_out(struct cutting *c, size_t i, char kind, const void *looked_for, size_t size) {
    const uint8_t *at =
        size > 0 ? memmem(c->data + c->done, c->size - c->done, looked_for, size) : NULL;
    const struct kept_part part = {.kind = kind,
                                   .blob = c->kept->places[i].blob,
                                   .begin = c->kept->places[i].begin,
                                   .bytes = (int64_t)c->kept->pieces[i].size};
    if (at) {
        add_text(c, (size_t)(at - c->data));
        add_part(c, &part);
        c->done += size;
    }
    return at != NULL;
}

static void cut(struct cutting *c, size_t first, size_t pieces) {
    const lk_kept *k = c->kept;
    size_t end = MIN(k->piece_count, first + pieces);
    for (size_t i = first; i < end && c->count + 3 < KEPT_PARTS_MAX; i++) {
        const lk_kept_piece *piece = &k->pieces[i];
        const lk_bytes *base64 = &k->places[i].base64;
        if (!cut_out(c, i, KEPT_BASE64, base64->data, base64->size)) {
            cut_out(c, i, KEPT_RAW, piece->data, piece->size);
        }
    }
    add_text(c, c->size);
}

lk_status lk_kept_add(lk_kept *k, const lk_kept_file *file, size_t first, size_t pieces,
                      lk_error *err) {
    struct cutting c = {.kept = k, .data = file->data, .size = file->size};
    if (!store_is_name(file->name, LK_KEPT_NAME_MAX) || strlen(file->type) > LK_KEPT_TYPE_MAX ||
        (int64_t)file->size > KEPT_FILE_MAX || k->file_count == FILES_MAX) {
        return error_set(err, LK_E_USAGE,
                         "%d files of at most %lld bytes are kept beside a verdict, each with a "
                         "name of 1 to %d letters, digits and ._-",
                         FILES_MAX, (long long)KEPT_FILE_MAX, LK_KEPT_NAME_MAX);
    }
    struct file *to = &k->files[k->file_count++];
    *to = (struct file){.bytes = (int64_t)file->size};
    snprintf(to->name, sizeof to->name, "%s", file->name);
    snprintf(to->type, sizeof to->type, "%s", file->type);
    digest_sha256_hex(to->sha256, file->data, file->size);
    buf_init(&c.parts, PARTS_TEXT_MAX);
    cut(&c, first, pieces);
    lk_status status = buf_finish(&c.parts, &to->parts, err);
    return status == LK_OK ? buf_status(&k->text, err) : status;
}

/* -- Rows -- */

static lk_status insert_kept(const lk_kept *k, int64_t entry, lk_error *err) {
    enum { LEVEL = 1 }; /* texts: 1 takes 60 % off for 1 ms, 6 takes 65 % off for 3 ms */
    struct sql q;
    struct libdeflate_compressor *small = libdeflate_alloc_compressor(LEVEL);
    size_t bound = small ? libdeflate_zlib_compress_bound(small, k->text.size) : 0;
    uint8_t *data = mem_alloc(bound + 1, 1);
    size_t size = 0;
    if (small && data) {
        size = libdeflate_zlib_compress(small, k->text.data ? (const void *)k->text.data : "",
                                        k->text.size, data, bound);
    }
    libdeflate_free_compressor(small);
    if (size == 0) {
        mem_free(data);
        return error_memory(err, bound);
    }
    sql_begin(&q, &k->store->at,
              "INSERT INTO kept (entry, at, bytes, plain, data) VALUES (?, ?, ?, ?, ?)");
    sql_bind_int(&q, entry);
    sql_bind_int(&q, moment_now_ms());
    sql_bind_int(&q, (int64_t)size);
    sql_bind_int(&q, (int64_t)k->text.size);
    sql_bind_blob(&q, data, size);
    lk_status status = sql_finish(&q, err);
    mem_free(data);
    return status;
}

static lk_status insert_blobs(const lk_kept *k, int64_t entry, lk_error *err) {
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < k->source_count; i++) {
        struct sql q;
        sql_begin(&q, &k->store->at,
                  "INSERT INTO kept_blob (entry, number, sha256, bytes) VALUES (?, ?, ?, ?)");
        sql_bind_int(&q, entry);
        sql_bind_int(&q, i);
        sql_bind_text(&q, k->sources[i].sha256);
        sql_bind_int(&q, (int64_t)k->sources[i].size);
        status = sql_finish(&q, err);
    }
    return status;
}

static lk_status insert_files(const lk_kept *k, int64_t entry, lk_error *err) {
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < k->file_count; i++) {
        const struct file *f = &k->files[i];
        struct sql q;
        sql_begin(&q, &k->store->at,
                  "INSERT INTO kept_file (entry, name, type, bytes, sha256, parts) VALUES (?, ?, "
                  "?, ?, ?, ?)");
        sql_bind_int(&q, entry);
        sql_bind_text(&q, f->name);
        sql_bind_text(&q, f->type);
        sql_bind_int(&q, f->bytes);
        sql_bind_text(&q, f->sha256);
        sql_bind_text(&q, (const char *)f->parts.data);
        status = sql_finish(&q, err);
    }
    return status;
}

/* What something named when it was looked at may be gone since; nobody can take it away from here on. */
static lk_status place_source(struct source *from, lk_store *s, lk_error *err) {
    lk_status status = from->is_written ? LK_OK : write_source(from, s, err);
    return status == LK_OK && from->is_written ? blob_place(&from->blob, s, err) : status;
}

lk_status lk_kept_put(lk_kept *k, int64_t entry, lk_error *err) {
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < k->source_count; i++) {
        status = place_source(&k->sources[i], k->store, err);
    }
    status = status == LK_OK ? insert_kept(k, entry, err) : status;
    status = status == LK_OK ? insert_blobs(k, entry, err) : status;
    status = status == LK_OK ? insert_files(k, entry, err) : status;
    for (int i = 0; status != LK_OK && i < k->source_count; i++) {
        if (k->sources[i].is_written) { /* while no other process can name it */
            blob_undo(&k->sources[i].blob, k->store);
        }
    }
    return status;
}
