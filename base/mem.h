/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the only place that calls malloc. Sizes are given as count x size and checked for overflow.
 *
 * A build with -Doom=true counts allocations and fails the one named by mem_fault_set, so that tests can
 * make each allocation fail in turn; the normal build has no such hook. */
#ifndef LK_MEM_H
#define LK_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <likeness/status.h>

/* *out = a * b; false on overflow. */
bool mem_size_mul(size_t *out, size_t a, size_t b);

/* count x size bytes; NULL when memory is short or the product overflows. Zero bytes give a valid pointer. */
void *mem_alloc(size_t count, size_t size);
/* The same, filled with zeros. */
void *mem_calloc(size_t count, size_t size);
/* Aligned to 64 bytes, for rows that SIMD kernels read; freed with mem_free as well. */
void *mem_alloc_aligned(size_t count, size_t size);
/* Grows or shrinks; the old block stays valid when NULL comes back. */
void *mem_realloc(void *old, size_t count, size_t size);
char *mem_strdup(const char *text);
void mem_free(void *block);

/* For a program to call first: memory that was freed stays with the process. Pictures come and go in blocks of megabytes; given
 * back each time, their pages would be cleared by the system each time. */
void mem_keep_freed(void);

/* Fails the n-th allocation from now (1 is the next) and, if `sticky`, all after it; 0 turns it off.
 * Does nothing in a build without -Doom=true. Returns how many allocations were counted since the last call. */
uint64_t mem_fault_set(uint64_t n, bool sticky);

#endif
