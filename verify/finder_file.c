/* SPDX-License-Identifier: Apache-2.0 */
/* The file that keeps what finder_build made: written beside its place and renamed, so that it is there whole or not at all; not
 * synced, since what a crash leaves of it is found damaged by its checksums and made again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/store.h"
#include "verify/finder.h"

enum { NEW_FILE_LIFE_S = 3600, POSTING_BYTES = 14 };

static const char file_name[] = "likeness.finder";
static const char new_name[] = ".finder-new-";

const void *finder_section(const lk_finder *f, enum finder_section s) {
    return f->data + finder_head_of(f)->sections[s].at;
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

/* A head with a right checksum was written by this program: its numbers are what they were. The file may be shorter. */
bool finder_is_sound(const uint8_t *data, size_t size) {
    const struct finder_head *h = (const struct finder_head *)(const void *)data;
    if (size < sizeof *h || memcmp(h->magic, "LKFINDER", sizeof h->magic) != 0 ||
        h->crc != head_crc(h) || h->size != size) {
        return false;
    }
    for (int i = 0; i < FINDER_SECTIONS; i++) {
        bool checked = i != FINDER_POSTINGS;
        if (h->sections[i].at > size || h->sections[i].size > size - h->sections[i].at ||
            (checked && h->sections[i].crc != libdeflate_crc32(0, data + h->sections[i].at,
                                                               (size_t)h->sections[i].size))) {
            return false;
        }
    }
    return true;
}

const struct finder_list *finder_list_at(const lk_finder *f, int32_t word) {
    const struct finder_list *l =
        (const struct finder_list *)finder_section(f, FINDER_LISTS) + word;
    uint8_t state = __atomic_load_n(&f->sound[word], __ATOMIC_RELAXED);
    if (state == 0) { /* two threads find the same */
        const uint64_t size = finder_head_of(f)->sections[FINDER_POSTINGS].size;
        bool inside = 8 * l->at <= size && (uint64_t)l->count * POSTING_BYTES <= size - 8 * l->at;
        state = inside && list_crc(finder_section(f, FINDER_POSTINGS), l) == l->crc ? 1 : 2;
        __atomic_store_n(&f->sound[word], state, __ATOMIC_RELAXED);
    }
    return state == 1 ? l : NULL;
}

void finder_discard(const lk_store *store) {
    unlinkat(store->folder_fd, file_name, 0);
}

/* Small ones are looked at whole at once; of large ones what is asked for. */
static bool lists_are_sound(const uint8_t *data) {
    enum { WHOLE = 64 << 20 };
    const struct finder_head *h = (const struct finder_head *)(const void *)data;
    const struct finder_list *lists =
        (const struct finder_list *)(const void *)(data + h->sections[FINDER_LISTS].at);
    const uint64_t size = h->sections[FINDER_POSTINGS].size;
    bool sound = true;
    for (int32_t w = 0; w < VISUAL_WORDS && sound && size <= WHOLE; w++) {
        sound = 8 * lists[w].at <= size &&
                (uint64_t)lists[w].count * POSTING_BYTES <= size - 8 * lists[w].at &&
                list_crc(data + h->sections[FINDER_POSTINGS].at, &lists[w]) == lists[w].crc;
    }
    return sound;
}

/* -- Reading -- */

lk_status finder_map(lk_finder *out, bool *there, const lk_store *store,
                     const struct store_state *state, const char *key, lk_error *err) {
    struct stat st;
    (void)err;
    *there = false;
    int fd = openat(store->folder_fd, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return LK_OK;
    }
    bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                 st.st_size >= (off_t)sizeof(struct finder_head);
    void *data = plain ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (data == MAP_FAILED) {
        return LK_OK;
    }
    const struct finder_head *h = data;
    if (memcmp(h->salt, state->salt, sizeof h->salt) == 0 && h->changes == state->changes &&
        strncmp(h->key, key, sizeof h->key) == 0 && finder_is_sound(data, (size_t)st.st_size) &&
        lists_are_sound(data)) {
        out->data = data;
        out->size = (size_t)st.st_size;
        out->mapped = *there = true;
    } else {
        munmap(data, (size_t)st.st_size);
    }
    return LK_OK;
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

static bool write_all(int fd, const uint8_t *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        size -= (size_t)n;
    }
    return true;
}

void finder_write(const lk_finder *f, const lk_store *store) {
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
    bool written = write_all(fd, f->data, f->size);
    written = close(fd) == 0 && written;
    if (!written || renameat(store->folder_fd, name, store->folder_fd, file_name) != 0) {
        unlinkat(store->folder_fd, name, 0);
    }
}
