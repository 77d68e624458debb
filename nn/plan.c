/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: buffers in the order of their size, the largest first, each to the lowest place that is free for its whole life
 * (greedy by size; Pisarchyk, Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). */
#include "nn/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

enum { ALIGNMENT = 64 };

void plan_release(struct plan *p) {
    for (int32_t i = 0; i < p->step_count; i++) {
        if (p->steps[i].release) {
            p->steps[i].release(p->steps[i].state);
        }
        mem_free(p->steps[i].buffers);
    }
    mem_free(p->steps);
    mem_free(p->buffers);
    mem_free(p->block);
    *p = (struct plan){0};
}

static lk_status grow(void **items, int32_t *capacity, int32_t count, size_t size, lk_error *err) {
    if (count < *capacity) {
        return LK_OK;
    }
    int32_t more = count < 64 ? 64 : 2 * count;
    void *grown = mem_realloc(*items, (size_t)more, size);
    if (!grown) {
        return error_memory(err, (size_t)more * size);
    }
    *items = grown;
    *capacity = more;
    return LK_OK;
}

lk_status plan_add_buffer(int32_t *out, struct plan *p, size_t bytes, void *fixed, lk_error *err) {
    void *buffers = p->buffers;
    lk_status status =
        grow(&buffers, &p->buffer_capacity, p->buffer_count, sizeof *p->buffers, err);
    p->buffers = buffers;
    if (status == LK_OK) {
        *out = p->buffer_count;
        p->buffers[p->buffer_count] = (struct buffer){.bytes = bytes,
                                                      .root = p->buffer_count,
                                                      .born = PLAN_ALWAYS,
                                                      .dies = PLAN_NEVER,
                                                      .fixed = fixed};
        p->buffer_count++;
    }
    return status;
}

lk_status plan_add_view(int32_t *out, struct plan *p, int32_t of, lk_error *err) {
    lk_status status = plan_add_buffer(out, p, p->buffers[of].bytes, NULL, err);
    if (status == LK_OK) {
        p->buffers[*out].root = p->buffers[of].root;
    }
    return status;
}

bool plan_same_memory(const struct plan *p, int32_t a, int32_t b) {
    return p->buffers[a].root == p->buffers[b].root;
}

lk_status plan_add_step(struct plan *p, const struct step *step, const int32_t *reads,
                        int32_t read_count, const int32_t *writes, int32_t write_count,
                        lk_error *err) {
    void *steps = p->steps;
    lk_status status = grow(&steps, &p->step_capacity, p->step_count, sizeof *p->steps, err);
    p->steps = steps;
    size_t count = (size_t)read_count + (size_t)write_count;
    int32_t *buffers = status == LK_OK ? mem_alloc(count + 1, sizeof *buffers) : NULL;
    if (!buffers) {
        if (step->release) {
            step->release(step->state);
        }
        return status != LK_OK ? status : error_memory(err, count * sizeof *buffers);
    }
    for (int32_t i = 0; i < read_count; i++) {
        buffers[i] = reads[i];
    }
    for (int32_t i = 0; i < write_count; i++) {
        buffers[read_count + i] = writes[i];
    }
    struct step *added = &p->steps[p->step_count++];
    *added = *step;
    added->buffers = buffers;
    added->read_count = read_count;
    added->write_count = write_count;
    return LK_OK;
}

void plan_keep(struct plan *p, int32_t buffer) {
    struct buffer *root = &p->buffers[p->buffers[buffer].root];
    root->born = PLAN_NEVER;
    root->dies = PLAN_ALWAYS;
}

static void find_lifetimes(struct plan *p) {
    for (int32_t i = 0; i < p->step_count; i++) {
        const struct step *s = &p->steps[i];
        for (int32_t k = 0; k < s->read_count + s->write_count; k++) {
            struct buffer *root = &p->buffers[p->buffers[s->buffers[k]].root];
            root->born = MIN(root->born, i);
            root->dies = MAX(root->dies, i);
        }
    }
}

