/* SPDX-License-Identifier: Apache-2.0 */
/* Adding what an exported folder holds: everything is checked, then pictures are written to the disk, then, in one
 * transaction, they get their names and rows. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "image/engine.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/reference.h"

struct import {
    lk_store *store;
    lk_engine *engine;
    const char *folder, *actor;
    int fd;
    struct manifest manifest;
    struct blob *blobs; /* one a version; empty where nothing is written */
    lk_store_counts counts;
};

static lk_status read_file(lk_bytes *out, struct import *m, const char *path, int64_t max,
                           lk_error *err) {
    char *whole = folder_join(m->folder, path);
    *out = (lk_bytes){0};
    if (!whole) {
        return error_memory(err, strlen(path));
    }
    lk_status status = blob_read_below(out, m->fd, path, max, whole, err);
    mem_free(whole);
    return status;
}

static lk_status read_manifest(struct import *m, lk_error *err) {
    lk_bytes text;
    lk_status status = read_file(&text, m, "manifest.json", MANIFEST_BYTES_MAX, err);
    if (status == LK_OK) {
        status = manifest_read(&m->manifest, (const char *)text.data, text.size, err);
        lk_bytes_release(&text);
    }
    if (status != LK_OK) {
        char *whole = folder_join(m->folder, "manifest.json");
        status = error_input(err, status, whole ? whole : m->folder);
        mem_free(whole);
    }
    return status;
}

/* Whether both are written with the same bytes. */
static lk_status same_record(bool *out, const lk_reference *a, const lk_reference *b,
                             lk_error *err) {
    struct buf texts[2];
    for (int i = 0; i < 2; i++) {
        buf_init(&texts[i], RECORD_BYTES_MAX);
        record_write(&texts[i], i == 0 ? a : b);
    }
    lk_status status = buf_status(&texts[0], err);
    if (status == LK_OK) {
        status = buf_status(&texts[1], err);
    }
    *out = status == LK_OK && texts[0].size == texts[1].size &&
           memcmp(texts[0].data, texts[1].data, texts[0].size) == 0;
    buf_release(&texts[0]);
    buf_release(&texts[1]);
    return status;
}

/* *there when the store has this very version; LK_E_USAGE when it has another one of that number. */
static lk_status is_here(bool *there, lk_store *s, const lk_reference *r, lk_error *err) {
    lk_reference mine;
    bool same;
    lk_status status = reference_exists(there, s, r->id, r->version, err);
    if (status != LK_OK || !*there) {
        return status;
    }
    status = lk_reference_get(&mine, s, r->id, r->version, err);
    if (status != LK_OK) {
        return status;
    }
    status = same_record(&same, r, &mine, err);
    lk_reference_release(&mine);
    if (status == LK_OK && !same) {
        status = error_set(
            err, LK_E_USAGE,
            "version %d is here already with other contents, and versions are never overwritten",
            r->version);
        error_input(err, status, r->id);
    }
    return status;
}

/* -- Pictures -- */

static lk_status check_decoded(struct import *m, const lk_reference *r, const lk_bytes *picture,
                               const char *path, lk_error *err) {
    const lk_load_options load = {.no_digest = true, .keep_profile = true};
    lk_image_info info;
    lk_image image;
    lk_status status =
        lk_image_decode(&image, &info, m->engine, picture->data, picture->size, path, &load, err);
    lk_image_release(&image);
    if (status == LK_OK && (info.width != r->width || info.height != r->height ||
                            strcmp(info.format, r->format) != 0)) {
        status =
            error_set(err, LK_E_CORRUPT,
                      "is a %s of %d x %d pixels, not the %s of %d x %d that the manifest says",
                      info.format, info.width, info.height, r->format, r->width, r->height);
        error_input(err, status, path);
    }
    return status;
}

/* The picture of the version, which is the one its record names. */
static lk_status read_picture(lk_bytes *out, struct import *m, const lk_reference *r, bool decode,
                              lk_error *err) {
    char path[256], sha256[65];
    snprintf(path, sizeof path, "pictures/%s/%d.%s", r->id, r->version, record_extension(r));
    lk_status status = read_file(out, m, path, r->bytes, err);
    if (status != LK_OK) {
        return status;
    }
    char *whole = folder_join(m->folder, path);
    digest_sha256_hex(sha256, out->data, out->size);
    if (!whole) {
        status = error_memory(err, sizeof path);
    } else if ((int64_t)out->size != r->bytes || strcmp(sha256, r->sha256) != 0) {
        status =
            error_set(err, LK_E_CORRUPT,
                      "is not the picture that the manifest names: its SHA-256 is %.12s…", sha256);
        error_input(err, status, whole);
    } else if (decode) {
        status = check_decoded(m, r, out, whole, err);
    }
    mem_free(whole);
    if (status != LK_OK) {
        lk_bytes_release(out);
    }
    return status;
}

