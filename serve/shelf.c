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

static void drop_name(struct shelf *s, int32_t i) {
    memmove(&s->names[i], &s->names[i + 1], (size_t)(--s->name_count - i) * sizeof *s->names);
}

static void drop(struct shelf *s, int32_t i) {
    for (int32_t n = s->name_count - 1; n >= 0; n--) {
        if (strcmp(s->names[n].key, s->items[i].key) == 0) {
            drop_name(s, n);
        }
    }
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

static int32_t find_key(const struct shelf *s, const char *key) {
    int32_t i = s->count - 1;
    while (i >= 0 && strcmp(s->items[i].key, key) != 0) {
        i--;
    }
    return i;
}

static int32_t find_name(const struct shelf *s, const char *name) {
    int32_t i = s->name_count - 1;
    while (i >= 0 && strcmp(s->names[i].name, name) != 0) {
        i--;
    }
    return i;
}

/* -1 for none of that key or name. */
static int32_t find(const struct shelf *s, const char *text) {
    int32_t i = find_key(s, text), name = i < 0 ? find_name(s, text) : -1;
    return name >= 0 ? find_key(s, s->names[name].key) : i;
}

static void give_name(struct shelf *s, const char *key, const char *name) {
    int32_t old = name[0] ? find_name(s, name) : -1;
    if (old >= 0 || (name[0] && s->name_count == SHELF_NAMES_MAX)) {
        drop_name(s, old >= 0 ? old : 0);
    }
    if (name[0]) {
        struct shelf_name *n = &s->names[s->name_count++];
        snprintf(n->name, sizeof n->name, "%s", name);
        snprintf(n->key, sizeof n->key, "%s", key);
    }
}

/* A copy of the item, named as it was asked for; by its key, under its newest name. */
static void copy_named(struct shelf_item *out, const struct shelf *s, int32_t i,
                       const char *asked) {
    *out = s->items[i];
    out->name[0] = 0;
    if (asked && strcmp(asked, out->key) != 0) {
        snprintf(out->name, sizeof out->name, "%s", asked);
        return;
    }
    for (int32_t n = s->name_count - 1; n >= 0 && !out->name[0]; n--) {
        if (strcmp(s->names[n].key, out->key) == 0) {
            snprintf(out->name, sizeof out->name, "%s", s->names[n].name);
        }
    }
}

bool shelf_put(struct shelf *s, const struct shelf_item *item, bool *was_there) {
    pthread_mutex_lock(&s->lock);
    int32_t old = find_key(s, item->key);
    bool fits = item->size <= s->most_bytes;
    *was_there = old >= 0;
    if (old >= 0) {
        s->items[old].used = ++s->now;
    } else if (fits) {
        while (s->count == SHELF_ITEMS_MAX || s->bytes + item->size > s->most_bytes) {
            drop(s, oldest(s));
        }
        struct shelf_item *fresh = &s->items[s->count++];
        *fresh = *item;
        fresh->used = ++s->now;
        s->bytes += item->size;
    }
    if (old >= 0 || fits) {
        give_name(s, item->key, item->name);
    }
    if (old >= 0 || !fits) {
        close(item->file);
    }
    pthread_mutex_unlock(&s->lock);
    return old >= 0 || fits;
}

bool shelf_find(struct shelf_item *out, struct shelf *s, const char *key_or_name) {
    pthread_mutex_lock(&s->lock);
    int32_t i = find(s, key_or_name);
    bool found = false;
    if (i >= 0) {
        s->items[i].used = ++s->now;
        copy_named(out, s, i, key_or_name);
        out->file = fcntl(s->items[i].file, F_DUPFD_CLOEXEC, 16);
        found = out->file >= 0;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool shelf_drop(struct shelf *s, const char *key_or_name) {
    pthread_mutex_lock(&s->lock);
    int32_t i = find(s, key_or_name);
    if (i >= 0) {
        drop(s, i);
    }
    pthread_mutex_unlock(&s->lock);
    return i >= 0;
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
        struct shelf_item named;
        copy_named(&named, s, (int32_t)(order[i] - s->items), NULL);
        named.file = -1;
        visit(arg, &named);
    }
    pthread_mutex_unlock(&s->lock);
}
