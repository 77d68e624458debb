/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef LK_OOM
#include <stdatomic.h>

/* Test builds only: the one piece of mutable global state, because an allocator has no caller to keep it. */
static atomic_uint_fast64_t fault_count;
static atomic_uint_fast64_t fault_at;
static atomic_bool fault_sticky;

uint64_t mem_fault_set(uint64_t n, bool sticky) {
    uint64_t seen = atomic_exchange(&fault_count, 0);
    atomic_store(&fault_at, n);
    atomic_store(&fault_sticky, sticky);
    return seen;
}

static bool fault_now(void) {
    uint64_t n = atomic_fetch_add(&fault_count, 1) + 1;
    uint64_t at = atomic_load(&fault_at);
    return at != 0 && (n == at || (n > at && atomic_load(&fault_sticky)));
}
#else
uint64_t mem_fault_set(uint64_t n, bool sticky) {
    (void)n;
    (void)sticky;
    return 0;
}

static bool fault_now(void) {
    return false;
}
#endif

/* From this size on, blocks are aligned to huge pages. */
enum { HUGE_PAGE = 2 << 20, HUGE_FROM = 4 << 20 };

/* Blocks of the heap that a program reserves. */
enum { HEAP_AHEAD = 3, AHEAD_BYTES = 31 << 20 };

bool mem_size_mul(size_t *out, size_t a, size_t b) {
    return !__builtin_mul_overflow(a, b, out);
}

void *mem_alloc(size_t count, size_t size) {
    size_t bytes;
    if (!mem_size_mul(&bytes, count, size) || fault_now()) {
        return NULL;
    }
    return malloc(bytes ? bytes : 1);
}

void *mem_calloc(size_t count, size_t size) {
    size_t bytes;
    if (!mem_size_mul(&bytes, count, size) || fault_now()) {
        return NULL;
    }
    return calloc(1, bytes ? bytes : 1);
}

void *mem_alloc_aligned(size_t count, size_t size) {
    size_t bytes;
    if (!mem_size_mul(&bytes, count, size) || fault_now()) {
        return NULL;
    }
    /* aligned_alloc wants a multiple of the alignment. Pictures of some megapixels come in huge pages where the system has
     * them: 4 KiB at a time, the first touch of every page costs as much as inflating it. */
    size_t alignment = bytes >= HUGE_FROM ? HUGE_PAGE : 64;
    if (bytes > SIZE_MAX - alignment) {
        return NULL;
    }
    size_t whole = (bytes + alignment) & ~(alignment - 1);
    void *block = aligned_alloc(alignment, whole);
    if (block && alignment == HUGE_PAGE) {
        madvise(block, whole, MADV_HUGEPAGE); /* advice: what it answers changes nothing */
    }
    return block;
}

void *mem_realloc(void *old, size_t count, size_t size) {
    size_t bytes;
    if (!mem_size_mul(&bytes, count, size) || fault_now()) {
        return NULL;
    }
    return realloc(old, bytes ? bytes : 1);
}

char *mem_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = mem_alloc(bytes, 1);
    if (copy) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

void mem_free(void *block) {
    free(block);
}

void mem_keep_freed(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD,
            32 << 20); /* the most it takes: larger blocks are still mapped by themselves */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_ARENA_MAX, 1); /* what a thread frees is there for the others too */
    /* What is to be the heap comes in huge pages when it is touched; until then it costs nothing. */
    char *ahead[HEAP_AHEAD];
    for (int i = 0; i < HEAP_AHEAD; i++) {
        ahead[i] = malloc(AHEAD_BYTES);
        if (ahead[i]) {
            uintptr_t start = ((uintptr_t)ahead[i] + HUGE_PAGE - 1) & ~((uintptr_t)HUGE_PAGE - 1);
            madvise((void *)start, AHEAD_BYTES - HUGE_PAGE, MADV_HUGEPAGE);
        }
    }
    for (int i = 0; i < HEAP_AHEAD; i++) {
        free(ahead[i]);
    }
#endif
}
