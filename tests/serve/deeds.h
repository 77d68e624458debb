/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoder that a picture has taken over might do. */
#ifndef LK_DEEDS_H
#define LK_DEEDS_H

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

enum deed {
    DEED_GOOD,
    DEED_OPENS,
    DEED_CONNECTS,
    DEED_FORKS,
    DEED_EXECS,
    DEED_TRACES,
    DEED_SIGNALS,
    DEED_MAPS_CODE,
    DEED_ALLOCATES,
    DEED_FLOODS,
    DEED_LOOPS,
    DEED_SLEEPS,
    DEED_COUNT
};

static inline void deed_flood(int out) {
    static char part[1 << 16];
    while (write(out, part, sizeof part) > 0) {
    }
    _exit(3); /* refused, not killed: as bad */
}

static inline void deed_allocate(void) {
    volatile char *block = malloc((size_t)4 << 30);
    if (!block) {
        abort();
    }
    memset((void *)(uintptr_t)block, 1, (size_t)4 << 30);
}

/* Returns when nobody has stopped it. out: a file that it may write to. */
static inline void deed_do(int32_t deed, int out) {
    volatile long n = 0;
    switch (deed) {
    case DEED_OPENS: n = open("/etc/passwd", O_RDONLY); break;
    case DEED_CONNECTS: n = socket(AF_INET, SOCK_STREAM, 0); break;
    case DEED_FORKS: n = fork(); break;
    case DEED_EXECS: n = execl("/bin/true", "true", (char *)NULL); break;
    case DEED_TRACES: n = ptrace(PTRACE_TRACEME, 0, NULL, NULL); break;
    case DEED_SIGNALS: n = kill(getppid(), SIGKILL); break;
    case DEED_MAPS_CODE:
        n = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != NULL;
        break;
    case DEED_ALLOCATES: deed_allocate(); break;
    case DEED_FLOODS: deed_flood(out); break;
    case DEED_LOOPS:
        for (;;) {
            n++;
        }
    case DEED_SLEEPS: n = pause(); break;
    default: break;
    }
}

#endif
