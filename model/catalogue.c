/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: a folder with NAME.json, the ONNX file and the labels of each model, and the cards that come with likeness. */
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

void model_files_release(struct model_files *files) {
    mem_free(files->file);
    mem_free(files->labels);
    *files = (struct model_files){0};
}

bool model_is_there(const char *path) {
    return access(path, F_OK) == 0;
}

/* A folder that happens to be called as a model is none. */
static bool is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

lk_status model_join(char **out, const char *folder, const char *name, lk_error *err) {
    *out = folder_join(folder, name);
    return *out ? LK_OK : error_memory(err, strlen(folder) + strlen(name));
}

/* The part of path before its last slash, or ".". */
static void folder_of(char out[MODEL_PATH_BYTES], const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 1;
    snprintf(out, MODEL_PATH_BYTES, "%.*s", (int)MAX(length, 1), slash ? path : ".");
}

const char *model_files_name(const struct model_files *files) {
    return files->file ? files->file : files->card.name;
}

lk_status model_read(lk_bytes *out, char digest[65], lk_engine *engine,
                     const struct model_files *files, const lk_model_card *card, lk_error *err) {
    if (!files->file) { /* as it was when the library was made: nothing to be checked */
        memcpy(digest, card->sha256, sizeof card->sha256);
        return model_read_built_in(out, card, err);
    }
    lk_status status = file_read(out, files->file, engine->limits.memory_bytes, engine->stop, err);
    if (status != LK_OK) {
        return status;
    }
    digest_sha256_hex(digest, out->data, out->size);
    if (card->sha256[0] && strcmp(digest, card->sha256) != 0) {
        lk_bytes_release(out);
        error_set(err, LK_E_CORRUPT, "the file's checksum is %s, the card of %s says %s", digest,
                  card->name, card->sha256);
        return error_input(err, LK_E_CORRUPT, files->file);
    }
    return LK_OK;
}

/* -- Finding -- */

/* The shipped card whose checksum is that of the file at path, or that says none and gives the file its name. */
static lk_status card_by_digest(lk_model_card *out, const char *path, lk_error *err) {
    lk_bytes bytes;
    char digest[65];
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    lk_status status = file_read(&bytes, path, LK_MODEL_BYTES_MAX, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    digest_sha256_hex(digest, bytes.data, bytes.size);
    lk_bytes_release(&bytes);
    bool there = true;
    for (size_t i = 0; status == LK_OK && there; i++) {
        status = card_shipped(out, i, &there, err);
        if (status == LK_OK && there &&
            (out->sha256[0] ? strcmp(out->sha256, digest) : strcmp(out->file, base)) == 0) {
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
    char beside[MODEL_PATH_BYTES];
    snprintf(beside, sizeof beside, "%s.json", path);
    return model_is_there(beside) ? card_load(out, beside, err) : card_by_digest(out, path, err);
}

/* The file and labels of a card whose files lie in folder. */
static lk_status files_in(struct model_files *out, const char *folder, const char *file,
                          lk_error *err) {
    lk_status status = model_join(&out->file, folder, file, err);
    if (status == LK_OK && out->card.labels[0]) {
        status = model_join(&out->labels, folder, out->card.labels, err);
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
    } else if (e && e->built_in) {
        out->card = e->card;
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
    if (strlen(name) + sizeof ".json" > MODEL_PATH_BYTES) {
        return error_set(err, LK_E_IO, "the model's path is longer than %d bytes",
                         MODEL_PATH_BYTES - (int)sizeof ".json");
    }
    if (strchr(name, '/') || is_file(name)) {
        char beside[MODEL_PATH_BYTES];
        folder_of(beside, name);
        status = card_of_file(&out->card, name, card_path, err);
        const char *file = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
        if (status == LK_OK) {
            status = files_in(out, beside, file, err);
        }
        /* Labels that are not beside the file are a loss of words, not of numbers. */
        if (status == LK_OK && out->labels && !model_is_there(out->labels)) {
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

lk_status lk_catalogue_classifier(char name[64], const char *folder, lk_error *err) {
    lk_catalogue c;
    lk_status status = lk_catalogue_read(&c, folder, err);
    size_t found = 0;
    for (size_t i = 0; status == LK_OK && i < c.count; i++) {
        const lk_catalogue_entry *e = &c.entries[i];
        bool usual = strcmp(e->card.name, "mobilenet-v2") == 0;
        bool classifies = e->card.probabilities[0] || e->card.logits[0];
        if (e->installed && classifies && (found == 0 || usual)) {
            memcpy(name, e->card.name, sizeof e->card.name);
            found++;
        }
    }
    if (status == LK_OK && found == 0) {
        status = error_set(err, LK_E_USAGE,
                           "no model that classifies is installed in %.300s: likeness model add "
                           "FILE, or --model FILE",
                           folder);
    }
    lk_catalogue_release(&c);
    return status;
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

/* Whether path is NAME.json. */
static bool is_called(const char *path, const char *name) {
    size_t length = strlen(name);
    return strncmp(path, name, length) == 0 && strcmp(path + length, ".json") == 0;
}

static lk_status read_folder(lk_catalogue *c, const char *folder, lk_error *err) {
    struct folder_list list;
    lk_status status = folder_list(&list, folder, is_card, NULL, err);
    for (size_t i = 0; status == LK_OK && i < list.count; i++) {
        lk_catalogue_entry entry = {0};
        char *card = NULL, *file = NULL;
        status = model_join(&card, folder, list.paths[i], err);
        if (status == LK_OK) {
            status = card_load(&entry.card, card, err);
        }
        /* Names are unique by this, and what is removed is what was read. */
        if (status == LK_OK && !is_called(list.paths[i], entry.card.name)) {
            error_set(err, LK_E_CORRUPT, "a card in the catalogue is called as its model: %s.json",
                      entry.card.name);
            status = error_input(err, LK_E_CORRUPT, card);
        }
        if (status == LK_OK) {
            status = model_join(&file, folder, entry.card.file, err);
        }
        if (status == LK_OK) {
            entry.installed = model_is_there(file);
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
        entry.built_in = there && model_is_built_in(&entry.card);
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
    lk_status status = folder && model_is_there(folder) ? read_folder(out, folder, err) : LK_OK;
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