static bool alive_together(const struct buffer *a, const struct buffer *b) {
    return a->born <= b->dies && b->born <= a->dies;
}

static size_t aligned(size_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static int by_offset(const void *a, const void *b) {
    const struct buffer *const *x = a, *const *y = b;
    return ((*x)->offset > (*y)->offset) - ((*x)->offset < (*y)->offset);
}

static int by_size(const void *a, const void *b) {
    const struct buffer *const *x = a, *const *y = b;
    if ((*x)->bytes != (*y)->bytes) {
        return (*x)->bytes < (*y)->bytes ? 1 : -1;
    }
    return *x < *y ? -1 : 1;
}

/* The lowest offset where b fits between the placed buffers that live while it does. */
static size_t lowest_gap(struct buffer **placed, size_t count, struct buffer **near,
                         const struct buffer *b) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (alive_together(placed[i], b)) {
            near[found++] = placed[i];
        }
    }
    qsort(near, found, sizeof(struct buffer *), by_offset);
    size_t at = 0;
    for (size_t i = 0; i < found; i++) {
        if (near[i]->offset >= at + aligned(b->bytes)) {
            break;
        }
        at = MAX(at, near[i]->offset + aligned(near[i]->bytes));
    }
    return at;
}

static lk_status lay_out(struct plan *p, lk_error *err) {
    size_t count = (size_t)p->buffer_count, movable = 0;
    struct buffer **order = mem_alloc(2 * count + 1, sizeof *order);
    if (!order) {
        return error_memory(err, 2 * count * sizeof *order);
    }
    for (size_t i = 0; i < count; i++) {
        struct buffer *b = &p->buffers[i];
        if (b->root == (int32_t)i && !b->fixed && b->dies > PLAN_NEVER) {
            order[movable++] = b;
        }
    }
    qsort(order, movable, sizeof(struct buffer *), by_size);
    for (size_t i = 0; i < movable; i++) {
        struct buffer *b = order[i];
        b->offset = lowest_gap(order, i, order + count, b);
        p->block_bytes = MAX(p->block_bytes, b->offset + aligned(b->bytes));
        p->unshared_bytes += aligned(b->bytes);
    }
    mem_free(order);
    return LK_OK;
}

lk_status plan_finish(struct plan *p, size_t max_bytes, lk_error *err) {
    find_lifetimes(p);
    lk_status status = lay_out(p, err);
    if (status != LK_OK) {
        return status;
    }
    if (p->block_bytes > max_bytes) {
        return error_limit(err, "memory_bytes",
                           "the network's activations take %zu bytes, the limit is %zu",
                           p->block_bytes, max_bytes);
    }
    p->block = mem_alloc_aligned(p->block_bytes + ALIGNMENT, 1);
    if (!p->block) {
        return error_memory(err, p->block_bytes);
    }
    /* Padding of blocked layouts is read by vector code: whatever stands there must be a number. */
    memset(p->block, 0, p->block_bytes);
    for (int32_t i = 0; i < p->step_count; i++) {
        if (p->steps[i].bind) {
            p->steps[i].bind(&p->steps[i], p);
        }
    }
    return LK_OK;
}

void *plan_data(const struct plan *p, int32_t buffer) {
    const struct buffer *root = &p->buffers[p->buffers[buffer].root];
    return root->fixed ? root->fixed : p->block + root->offset;
}

lk_status plan_run(struct plan *p, lk_error *err) {
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < p->step_count; i++) {
        status = p->steps[i].run(&p->steps[i], p, err);
    }
    return status;
}

void plan_describe(const struct plan *p, struct buf *out) {
    for (int32_t i = 0; i < p->step_count; i++) {
        const struct step *s = &p->steps[i];
        buf_printf(out, "%4d  %-18s %-32s %s\n", (int)i, s->kind, s->label, s->note);
    }
}
