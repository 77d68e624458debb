/* SPDX-License-Identifier: Apache-2.0 */
/* docs/formats/index.md */
#include "index/index_file.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

enum { LAYOUT = 1 };
static const char magic[8] = "lkfind\r\n";
static const uint64_t size_most = (uint64_t)1 << 40;

struct head {
    char magic[8];
    uint32_t layout, crc; /* of this head, with 0 here */
    uint8_t key[INDEX_FILE_KEY];
    uint64_t size, count;
    struct {
        uint64_t at, size;
        uint32_t crc, filler;
    } sections[INDEX_FILE_SECTIONS];
};

static struct head *head_of(const struct index_file *f) {
    return (struct head *)(void *)f->data;
}

static uint32_t head_crc(const struct head *h) {
    struct head plain = *h;
    plain.crc = 0;
    return libdeflate_crc32(0, &plain, sizeof plain);
}

static uint64_t align(uint64_t at) {
    return (at + INDEX_FILE_ALIGN - 1) / INDEX_FILE_ALIGN * INDEX_FILE_ALIGN;
}

lk_status index_file_new(struct index_file *out, const uint8_t key[INDEX_FILE_KEY],
                         const size_t *sizes, size_t count, lk_error *err) {
    struct head h = {.layout = LAYOUT, .count = count};
    uint64_t at = align(sizeof h);
    *out = (struct index_file){0};
    memcpy(h.magic, magic, sizeof h.magic);
    memcpy(h.key, key, sizeof h.key);
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] > size_most - at) {
            return error_set(err, LK_E_LIMIT, "an index of more than a terabyte");
        }
        h.sections[i].at = at;
        h.sections[i].size = sizes[i];
        at = align(at + sizes[i]);
    }
    h.size = at;
    out->data = mem_alloc_aligned(at, 1);
    if (!out->data) {
        return error_memory(err, at);
    }
    memset(out->data, 0, at);
    memcpy(out->data, &h, sizeof h);
    out->size = at;
    out->checked = UINT32_MAX;
    return LK_OK;
}

/* Whether everything lies where it may. */
static bool is_sound(const struct head *h, size_t size, const uint8_t key[INDEX_FILE_KEY]) {
    bool sound = memcmp(h->magic, magic, sizeof h->magic) == 0 && h->layout == LAYOUT &&
                 h->crc == head_crc(h) && h->size == size && h->count <= INDEX_FILE_SECTIONS &&
                 memcmp(h->key, key, INDEX_FILE_KEY) == 0;
    for (uint64_t i = 0; sound && i < h->count; i++) {
        sound = h->sections[i].at >= sizeof *h && h->sections[i].at <= size &&
                h->sections[i].at % INDEX_FILE_ALIGN == 0 &&
                h->sections[i].size <= size - h->sections[i].at;
    }
    return sound;
}

lk_status index_file_map(struct index_file *out, bool *there, const char *path,
                         const uint8_t key[INDEX_FILE_KEY], lk_error *err) {
    struct stat st;
    *out = (struct index_file){.mapped = true};
    *there = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return LK_OK;
    }
    bool fits =
        fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size >= sizeof(struct head);
    void *data = fits ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (fits && data == MAP_FAILED) {
        return error_memory(err, (size_t)st.st_size);
    }
    if (fits) {
        out->data = data;
        out->size = (size_t)st.st_size;
        *there = is_sound(head_of(out), out->size, key);
    }
    if (!*there) {
        index_file_release(out);
    }
    return LK_OK;
}

lk_status index_file_keep(struct index_file *f, const char *path, lk_error *err) {
    struct head *h = head_of(f);
    for (uint64_t i = 0; i < h->count; i++) {
        h->sections[i].crc =
            libdeflate_crc32(0, f->data + h->sections[i].at, (size_t)h->sections[i].size);
    }
    h->crc = head_crc(h);
    return file_write(path, f->data, f->size, err);
}

void index_file_release(struct index_file *f) {
    if (f->mapped && f->data) {
        munmap(f->data, f->size);
    } else {
        mem_free(f->data);
    }
    *f = (struct index_file){0};
}

void *index_file_section(struct index_file *f, size_t section, size_t *size) {
    const struct head *h = head_of(f);
    if (section >= h->count) {
        return NULL;
    }
    uint8_t *at = f->data + h->sections[section].at;
    *size = (size_t)h->sections[section].size;
    if (!(f->checked & (1U << section))) {
        if (libdeflate_crc32(0, at, *size) != h->sections[section].crc) {
            return NULL;
        }
        f->checked |= 1U << section;
    }
    return at;
}
