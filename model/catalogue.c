/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: a folder with NAME.json, the ONNX file and the labels of each model, and the cards that come with likeness. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "image/engine.h"
#include "model/card.h"
#include "model/labels.h"
#include "model/model_files.h"

enum { PATH_BYTES = 4096 };

void model_files_release(struct model_files *files) {
    mem_free(files->file);
    mem_free(files->labels);
    *files = (struct model_files){0};
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

static lk_status join(char **out, const char *folder, const char *name, lk_error *err) {
    *out = folder_join(folder, name);
    return *out ? LK_OK : error_memory(err, strlen(folder) + strlen(name));
}

/* The part of path before its last slash, or ".". */
static void folder_of(char out[PATH_BYTES], const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 1;
    snprintf(out, PATH_BYTES, "%.*s", (int)MAX(length, 1), slash ? path : ".");
}

lk_status model_read(lk_bytes *out, char digest[65], lk_engine *engine, const char *path,
                     const lk_model_card *card, lk_error *err) {
    lk_status status = file_read(out, path, engine->limits.memory_bytes, engine->stop, err);
    if (status != LK_OK) {
        return status;
    }
    digest_sha256_hex(digest, out->data, out->size);
    if (card->sha256[0] && strcmp(digest, card->sha256) != 0) {
        lk_bytes_release(out);
        error_set(err, LK_E_CORRUPT, "the file's checksum is %s, the card of %s says %s", digest,
                  card->name, card->sha256);
        return error_input(err, LK_E_CORRUPT, path);
    }
    return LK_OK;
}

/* -- Finding -- */

/* The shipped card whose checksum is that of the file at path. */
static lk_status card_by_digest(lk_model_card *out, const char *path, lk_error *err) {
    lk_bytes bytes;
    char digest[65];
    lk_status status = file_read(&bytes, path, LK_MODEL_BYTES_MAX, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    digest_sha256_hex(digest, bytes.data, bytes.size);
    lk_bytes_release(&bytes);
    bool there = true;
    for (size_t i = 0; status == LK_OK && there; i++) {
        status = card_shipped(out, i, &there, err);
        if (status == LK_OK && there && strcmp(out->sha256, digest) == 0) {
            return LK_OK;
        }
    }
    if (status == LK_OK) {
        error_set(err, LK_E_IO, "no card says what this model is: write one beside it as %s.json",
                  path);
        status = error_input(err, LK_E_IO, path);
    }
    return status;
}

static lk_status card_of_file(lk_model_card *out, const char *path, const char *card_path,
                              lk_error *err) {
    if (card_path) {
        return card_load(out, card_path, err);
    }
    char beside[PATH_BYTES];
    snprintf(beside, sizeof beside, "%s.json", path);
    return is_there(beside) ? card_load(out, beside, err) : card_by_digest(out, path, err);
}

/* The file and labels of a card whose files lie in folder. */
static lk_status files_in(struct model_files *out, const char *folder, const char *file,
                          lk_error *err) {
    lk_status status = join(&out->file, folder, file, err);
    if (status == LK_OK && out->card.labels[0]) {
        status = join(&out->labels, folder, out->card.labels, err);
    }
    return status;
}

static lk_status find_named(struct model_files *out, const char *folder, const char *name,
                            lk_error *err) {
    lk_catalogue catalogue;
    lk_status status = lk_catalogue_read(&catalogue, folder, err);
    if (status != LK_OK) {
        return status;
    }
    const lk_catalogue_entry *e = lk_catalogue_find(&catalogue, name);
    if (e && e->installed) {
        out->card = e->card;
        status = files_in(out, folder, e->card.file, err);
    } else if (e) {
        status = error_set(err, LK_E_IO,
                           "model %s is known but its file, %s, is not in the catalogue: "
                           "likeness model add FILE",
                           name, e->card.file);
        error_input(err, status, name);
    } else {
        status = error_set(err, LK_E_IO, "there is no model or file of that name");
        error_input(err, status, name);
    }
    lk_catalogue_release(&catalogue);
    return status;
}

lk_status model_find(struct model_files *out, const char *folder, const char *name,
                     const char *card_path, lk_error *err) {
    *out = (struct model_files){0};
    lk_status status;
    if (strchr(name, '/') || is_there(name)) {
        char beside[PATH_BYTES];
        folder_of(beside, name);
        status = card_of_file(&out->card, name, card_path, err);
        const char *file = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
        if (status == LK_OK) {
            status = files_in(out, beside, file, err);
        }
        /* Labels that are not beside the file are a loss of words, not of numbers. */
        if (status == LK_OK && out->labels && !is_there(out->labels)) {
            mem_free(out->labels);
            out->labels = NULL;
        }
    } else {
        status = find_named(out, folder, name, err);
    }
    if (status != LK_OK) {
        model_files_release(out);
    }
    return status;
}

/* -- The list -- */

void lk_catalogue_release(lk_catalogue *catalogue) {
    mem_free(catalogue->entries);
    *catalogue = (lk_catalogue){0};
}

static lk_catalogue_entry *find_entry(lk_catalogue *c, const char *name) {
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->entries[i].card.name, name) == 0) {
            return &c->entries[i];
        }
    }
    return NULL;
}

