/* SPDX-License-Identifier: Apache-2.0 */
/* Adding to the catalogue's folder and removing from it: the ONNX file, the labels and the card of a model. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "model/card.h"
#include "model/model_files.h"

/* -- Adding -- */

static bool ends_with(const void *suffix, const char *path) {
    size_t length = strlen(path), end = strlen(suffix);
    return !strchr(path, '/') && length > end && strcmp(path + length - end, suffix) == 0;
}

/* The file of that suffix in the folder at path; NULL unless *count is 1. Owned by the caller. */
static lk_status only_file(char **out, size_t *count, const char *path, const char *suffix,
                           lk_error *err) {
    struct folder_list list;
    *out = NULL;
    lk_status status = folder_list(&list, path, ends_with, suffix, err);
    *count = status == LK_OK ? list.count : 0;
    if (*count == 1) {
        status = model_join(out, path, list.paths[0], err);
    }
    folder_list_release(&list);
    return status;
}

static lk_status copy_path(char **out, const char *path, lk_error *err) {
    *out = mem_strdup(path);
    return *out ? LK_OK : error_memory(err, strlen(path));
}

/* What is to be added, both owned. */
struct source {
    char *file;
    char *card; /* NULL: that of the catalogue */
};

/* path itself, or the only ONNX file in the folder at path. */
static lk_status onnx_at(char **out, const char *path, bool folder, lk_error *err) {
    size_t count;
    if (!folder) {
        /* With a slash it is a file, never a name of the catalogue. */
        return strchr(path, '/') ? copy_path(out, path, err) : model_join(out, ".", path, err);
    }
    lk_status status = only_file(out, &count, path, ".onnx", err);
    if (status == LK_OK && count != 1) {
        error_set(err, LK_E_USAGE, "the folder holds %zu ONNX files: name one", count);
        status = error_input(err, LK_E_USAGE, path);
    }
    return status;
}

/* card_path, or in a folder its only card; the caller releases what is set, after an error too. */
static lk_status find_source(struct source *out, const char *path, const char *card_path,
                             lk_error *err) {
    struct stat info;
    size_t cards;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    lk_status status = onnx_at(&out->file, path, folder, err);
    if (status != LK_OK || !(card_path || folder)) {
        return status;
    }
    return card_path ? copy_path(&out->card, card_path, err)
                     : only_file(&out->card, &cards, path, ".json", err);
}

static lk_status make_folder(const char *folder, lk_error *err) {
    char path[MODEL_PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s/", folder);
    if (!folder[0] || length >= (int)sizeof path) {
        return error_set(err, LK_E_USAGE, "the catalogue's folder has a name of 1 to %d bytes",
                         MODEL_PATH_BYTES - 2);
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            error_set(err, LK_E_WRITE, "cannot make the folder: %s", strerror(errno));
            return error_input(err, LK_E_WRITE, path);
        }
        *slash = '/';
    }
    return LK_OK;
}

/* The files of one model, the card last: a model is in the catalogue only when all of it is. */
enum { FILE_PIECE, LABELS_PIECE, CARD_PIECE, PIECES };
struct piece {
    char *path;     /* in the folder, owned; NULL when the model has no such file */
    lk_bytes bytes; /* owned */
    bool stands;    /* these bytes are there already */
};

static void release_pieces(struct piece pieces[PIECES]) {
    for (int i = 0; i < PIECES; i++) {
        mem_free(pieces[i].path);
        lk_bytes_release(&pieces[i].bytes);
    }
}

/* Another file of that name is not replaced. */
static lk_status look_at(struct piece *p, lk_error *err) {
    lk_bytes old;
    if (!p->path || !model_is_there(p->path)) {
        return LK_OK;
    }
    lk_status status = file_read(&old, p->path, LK_MODEL_BYTES_MAX, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    p->stands = old.size == p->bytes.size &&
                (old.size == 0 || memcmp(old.data, p->bytes.data, old.size) == 0);
    lk_bytes_release(&old);
    if (!p->stands) {
        error_set(err, LK_E_WRITE,
                  "another file of that name is in the catalogue: remove its model first");
        return error_input(err, LK_E_WRITE, p->path);
    }
    return LK_OK;
}

/* All of them or none: what was written is taken away when a later one fails. */
static lk_status write_pieces(struct piece pieces[PIECES], lk_error *err) {
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < PIECES; i++) {
        status = look_at(&pieces[i], err);
    }
    int written = 0;
    while (status == LK_OK && written < PIECES) {
        const struct piece *p = &pieces[written];
        if (p->path && !p->stands) {
            status = file_write(p->path, p->bytes.data, p->bytes.size, err);
        }
        written += status == LK_OK;
    }
    for (int i = 0; status != LK_OK && i < written; i++) {
        if (pieces[i].path && !pieces[i].stands) {
            unlink(pieces[i].path);
        }
    }
    return status;
}

static lk_status card_bytes(lk_bytes *out, const lk_model_card *card, lk_error *err) {
    struct buf b;
    buf_init(&b, CARD_BYTES_MAX);
    card_write(&b, card);
    return buf_finish(&b, out, err);
}

/* The card's file in folder. Owned by the caller. */
static lk_status card_path_of(char **out, const char *folder, const char *name, lk_error *err) {
    char file[sizeof((lk_model_card *)0)->name + sizeof ".json"];
    snprintf(file, sizeof file, "%s.json", name);
    return model_join(out, folder, file, err);
}

