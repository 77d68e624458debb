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
};

#endif
