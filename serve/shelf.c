/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/shelf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void shelf_init(struct shelf *s, int64_t most_bytes) {
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->most_bytes = most_bytes;
}

void shelf_release(struct shelf *s) {
    for (int32_t i = 0; i < s->count; i++) {
        close(s->items[i].file);
    }
    pthread_mutex_destroy(&s->lock);
    s->count = 0;
}

static void drop(struct shelf *s, int32_t i) {
    close(s->items[i].file);
    s->bytes -= s->items[i].size;
    s->items[i] = s->items[--s->count];
}

static int32_t oldest(const struct shelf *s) {
    int32_t best = 0;
    for (int32_t i = 1; i < s->count; i++) {
        best = s->items[i].used < s->items[best].used ? i : best;
    }
    return best;
}

static struct shelf_item *find(struct shelf *s, const char *text) {
    struct shelf_item *named = NULL;
    for (int32_t i = 0; i < s->count; i++) {
        struct shelf_item *item = &s->items[i];
        if (strcmp(item->key, text) == 0) {
            return item;
        }
        if (item->name[0] && strcmp(item->name, text) == 0 &&
            (!named || item->used > named->used)) {
            named = item;
        }
    }
    return named;
}

/* A name is that of the newest file which came under it. */
static void take_name(struct shelf *s, struct shelf_item *to, const char *name) {
    for (int32_t i = 0; name[0] && i < s->count; i++) {
        if (strcmp(s->items[i].name, name) == 0) {
            s->items[i].name[0] = 0;
        }
    }
    if (name[0] && to->name != name) {
        snprintf(to->name, sizeof to->name, "%s", name);
    }
}

bool shelf_put(struct shelf *s, const struct shelf_item *item, bool *was_there) {
    pthread_mutex_lock(&s->lock);
    struct shelf_item *old = find(s, item->key);
    *was_there = old && strcmp(old->key, item->key) == 0;
    bool fits = item->size <= s->most_bytes;
    if (*was_there) {
        take_name(s, old, item->name);
        old->used = ++s->now;
    } else if (fits) {
        while (s->count == SHELF_ITEMS_MAX || s->bytes + item->size > s->most_bytes) {
            drop(s, oldest(s));
        }
        struct shelf_item *fresh = &s->items[s->count];
        *fresh = *item;
        fresh->name[0] = 0;
        take_name(s, fresh, item->name);
        fresh->used = ++s->now;
        s->bytes += item->size;
        s->count++;
    }
    if (*was_there || !fits) {
        close(item->file);
    }
    pthread_mutex_unlock(&s->lock);
    return *was_there || fits;
}

bool shelf_find(struct shelf_item *out, struct shelf *s, const char *key_or_name) {
    pthread_mutex_lock(&s->lock);
    struct shelf_item *item = find(s, key_or_name);
    bool found = false;
    if (item) {
        item->used = ++s->now;
        *out = *item;
        out->file = fcntl(item->file, F_DUPFD_CLOEXEC, 16);
        found = out->file >= 0;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool shelf_drop(struct shelf *s, const char *key_or_name) {
    pthread_mutex_lock(&s->lock);
    struct shelf_item *item = find(s, key_or_name);
    if (item) {
        drop(s, (int32_t)(item - s->items));
    }
    pthread_mutex_unlock(&s->lock);
    return item != NULL;
}

static int by_use(const void *a, const void *b) {
    const struct shelf_item *const *x = a, *const *y = b;
    return (*x)->used < (*y)->used ? 1 : -1;
}

void shelf_visit(struct shelf *s, void (*visit)(void *arg, const struct shelf_item *item),
                 void *arg) {
    const struct shelf_item *order[SHELF_ITEMS_MAX];
    pthread_mutex_lock(&s->lock);
    for (int32_t i = 0; i < s->count; i++) {
        order[i] = &s->items[i];
    }
    qsort(order, (size_t)s->count, sizeof *order, by_use);
    for (int32_t i = 0; i < s->count; i++) {
        visit(arg, order[i]);
    }
    pthread_mutex_unlock(&s->lock);
}
