/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs there are. Each is a command line or two of likeness itself, so that its result is that of the command. */
#include <likeness/dups.h>
#include <likeness/map.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "serve/answer_fields.h"
#include "serve/jobs.h"

#define COLLECTION_FIELD                                                                           \
    {                                                                                              \
        "collection", "name of a folder that the operator named (GET /api/v1/collections)",        \
            .kind = FIELD_TEXT, .required = true, .least = 1, .most = LK_REFERENCE_ID_MAX          \
    }

/* "--NAME VALUE" for what the settings have, a number or a text. */
static void add_text(struct job_words *w, const struct job_run *r, const char *key,
                     const char *option) {
    if (object_has(r->settings, key)) {
        words_add(w, "--%s=%s", option, object_text(r->settings, key));
    }
}

static void add_int(struct job_words *w, const struct job_run *r, const char *key,
                    const char *option) {
    if (object_has(r->settings, key)) {
        words_add(w, "--%s=%lld", option, (long long)object_int(r->settings, key, 0));
    }
}

static void add_number(struct job_words *w, const struct job_run *r, const char *key,
                       const char *option) {
    if (object_has(r->settings, key)) {
        words_add(w, "--%s=%.10g", option, object_number(r->settings, key, 0));
    }
}

static void begin(struct job_words *w, const char *command) {
    *w = (struct job_words){0};
    words_add(w, "likeness");
    words_add(w, "%s", command);
    words_add(w, "--progress=jsonl");
}

static void add_output(struct job_words *w, const struct job_run *r, const char *name) {
    words_add(w, "--json");
    words_add(w, "--output=%s/%s", r->folder, name);
}

/* -- Index -- */

static const struct field index_fields[] = {
    COLLECTION_FIELD,
    {"keypoints", "keypoints too: search then finds crops, turned copies and details",
     .kind = FIELD_BOOL},
    FIELD_END,
};
static const struct job_output index_outputs[] = {{"index.json", "application/json", true},
                                                  {.name = NULL}};

static lk_status update_index(struct job_run *r, lk_error *err) {
    struct job_words w;
    begin(&w, "index");
    add_output(&w, r, "index.json");
    words_add(&w, "--index=%s", r->place->index);
    if (object_flag(r->settings, "keypoints", false)) {
        words_add(&w, "--keypoints");
    }
    words_add(&w, "--");
    words_add(&w, "%s", r->place->folder);
    return job_command(r, "index", &w, err);
}

/* -- Duplicates -- */

static const struct field dups_fields[] = {
    COLLECTION_FIELD,
    {"kinds", "which copies count: exact,near,crop,rotated,mirrored (these five), scene",
     .kind = FIELD_TEXT, .least = 1, .most = 100},
    {"min_score", "only copies that score this or more", .kind = FIELD_NUMBER, .least = 0,
     .most = 1},
    {"keep", "which file of a group stays: best, largest, oldest, newest, path:GLOB or metadata",
     .kind = FIELD_TEXT, .least = 1, .most = 500},
    FIELD_END,
};
static const struct job_output dups_outputs[] = {{"dups.json", "application/json", true},
                                                 {.name = NULL}};

static bool is_keep(const char *text) {
    static const char *const words[] = {"best", "largest", "oldest", "newest", "metadata"};
    bool known = strncmp(text, "path:", 5) == 0 && text[5];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        known = known || strcmp(text, words[i]) == 0;
    }
    return known;
}

static bool are_kinds(const char *text) {
    bool known = true;
    while (known && text) {
        size_t length = strcspn(text, ",");
        known = false;
        for (int k = 0; k < LK_DUPS_KINDS; k++) {
            const char *name = lk_dups_kind_name((lk_dups_kind)k);
            known = known || (strlen(name) == length && strncmp(name, text, length) == 0);
        }
        text = text[length] ? text + length + 1 : NULL;
    }
    return known;
}

