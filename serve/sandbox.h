/* SPDX-License-Identifier: Apache-2.0 */
/* A process gives up all that decoding a picture does not need. */
#ifndef LK_SANDBOX_H
#define LK_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

struct sandbox_limits {
    int64_t
        memory_bytes; /* address space from now on; 0: none is set (a sanitizer's shadow is larger than any) */
    int64_t output_bytes; /* that a file may grow to */
    int32_t cpu_s;
};

/* From here on the calling thread, the only one of its process, can use the files that are open, memory and the clock; any
 * other system call kills it (seccomp), and where the kernel has Landlock no file or port is to be had besides. There is no way
 * back. False when the kernel refused: then nothing untrusted may be touched. */
bool sandbox_enter(const struct sandbox_limits *limits);

/* What this kernel has of it, for people: "seccomp, Landlock 6". */
void sandbox_describe(char *out, int32_t size);

#endif
