/* SPDX-License-Identifier: Apache-2.0 */
/* docs/formats/index.md */
#include "index/index_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

enum { LAYOUT = 2, PIECE = INDEX_FILE_PIECE };
static const char magic[8] = "lkfind\r\n";
static const uint64_t size_most = (uint64_t)1 << 40;

struct head {
    char magic[8];
    uint32_t layout, crc; /* of this head, with 0 here */
    uint8_t key[INDEX_FILE_KEY];
    uint64_t size, count;
    uint64_t sums_at; /* a checksum of each piece from the second to here; they end the file */
    uint32_t sums_crc, filler;
    struct {
        uint64_t at, size;
    } sections[INDEX_FILE_SECTIONS];
};
static_assert(sizeof(struct head) <= PIECE, "the head is the first piece");

static struct head *head_of(const struct index_file *f) {
    return (struct head *)(void *)f->data;
}

static uint32_t head_crc(const struct head *h) {
    struct head plain = *h;
    plain.crc = 0;
    return libdeflate_crc32(0, &plain, sizeof plain);
}

static uint64_t align(uint64_t at, uint64_t to) {
    return (at + to - 1) / to * to;
}

/* Of the pieces between the head and the sums. */
static size_t piece_count(const struct head *h) {
    return (size_t)(h->sums_at / PIECE - 1);
}

static void close_file(struct index_file *f) {
    if (f->file > 0) {
        close(f->file - 1);
    }
    f->file = 0;
}

/* In a file without a name beside path; false where the system has none such, or no room. */
static bool lie_in_file(struct index_file *f, const char *path, size_t size) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path)
                  : snprintf(folder, sizeof folder, ".");
    if (n < 0 || n >= PATH_MAX) {
        return false;
    }
    f->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666) + 1;
    /* All of its room now: a disk that is full later would end the program. */
    if (f->file == 0 || posix_fallocate(f->file - 1, 0, (off_t)size) != 0) {
        close_file(f);
        return false;
    }
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f->file - 1, 0);
    if (data == MAP_FAILED) {
        close_file(f);
        return false;
    }
    f->data = data;
    return true;
}

/* Zeros that nobody wrote to take no memory: sections come into being as they are filled. */
static lk_status lie_in_memory(struct index_file *f, size_t size, lk_error *err) {
    f->memory = mem_calloc(size + INDEX_FILE_ALIGN, 1);
    if (!f->memory) {
        return error_memory(err, size);
    }
    f->data = (uint8_t *)align((uintptr_t)f->memory, INDEX_FILE_ALIGN);
    return LK_OK;
}

lk_status index_file_new(struct index_file *out, const char *path,
                         const uint8_t key[INDEX_FILE_KEY], const size_t *sizes, size_t count,
                         lk_error *err) {
    struct head h = {.layout = LAYOUT, .count = count};
    uint64_t at = PIECE;
    *out = (struct index_file){0};
    memcpy(h.magic, magic, sizeof h.magic);
    memcpy(h.key, key, sizeof h.key);
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] > size_most - at) {
            return error_set(err, LK_E_LIMIT, "an index of more than a terabyte");
        }
        h.sections[i].at = at;
        h.sections[i].size = sizes[i];
        at = align(at + sizes[i], INDEX_FILE_ALIGN);
    }
    h.sums_at = align(at, PIECE);
    h.size = h.sums_at + piece_count(&h) * sizeof(uint32_t);
    lk_status status = path && lie_in_file(out, path, (size_t)h.size)
                           ? LK_OK
                           : lie_in_memory(out, (size_t)h.size, err);
    if (status != LK_OK) {
        return status;
    }
    out->size = (size_t)h.size;
    memcpy(out->data, &h, sizeof h);
    return LK_OK;
}

