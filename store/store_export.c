/* SPDX-License-Identifier: Apache-2.0 */
/* References as a folder of plain files: pictures/ID/VERSION.EXT and, last, manifest.json. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "image/engine.h"
#include "store/record.h"
#include "store/reference.h"
#include "store/store.h"

struct export {
    lk_store *store;
    lk_engine *engine;
    const char *folder;
    struct buf manifest;
    lk_store_counts counts;
    char last[LK_REFERENCE_ID_MAX + 1]; /* the id before */
    lk_status status;
    lk_error *err;
};

static lk_status fail(lk_error *err, const char *what, const char *path) {
    return error_input(err, error_set(err, LK_E_WRITE, "%s: %s", what, strerror(errno)), path);
}

/* A new or an empty folder. */
static lk_status prepare(const char *folder, lk_error *err) {
    if (mkdir(folder, 0777) == 0) {
        return LK_OK;
    }
    if (errno != EEXIST) {
        return fail(err, "cannot make the folder", folder);
    }
    DIR *dir = opendir(folder);
    if (!dir) {
        return fail(err, "cannot open the folder", folder);
    }
    int count = 0;
    while (readdir(dir)) {
        count++; /* with . and .. */
    }
    closedir(dir);
    return count <= 2
               ? LK_OK
               : error_input(err, error_set(err, LK_E_WRITE, "the folder is not empty"), folder);
}

static lk_status make_below(struct export *x, const char *path) {
    char *whole = folder_join(x->folder, path);
    if (!whole) {
        return error_memory(x->err, strlen(path));
    }
    lk_status status = mkdir(whole, 0777) == 0 || errno == EEXIST
                           ? LK_OK
                           : fail(x->err, "cannot make the folder", whole);
    mem_free(whole);
    return status;
}

static lk_status write_below(struct export *x, const char *path, const void *data, size_t size) {
    char *whole = folder_join(x->folder, path);
    if (!whole) {
        return error_memory(x->err, strlen(path));
    }
    lk_status status = file_write(whole, data, size, x->err);
    mem_free(whole);
    return status;
}

static lk_status write_picture(struct export *x, const lk_reference *r) {
    char path[256];
    lk_bytes picture;
    lk_status status = LK_OK;
    if (strcmp(x->last, r->id) != 0) {
        snprintf(x->last, sizeof x->last, "%s", r->id);
        x->counts.references++;
        snprintf(path, sizeof path, "pictures/%s", r->id);
        status = make_below(x, path);
    }
    if (status == LK_OK && !r->purged) {
        status = lk_reference_picture(&picture, x->store, r, x->err);
        if (status == LK_OK) {
            snprintf(path, sizeof path, "pictures/%s/%d.%s", r->id, r->version,
                     record_extension(r));
            status = write_below(x, path, picture.data, picture.size);
            lk_bytes_release(&picture);
        }
    }
    return status;
}

static bool export_version(void *arg, const lk_reference *r) {
    struct export *x = arg;
    x->status = engine_check_stop(x->engine, x->err);
    if (x->status == LK_OK) {
        x->status = write_picture(x, r);
    }
    if (x->status == LK_OK) {
        manifest_add(&x->manifest, r, x->counts.versions == 0);
        x->counts.versions++;
        x->status = buf_status(&x->manifest, x->err);
    }
    return x->status == LK_OK;
}

static lk_status export_all(struct export *x) {
    struct sql q;
    int64_t count = 0;
    sql_begin(&q, &x->store->at,
              "SELECT " REFERENCE_COLUMNS REFERENCE_TABLES
              "WHERE r.removed IS NULL ORDER BY v.reference, v.number");
    lk_status status = reference_visit(&q, export_version, x, &count, x->err);
    return status == LK_OK ? x->status : status;
}

static lk_status export_some(struct export *x, const char *const *ids, size_t count) {
    const char **sorted = mem_alloc(count, sizeof *sorted);
    lk_status status = LK_OK;
    if (!sorted) {
        return error_memory(x->err, count * sizeof *sorted);
    }
    memcpy(sorted, ids, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, utf8_by_bytes);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        if (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0) {
            status = lk_reference_history(x->store, sorted[i], export_version, x, x->err);
            status = status == LK_OK ? x->status : status;
        }
    }
    mem_free(sorted);
    return status;
}

static lk_status check_ids(lk_store *s, const char *const *ids, size_t count, lk_error *err) {
    for (size_t i = 0; i < count; i++) {
        bool there;
        lk_status status = reference_exists(&there, s, ids[i], 0, err);
        if (status != LK_OK || !there) {
            return status != LK_OK ? status : reference_missing(err, ids[i], 0);
        }
    }
    return LK_OK;
}

static lk_status write_all(struct export *x, const char *const *ids, size_t count) {
    lk_status status = prepare(x->folder, x->err);
    if (status == LK_OK) {
        status = make_below(x, "pictures");
    }
    if (status != LK_OK) {
        return status;
    }
    manifest_begin(&x->manifest);
    status = count > 0 ? export_some(x, ids, count) : export_all(x);
    manifest_end(&x->manifest);
    if (status == LK_OK) {
        status = buf_status(&x->manifest, x->err);
    }
    return status == LK_OK ? write_below(x, "manifest.json", x->manifest.data, x->manifest.size)
                           : status;
}

lk_status lk_store_export(lk_store_counts *counts, lk_store *store, lk_engine *engine,
                          const char *folder, const char *const *ids, size_t count, lk_error *err) {
    struct export x = {.store = store, .engine = engine, .folder = folder, .err = err};
    lk_status status = store_read_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    buf_init(&x.manifest, MANIFEST_BYTES_MAX);
    status = check_ids(store, ids, count, err);
    if (status == LK_OK) {
        status = write_all(&x, ids, count);
    }
    buf_release(&x.manifest);
    store_read_end(store);
    if (status == LK_OK && counts) {
        *counts = x.counts;
    }
    return status;
}
