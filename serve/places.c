/* SPDX-License-Identifier: Apache-2.0 */
/* The folders that the operator named. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "serve/jobs.h"

/* Names go into JSON and onto pages as they are. */
static bool is_plain(const char *path) {
    for (const char *c = path; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == '"' || *c == '\\' || *c == '<' || *c == 127) {
            return false;
        }
    }
    return true;
}

static lk_status open_place(struct collection_place *out, const struct serve_options *o,
                            const struct serve_collection *given, lk_error *err) {
    char folder[PATH_MAX];
    struct stat st;
    if (!lk_reference_id_is_valid(given->name)) {
        return error_set(err, LK_E_USAGE,
                         "--collection NAME=DIR: a name has letters, digits and ._-, not %.60s",
                         given->name);
    }
    if (!realpath(given->folder, folder) || stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return error_input(
            err, error_set(err, LK_E_IO, "no folder: %s", errno ? strerror(errno) : "it is a file"),
            given->folder);
    }
    if (!is_plain(folder) || strlen(folder) < 2 || strlen(o->work) > 3500) {
        return error_set(err, LK_E_USAGE,
                         "--collection: a folder whose name has no quotes, \\, < or control "
                         "characters, and not / itself");
    }
    snprintf(out->name, sizeof out->name, "%s", given->name);
    snprintf(out->folder, sizeof out->folder, "%s", folder);
    snprintf(out->index, sizeof out->index, "%s/indexes/%s.lki", o->work, given->name);
    return LK_OK;
}

/* Whether one of the first count is called that. */
static bool is_taken(const struct collection_place *places, size_t count, const char *name) {
    bool taken = false;
    for (size_t i = 0; i < count && !taken; i++) {
        taken = strcmp(places[i].name, name) == 0;
    }
    return taken;
}

lk_status places_open(struct collection_place **out, size_t *count, const struct serve_options *o,
                      lk_error *err) {
    lk_status status = LK_OK;
    *count = 0;
    if (o->collection_count > COLLECTIONS_MOST) {
        return error_set(err, LK_E_USAGE, "at most %d collections", COLLECTIONS_MOST);
    }
    *out = mem_calloc(o->collection_count + 1, sizeof **out);
    if (!*out) {
        return error_memory(err, o->collection_count * sizeof **out);
    }
    for (size_t i = 0; status == LK_OK && i < o->collection_count; i++) {
        if (is_taken(*out, i, o->collections[i].name)) {
            return error_set(err, LK_E_USAGE, "--collection: %.60s is there twice",
                             o->collections[i].name);
        }
        status = open_place(&(*out)[i], o, &o->collections[i], err);
        *count = i + 1;
    }
    return status;
}