/* Whether everything lies where it may. */
static bool is_sound(const struct head *h, size_t size, const uint8_t key[INDEX_FILE_KEY]) {
    bool sound = memcmp(h->magic, magic, sizeof h->magic) == 0 && h->layout == LAYOUT &&
                 h->crc == head_crc(h) && h->size == size && h->count <= INDEX_FILE_SECTIONS &&
                 memcmp(h->key, key, INDEX_FILE_KEY) == 0 && h->sums_at % PIECE == 0 &&
                 h->sums_at >= PIECE && h->sums_at <= size &&
                 piece_count(h) * sizeof(uint32_t) == size - h->sums_at;
    for (uint64_t i = 0; sound && i < h->count; i++) {
        sound = h->sections[i].at >= PIECE && h->sections[i].at <= h->sums_at &&
                h->sections[i].at % INDEX_FILE_ALIGN == 0 &&
                h->sections[i].size <= h->sums_at - h->sections[i].at;
    }
    return sound;
}

/* The sums are believed from here on. */
static lk_status take_sums(struct index_file *f, bool *there, lk_error *err) {
    const struct head *h = head_of(f);
    const size_t pieces = piece_count(h);
    f->sums = (const uint32_t *)(const void *)(f->data + h->sums_at);
    *there = libdeflate_crc32(0, f->sums, pieces * sizeof *f->sums) == h->sums_crc;
    f->checked = *there ? mem_calloc(pieces, sizeof *f->checked) : NULL;
    return !*there || f->checked ? LK_OK : error_memory(err, pieces);
}

lk_status index_file_map(struct index_file *out, bool *there, const char *path,
                         const uint8_t key[INDEX_FILE_KEY], lk_error *err) {
    struct stat st;
    lk_status status = LK_OK;
    *out = (struct index_file){0};
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
        status = *there ? take_sums(out, there, err) : LK_OK;
    }
    if (!*there || status != LK_OK) {
        index_file_release(out);
        *there = false;
    }
    return status;
}

/* Gives the file without a name the one it is to have. */
static lk_status name_file(const struct index_file *f, const char *path, lk_error *err) {
    char from[40], beside[PATH_MAX];
    snprintf(from, sizeof from, "/proc/self/fd/%d", f->file - 1);
    int n = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    bool named = n > 0 && n < PATH_MAX && fsync(f->file - 1) == 0 &&
                 linkat(AT_FDCWD, from, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) == 0;
    if (!named || rename(beside, path) != 0) {
        if (named) {
            unlink(beside);
        }
        return error_set(err, LK_E_WRITE, "cannot be written: %s", strerror(errno));
    }
    return LK_OK;
}

lk_status index_file_keep(struct index_file *f, const char *path, lk_error *err) {
    struct head *h = head_of(f);
    const size_t pieces = piece_count(h);
    uint32_t *sums = (uint32_t *)(void *)(f->data + h->sums_at);
    for (size_t i = 0; i < pieces; i++) {
        sums[i] = libdeflate_crc32(0, f->data + (i + 1) * PIECE, PIECE);
    }
    h->sums_crc = libdeflate_crc32(0, sums, pieces * sizeof *sums);
    h->crc = head_crc(h);
    return f->file > 0 ? name_file(f, path, err) : file_write(path, f->data, f->size, err);
}

void index_file_release(struct index_file *f) {
    if (f->data && !f->memory) {
        munmap(f->data, f->size);
    }
    close_file(f);
    mem_free(f->memory);
    mem_free(f->checked);
    *f = (struct index_file){0};
}

void *index_file_section(const struct index_file *f, size_t section, size_t *size) {
    const struct head *h = head_of(f);
    if (section >= h->count) {
        return NULL;
    }
    *size = (size_t)h->sections[section].size;
    return f->data + h->sections[section].at;
}

/* Two threads may look at the same piece: both come to the same. */
bool index_file_is_sound(struct index_file *f, const void *at, size_t size) {
    if (!f || !f->checked || size == 0) { /* what was made here is */
        return true;
    }
    const size_t from = (size_t)((const uint8_t *)at - f->data) / PIECE - 1,
                 to = ((size_t)((const uint8_t *)at - f->data) + size - 1) / PIECE;
    bool sound = true;
    for (size_t i = from; sound && i < to; i++) {
        if (!atomic_load_explicit(&f->checked[i], memory_order_relaxed)) {
            sound = libdeflate_crc32(0, f->data + (i + 1) * PIECE, PIECE) == f->sums[i];
            atomic_store_explicit(&f->checked[i], sound, memory_order_relaxed);
        }
    }
    if (!sound) {
        atomic_store(&f->damaged, true);
    }
    return sound;
}