/* Reads what is to be added, and holds the file's checksum against the card's; the card becomes the one to install. */
static lk_status read_pieces(struct piece pieces[PIECES], lk_model_card *card, lk_engine *engine,
                             const struct model_files *files, lk_error *err) {
    char digest[65];
    lk_bytes *file = &pieces[FILE_PIECE].bytes;
    lk_status status = model_read(file, digest, engine, files, card, err);
    if (status != LK_OK) {
        return status;
    }
    memcpy(card->sha256, digest, sizeof digest);
    card->bytes = (int64_t)file->size;
    if (files->labels) {
        status =
            file_read(&pieces[LABELS_PIECE].bytes, files->labels, LK_MODEL_BYTES_MAX, NULL, err);
    } else {
        card->labels[0] = card->labels_sha256[0] = '\0';
    }
    return status == LK_OK ? card_bytes(&pieces[CARD_PIECE].bytes, card, err) : status;
}

static lk_status install(lk_model_card *card, lk_engine *engine, const char *folder,
                         const struct model_files *files, lk_error *err) {
    struct piece pieces[PIECES] = {0};
    lk_status status = read_pieces(pieces, card, engine, files, err);
    if (status == LK_OK) {
        status = model_join(&pieces[FILE_PIECE].path, folder, card->file, err);
    }
    if (status == LK_OK && card->labels[0]) {
        status = model_join(&pieces[LABELS_PIECE].path, folder, card->labels, err);
    }
    if (status == LK_OK) {
        status = card_path_of(&pieces[CARD_PIECE].path, folder, card->name, err);
    }
    if (status == LK_OK) {
        status = make_folder(folder, err);
    }
    if (status == LK_OK) {
        status = write_pieces(pieces, err);
    }
    release_pieces(pieces);
    return status;
}

static lk_status add(lk_catalogue_added *out, lk_engine *engine, const char *folder,
                     const struct source *source, lk_error *err) {
    struct model_files files = {0};
    lk_model *model = NULL;
    lk_status status = model_find(&files, NULL, source->file, source->card, err);
    if (status == LK_OK) {
        lk_model_options o = {.card = source->card};
        status = lk_model_open(&model, engine, source->file, &o, err);
        lk_model_free(model);
    }
    if (status == LK_OK) {
        out->card = files.card;
        out->compared = files.card.sha256[0] != '\0';
        status = install(&out->card, engine, folder, &files, err);
    }
    model_files_release(&files);
    return status;
}

lk_status lk_catalogue_add(lk_catalogue_added *out, lk_engine *engine, const char *folder,
                           const char *path, const char *card_path, lk_error *err) {
    *out = (lk_catalogue_added){0};
    struct source source = {0};
    lk_status status = find_source(&source, path, card_path, err);
    if (status == LK_OK) {
        status = add(out, engine, folder, &source, err);
    }
    mem_free(source.file);
    mem_free(source.card);
    return status;
}

lk_status lk_catalogue_check(lk_engine *engine, const char *folder, const char *name,
                             lk_error *err) {
    lk_model *model;
    lk_model_options o = {.folder = folder};
    lk_status status = lk_model_open(&model, engine, name, &o, err);
    if (status == LK_OK) {
        lk_model_free(model);
    }
    return status;
}

/* -- Removing -- */

/* Whether a card other than `but` names the file. */
static bool is_used(const lk_catalogue *c, const char *file, const char *but) {
    for (size_t i = 0; i < c->count; i++) {
        const lk_model_card *card = &c->entries[i].card;
        bool names = strcmp(card->file, file) == 0 || strcmp(card->labels, file) == 0;
        if (c->entries[i].installed && names && strcmp(card->name, but) != 0) {
            return true;
        }
    }
    return false;
}

static lk_status take_away(const char *path, lk_error *err) {
    if (unlink(path) == 0 || errno == ENOENT) {
        return LK_OK;
    }
    error_set(err, LK_E_WRITE, "cannot be removed: %s", strerror(errno));
    return error_input(err, LK_E_WRITE, path);
}

/* Removes a file of the model called `name`, unless another one needs it. */
static lk_status take_file(const lk_catalogue *c, const char *folder, const char *file,
                           const char *name, lk_error *err) {
    if (!file[0] || is_used(c, file, name)) {
        return LK_OK;
    }
    char *path;
    lk_status status = model_join(&path, folder, file, err);
    if (status == LK_OK) {
        status = take_away(path, err);
    }
    mem_free(path);
    return status;
}

lk_status lk_catalogue_remove(const char *folder, const char *name, lk_error *err) {
    lk_catalogue c;
    char *card = NULL;
    lk_status status = lk_catalogue_read(&c, folder, err);
    if (status != LK_OK) {
        return status;
    }
    const lk_catalogue_entry *e = lk_catalogue_find(&c, name);
    if (e) {
        status = card_path_of(&card, folder, name, err);
    }
    if (status == LK_OK && (!card || !model_is_there(card))) {
        error_set(err, LK_E_IO, "no such model is installed");
        status = error_input(err, LK_E_IO, name);
    }
    if (status == LK_OK) {
        status = take_away(card, err); /* first: without it the rest is no model */
    }
    if (status == LK_OK) {
        status = take_file(&c, folder, e->card.file, name, err);
    }
    if (status == LK_OK) {
        status = take_file(&c, folder, e->card.labels, name, err);
    }
    mem_free(card);
    lk_catalogue_release(&c);
    return status;
}
