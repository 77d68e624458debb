/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <string.h>

static const char *const level_names[CPU_LEVELS] = {"c", "avx2", "avx512"};

const char *cpu_level_name(enum cpu_level level) {
    return level_names[level];
}

bool cpu_level_find(enum cpu_level *out, const char *name) {
    for (int i = 0; i < CPU_LEVELS; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *out = (enum cpu_level)i;
            return true;
        }
    }
    return false;
}

enum cpu_level cpu_level_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx512 ? CPU_AVX512 : avx2 ? CPU_AVX2 : CPU_C;
#else
    return CPU_C;
#endif
}

bool cpu_has_vector_popcount(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vpopcntdq");
#else
    return false;
#endif
}

bool cpu_has_vector_dot(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}