const lk_catalogue_entry *lk_catalogue_find(const lk_catalogue *catalogue, const char *name) {
    lk_catalogue borrowed = *catalogue;
    return find_entry(&borrowed, name);
}

static lk_status add_entry(lk_catalogue *c, const lk_catalogue_entry *entry, lk_error *err) {
    void *grown = mem_realloc(c->entries, c->count + 1, sizeof *c->entries);
    if (!grown) {
        return error_memory(err, (c->count + 1) * sizeof *c->entries);
    }
    c->entries = grown;
    c->entries[c->count++] = *entry;
    return LK_OK;
}

static bool is_card(const void *arg, const char *path) {
    (void)arg;
    size_t length = strlen(path);
    return !strchr(path, '/') && length > 5 && strcmp(path + length - 5, ".json") == 0;
}

static lk_status read_folder(lk_catalogue *c, const char *folder, lk_error *err) {
    struct folder_list list;
    lk_status status = folder_list(&list, folder, is_card, NULL, err);
    for (size_t i = 0; status == LK_OK && i < list.count; i++) {
        lk_catalogue_entry entry = {0};
        char *card = NULL, *file = NULL;
        status = join(&card, folder, list.paths[i], err);
        if (status == LK_OK) {
            status = card_load(&entry.card, card, err);
        }
        if (status == LK_OK && find_entry(c, entry.card.name)) {
            error_set(err, LK_E_CORRUPT, "two cards are called %s", entry.card.name);
            status = error_input(err, LK_E_CORRUPT, card);
        }
        if (status == LK_OK) {
            status = join(&file, folder, entry.card.file, err);
        }
        if (status == LK_OK) {
            entry.installed = is_there(file);
            status = add_entry(c, &entry, err);
        }
        mem_free(card);
        mem_free(file);
    }
    folder_list_release(&list);
    return status;
}

static lk_status read_shipped(lk_catalogue *c, lk_error *err) {
    bool there = true;
    for (size_t i = 0; there; i++) {
        lk_catalogue_entry entry = {.shipped = true};
        lk_status status = card_shipped(&entry.card, i, &there, err);
        lk_catalogue_entry *known = there ? find_entry(c, entry.card.name) : NULL;
        if (status == LK_OK && known) {
            known->shipped = true;
        } else if (status == LK_OK && there) {
            status = add_entry(c, &entry, err);
        }
        if (status != LK_OK) {
            return status;
        }
    }
    return LK_OK;
}

static int by_name(const void *a, const void *b) {
    const lk_catalogue_entry *x = a, *y = b;
    return strcmp(x->card.name, y->card.name);
}

lk_status lk_catalogue_read(lk_catalogue *out, const char *folder, lk_error *err) {
    *out = (lk_catalogue){0};
    lk_status status = folder && is_there(folder) ? read_folder(out, folder, err) : LK_OK;
    if (status == LK_OK) {
        status = read_shipped(out, err);
    }
    if (status != LK_OK) {
        lk_catalogue_release(out);
        return status;
    }
    qsort(out->entries, out->count, sizeof *out->entries, by_name);
    return LK_OK;
}

/* -- Adding -- */

static bool is_onnx(const void *arg, const char *path) {
    (void)arg;
    size_t length = strlen(path);
    return !strchr(path, '/') && length > 5 && strcmp(path + length - 5, ".onnx") == 0;
}

/* path itself, or the only ONNX file in the folder at path. Owned by the caller. */
static lk_status onnx_at(char **out, const char *path, lk_error *err) {
    struct stat info;
    *out = NULL;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        *out = mem_strdup(path);
        return *out ? LK_OK : error_memory(err, strlen(path));
    }
    struct folder_list list;
    lk_status status = folder_list(&list, path, is_onnx, NULL, err);
    if (status == LK_OK && list.count != 1) {
        error_set(err, LK_E_USAGE, "the folder holds %zu ONNX files: name one", list.count);
        status = error_input(err, LK_E_USAGE, path);
    }
    if (status == LK_OK) {
        status = join(out, path, list.paths[0], err);
    }
    folder_list_release(&list);
    return status;
}

static lk_status make_folder(const char *folder, lk_error *err) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/", folder);
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

