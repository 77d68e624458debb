/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp(2) with an allow list, Landlock (its ABI is asked for, since newer kernels can forbid more), and limits of resources.
 * The filter is written out as BPF: one table of calls, and mmap and mprotect without PROT_EXEC. */
#include "serve/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#else
#error "say which AUDIT_ARCH this is"
#endif

enum { CALLS_MOST = 48, FILTER_MOST = 4 * CALLS_MOST };

/* Memory, the files that are open, the clock, and ending: with abort(), or by the handler of a sanitizer. */
static const int allowed_calls[] = {
    SYS_read,        SYS_pread64,        SYS_write,        SYS_pwrite64,     SYS_ftruncate,
    SYS_lseek,       SYS_munmap,         SYS_mremap,       SYS_madvise,      SYS_brk,
    SYS_futex,       SYS_clock_gettime,  SYS_getrusage,    SYS_getpid,       SYS_gettid,
    SYS_tgkill,      SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack,
    SYS_sched_yield, SYS_getrandom,      SYS_exit,         SYS_exit_group,
};
static const int mapping_calls[] = {SYS_mmap, SYS_mprotect};

struct filter {
    struct sock_filter code[FILTER_MOST];
    unsigned short count;
};

static void add(struct filter *f, struct sock_filter one) {
    f->code[f->count++] = one;
}

#define LOAD(member)                                                                               \
    (struct sock_filter)                                                                           \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define SKIP_UNLESS(value, count)                                                                  \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, count)
#define RETURN(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)

static void filter_write(struct filter *f) {
    f->count = 0;
    add(f, LOAD(arch));
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0));
    add(f, RETURN(SECCOMP_RET_KILL_PROCESS));
    add(f, LOAD(nr));
    for (size_t i = 0; i < sizeof allowed_calls / sizeof *allowed_calls; i++) {
        add(f, SKIP_UNLESS(allowed_calls[i], 1));
        add(f, RETURN(SECCOMP_RET_ALLOW));
    }
    for (size_t i = 0; i < sizeof mapping_calls / sizeof *mapping_calls; i++) {
        add(f, SKIP_UNLESS(mapping_calls[i], 4));
        add(f, LOAD(args[2])); /* the low half, where PROT_EXEC is, on little-endian machines */
        add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
        add(f, RETURN(SECCOMP_RET_KILL_PROCESS));
        add(f, RETURN(SECCOMP_RET_ALLOW));
    }
    add(f, RETURN(SECCOMP_RET_KILL_PROCESS));
}

/* -- Landlock: the numbers of its system calls and rights are the same everywhere; Debian 12's headers know ABI 2 -- */

enum { LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446, LANDLOCK_VERSION = 1 };

struct landlock_rules {
    uint64_t files, net, scoped; /* what is forbidden unless a rule allows it; there are none */
};

static long landlock_abi(void) {
    return syscall(LANDLOCK_CREATE, NULL, (size_t)0, LANDLOCK_VERSION);
}

/* Bits by ABI: 13 rights of files, 14 with renaming across folders (2), 15 with truncating (3), 16 with ioctl (5); TCP's two
 * (4); abstract sockets and signals (6). */
static bool landlock_enter(void) {
    long abi = landlock_abi();
    if (abi < 1) {
        return true; /* not in this kernel: seccomp lets no file be opened anyway */
    }
    int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
    const struct landlock_rules rules = {
        .files = (UINT64_C(1) << bits) - 1, .net = abi >= 4 ? 3 : 0, .scoped = abi >= 6 ? 3 : 0};
    size_t size = sizeof(uint64_t) * (abi >= 6 ? 3 : abi >= 4 ? 2 : 1);
    long fd = syscall(LANDLOCK_CREATE, &rules, size, 0);
    if (fd < 0) {
        return false;
    }
    bool done = syscall(LANDLOCK_RESTRICT, fd, 0) == 0;
    close((int)fd);
    return done;
}

static bool limit(int what, int64_t value) {
    const struct rlimit to = {(rlim_t)value, (rlim_t)value};
    return setrlimit((__rlimit_resource_t)what, &to) == 0;
}

bool sandbox_enter(const struct sandbox_limits *limits) {
    struct filter f;
    filter_write(&f);
    const struct sock_fprog program = {.len = f.count, .filter = f.code};
    bool ok =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    ok = ok && landlock_enter();
    ok = ok && limit(RLIMIT_CORE, 0) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 0);
    ok = ok && limit(RLIMIT_CPU, limits->cpu_s) && limit(RLIMIT_FSIZE, limits->output_bytes);
    ok = ok && (limits->memory_bytes <= 0 || limit(RLIMIT_AS, limits->memory_bytes));
    return ok && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

void sandbox_describe(char *out, int32_t size) {
    long abi = landlock_abi();
    if (abi < 1) {
        snprintf(out, (size_t)size, "seccomp (this kernel has no Landlock)");
    } else {
        snprintf(out, (size_t)size, "seccomp, Landlock %ld", abi);
    }
}
