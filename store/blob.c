/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blob_kind.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"

const char blob_marker[] = "likeness.store";

lk_status blob_prepare(lk_store *s, lk_error *err) {
    return s->blobs->prepare(s, err);
}

lk_status blob_write(struct blob *b, lk_store *s, const void *data, size_t size, lk_error *err) {
    *b = (struct blob){.size = size};
    digest_sha256_hex(b->sha256, data, size);
    return s->blobs->write(b, s, data, size, err);
}

lk_status blob_place(struct blob *b, lk_store *s, lk_error *err) {
    return s->blobs->place(b, s, err);
}

void blob_undo(struct blob *b, lk_store *s) {
    s->blobs->undo(b, s);
}

lk_status blob_read(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                    lk_error *err) {
    char found[65], *name = s->blobs->name(s, sha256);
    *out = (lk_bytes){0};
    if (!name) {
        return error_memory(err, BLOB_PATH_SIZE);
    }
    lk_status status = s->blobs->read(out, s, sha256, bytes, name, err);
    if (status == LK_OK) {
        digest_sha256_hex(found, out->data, out->size);
        if (strcmp(found, sha256) != 0) {
            status = error_set(err, LK_E_CORRUPT,
                               "was changed: its SHA-256 is %.12s… now (%zu bytes of %lld)", found,
                               out->size, (long long)bytes);
            error_input(err, status, name);
            lk_bytes_release(out);
        }
    }
    mem_free(name);
    return status;
}

lk_status blob_drop(lk_store *s, const char *sha256, lk_error *err) {
    return s->blobs->drop(s, sha256, err);
}

lk_status blob_visit(const lk_store *s, void (*visit)(void *arg, const char *name), void *arg,
                     lk_error *err) {
    return s->blobs->visit(s, visit, arg, err);
}
