/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_POSTGRES_STEPS_H
#define LK_POSTGRES_STEPS_H

#include "store/store.h"

/* Takes those that are missing, if the user may. The tables of today are there. LK_E_WRITE, LK_E_IO, LK_E_MEMORY. */
MUST_CHECK lk_status postgres_take_steps(lk_store *s, lk_error *err);

#endif
