/* SPDX-License-Identifier: Apache-2.0 */
/* Which instruction set this machine offers. */
#ifndef LK_CPU_H
#define LK_CPU_H

#include <stdbool.h>

enum cpu_level { CPU_C, CPU_AVX2, CPU_AVX512, CPU_LEVELS };

/* "c", "avx2", "avx512". */
const char *cpu_level_name(enum cpu_level level);
/* false when there is no level of that name. */
bool cpu_level_find(enum cpu_level *out, const char *name);
/* The best level the processor and the system offer. AVX2 means AVX2 + BMI + POPCNT; AVX-512 means F, BW, DQ, VL. */
enum cpu_level cpu_level_best(void);
/* Whether a machine of level AVX-512 also counts bits of whole vectors (VPOPCNTDQ). */
bool cpu_has_vector_popcount(void);
/* Whether it also multiplies and sums bytes (VNNI). */
bool cpu_has_vector_dot(void);

#endif
