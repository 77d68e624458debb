/* SPDX-License-Identifier: Apache-2.0 */
/* Filling an lk_error at the place of failure. Every function accepts err == NULL and returns `status`,
 * so that `return error_set(err, LK_E_CORRUPT, "PNG is cut off after %zu bytes", n);` is the whole idiom. */
#ifndef LK_ERROR_H
#define LK_ERROR_H

#include <likeness/status.h>

#include "base/compiler.h"

lk_status error_set(lk_error *err, lk_status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* LK_E_LIMIT: names the limit (a name of lk_limit_at) that refused. */
lk_status error_limit(lk_error *err, const char *limit, const char *format, ...) PRINTF_LIKE(3, 4);

/* LK_E_MEMORY with the number of bytes that were not to be had. */
lk_status error_memory(lk_error *err, size_t bytes);

/* Names the file or argument at fault, unless an inner call has done so already. Returns err's status. */
lk_status error_input(lk_error *err, lk_status status, const char *input);

#endif