/* Writes bytes as folder/name, unless a file with these bytes stands there; another one is not replaced. */
static lk_status put(const char *folder, const char *name, const lk_bytes *bytes, lk_error *err) {
    char *path;
    lk_status status = join(&path, folder, name, err);
    if (status != LK_OK) {
        return status;
    }
    lk_bytes old;
    if (is_there(path)) {
        status = file_read(&old, path, LK_MODEL_BYTES_MAX, NULL, err);
        bool same = status == LK_OK && old.size == bytes->size &&
                    memcmp(old.data, bytes->data, old.size) == 0;
        if (status == LK_OK) {
            lk_bytes_release(&old);
        }
        if (status == LK_OK && !same) {
            error_set(err, LK_E_WRITE, "another file of that name is in the catalogue");
            status = error_input(err, LK_E_WRITE, path);
        }
    } else {
        status = file_write(path, bytes->data, bytes->size, err);
    }
    mem_free(path);
    return status;
}

static lk_status put_labels(const char *folder, const struct model_files *files, lk_error *err) {
    lk_bytes bytes;
    if (!files->labels) {
        return LK_OK;
    }
    lk_status status = file_read(&bytes, files->labels, LK_MODEL_BYTES_MAX, NULL, err);
    if (status == LK_OK) {
        status = put(folder, files->card.labels, &bytes, err);
        lk_bytes_release(&bytes);
    }
    return status;
}

static lk_status put_card(const char *folder, const lk_model_card *card, lk_error *err) {
    struct buf b;
    lk_bytes text;
    char name[80];
    buf_init(&b, CARD_BYTES_MAX);
    card_write(&b, card);
    lk_status status = buf_finish(&b, &text, err);
    if (status == LK_OK) {
        snprintf(name, sizeof name, "%.64s.json", card->name);
        status = put(folder, name, &text, err);
        lk_bytes_release(&text);
    }
    return status;
}

/* Copies what find found; the card last, so that a model is in the catalogue only when all of it is. */
static lk_status install(lk_model_card *card, lk_engine *engine, const char *folder,
                         const struct model_files *files, lk_error *err) {
    lk_bytes bytes;
    char digest[65];
    lk_status status = model_read(&bytes, digest, engine, files->file, card, err);
    if (status != LK_OK) {
        return status;
    }
    memcpy(card->sha256, digest, sizeof digest);
    card->bytes = (int64_t)bytes.size;
    if (!files->labels) {
        card->labels[0] = card->labels_sha256[0] = '\0';
    }
    status = make_folder(folder, err);
    if (status == LK_OK) {
        status = put(folder, card->file, &bytes, err);
    }
    if (status == LK_OK) {
        status = put_labels(folder, files, err);
    }
    lk_bytes_release(&bytes);
    return status == LK_OK ? put_card(folder, card, err) : status;
}

lk_status lk_catalogue_add(lk_model_card *out, lk_engine *engine, const char *folder,
                           const char *path, const char *card_path, lk_error *err) {
    struct model_files files = {0};
    lk_model *model = NULL;
    char *file, named[PATH_BYTES];
    lk_status status = onnx_at(&file, path, err);
    if (status != LK_OK) {
        return status;
    }
    /* With a slash it is a file, never a name of the catalogue. */
    snprintf(named, sizeof named, "%s%s", strchr(file, '/') ? "" : "./", file);
    mem_free(file);
    status = model_find(&files, NULL, named, card_path, err);
    if (status == LK_OK) {
        lk_model_options o = {.card = card_path};
        status = lk_model_open(&model, engine, named, &o, err);
        lk_model_free(model);
    }
    if (status == LK_OK) {
        *out = files.card;
        status = install(out, engine, folder, &files, err);
    }
    model_files_release(&files);
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

static lk_status take_away(const char *folder, const char *name, lk_error *err) {
    char *path;
    lk_status status = join(&path, folder, name, err);
    if (status == LK_OK && unlink(path) != 0 && errno != ENOENT) {
        error_set(err, LK_E_WRITE, "cannot be removed: %s", strerror(errno));
        status = error_input(err, LK_E_WRITE, path);
    }
    mem_free(path);
    return status;
}

lk_status lk_catalogue_remove(const char *folder, const char *name, lk_error *err) {
    lk_catalogue c;
    lk_status status = lk_catalogue_read(&c, folder, err);
    if (status != LK_OK) {
        return status;
    }
    const lk_catalogue_entry *e = lk_catalogue_find(&c, name);
    if (!e || !e->installed) {
        error_set(err, LK_E_IO, "no such model is installed");
        status = error_input(err, LK_E_IO, name);
    } else {
        char card[80];
        snprintf(card, sizeof card, "%.64s.json", name);
        status = take_away(folder, card, err); /* first: without it the rest is no model */
        if (status == LK_OK && !is_used(&c, e->card.file, name)) {
            status = take_away(folder, e->card.file, err);
        }
        if (status == LK_OK && e->card.labels[0] && !is_used(&c, e->card.labels, name)) {
            status = take_away(folder, e->card.labels, err);
        }
    }
    lk_catalogue_release(&c);
    return status;
}
