/* SPDX-License-Identifier: Apache-2.0 */
/* The file that keeps what finder_build made: written beside its place and renamed, so that it is there whole or not at all; not
 * synced, since what a crash leaves of it is found damaged by its checksums and made again. */
#include <dirent.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"
#include "verify/finder.h"

enum { NEW_FILE_LIFE_S = 3600 };

static const char *const file_names[FINDER_PARTS] = {"likeness.finder", "likeness.finder-tail"};
static const char new_name[] = ".finder-new-";

const void *finder_section(const struct finder_part *p, enum finder_section s) {
    return p->data + finder_head_of(p)->sections[s].at;
}

/* -- Checksums -- */

static uint32_t head_crc(const struct finder_head *head) {
    struct finder_head h = *head;
    h.crc = 0;
    return libdeflate_crc32(0, &h, sizeof h);
}

static uint32_t list_crc(const uint8_t *postings, const struct finder_list *l) {
    return libdeflate_crc32(0, postings + 8 * l->at, (size_t)l->count * POSTING_BYTES);
}

void finder_seal(uint8_t *data) {
    struct finder_head *h = (struct finder_head *)(void *)data;
    struct finder_list *lists = (struct finder_list *)(void *)(data + h->sections[FINDER_LISTS].at);
    for (int32_t w = 0; w < VISUAL_WORDS; w++) {
        lists[w].crc = list_crc(data + h->sections[FINDER_POSTINGS].at, &lists[w]);
    }
    for (int i = 0; i < FINDER_POSTINGS; i++) {
        h->sections[i].crc =
            libdeflate_crc32(0, data + h->sections[i].at, (size_t)h->sections[i].size);
    }
    h->crc = head_crc(h);
}

/* The sizes that the counts ask for; in a file of this size none of the products is above 64 bits once count is below it. */
static bool head_is_sound(const struct finder_head *h, uint64_t size) {
    if (memcmp(h->magic, "LKFINDER", sizeof h->magic) != 0 || h->layout != FINDER_LAYOUT ||
        h->crc != head_crc(h) || h->size != size || h->count >= size || h->count > INT32_MAX ||
        h->layers > FINDER_LAYERS_MOST) {
        return false;
    }
    const uint64_t whole = (h->count + SIFT_BLOCK - 1) / SIFT_BLOCK * SIFT_BLOCK;
    const uint64_t sizes[FINDER_SECTIONS] = {[FINDER_NAMES] = h->count * sizeof(struct finder_name),
                                             [FINDER_VECTORS] = whole * SIFT_BYTES * h->layers,
                                             [FINDER_NORMS] = whole * sizeof(int32_t),
                                             [FINDER_HASHES] = h->count * PDQ_BYTES,
                                             [FINDER_LISTS] =
                                                 VISUAL_WORDS * sizeof(struct finder_list),
                                             [FINDER_POSTINGS] = h->sections[FINDER_POSTINGS].size};
    for (int i = 0; i < FINDER_SECTIONS; i++) {
        if (h->sections[i].at % FINDER_ALIGN != 0 || h->sections[i].at > size ||
            h->sections[i].size > size - h->sections[i].at || h->sections[i].size != sizes[i]) {
            return false;
        }
    }
    return true;
}

/* Each name ends, and stands behind the one before. */
static bool names_are_sound(const uint8_t *data, const struct finder_head *h) {
    const struct finder_name *names =
        (const struct finder_name *)(const void *)(data + h->sections[FINDER_NAMES].at);
    uint64_t postings = 0;
    bool sound = true;
    for (uint64_t i = 0; i < h->count && sound; i++) {
        postings += names[i].postings;
        sound = memchr(names[i].id, 0, sizeof names[i].id) != NULL && names[i].version > 0 &&
                (i == 0 || strcmp(names[i - 1].id, names[i].id) < 0);
    }
    return sound && postings == h->postings;
}

/* Beyond FINDER_FAR distances would overflow. */
static bool norms_are_sound(const uint8_t *data, const struct finder_head *h) {
    const int32_t *norms = (const int32_t *)(const void *)(data + h->sections[FINDER_NORMS].at);
    bool sound = true;
    for (uint64_t i = 0; i < h->sections[FINDER_NORMS].size / sizeof *norms && sound; i++) {
        sound = norms[i] >= 0 && norms[i] <= FINDER_FAR;
    }
    return sound;
}

/* Where the lists lie; small ones are looked at whole at once, of large ones what is asked for. */
static bool lists_are_sound(const uint8_t *data, const struct finder_head *h) {
    enum { WHOLE = 64 << 20 };
    const struct finder_list *lists =
        (const struct finder_list *)(const void *)(data + h->sections[FINDER_LISTS].at);
    const uint64_t size = h->sections[FINDER_POSTINGS].size;
    uint64_t postings = 0;
    bool sound = true;
    for (int32_t w = 0; w < VISUAL_WORDS && sound; w++) {
        const struct finder_list *l = &lists[w];
        postings += l->count;
        sound = l->count <= INT32_MAX && l->at <= size / 8 &&
                (uint64_t)l->count * POSTING_BYTES <= size - 8 * l->at &&
                (size > WHOLE || list_crc(data + h->sections[FINDER_POSTINGS].at, l) == l->crc);
    }
    return sound && postings == h->postings;
}