static const char *check_duplicates(const struct json_t *settings) {
    const char *kinds = object_text(settings, "kinds"), *keep = object_text(settings, "keep");
    if (kinds && !are_kinds(kinds)) {
        return "kinds: some of exact,near,crop,rotated,mirrored,scene";
    }
    return keep && !is_keep(keep)
               ? "keep: one of best, largest, oldest, newest, path:GLOB and metadata"
               : NULL;
}

static lk_status find_duplicates(struct job_run *r, lk_error *err) {
    struct job_words w;
    begin(&w, "dups");
    add_output(&w, r, "dups.json");
    words_add(&w, "--index=%s", r->place->index);
    add_text(&w, r, "kinds", "kind");
    add_number(&w, r, "min_score", "min-score");
    add_text(&w, r, "keep", "keep");
    words_add(&w, "--");
    words_add(&w, "%s", r->place->folder);
    return job_command(r, "duplicates", &w, err);
}

/* -- Map -- */

static const struct field map_fields[] = {
    COLLECTION_FIELD,
    {"method", "how places are found", .kind = FIELD_TEXT, .words = "umap pca"},
    {"neighbours", "that each picture is tied to", .kind = FIELD_INT, .least = 2,
     .most = LK_MAP_NEIGHBOURS_MAX},
    {"min_dist", "umap: how near alike ones may come", .kind = FIELD_NUMBER, .least = 0, .most = 1},
    {"epochs", "umap: rounds", .kind = FIELD_INT, .least = 1, .most = 100000},
    {"seed", "of the layout: the same seed, the same map", .kind = FIELD_INT, .least = 0,
     .most = 2147483647},
    FIELD_END,
};
static const struct job_output map_outputs[] = {
    {"map.json", "application/json", true},
    {"map.html", "text/html; charset=utf-8", true},
    {.name = NULL},
};

static lk_status draw_map(struct job_run *r, lk_error *err) {
    struct job_words w;
    lk_status status = update_index(r, err);
    if (status != LK_OK) {
        return status;
    }
    begin(&w, "map");
    add_output(&w, r, "map.json");
    words_add(&w, "--out=%s/map.html", r->folder);
    add_text(&w, r, "method", "method");
    add_int(&w, r, "neighbours", "neighbours");
    add_number(&w, r, "min_dist", "min-dist");
    add_int(&w, r, "epochs", "epochs");
    add_int(&w, r, "seed", "seed");
    words_add(&w, "--");
    words_add(&w, "%s", r->place->index);
    return job_command(r, "map", &w, err);
}

/* -- Vectors -- */

static const struct field embed_fields[] = {
    COLLECTION_FIELD,
    {"normalize", "vectors of length 1", .kind = FIELD_BOOL},
    FIELD_END,
};
static const struct job_output embed_outputs[] = {
    {"vectors.npy", "application/octet-stream", false},
    {"vectors.npy.paths", "text/plain; charset=utf-8", true},
    {"vectors.npy.model", "text/plain; charset=utf-8", false},
    {.name = NULL},
};

static lk_status embed(struct job_run *r, lk_error *err) {
    struct job_words w;
    begin(&w, "embed");
    words_add(&w, "--out=%s/vectors.npy", r->folder);
    words_add(&w, "--resume");
    if (object_flag(r->settings, "normalize", false)) {
        words_add(&w, "--normalize");
    }
    words_add(&w, "--");
    words_add(&w, "%s", r->place->folder);
    return job_command(r, "embed", &w, err);
}

/* -- Training -- */

