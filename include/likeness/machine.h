/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine offers beyond the processor: libraries that are opened on first use, and what its kernel can fence in. */
#ifndef LIKENESS_MACHINE_H
#define LIKENESS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "likeness/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One row a library that is opened when it is first needed. */
typedef struct lk_library_info {
    const char *soname;
    const char *task;  /* what does not work without it */
    bool usable;       /* it opens and has every function that is wanted */
    char version[64];  /* "1.15.1", in its own words; empty when it is not usable */
    char problem[512]; /* why it is not usable; empty when it is */
} lk_library_info;

LK_API size_t lk_library_count(void);
/* Opens the library, which stays in memory: some milliseconds each. i < lk_library_count(). */
LK_API lk_library_info lk_library_at(size_t i);

typedef struct lk_sandbox_info {
    bool seccomp;         /* the kernel filters system calls, and may end the process for one */
    int32_t landlock_abi; /* Landlock's version, from 1; 0: not there or switched off */
} lk_sandbox_info;

LK_API lk_sandbox_info lk_sandbox(void);

#ifdef __cplusplus
}
#endif

#endif
