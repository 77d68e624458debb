/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/decoded.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void decoded_init(struct decoded_shelf *s, int64_t most_bytes) {
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->most_bytes = most_bytes;
}

static void drop_hold(struct decoded *d) {
    if (--d->holders == 0) {
        lk_known_free(d->known);
        lk_image_release(&d->image);
        mem_free(d);
    }
}

void decoded_release(struct decoded_shelf *s) {
    for (int32_t i = 0; i < s->count; i++) {
        drop_hold(s->items[i]);
    }
    s->count = 0;
    pthread_mutex_destroy(&s->lock);
}

void decoded_let_go(struct decoded_shelf *s, struct decoded *d) {
    if (d) {
        pthread_mutex_lock(&s->lock);
        drop_hold(d);
        pthread_mutex_unlock(&s->lock);
    }
}

static struct decoded *hold(struct decoded_shelf *s, const char *key) {
    for (int32_t i = 0; i < s->count; i++) {
        struct decoded *d = s->items[i];
        if (strcmp(d->key, key) == 0) {
            d->holders++;
            d->used = ++s->now;
            return d;
        }
    }
    return NULL;
}

static void key_of(char out[DECODED_KEY], const char *digest, const char *name) {
    const char *ending = strrchr(name, '.');
    snprintf(out, DECODED_KEY, "%.64s%.15s", digest, ending ? ending : "");
}

struct decoded *decoded_find(struct decoded_shelf *s, const char *digest, const char *name) {
    char key[DECODED_KEY];
    key_of(key, digest, name);
    pthread_mutex_lock(&s->lock);
    struct decoded *d = hold(s, key);
    pthread_mutex_unlock(&s->lock);
    return d;
}

static void drop(struct decoded_shelf *s, int32_t i) {
    s->bytes -= s->items[i]->bytes;
    drop_hold(s->items[i]);
    s->items[i] = s->items[--s->count];
}

static void drop_oldest(struct decoded_shelf *s) {
    int32_t oldest = 0;
    for (int32_t i = 1; i < s->count; i++) {
        oldest = s->items[i]->used < s->items[oldest]->used ? i : oldest;
    }
    drop(s, oldest);
}

void decoded_drop(struct decoded_shelf *s, const char *digest) {
    pthread_mutex_lock(&s->lock);
    for (int32_t i = s->count - 1; i >= 0; i--) {
        if (strncmp(s->items[i]->key, digest, 64) == 0) {
            drop(s, i);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

/* The pixels, and as much as comparisons find in them: RGB and gray copies, and some thousand keypoints. */
static int64_t bytes_of(const lk_image *image) {
    enum { KEYPOINTS_BYTES = 2 << 20 };
    int64_t pixels = (int64_t)image->width * image->height;
    return (int64_t)image->stride * image->height + 4 * pixels + KEYPOINTS_BYTES;
}

struct decoded *decoded_put(struct decoded_shelf *s, lk_image *image, const lk_image_info *info) {
    struct decoded *d = mem_calloc(1, sizeof *d);
    if (!d) {
        lk_image_release(image);
        return NULL;
    }
    d->image = *image;
    *image = (lk_image){0};
    d->info = *info;
    d->holders = 1;
    d->bytes = bytes_of(&d->image);
    key_of(d->key, info->sha256, info->path);
    if (lk_known_new(&d->known, &d->image, NULL) != LK_OK) {
        drop_hold(d);
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    struct decoded *other = hold(s, d->key); /* came in between */
    if (other) {
        drop_hold(d);
        d = other;
    } else if (d->bytes <= s->most_bytes) {
        while (s->count == DECODED_MOST || s->bytes + d->bytes > s->most_bytes) {
            drop_oldest(s);
        }
        s->items[s->count++] = d;
        s->bytes += d->bytes;
        d->holders++;
        d->used = ++s->now;
    }
    pthread_mutex_unlock(&s->lock);
    return d;
}
