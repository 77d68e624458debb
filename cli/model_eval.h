/* SPDX-License-Identifier: Apache-2.0 */
/* likeness model eval: how well a network, or plain pixels, tells the things of a folder or a table apart. */
#ifndef LK_MODEL_EVAL_H
#define LK_MODEL_EVAL_H

#include "cli/model_run.h"

struct model_eval {
    const struct common *common;
    lk_engine *engine;
    struct model_settings model;
    int32_t pixels;    /* above 0: no network */
    const char *sheet; /* where a sheet of neighbours goes; NULL for none */
    double held_share; /* above 0: of the pictures, what training holds back */
    int32_t seed;
    const char *data, *references; /* references may be NULL */
};

enum exit_code model_eval_run(const struct model_eval *e);

#endif
