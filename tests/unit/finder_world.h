/* SPDX-License-Identifier: Apache-2.0 */
/* An empty store and the network that is part of the library, for the tests of finding originals. */
#ifndef LK_FINDER_WORLD_H
#define LK_FINDER_WORLD_H

#define seen seen_references /* store_files.h has one of its own */
#include "tests/unit/store_files.h"
#undef seen

#include "verify/finder.h"

struct world {
    struct place *place;
    lk_model *model;
    lk_store *store;
};

static inline int world_new(void **state) {
    lk_error err;
    struct world *w = calloc(1, sizeof *w);
    void *place;
    if (place_new(&place) != 0) {
        return -1;
    }
    w->place = place;
    assert_ok(lk_model_open(&w->model, w->place->engine, LK_MODEL_DEFAULT, NULL, &err));
    w->store = open_place(w->place->store, LK_STORE_WRITE);
    *state = w;
    return 0;
}

static inline int world_free(void **state) {
    struct world *w = *state;
    void *place = w->place;
    lk_store_close(w->store);
    lk_model_free(w->model);
    free(w);
    return place_free(&place);
}

static inline void file_of(char out[128], const struct world *w, const char *name) {
    snprintf(out, 128, "%s/%s", w->place->store, name);
}

#endif