static const struct field train_fields[] = {
    COLLECTION_FIELD,
    {"kind", "what is asked of the embedding", .kind = FIELD_TEXT, .required = true,
     .words = "contrastive triplet autoencoder"},
    {"preset", "the network", .kind = FIELD_TEXT, .words = "compact triplet-28 autoencoder"},
    {"labels", "what are classes: folders, or each picture by itself", .kind = FIELD_TEXT,
     .words = "folders none"},
    {"epochs", "times that all pictures are seen", .kind = FIELD_INT, .least = 1, .most = 10000},
    {"batch", "views a step", .kind = FIELD_INT, .least = 2, .most = 1024},
    {"group", "views of one picture or class among them", .kind = FIELD_INT, .least = 1,
     .most = 64},
    {"size", "side of the network's input", .kind = FIELD_INT, .least = 16, .most = 512},
    {"dim", "length of the embedding", .kind = FIELD_INT, .least = 2, .most = 4096},
    {"rate", "learning rate", .kind = FIELD_NUMBER, .least = 0, .most = 10},
    {"validation", "share of the pictures that is held back to measure", .kind = FIELD_NUMBER,
     .least = 0, .most = 0.9},
    {"seed", "of everything that is drawn", .kind = FIELD_INT, .least = 0, .most = 2147483647},
    FIELD_END,
};
static const struct job_output train_outputs[] = {
    {"network.onnx", "application/octet-stream", false},
    {"network.onnx.json", "application/json", true},
    {"network.onnx.html", "text/html; charset=utf-8", true},
    {"network.onnx.png", "image/png", false},
    {.name = NULL},
};

static lk_status train(struct job_run *r, lk_error *err) {
    struct job_words w;
    char checkpoint[4200];
    snprintf(checkpoint, sizeof checkpoint, "%s/network.onnx.checkpoint", r->folder);
    begin(&w, "train");
    words_add(&w, "--jsonl");
    words_add(&w, "--out=%s/network.onnx", r->folder);
    words_add(&w, "--checkpoint=60");
    if (access(checkpoint, F_OK) == 0) {
        words_add(&w, "--resume"); /* of a service that ended meanwhile */
    }
    add_text(&w, r, "preset", "preset");
    add_text(&w, r, "labels", "labels");
    add_int(&w, r, "epochs", "epochs");
    add_int(&w, r, "batch", "batch");
    add_int(&w, r, "group", "group");
    add_int(&w, r, "size", "size");
    add_int(&w, r, "dim", "dim");
    add_number(&w, r, "rate", "lr");
    add_number(&w, r, "validation", "val");
    add_int(&w, r, "seed", "seed");
    words_add(&w, "--");
    words_add(&w, "%s", object_text(r->settings, "kind"));
    words_add(&w, "%s", r->place->folder);
    return job_command(r, "train", &w, err);
}

const struct job_kind job_kinds[] = {
    {"index", "/api/v1/indexes", index_outputs, NULL, update_index},
    {"duplicates", "/api/v1/duplicates", dups_outputs, check_duplicates, find_duplicates},
    {"map", "/api/v1/maps", map_outputs, NULL, draw_map},
    {"vectors", "/api/v1/vectors", embed_outputs, NULL, embed},
    {"training", "/api/v1/trainings", train_outputs, NULL, train},
    {.name = NULL},
};

#define BEGINS(where, what, rows)                                                                  \
    {                                                                                              \
        .method = "POST", .path = where, .summary = what, .body = BODY_JSON, .fields = rows,       \
        .computes = true, .handle = job_post, .success = 202, .places = true,                      \
        .answer = answer_job_keys                                                                  \
    }
const struct route job_kind_routes[] = {
    BEGINS("/api/v1/indexes",
           "begin a job: look at the pictures of a collection once, to search them", index_fields),
    BEGINS("/api/v1/duplicates", "begin a job: find duplicates and near duplicates in a collection",
           dups_fields),
    BEGINS("/api/v1/maps", "begin a job: a map of a collection, alike pictures side by side",
           map_fields),
    BEGINS("/api/v1/vectors", "begin a job: the embedding of every picture of a collection",
           embed_fields),
    BEGINS("/api/v1/trainings", "begin a job: learn an embedding from the pictures of a collection",
           train_fields),
    ROUTE_END,
};

const struct job_kind *job_kind_find(const char *name) {
    for (const struct job_kind *row = job_kinds; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}
