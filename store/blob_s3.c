/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs as objects of S3: PREFIX/ab/abcdef….
 *
 * An object is there whole or not at all, and S3 answers with what was put last, so that it is put under its last name at once,
 * before the lock of the store is held, which lets no time pass on a slow line. Somebody who deletes it in between, since nothing
 * names it as yet, does so with the lock; so blob_place, which has the lock too, looks whether it is still there. What nobody
 * names in the end stays and is counted by the check. */
#include "store/blob_kind.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/s3.h"

static void key_of(char out[BLOB_PATH_SIZE], const char *sha256) {
    snprintf(out, BLOB_PATH_SIZE, "%.2s/%.64s", sha256, sha256);
}

/* Whose blobs they are, when the place is chosen or listed: what is read is held against its digest anyway. */
static lk_status check_marker(const lk_store *s, bool is_new, lk_error *err) {
    lk_bytes found;
    bool there;
    lk_status status = s3_get(&found, &there, s->s3, blob_marker, 64, err);
    if (status == LK_OK && !there && !s->at.reads_only) {
        return s3_put(s->s3, blob_marker, s->blob_salt, strlen(s->blob_salt), err);
    }
    if (status == LK_OK && !there) {
        status = error_set(err, LK_E_IO, "no store's pictures lie here");
    } else if (status == LK_OK && (is_new || strcmp((const char *)found.data, s->blob_salt) != 0)) {
        status = error_set(err, LK_E_USAGE, "another store's pictures lie here");
    }
    lk_bytes_release(&found);
    return error_input(err, status, s3_shown(s->s3));
}

static lk_status s3_blobs_open(lk_store *s, const struct blob_where *at, lk_error *err) {
    lk_status status = s3_open(&s->s3, at->text, &s->blob_options, err);
    return status == LK_OK && at->is_new ? check_marker(s, true, err) : status;
}

static void s3_blobs_close(lk_store *s) {
    s3_close(s->s3);
    s->s3 = NULL;
}

/* Nothing: a store opens, and its log is read, while S3 is away. */
static lk_status s3_blobs_prepare(lk_store *s, lk_error *err) {
    (void)s, (void)err;
    return LK_OK;
}

static lk_status s3_blobs_write(struct blob *b, lk_store *s, const void *data, size_t size,
                                lk_error *err) {
    char key[BLOB_PATH_SIZE];
    key_of(key, b->sha256);
    lk_status status = s3_put(s->s3, key, data, size, err);
    if (status == LK_OK) {
        snprintf(b->beside, sizeof b->beside, "put");
    }
    return status;
}

static lk_status s3_blobs_place(struct blob *b, lk_store *s, lk_error *err) {
    char key[BLOB_PATH_SIZE];
    bool there;
    key_of(key, b->sha256);
    lk_status status = s3_has(&there, s->s3, key, err);
    if (status == LK_OK && !there) {
        status =
            error_set(err, LK_E_WRITE,
                      "the picture was deleted by another process meanwhile: once more, please");
        error_input(err, status, s3_shown(s->s3));
    }
    b->beside[0] = status == LK_OK ? '\0' : b->beside[0];
    return status;
}

static void s3_blobs_undo(struct blob *b, lk_store *s) {
    (void)s;
    b->beside[0] = '\0'; /* somebody else may name it by now */
    b->created = false;
}

static lk_status s3_blobs_read(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                               const char *name, lk_error *err) {
    char key[BLOB_PATH_SIZE];
    bool there;
    key_of(key, sha256);
    lk_status status = s3_get(out, &there, s->s3, key, bytes, err);
    if (status == LK_OK && !there) {
        status = error_set(err, LK_E_IO, "cannot open: there is no such object");
    }
    return status == LK_E_AWAY ? status : error_input(err, status, name);
}

static lk_status s3_blobs_drop(lk_store *s, const char *sha256, lk_error *err) {
    char key[BLOB_PATH_SIZE];
    key_of(key, sha256);
    return s3_drop(s->s3, key, err);
}

struct visiting {
    void (*visit)(void *arg, const char *name);
    void *arg;
};

/* "ab/abcdef…" */
static void visit_object(void *arg, const char *name) {
    const struct visiting *v = arg;
    if (strlen(name) == 67 && name[2] == '/') {
        v->visit(v->arg, name + 3);
    }
}

static lk_status s3_blobs_visit(const lk_store *s, void (*visit)(void *arg, const char *name),
                                void *arg, lk_error *err) {
    struct visiting v = {visit, arg};
    lk_status status = check_marker(s, false, err);
    return status == LK_OK ? s3_visit(s->s3, visit_object, &v, err) : status;
}

static char *s3_blobs_name(const lk_store *s, const char *sha256) {
    char text[700];
    snprintf(text, sizeof text, "%s/%.2s/%.64s", s3_shown(s->s3), sha256, sha256);
    return mem_strdup(text);
}

const struct blob_kind blob_kind_s3 = {
    .word = "s3",
    .open = s3_blobs_open,
    .close = s3_blobs_close,
    .prepare = s3_blobs_prepare,
    .write = s3_blobs_write,
    .place = s3_blobs_place,
    .undo = s3_blobs_undo,
    .read = s3_blobs_read,
    .drop = s3_blobs_drop,
    .visit = s3_blobs_visit,
    .name = s3_blobs_name,
};
