/* SPDX-License-Identifier: Apache-2.0 */
/* A thread makes batches ahead into a ring of slots, its rows on a pool of its own. What a view shows depends on its seed
 * alone, so that neither threads nor timing change what is learnt. */
#include <likeness/simulate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "learn/pictures.h"

/* -- One view -- */

struct viewer {
    struct view_input input;
    lk_view_scratch *scratch;
    uint8_t *levels;     /* height x width x 3 */
    float table[3][256]; /* what a level becomes */
};

lk_status viewer_new(struct viewer **out, const struct view_input *input, lk_error *err) {
    struct viewer *v = mem_calloc(1, sizeof *v);
    *out = NULL;
    if (!v) {
        return error_memory(err, sizeof *v);
    }
    v->input = *input;
    for (int c = 0; c < 3; c++) {
        for (int level = 0; level < 256; level++) {
            v->table[c][level] = (float)((level - input->mean[c]) / input->scale[c]);
        }
    }
    size_t bytes = (size_t)input->width * (size_t)input->height * 3;
    v->levels = mem_alloc(bytes + 1, 1);
    lk_status status = v->levels ? LK_OK : error_memory(err, bytes);
    if (status == LK_OK) {
        status = lk_view_scratch_new(&v->scratch, err);
    }
    if (status != LK_OK) {
        viewer_free(v);
        return status;
    }
    *out = v;
    return LK_OK;
}

void viewer_free(struct viewer *v) {
    if (v) {
        lk_view_scratch_free(v->scratch);
        mem_free(v->levels);
        mem_free(v);
    }
}

/* Half of the photos lie on another picture of the collection instead of a drawn ground. */
static const lk_image *background_of(const struct pictures *p, const struct view *view) {
    struct rng r;
    rng_init(&r, view->seed ^ 0x9e3779b97f4a7c15u);
    const lk_image *image = &p->images[rng_below(&r, (uint32_t)p->count)];
    return rng_unit(&r) < 0.5 && image->data ? image : NULL;
}

/* The levels as numbers of the input. */
static void write_row(float *out, const struct viewer *v, bool mirrored) {
    int32_t width = v->input.width;
    const uint8_t *levels = v->levels;
    for (int32_t y = 0; y < v->input.height; y++, levels += 3 * width) {
        for (int32_t x = 0; x < width; x++) {
            const uint8_t *from = levels + 3 * (mirrored ? width - 1 - x : x);
            for (int c = 0; c < 3; c++) {
                *out++ = v->table[c][from[c]];
            }
        }
    }
}

lk_status viewer_make(float *out, struct viewer *v, const struct pictures *pictures,
                      const struct view *view, lk_error *err) {
    const lk_image *picture = &pictures->images[view->sample];
    int32_t width = v->input.width, height = v->input.height;
    lk_status status;
    if (view->difficulty < 0) {
        status = lk_clean_view(v->levels, width, height, v->scratch, picture, err);
    } else {
        lk_simulator camera =
            lk_simulator_draw_view(view->seed, view->difficulty, width, height, picture);
        status = lk_simulate_view(v->levels, v->scratch, picture, &camera,
                                  background_of(pictures, view), err);
    }
    if (status == LK_OK) {
        write_row(out, v, view->mirrored);
    }
    return status;
}

lk_status viewer_original(float *out, struct viewer *v, const struct pictures *pictures,
                          const struct view *view, lk_error *err) {
    int32_t width = v->input.width, height = v->input.height;
    lk_status status =
        lk_clean_view(v->levels, width, height, v->scratch, &pictures->images[view->sample], err);
    for (int32_t i = 0; status == LK_OK && i < 3 * width * height; i++) {
        int32_t c = i / (width * height), y = i / width % height, x = i % width;
        x = view->mirrored ? width - 1 - x : x;
        out[i] = (float)v->levels[3 * (y * width + x) + c] / 255;
    }
    return status;
}

/* -- The ring -- */

enum { SLOTS = 3 };

struct slot {
    float *input, *originals;
    struct view *views;
    lk_error err;
};

