/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's memory is ours, so that it fails too. */
#ifndef LK_OOM_SQLITE_H
#define LK_OOM_SQLITE_H

#include "tests/unit/harness.h"

#include <malloc.h>
#include <sqlite3.h>

#include "base/mem.h"

static inline void *sqlite_alloc(int size) {
    return mem_alloc((size_t)size, 1);
}

static inline void *sqlite_grow(void *old, int size) {
    return mem_realloc(old, (size_t)size, 1);
}

static inline int sqlite_size(void *block) {
    return block ? (int)malloc_usable_size(block) : 0;
}

static inline int sqlite_round(int size) {
    return (size + 7) & ~7;
}

static inline int sqlite_begin(void *arg) {
    (void)arg;
    return SQLITE_OK;
}

static inline void sqlite_stop(void *arg) {
    (void)arg;
}

static inline void oom_sqlite_share(void) {
    static const sqlite3_mem_methods methods = {sqlite_alloc, mem_free,     sqlite_grow,
                                                sqlite_size,  sqlite_round, sqlite_begin,
                                                sqlite_stop,  NULL};
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
}

#endif
