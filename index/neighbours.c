/* SPDX-License-Identifier: Apache-2.0 */
#include "index/neighbours.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

static void swap(struct neighbour *a, struct neighbour *b) {
    struct neighbour t = *a;
    *a = *b;
    *b = t;
}

static void sift_down(struct neighbour *heap, size_t count, size_t at) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            return;
        }
        child += child + 1 < count && is_nearer(heap[child], heap[child + 1]);
        if (!is_nearer(heap[at], heap[child])) {
            return;
        }
        swap(&heap[at], &heap[child]);
        at = child;
    }
}

void neighbours_add(struct neighbours *n, struct neighbour one) {
    if (n->count < n->most) {
        size_t at = n->count++;
        n->items[at] = one;
        while (at > 0 && is_nearer(n->items[(at - 1) / 2], n->items[at])) {
            swap(&n->items[(at - 1) / 2], &n->items[at]);
            at = (at - 1) / 2;
        }
    } else if (n->count > 0 && is_nearer(one, n->items[0])) {
        n->items[0] = one;
        sift_down(n->items, n->count, 0);
    }
}

void neighbours_sort(struct neighbours *n) {
    for (size_t left = n->count; left > 1; left--) {
        swap(&n->items[0], &n->items[left - 1]);
        sift_down(n->items, left - 1, 0);
    }
    for (size_t i = n->count; i < n->most; i++) {
        n->items[i] = (struct neighbour){INT32_MAX, INDEX_NONE};
    }
}

lk_status neighbour_list_add(struct neighbour_list *l, struct neighbour one, lk_error *err) {
    if (l->count == l->capacity) {
        size_t capacity = 2 * l->capacity + 16;
        struct neighbour *items = mem_realloc(l->items, capacity, sizeof *items);
        if (!items) {
            return error_memory(err, capacity * sizeof *items);
        }
        l->items = items;
        l->capacity = capacity;
    }
    l->items[l->count++] = one;
    return LK_OK;
}

static int by_nearness(const void *x, const void *y) {
    const struct neighbour *a = x, *b = y;
    return is_nearer(*a, *b) ? -1 : is_nearer(*b, *a);
}

void neighbour_list_sort(struct neighbour_list *l) {
    if (l->count > 1) {
        qsort(l->items, l->count, sizeof *l->items, by_nearness);
    }
}

void neighbour_list_release(struct neighbour_list *l) {
    if (l) {
        mem_free(l->items);
        *l = (struct neighbour_list){0};
    }
}
