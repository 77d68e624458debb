/* SPDX-License-Identifier: Apache-2.0 */
#include "image/engine.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* One row a limit: its words for people, its default and where it lives. cpu_s is the only double. */
struct limit_row {
    lk_limit_info info;
    double initial;
    size_t offset;
    bool is_double;
};

static const struct limit_row limit_table[] = {
    {{"pixels", "px", "width times height of a picture"},
     100e6,
     offsetof(lk_limits, pixels),
     false},
    {{"side", "px", "the longer side of a picture"}, 16384, offsetof(lk_limits, side), false},
    {{"file_bytes", "B", "length of a file"},
     64.0 * 1048576,
     offsetof(lk_limits, file_bytes),
     false},
    {{"memory_bytes", "B", "memory one decode may take"},
     1073741824.0,
     offsetof(lk_limits, memory_bytes),
     false},
    {{"metadata_bytes", "B", "one EXIF, ICC or text block, inflated"},
     1048576,
     offsetof(lk_limits, metadata_bytes),
     false},
    {{"cpu_s", "s", "processor time of one decode"}, 10, offsetof(lk_limits, cpu_s), true},
};

static void limit_store(lk_limits *limits, const struct limit_row *row, double value) {
    char *at = (char *)limits + row->offset;
    if (row->is_double) {
        memcpy(at, &value, sizeof value);
    } else {
        int64_t whole = (int64_t)value;
        memcpy(at, &whole, sizeof whole);
    }
}

lk_limits lk_limits_default(void) {
    lk_limits limits;
    for (size_t i = 0; i < ARRAY_COUNT(limit_table); i++) {
        limit_store(&limits, &limit_table[i], limit_table[i].initial);
    }
    return limits;
}

size_t lk_limit_count(void) {
    return ARRAY_COUNT(limit_table);
}

const lk_limit_info *lk_limit_at(size_t i) {
    return &limit_table[i].info;
}

lk_status lk_limits_set(lk_limits *limits, const char *name, double value, lk_error *err) {
    for (size_t i = 0; i < ARRAY_COUNT(limit_table); i++) {
        if (strcmp(limit_table[i].info.name, name) == 0) {
            if (!(value > 0 && value <= 0x1p53)) {
                return error_set(err, LK_E_USAGE, "limit %s must be above 0", name);
            }
            limit_store(limits, &limit_table[i], value);
            return LK_OK;
        }
    }
    return error_set(err, LK_E_USAGE, "there is no limit called %s", name);
}

double lk_limits_get(const lk_limits *limits, const char *name) {
    for (size_t i = 0; i < ARRAY_COUNT(limit_table); i++) {
        const char *at = (const char *)limits + limit_table[i].offset;
        if (strcmp(limit_table[i].info.name, name) == 0) {
            int64_t whole;
            double value;
            memcpy(&whole, at, sizeof whole);
            memcpy(&value, at, sizeof value);
            return limit_table[i].is_double ? value : (double)whole;
        }
    }
    return 0;
}

lk_engine_options lk_engine_options_default(void) {
    return (lk_engine_options){.limits = lk_limits_default()};
}

static lk_status choose_cpu(enum cpu_level *out, const char *wanted, lk_error *err) {
    enum cpu_level best = cpu_level_best();
    *out = best;
    if (!wanted) {
        return LK_OK;
    }
    if (!cpu_level_find(out, wanted)) {
        return error_set(err, LK_E_USAGE, "no instruction set is called %s (c, avx2, avx512)",
                         wanted);
    }
    if (*out > best) {
        return error_set(err, LK_E_USAGE, "this machine has no %s, at most %s", wanted,
                         cpu_level_name(best));
    }
    return LK_OK;
}

lk_status lk_engine_new(lk_engine **out, const lk_engine_options *options, lk_error *err) {
    lk_engine_options defaults = lk_engine_options_default();
    const lk_engine_options *o = options ? options : &defaults;
    *out = NULL;
    enum cpu_level cpu;
    lk_status status = choose_cpu(&cpu, o->cpu, err);
    if (status != LK_OK) {
        return status;
    }
    lk_engine *engine = mem_calloc(1, sizeof *engine);
    if (!engine) {
        return error_memory(err, sizeof *engine);
    }
    status = pool_new(&engine->pool, o->threads, err);
    if (status != LK_OK) {
        mem_free(engine);
        return status;
    }
    engine->limits = o->limits;
    engine->cpu = cpu;
    engine->stop = o->stop;
    kernels_init(&engine->kernels, cpu);
    *out = engine;
    return LK_OK;
}

void lk_engine_free(lk_engine *engine) {
    if (engine) {
        pool_free(engine->pool);
        mem_free(engine);
    }
}

const char *lk_engine_cpu(const lk_engine *engine) {
    return cpu_level_name(engine->cpu);
}

int32_t lk_engine_threads(const lk_engine *engine) {
    return pool_threads(engine->pool);
}

lk_limits lk_engine_limits(const lk_engine *engine) {
    return engine->limits;
}

void lk_engine_for(lk_engine *engine, int32_t count, void (*run)(void *arg, int32_t i), void *arg) {
    pool_for(engine->pool, count, run, arg);
}

lk_status engine_check_stop(const struct lk_engine *engine, lk_error *err) {
    bool asked = engine && engine->stop && __atomic_load_n(engine->stop, __ATOMIC_RELAXED) != 0;
    return asked ? error_set(err, LK_E_CANCELLED, "asked to stop") : LK_OK;
}
