/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: steps in order, and the buffers they read and write. Buffers that are never alive together share memory. */
#ifndef LK_PLAN_H
#define LK_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <likeness/status.h>

#include "base/compiler.h"

struct plan;

struct buffer {
    size_t bytes;
    int32_t root;       /* the buffer whose memory this is: itself, or the one it is a view of */
    int32_t born, dies; /* first and last step that touches it; of roots. PLAN_ALWAYS */
    size_t offset;      /* in the block */
    void *fixed;        /* memory of a constant, borrowed; NULL: stands in the block */
};

enum { PLAN_ALWAYS = INT32_MAX, PLAN_NEVER = -1 };

struct step {
    const char *kind;  /* static: "conv", "reorder", ... */
    const char *label; /* name of the node; borrowed */
    int32_t *buffers;  /* read_count read, then write_count written */
    int32_t read_count, write_count;
    void *state; /* owned */
    lk_status (*run)(struct step *s, struct plan *p, lk_error *err);
    void (*bind)(struct step *s, struct plan *p); /* after memory is there; may be NULL */
    void (*release)(void *state);
    char note[64]; /* for network_describe */
};

struct plan {
    struct buffer *buffers;
    int32_t buffer_count, buffer_capacity;
    struct step *steps;
    int32_t step_count, step_capacity;
    uint8_t *block;
    size_t block_bytes;
    size_t unshared_bytes;
};

void plan_release(struct plan *p);

/* A new buffer; with fixed, a constant's. */
MUST_CHECK lk_status plan_add_buffer(int32_t *out, struct plan *p, size_t bytes, void *fixed,
                                     lk_error *err);
/* A buffer that is another's memory under a new name. */
MUST_CHECK lk_status plan_add_view(int32_t *out, struct plan *p, int32_t of, lk_error *err);

/* Whether two buffers are the same memory under one or two names. */
bool plan_same_memory(const struct plan *p, int32_t a, int32_t b);

/* Appends a step; its state becomes the plan's, also when this fails. */
MUST_CHECK lk_status plan_add_step(struct plan *p, const struct step *step, const int32_t *reads,
                                   int32_t read_count, const int32_t *writes, int32_t write_count,
                                   lk_error *err);

/* Keeps a buffer's memory to itself from before the first step, or until after the last. */
void plan_keep(struct plan *p, int32_t buffer);

/* Finds lifetimes, lays the buffers out, allocates the block and binds the steps. LK_E_LIMIT beyond max_bytes. */
MUST_CHECK lk_status plan_finish(struct plan *p, size_t max_bytes, lk_error *err);

void *plan_data(const struct plan *p, int32_t buffer);

MUST_CHECK lk_status plan_run(struct plan *p, lk_error *err);

/* One line a step: what runs, on which node, in which layout. */
struct buf;
void plan_describe(const struct plan *p, struct buf *out);

#endif