struct batches {
    const struct pictures *pictures;
    struct batches_options o;
    struct pool *pool;
    struct viewer **viewers; /* one a thread */
    int32_t viewer_count;
    struct slot slots[SLOTS];
    struct slot *filling;
    _Atomic int32_t next_row; /* of it */
    _Atomic bool failed;
    pthread_t thread;
    bool running, stop;
    int64_t made, taken; /* batches; guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static lk_status make_row(struct slot *s, const struct batches *b, struct viewer *viewer, int32_t i,
                          lk_error *err) {
    size_t at = (size_t)i * (size_t)b->o.input.width * (size_t)b->o.input.height * 3;
    lk_status status = viewer_make(s->input + at, viewer, b->pictures, &s->views[i], err);
    if (status == LK_OK && s->originals) {
        status = viewer_original(s->originals + at, viewer, b->pictures, &s->views[i], err);
    }
    return status;
}

/* One thread's share: rows as they come. */
static void make_rows(void *arg, int32_t thread) {
    struct batches *b = arg;
    struct slot *s = b->filling;
    for (;;) {
        int32_t i = b->next_row++;
        lk_error err = {0};
        if (i >= b->o.rows) {
            return;
        }
        if (make_row(s, b, b->viewers[thread], i, &err) != LK_OK &&
            !atomic_exchange(&b->failed, true)) {
            s->err = err;
        }
    }
}

static void *make_batches(void *arg) {
    struct batches *b = arg;
    for (;;) {
        pthread_mutex_lock(&b->lock);
        /* One slot is in the caller's hands. */
        while (!b->stop && b->made - b->taken >= SLOTS - 1) {
            pthread_cond_wait(&b->changed, &b->lock);
        }
        bool stop = b->stop;
        int64_t made = b->made;
        pthread_mutex_unlock(&b->lock);
        if (stop || b->failed) {
            return NULL;
        }
        b->filling = &b->slots[made % SLOTS];
        b->o.plan(b->o.arg, b->o.first_step + made, b->filling->views, b->o.rows);
        b->next_row = 0;
        pool_for(b->pool, b->viewer_count, make_rows, b);
        pthread_mutex_lock(&b->lock);
        b->made++;
        pthread_cond_signal(&b->changed);
        pthread_mutex_unlock(&b->lock);
    }
}

static lk_status batches_memory(struct batches *b, lk_error *err) {
    size_t rows = (size_t)b->o.rows;
    size_t row = (size_t)b->o.input.width * (size_t)b->o.input.height * 3;
    b->viewer_count = pool_threads(b->pool);
    b->viewers = mem_calloc((size_t)b->viewer_count, sizeof *b->viewers);
    lk_status status = b->viewers ? LK_OK : error_memory(err, rows * sizeof *b->viewers);
    for (int32_t i = 0; status == LK_OK && i < b->viewer_count; i++) {
        status = viewer_new(&b->viewers[i], &b->o.input, err);
    }
    for (int i = 0; status == LK_OK && i < SLOTS; i++) {
        b->slots[i].input = mem_alloc(rows * row, sizeof(float));
        b->slots[i].originals = b->o.originals ? mem_alloc(rows * row, sizeof(float)) : NULL;
        b->slots[i].views = mem_calloc(rows, sizeof(struct view));
        if (!b->slots[i].input || !b->slots[i].views ||
            (b->o.originals && !b->slots[i].originals)) {
            status = error_memory(err, rows * row * sizeof(float));
        }
    }
    return status;
}

lk_status batches_new(struct batches **out, const struct pictures *pictures,
                      const struct batches_options *options, lk_error *err) {
    struct batches *b = mem_calloc(1, sizeof *b);
    *out = NULL;
    if (!b) {
        return error_memory(err, sizeof *b);
    }
    b->pictures = pictures;
    b->o = *options;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    lk_status status = pool_new(&b->pool, options->threads, err);
    if (status == LK_OK) {
        status = batches_memory(b, err);
    }
    if (status == LK_OK && pthread_create(&b->thread, NULL, make_batches, b) != 0) {
        status = error_set(err, LK_E_MEMORY, "no thread could be started");
    }
    b->running = status == LK_OK;
    if (status != LK_OK) {
        batches_free(b);
        return status;
    }
    *out = b;
    return LK_OK;
}

void batches_free(struct batches *b) {
    if (!b) {
        return;
    }
    if (b->running) {
        pthread_mutex_lock(&b->lock);
        b->stop = true;
        pthread_cond_signal(&b->changed);
        pthread_mutex_unlock(&b->lock);
        pthread_join(b->thread, NULL);
    }
    pool_free(b->pool);
    for (int32_t i = 0; b->viewers && i < b->viewer_count; i++) {
        viewer_free(b->viewers[i]);
    }
    mem_free(b->viewers);
    for (int i = 0; i < SLOTS; i++) {
        mem_free(b->slots[i].input);
        mem_free(b->slots[i].originals);
        mem_free(b->slots[i].views);
    }
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->changed);
    mem_free(b);
}

lk_status batches_next(struct batch *out, double *waited, struct batches *b, lk_error *err) {
    double began = clock_s();
    pthread_mutex_lock(&b->lock);
    while (b->made <= b->taken) {
        pthread_cond_wait(&b->changed, &b->lock);
    }
    const struct slot *s = &b->slots[b->taken % SLOTS];
    b->taken++;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
    *waited = clock_s() - began;
    *out = (struct batch){.input = s->input, .originals = s->originals, .views = s->views};
    if (b->failed && s->err.status != LK_OK) {
        *err = s->err;
        return s->err.status;
    }
    return LK_OK;
}
