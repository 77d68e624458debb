/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, and pictures to put into it. With LIKENESS_TEST_POSTGRES (tests/store/postgres_server.py) the
 * store is a schema of its own in that database instead, so that the same tests run on both. */
#ifndef LK_STORE_FILES_H
#define LK_STORE_FILES_H

#include "tests/unit/harness.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/dialect.h"
#include "store/postgres.h"
#include "store/store.h"

struct place {
    char root[64];  /* of everything */
    char store[80]; /* root/store, or an address */
    char other[80]; /* root/other: for exports and a second store */
    bool remote;    /* it is an address */
    lk_engine *engine;
};

/* For a test of the files themselves. */
#define FILES_ONLY(p)                                                                              \
    if ((p)->remote) {                                                                             \
        skip();                                                                                    \
    }

/* A schema that nobody else has, and a user who works in it. */
static inline bool place_make_schema(struct place *p, const char *server) {
    struct database d = {.wait_ms = 2000};
    lk_error err;
    char text[200];
    const char *name = strrchr(p->root, '-') + 1, *at = strchr(server, '@');
    snprintf(text, sizeof text,
             "CREATE SCHEMA \"%s\"; CREATE ROLE \"%s\" LOGIN SUPERUSER; "
             "ALTER ROLE \"%s\" SET search_path = \"%s\"",
             name, name, name, name);
    snprintf(p->store, sizeof p->store, "postgresql://%s%.60s", name, at);
    bool made = postgres_open(&d, server, &err) == LK_OK && sql_run(&d, text, &err) == LK_OK;
    if (!made) {
        print_error("%s: %s\n", err.input, err.text);
    }
    postgres_close(&d);
    mem_free(d.path);
    p->remote = true;
    return made;
}

static inline int place_remove_one(const char *path, const struct stat *st, int kind,
                                   struct FTW *where) {
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void place_clear(const char *path) {
    nftw(path, place_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int place_new(void **state) {
    lk_error err;
    struct place *p = calloc(1, sizeof *p);
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    /* In memory where there is such a place: what is tested here is not the disk. */
    snprintf(p->root, sizeof p->root, "%s/likeness-store-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(p->root) || lk_engine_new(&p->engine, &options, &err) != LK_OK) {
        return -1;
    }
    snprintf(p->store, sizeof p->store, "%s/store", p->root);
    snprintf(p->other, sizeof p->other, "%s/other", p->root);
    *state = p;
    const char *server = getenv("LIKENESS_TEST_POSTGRES");
    return !server || place_make_schema(p, server) ? 0 : -1;
}

static inline int place_free(void **state) {
    struct place *p = *state;
    place_clear(p->root);
    lk_engine_free(p->engine);
    free(p);
    return 0;
}

/* A picture of 3 x 2 pixels that no other seed gives, as the bytes of a PPM, with what is to be said of it. */
struct drawn {
    uint8_t bytes[64];
    size_t size;
    lk_image_info info;
};

static inline void draw_picture(struct drawn *out, lk_engine *engine, unsigned seed) {
    lk_error err;
    lk_image image;
    out->size = (size_t)sprintf((char *)out->bytes, "P6 3 2 255\n");
    for (unsigned i = 0; i < 18; i++) {
        out->bytes[out->size++] = (uint8_t)(i < 4 ? seed >> (8 * i) : i * 9);
    }
    assert_ok(lk_image_decode(&image, &out->info, engine, out->bytes, out->size, "drawn.ppm", NULL,
                              &err));
    lk_image_release(&image);
}

static inline lk_reference_draft draft_of(const char *id, const struct drawn *d) {
    return (lk_reference_draft){.id = id,
                                .picture = d->bytes,
                                .picture_bytes = d->size,
                                .info = &d->info,
                                .file_name = "some/where/drawn.ppm",
                                .actor = "tester"};
}

/* Adds the picture of that seed. */
static inline lk_reference add_drawn(struct place *p, lk_store *s, const char *id, unsigned seed) {
    lk_error err;
    struct drawn d;
    lk_reference r;
    bool added;
    draw_picture(&d, p->engine, seed);
    const lk_reference_draft draft = draft_of(id, &d);
    assert_ok(lk_reference_add(&r, &added, s, &draft, &err));
    assert_true(added);
    return r;
}

static inline lk_store *open_place(const char *folder, lk_store_mode mode) {
    lk_error err;
    lk_store *s;
    const lk_store_options options = {.mode = mode, .wait_ms = 200};
    assert_ok(lk_store_open(&s, folder, &options, &err));
    return s;
}

/* SQL straight into the database, past all rules. */
static inline void force(lk_store *s, const char *text) {
    lk_error err;
    char *own = NULL;
    lk_status status = s->at.postgres ? dialect_postgres(&own, text, &err) : LK_OK;
    if (status != LK_OK || sql_run(&s->at, own ? own : text, &err) != LK_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    mem_free(own);
}

/* What a list visits, in words. */
struct seen {
    char text[256];
    int count, most;
};

static inline bool see(void *arg, const lk_reference *r) {
    struct seen *seen = arg;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%s@%d%s ", r->id, r->version,
             r->removed ? "-" : "");
    return ++seen->count != seen->most;
}

static inline void expect_list(lk_store *s, const lk_reference_query *q, const char *text) {
    lk_error err;
    struct seen seen = {0};
    assert_ok(lk_reference_list(s, q, see, &seen, &err));
    assert_string_equal(seen.text, text);
}

#endif
