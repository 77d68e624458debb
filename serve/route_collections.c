/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that the operator named, and the pictures in them: thumbnails of the index, and files decoded in a confined process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "serve/answer_fields.h"
#include "serve/finders.h"
#include "serve/memory_file.h"

static void add_place(struct json *j, struct bench *bench, const struct collection_place *p) {
    lk_collection *c;
    lk_collection_state state = {0};
    lk_error ignored = {0};
    bool there = finders_collection(&c, bench, p, &ignored) == LK_OK && c &&
                 lk_collection_look(&state, c, &ignored) == LK_OK;
    json_object_begin(j, NULL);
    json_text(j, "name", p->name);
    json_bool(j, "indexed", there);
    json_int(j, "files", state.files);
    json_int(j, "pictures", state.pictures);
    json_int(j, "skipped", state.skipped);
    json_int(j, "embedded", state.embedded);
    json_int(j, "with_keypoints", state.with_keypoints);
    json_text(j, "model", state.model);
    json_object_end(j);
}

static void list_collections(struct request *r, struct bench *bench) {
    struct json j;
    const struct jobs *jobs = r->server->jobs;
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "collections");
    for (size_t i = 0; i < collection_count(jobs); i++) {
        add_place(&j, bench, collection_at(jobs, i));
    }
    answer_list(r, &j, LK_OK, NULL);
}

/* -- A picture -- */

struct wanted {
    struct request *r;
    bool found;
    char path[4096];
    lk_bytes thumb;
};

static bool take_picture(void *arg, const lk_collection_picture *p) {
    struct wanted *w = arg;
    w->found = true;
    snprintf(w->path, sizeof w->path, "%s", p->path);
    buf_release(&w->r->out);
    buf_init(&w->r->out, 16 << 20);
    buf_add(&w->r->out, p->thumb.data ? p->thumb.data : (const uint8_t *)"", p->thumb.size);
    return false;
}

/* Its file and its thumbnail, which is in r->out; false with a problem as the answer. */
static bool find_picture(struct wanted *w, struct request *r, struct bench *bench) {
    lk_collection *c;
    lk_error err = {0};
    const struct collection_place *p = collection_asked(r, r->parameters[0]);
    *w = (struct wanted){.r = r};
    if (!p) {
        return false;
    }
    lk_status status = finders_collection(&c, bench, p, &err);
    status = status == LK_OK && c ? lk_collection_find(c, r->parameters[1], take_picture, w, &err)
                                  : status;
    if (finders_error(&err, status, p) != LK_OK) {
        answer_index_error(r, &err);
    } else if (!w->found) {
        answer_problem(r, 404, "not-found", "no such picture is in the index of %.60s", p->name);
    }
    return status == LK_OK && w->found;
}

static void get_thumb(struct request *r, struct bench *bench) {
    struct wanted w;
    if (!find_picture(&w, r, bench)) {
        return;
    }
    if (r->out.size == 0) {
        answer_problem(r, 404, "not-found", "the index has no thumbnail of it");
        return;
    }
    snprintf(r->etag, sizeof r->etag, "\"%.80s\"", r->parameters[1]);
    answer_written(r, 200);
}

/* The file as it lies there, into memory: what decodes it can open no file. */
static int read_into_memory(const char *path, int64_t most) {
    uint8_t piece[65536];
    struct stat st;
    int64_t at = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int memory = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= most
                     ? memory_file_new()
                     : -1;
    while (memory >= 0 && at <= most && (got = read(fd, piece, sizeof piece)) > 0) {
        if (!memory_file_write(memory, piece, (size_t)got, at)) {
            break;
        }
        at += got;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (memory >= 0 && !memory_file_seal(memory)) {
        close(memory);
        return -1;
    }
    return memory;
}

static void get_picture(struct request *r, struct bench *bench) {
    struct wanted w;
    struct shelf_item again = {.file = -1};
    struct decode_ask ask = {.encode = true};
    lk_image_info info;
    lk_error err = {0};
    if (!find_picture(&w, r, bench)) {
        return;
    }
    buf_release(&r->out);
    buf_init(&r->out, 16 << 20);
    int file = read_into_memory(w.path, r->server->options->max_body);
    if (file < 0) {
        answer_problem(r, 404, "not-found",
                       "the file is gone, or larger than an upload may be (--max-body)");
        return;
    }
    snprintf(ask.name, sizeof ask.name, "%.64s", r->parameters[1]);
    ask.max_side = (int32_t)request_query_int(r, "side", 0);
    enum decode_end end =
        decoder_again(&again.file, &again.size, &info, &bench->keeper, file, &ask, &err);
    close(file);
    if (end != DECODE_OK) {
        answer_decode(r, end, &err);
        return;
    }
    snprintf(again.key, sizeof again.key, "%.64s-%d", r->parameters[1], (int)ask.max_side);
    again.type = "image/jpeg";
    answer_file(r, &again);
}

static const struct field picture_query[] = {
    {"side", "the picture may be this small: its longer side stays at least so long",
     .kind = FIELD_INT, .least = 16, .most = 16384},
    FIELD_END,
};

#define PICTURE "/api/v1/collections/{collection}/pictures/{sha256}"

const struct route collection_routes[] = {
    {.method = "GET",
     .path = "/api/v1/collections",
     .summary = "the folders that jobs and searches may use, and what their indexes hold",
     .computes = true,
     .answer = answer_collections,
     .handle = list_collections},
    {.method = "GET",
     .path = PICTURE,
     .summary = "a picture of a collection, encoded again",
     .query = picture_query,
     .computes = true,
     .handle = get_picture,
     .type = "image/jpeg"},
    {.method = "GET",
     .path = PICTURE "/thumb",
     .summary = "its thumbnail",
     .computes = true,
     .handle = get_thumb,
     .type = "image/png"},
    ROUTE_END,
};
