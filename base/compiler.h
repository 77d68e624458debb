/* SPDX-License-Identifier: Apache-2.0 */
/* The GNU attributes the project uses, in one place. */
#ifndef LK_COMPILER_H
#define LK_COMPILER_H

#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define NONSTRING __attribute__((nonstring))
#define TARGET(isa) __attribute__((target(isa)))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
