/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as they are looked at. A verdict needs no more pixels than that: changes are looked for on 900 (difference.c). */
#ifndef LK_WORKING_H
#define LK_WORKING_H

#include <likeness/image.h>

#include "base/compiler.h"

/* Each points *at to the picture brought to the size at which it is looked at, in *small (owned, empty before), or leaves both
 * as they are when it is small enough. LK_E_MEMORY. */
MUST_CHECK lk_status working_reduce_reference(const lk_image **at, lk_image *small,
                                              lk_engine *engine, lk_error *err);
MUST_CHECK lk_status working_reduce_photo(const lk_image **at, lk_image *small, lk_engine *engine,
                                          lk_error *err);

#endif
