/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that were decoded, kept with what comparisons found in them, for the requests after: by the digest of their file and
 * the ending of its name, since a name that disagrees with the content is among its warnings. When room is short, those not used
 * for longest go. From any thread. */
#ifndef LK_DECODED_H
#define LK_DECODED_H

#include <likeness/compare.h>
#include <pthread.h>

enum { DECODED_MOST = 64, DECODED_KEY = 65 + 16 };

/* Read only, and shared by whoever holds it. */
struct decoded {
    char key[DECODED_KEY];
    lk_image image;
    lk_image_info info; /* with the digest */
    lk_known *known;
    /* The shelf's own. */
    int32_t holders; /* the shelf is one */
    int64_t bytes;
    uint64_t used;
};

struct decoded_shelf {
    pthread_mutex_t lock;
    struct decoded *items[DECODED_MOST];
    int32_t count;
    int64_t bytes, most_bytes;
    uint64_t now;
};

void decoded_init(struct decoded_shelf *s, int64_t most_bytes);
void decoded_release(struct decoded_shelf *s);
/* NULL where it is not there. name: that the client uses. To be let go. */
struct decoded *decoded_find(struct decoded_shelf *s, const char *digest, const char *name);
/* Takes the picture, whose info tells its digest and name, and keeps it where it has room. To be let go.
 * NULL without memory: the picture is released then. */
struct decoded *decoded_put(struct decoded_shelf *s, lk_image *image, const lk_image_info *info);
/* Forgets it, under all names, once nobody holds it. */
void decoded_drop(struct decoded_shelf *s, const char *digest);
/* NULL is fine. */
void decoded_let_go(struct decoded_shelf *s, struct decoded *d);

#endif