/* Does something with the picture of each version that is not here, by its number in the manifest; decoded first, if so. */
static lk_status each_missing(struct import *m, bool decode,
                              lk_status (*act)(struct import *m, size_t i, const lk_bytes *picture,
                                               lk_error *err),
                              lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < m->manifest.count; i++) {
        const lk_reference *r = &m->manifest.versions[i];
        bool there;
        lk_bytes picture = {0};
        status = engine_check_stop(m->engine, err);
        if (status == LK_OK) {
            status = is_here(&there, m->store, r, err);
        }
        if (status == LK_OK && !there && !r->purged) {
            status = read_picture(&picture, m, r, decode, err);
            status = status == LK_OK && act ? act(m, i, &picture, err) : status;
        }
        lk_bytes_release(&picture);
    }
    return status;
}

static lk_status check_all(struct import *m, lk_error *err) {
    return each_missing(m, true, NULL, err);
}

static lk_status write_picture(struct import *m, size_t i, const lk_bytes *picture, lk_error *err) {
    return blob_write(&m->blobs[i], m->store, picture->data, picture->size, err);
}

/* To the disk, without names: they are checked again, since somebody may have changed the folder meanwhile. */
static lk_status write_pictures(struct import *m, lk_error *err) {
    return each_missing(m, false, write_picture, err);
}

/* -- Rows -- */

static lk_status insert_all(struct import *m, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < m->manifest.count; i++) {
        lk_reference *r = &m->manifest.versions[i];
        bool there;
        status = is_here(&there, m->store, r, err); /* another process may have been first */
        if (status != LK_OK || there) {
            m->counts.present += status == LK_OK;
            continue;
        }
        if (!r->purged && !m->blobs[i].beside[0]) {
            status = error_set(err, LK_E_WRITE,
                               "the reference was changed by another process meanwhile");
            return error_input(err, status, r->id);
        }
        if (!r->purged) {
            status = blob_place(&m->blobs[i], m->store, err);
        }
        if (status == LK_OK) {
            status = reference_insert(m->store, r, "ref.import", m->actor, err);
        }
        m->counts.versions++;
        m->counts.references += i == 0 || strcmp(m->manifest.versions[i - 1].id, r->id) != 0;
    }
    return status;
}

static void undo_all(struct import *m) {
    for (size_t i = 0; i < m->manifest.count; i++) {
        blob_undo(&m->blobs[i], m->store);
    }
}

static lk_status write_all(struct import *m, lk_error *err) {
    m->blobs = mem_calloc(m->manifest.count + 1, sizeof *m->blobs);
    if (!m->blobs) {
        return error_memory(err, m->manifest.count * sizeof *m->blobs);
    }
    lk_status status = write_pictures(m, err);
    if (status == LK_OK) {
        status = lk_store_begin(m->store, err);
    }
    if (status != LK_OK) {
        undo_all(m);
        return status;
    }
    status = insert_all(m, err);
    if (status != LK_OK) {
        undo_all(m);
    }
    status = lk_store_end(m->store, status, err);
    for (size_t i = 0; i < m->manifest.count; i++) {
        m->blobs[i].created = false; /* what was not wanted after all goes; what was placed stays */
    }
    undo_all(m);
    return status;
}

lk_status lk_store_import(lk_store_counts *counts, lk_store *store, lk_engine *engine,
                          const char *folder, const char *actor, lk_error *err) {
    struct import m = {.store = store, .engine = engine, .folder = folder, .actor = actor};
    lk_status status = store_check_writable(store, err);
    if (status == LK_OK) {
        status = store_check_text("actor", actor, LK_ACTOR_MAX, false, err);
    }
    if (status != LK_OK) {
        return status;
    }
    m.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m.fd < 0) {
        return error_input(err, error_set(err, LK_E_IO, "cannot open: %s", strerror(errno)),
                           folder);
    }
    status = read_manifest(&m, err);
    if (status == LK_OK) {
        status = check_all(&m, err);
    }
    if (status == LK_OK) {
        status = write_all(&m, err);
    }
    if (status == LK_OK && counts) {
        *counts = m.counts;
    }
    mem_free(m.blobs);
    manifest_release(&m.manifest);
    close(m.fd);
    return status;
}
