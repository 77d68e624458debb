/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory under a key, for a while: when room is short, those not used for longest go. From any thread. */
#ifndef LK_SHELF_H
#define LK_SHELF_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <likeness/status.h>

#include "base/compiler.h"

enum { SHELF_KEY_MAX = 127, SHELF_NAME_MAX = 219, SHELF_ITEMS_MAX = 512, SHELF_NAMES_MAX = 1024 };

struct shelf_item {
    char key[SHELF_KEY_MAX + 1];
    char name[SHELF_NAME_MAX + 1]; /* by which it may be asked for too; empty for none */
    const char *type;              /* of its content; a constant */
    char format[16];
    int32_t width, height;
    int file; /* memory_file.h; owned by the holder of the item */
    int64_t size;
    uint64_t used; /* the shelf's own */
};

/* A file may have several names; a name is that of the newest file which came under it. */
struct shelf_name {
    char name[SHELF_NAME_MAX + 1], key[SHELF_KEY_MAX + 1];
};

struct shelf {
    pthread_mutex_t lock;
    struct shelf_name names[SHELF_NAMES_MAX]; /* the newest last */
    int32_t name_count;
    struct shelf_item items[SHELF_ITEMS_MAX];
    int32_t count;
    int64_t bytes, most_bytes;
    uint64_t now;
};

void shelf_init(struct shelf *s, int64_t most_bytes);
void shelf_release(struct shelf *s);
/* Puts the item there and takes its file. *was_there: the key was, and its file stays; the name is one more of it. False when it is
 * larger than the whole shelf; its file is closed then. */
bool shelf_put(struct shelf *s, const struct shelf_item *item, bool *was_there);
/* A copy with a file of its own, which the caller closes, under the name asked for, or its newest. Asks for keys first, then
 * names. */
bool shelf_find(struct shelf_item *out, struct shelf *s, const char *key_or_name);
/* False when nothing is there under the key, or of that name. */
bool shelf_drop(struct shelf *s, const char *key_or_name);
/* Calls visit with each under its newest name, the last used first; file is -1. */
void shelf_visit(struct shelf *s, void (*visit)(void *arg, const struct shelf_item *item),
                 void *arg);

#endif