bool finder_is_sound(const uint8_t *data, size_t size) {
    const struct finder_head *h = (const struct finder_head *)(const void *)data;
    if (size < sizeof *h || !head_is_sound(h, size)) {
        return false;
    }
    for (int i = 0; i < FINDER_POSTINGS; i++) {
        if (h->sections[i].crc !=
            libdeflate_crc32(0, data + h->sections[i].at, (size_t)h->sections[i].size)) {
            return false;
        }
    }
    return names_are_sound(data, h) && norms_are_sound(data, h) && lists_are_sound(data, h);
}

const struct finder_list *finder_list_at(const struct finder_part *p, int32_t word) {
    const struct finder_list *l =
        (const struct finder_list *)finder_section(p, FINDER_LISTS) + word;
    uint8_t state = __atomic_load_n(&p->sound[word], __ATOMIC_RELAXED);
    if (state == 0) { /* two threads find the same */
        state = list_crc(finder_section(p, FINDER_POSTINGS), l) == l->crc ? 1 : 2;
        __atomic_store_n(&p->sound[word], state, __ATOMIC_RELAXED);
    }
    return state == 1 ? l : NULL;
}

void finder_discard(const lk_finder *f, int32_t part) {
    struct stat st;
    const struct finder_part *p = &f->parts[part];
    if (p->mapped && f->folder_fd >= 0 &&
        fstatat(f->folder_fd, file_names[part], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (uint64_t)st.st_ino == p->inode) {
        unlinkat(f->folder_fd, file_names[part], 0);
    }
}

/* -- Reading -- */

static bool is_wanted(const struct finder_head *h, const struct store_state *state, int64_t since,
                      const char *key, uint64_t layers) {
    bool in_time =
        since == STORE_EVER ? h->changes <= state->changes : h->changes == state->changes;
    return in_time && h->since == since && memcmp(h->salt, state->salt, sizeof h->salt) == 0 &&
           strncmp(h->key, key, sizeof h->key) == 0 && h->layers == layers;
}

bool finder_map(struct finder_part *out, const lk_store *store, const struct store_state *state,
                int64_t since, const char *key, uint64_t layers) {
    struct stat st;
    const char *name = file_names[since == STORE_EVER ? FINDER_WHOLE : FINDER_TAIL];
    int fd = openat(store->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                 st.st_size >= (off_t)sizeof(struct finder_head);
    void *data = plain ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (data == MAP_FAILED) {
        return false;
    }
    if (!is_wanted(data, state, since, key, layers) || !finder_is_sound(data, (size_t)st.st_size)) {
        munmap(data, (size_t)st.st_size);
        return false;
    }
    *out = (struct finder_part){
        .data = data, .size = (size_t)st.st_size, .inode = (uint64_t)st.st_ino, .mapped = true};
    return true;
}

void finder_part_release(struct finder_part *p) {
    if (p->mapped) {
        munmap((void *)(uintptr_t)p->data, p->size);
    } else {
        mem_free((void *)(uintptr_t)p->data);
    }
    mem_free(p->sound);
    mem_free(p->numbers);
    *p = (struct finder_part){0};
}

/* -- Writing -- */

/* Files of writers that were killed. */
static void clear_old(const lk_store *store) {
    int fd = openat(store->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        struct stat st;
        if (strncmp(e->d_name, new_name, sizeof new_name - 1) == 0 &&
            fstatat(store->folder_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtime < time(NULL) - NEW_FILE_LIFE_S) {
            unlinkat(store->folder_fd, e->d_name, 0);
        }
    }
    closedir(folder);
}

void finder_write(const struct finder_part *p, const lk_store *store) {
    const bool whole = finder_head_of(p)->since == STORE_EVER;
    const char *file_name = file_names[whole ? FINDER_WHOLE : FINDER_TAIL];
    char name[64];
    struct timespec now;
    if (store->at.reads_only) {
        return;
    }
    clear_old(store);
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, "%s%ld-%ld", new_name, (long)getpid(), now.tv_nsec);
    int fd =
        openat(store->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        return;
    }
    bool written = file_write_open(fd, p->data, p->size);
    written = close(fd) == 0 && written;
    if (!written || renameat(store->folder_fd, name, store->folder_fd, file_name) != 0) {
        unlinkat(store->folder_fd, name, 0);
    } else if (whole) { /* what was behind another one is of no use */
        unlinkat(store->folder_fd, file_names[FINDER_TAIL], 0);
    }
}
