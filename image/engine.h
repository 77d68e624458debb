/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of lk_engine, for the library's own layers. Read only after lk_engine_new, so shared freely. */
#ifndef LK_ENGINE_H
#define LK_ENGINE_H

#include <likeness/image.h>

#include "base/cpu.h"
#include "base/pool.h"
#include "kernel/kernel.h"

struct lk_engine {
    lk_limits limits;
    enum cpu_level cpu;
    struct kernels kernels;
    struct pool *pool;
    const int *stop; /* borrowed; NULL for none */
};

/* LK_E_CANCELLED once somebody asked to stop: for the steps between which work can end. */
LK_MUST_CHECK lk_status engine_check_stop(const struct lk_engine *engine, lk_error *err);

#endif
