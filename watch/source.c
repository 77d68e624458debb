/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/source.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/engine.h"
#include "watch/source_kind.h"

enum {
    AGAIN_MS = 100, /* a file that is being written is looked at so often */
    LOOK_MS = 250,  /* and whether to stop */
};
static const double default_timeout_s = 10;

/* The first that takes an address has it. */
static const struct source_kind *const source_kinds[] = {
    &source_stdin, &source_http, &source_rtsp, &source_folder, &source_file, &source_video,
};

/* "dir:PATH" and "file:PATH" without their prefix. */
static const char *path_of(const char *address) {
    static const char *const prefixes[] = {"dir:", "file:"};
    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
        size_t length = strlen(prefixes[i]);
        if (strncmp(address, prefixes[i], length) == 0) {
            return address + length;
        }
    }
    return address;
}

static const struct source_kind *find_kind(const char *address) {
    for (size_t i = 0; i < ARRAY_COUNT(source_kinds); i++) {
        if (source_kinds[i]->takes(address)) {
            return source_kinds[i];
        }
    }
    return NULL;
}

/* Copies what the caller need not keep. */
static lk_status fill(struct source *s, const char *address, const struct source_options *o,
                      lk_error *err) {
    s->address = mem_strdup(path_of(address));
    s->ca_file = o->ca_file ? mem_strdup(o->ca_file) : NULL;
    s->after = o->after && o->after[0] ? mem_strdup(o->after) : NULL;
    s->state = mem_calloc(1, s->kind->state_size);
    bool lacks = (o->ca_file && !s->ca_file) || (o->after && o->after[0] && !s->after);
    if (!s->address || !s->state || lacks) {
        return error_memory(err, strlen(address));
    }
    s->timeout_s = o->timeout_s > 0 ? o->timeout_s : default_timeout_s;
    s->every_s = o->every_s;
    s->newest = o->newest;
    s->follow = o->follow;
    s->stop = o->stop ? o->stop : s->engine->stop;
    return o->token_file ? credentials_read(&s->credentials, o->token_file, err) : LK_OK;
}

bool source_is_pushed(const char *address) {
    return strcmp(address, "push:") == 0;
}

lk_status source_open(struct source **out, lk_engine *engine, const char *address,
                      const struct source_options *options, lk_error *err) {
    static const struct source_options none = {0};
    *out = NULL;
    struct source *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    address_show(s->shown, sizeof s->shown, address);
    s->engine = engine;
    s->kind = find_kind(address);
    lk_status status = LK_OK;
    if (source_is_pushed(address)) {
        status =
            error_set(err, LK_E_USAGE, "its frames are sent to likeness serve: none is fetched");
    } else if (!s->kind || address[0] == '\0') {
        status = error_set(
            err, LK_E_USAGE,
            "not a source: give dir:PATH, a picture or video file, http(s)://, rtsp(s)://, or -");
    }
    status = status == LK_OK ? fill(s, address, options ? options : &none, err) : status;
    if (status == LK_OK && s->kind->open) {
        s->opened = true;
        status = s->kind->open(s, err);
    }
    if (status != LK_OK) {
        status = error_input(err, status, s->shown);
        source_close(s);
        return status;
    }
    *out = s;
    return LK_OK;
}

void source_close(struct source *s) {
    if (s) {
        if (s->opened && s->kind->close) {
            s->kind->close(s);
        }
        credentials_release(&s->credentials);
        mem_free(s->state);
        mem_free(s->ca_file);
        mem_free(s->after);
        mem_free(s->address);
        mem_free(s);
    }
}

lk_status source_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    *out = (struct frame){0};
    *more = true;
    lk_status status = source_check_stop(s, err);
    status = status == LK_OK ? s->kind->next(s, out, more, err) : status;
    if (status != LK_OK || !*more) {
        frame_release(out);
    }
    s->count += status == LK_OK && *more;
    *more = *more || status != LK_OK;
    return error_input(err, status, s->shown);
}

void frame_release(struct frame *frame) {
    if (frame) {
        lk_image_release(&frame->image);
        *frame = (struct frame){0};
    }
}

bool source_is_live(const struct source *s) {
    return s->kind->live;
}

const char *source_shown(const struct source *s) {
    return s->shown;
}

/* -- For the kinds -- */

lk_status source_check_stop(const struct source *s, lk_error *err) {
    bool asked = s->stop && __atomic_load_n(s->stop, __ATOMIC_RELAXED) != 0;
    return asked ? error_set(err, LK_E_CANCELLED, "asked to stop") : LK_OK;
}

lk_status source_wait(const struct source *s, int fd, int ms, lk_error *err) {
    lk_status status = source_check_stop(s, err);
    for (double end = clock_s() + ms / 1000.0; status == LK_OK;) {
        double left_ms = (end - clock_s()) * 1000;
        if (left_ms <= 0) {
            break;
        }
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, (int)MIN(left_ms + 1, (double)LOOK_MS)) > 0) {
            break;
        }
        status = source_check_stop(s, err);
    }
    return status;
}

int64_t source_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

lk_status frame_decode(struct frame *out, const struct source *s, const lk_bytes *bytes,
                       const char *name, lk_error *err) {
    lk_image_info info;
    lk_image image;
    lk_status status =
        lk_image_decode(&image, &info, s->engine, bytes->data, bytes->size, name, NULL, err);
    status = status == LK_OK ? colour_to_rgb8(&out->image, &image, err) : status;
    lk_image_release(&image);
    if (status == LK_OK && !digest_from_hex(out->digest, info.sha256)) {
        status = error_set(err, LK_E_CORRUPT, "no digest");
    }
    return error_input(err, status, name);
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Once; *settled says whether the file stayed as it was, *changed_ms when it changed last. */
static lk_status read_once(struct frame *out, const struct source *s, const char *path,
                           bool *settled, lk_error *err) {
    struct stat before = {0}, after;
    lk_bytes bytes = {0};
    bool there = stat(path, &before) == 0;
    lk_status status = file_read(&bytes, path, s->engine->limits.file_bytes, s->stop, err);
    status = status == LK_OK ? frame_decode(out, s, &bytes, path, err) : status;
    lk_bytes_release(&bytes);
    *settled = there && stat(path, &after) == 0 && is_same_file(&before, &after);
    out->taken_ms = there ? (int64_t)before.st_mtim.tv_sec * 1000 + before.st_mtim.tv_nsec / 1000000
                          : source_now_ms();
    return status;
}

/* Whether a writer who goes on, or replaces the file, may make it good. */
static bool may_become_good(lk_status status) {
    return status == LK_OK || status == LK_E_IO || status == LK_E_FORMAT || status == LK_E_CORRUPT;
}

lk_status frame_read(struct frame *out, const struct source *s, const char *path, lk_error *err) {
    double end = clock_s() + s->timeout_s;
    for (;;) {
        bool settled;
        lk_status status = read_once(out, s, path, &settled, err);
        if ((status == LK_OK && settled) || !may_become_good(status)) {
            return status;
        }
        double age_s = (double)(source_now_ms() - out->taken_ms) / 1000;
        bool late = clock_s() > end || (settled && age_s > s->timeout_s);
        lk_image_release(&out->image);
        if (late && status == LK_OK) {
            status = error_set(err, LK_E_IO, "it changes faster than it can be read");
            return error_input(err, status, path);
        }
        if (late) {
            return status;
        }
        status = source_wait(s, -1, AGAIN_MS, err);
        if (status != LK_OK) {
            return status;
        }
    }
}
