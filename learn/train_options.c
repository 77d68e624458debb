/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/train.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "learn/preset.h"
#include "learn/train_run.h"
#include "model/card.h"

const char *lk_train_kind_name(lk_train_kind kind) {
    static const char *const names[LK_TRAIN_KINDS] = {"autoencoder", "triplet", "contrastive"};
    return names[kind];
}

size_t lk_preset_count(void) {
    return preset_count();
}

lk_preset_info lk_preset_at(size_t i) {
    const struct preset *p = preset_at(i);
    return (lk_preset_info){
        .name = p->name, .summary = p->summary, .reconstructs = p->reconstructs};
}

lk_train_options lk_train_options_default(lk_train_kind kind) {
    lk_train_options o = {
        .kind = kind,
        .preset = "compact",
        .validation = 0.1,
        .epochs = 30,
        .batch = 64,
        .group_size = 2,
        .optimiser = LK_ADAMW,
        .rate = 2e-3,
        .momentum = 0.9,
        .nesterov = true,
        .decay = 1e-2,
        .clip = 10,
        .average = 0.999,
        .schedule = LK_SCHEDULE_COSINE,
        .warmup = 1,
        .step_every = 10,
        .step_factor = 0.1,
        .margin = 0.2,
        .squared = true,
        .mining = LK_MINE_SEMIHARD,
        .temperature = 0.07,
        .difficulty = 0.7,
        .clean = 0.5,
        .seed = 1,
        .checkpoint_s = 300,
    };
    if (kind == LK_TRAIN_AUTOENCODER) {
        o.preset = "autoencoder";
        o.group_size = 1;
        o.difficulty = 0.3;
    }
    return o;
}

/* Ranges of settings that a mistake may leave. */
struct range {
    const char *name;
    size_t offset;
    double least, most;
};

#define RANGE(member, least, most)                                                                 \
    { #member, offsetof(lk_train_options, member), least, most }
static const struct range ranges[] = {
    RANGE(validation, 0, 0.9), RANGE(rate, 1e-12, 100),       RANGE(momentum, 0, 0.9999),
    RANGE(decay, 0, 10),       RANGE(clip, 0, 1e9),           RANGE(average, 0, 0.999999),
    RANGE(warmup, 0, 1e6),     RANGE(step_every, 0, 1e6),     RANGE(step_factor, 0, 1),
    RANGE(margin, 0, 1e6),     RANGE(temperature, 1e-4, 100), RANGE(difficulty, 0, 1),
    RANGE(clean, 0, 1),        RANGE(mirror, 0, 1),           RANGE(checkpoint_s, 0, 1e9),
};

enum { BATCH_MOST = 4096, EPOCHS_MOST = 1000000 };

enum { SIDE_MOST = 512 }; /* of an input, pixels */

static lk_status check_together(const lk_train_options *o, lk_error *err) {
    if (!o->from && o->last_layers > 0) {
        return error_set(err, LK_E_USAGE, "the last layers alone are trained of a file only");
    }
    if (o->from && o->dim > 0) {
        return error_set(err, LK_E_USAGE,
                         "the length of the embedding is that of the file's network");
    }
    if (o->side < 0 || o->side > SIDE_MOST) {
        return error_set(err, LK_E_USAGE, "a side of %d pixels; at most %d", (int)o->side,
                         SIDE_MOST);
    }
    if (o->schedule == LK_SCHEDULE_STEPS && !(o->step_every > 0)) {
        return error_set(err, LK_E_USAGE, "step_every is more than 0 epochs, not %g",
                         o->step_every);
    }
    if (o->warmup > o->epochs) {
        return error_set(err, LK_E_USAGE, "a warm-up of %g epochs does not end within a run of %d",
                         o->warmup, (int)o->epochs);
    }
    return LK_OK;
}

/* Numbers of choices that no choice has: from a program, not from the command. */
static bool has_choices(const lk_train_options *o) {
    return o->kind < LK_TRAIN_KINDS && o->mining <= LK_MINE_HARD && o->optimiser <= LK_ADAMW &&
           o->schedule <= LK_SCHEDULE_STEPS && o->reconstruction <= LK_RECONSTRUCT_SSIM;
}

lk_status train_check(const lk_train_options *o, lk_error *err) {
    if (!has_choices(o) || (!o->preset && !o->from)) {
        return error_set(err, LK_E_USAGE, "a choice is none of its kind, or no network is named");
    }
    for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
        double value;
        memcpy(&value, (const char *)o + ranges[i].offset, sizeof value);
        if (!(value >= ranges[i].least && value <= ranges[i].most)) {
            return error_set(err, LK_E_USAGE, "%s is %g to %g, not %g", ranges[i].name,
                             ranges[i].least, ranges[i].most, value);
        }
    }
    if (o->batch < 2 || o->batch > BATCH_MOST || o->epochs < 1 || o->epochs > EPOCHS_MOST) {
        return error_set(err, LK_E_USAGE, "a batch has 2 to %d views, a run 1 to %d epochs",
                         BATCH_MOST, EPOCHS_MOST);
    }
    bool pairs = o->kind != LK_TRAIN_AUTOENCODER;
    if (o->group_size < (pairs ? 2 : 1) || o->batch % o->group_size != 0 ||
        (pairs && o->batch < 2 * o->group_size)) {
        return error_set(err, LK_E_USAGE,
                         "a batch of %d views cannot be made of groups of %d: it takes two groups "
                         "or more of two views or more",
                         (int)o->batch, (int)o->group_size);
    }
    return check_together(o, err);
}

lk_status train_check_out(const char *out, lk_error *err) {
    const char *slash = strrchr(out, '/'), *name = slash ? slash + 1 : out;
    if (!card_is_name(name)) {
        return error_input(err,
                           error_set(err, LK_E_USAGE,
                                     "a network's name has letters, digits and ._-+ only, and does "
                                     "not begin with . or -"),
                           out);
    }
    return file_can_write(out, err);
}

double train_warmup(const lk_train_options *o) {
    return MIN(o->warmup, o->epochs / 2.0);
}

void train_settings(struct buf *b, const lk_train_options *o) {
    const char *slash = o->from ? strrchr(o->from, '/') : NULL;
    const char *from = slash ? slash + 1 : o->from;
    buf_printf(b, "%s, %s %s", lk_train_kind_name(o->kind), from ? "from" : "preset",
               from ? from : o->preset);
    if (o->last_layers > 0) {
        buf_printf(b, " (last %d layers)", (int)o->last_layers);
    }
    if (o->side > 0) {
        buf_printf(b, ", side %d", (int)o->side);
    }
    if (o->dim > 0) {
        buf_printf(b, ", dim %d", (int)o->dim);
    }
    buf_printf(b, ", %s, validation %.12g, epochs %d, batch %d in groups of %d",
               o->instances ? "each picture a class" : "classes", o->validation, (int)o->epochs,
               (int)o->batch, (int)o->group_size);
    if (o->optimiser == LK_SGD) {
        buf_printf(b, ", sgd momentum %.12g%s", o->momentum, o->nesterov ? " (Nesterov)" : "");
    } else {
        buf_add_text(b, ", adamw");
    }
    static const char *const schedules[] = {"constant", "cosine", "steps"};
    buf_printf(b, ", rate %.12g %s, warm-up %.12g", o->rate, schedules[o->schedule],
               train_warmup(o));
    if (o->schedule == LK_SCHEDULE_STEPS) {
        buf_printf(b, ", by %.12g every %.12g", o->step_factor, o->step_every);
    }
    buf_printf(b, ", decay %.12g, clip %.12g, average %.12g", o->decay, o->clip, o->average);
    if (o->kind == LK_TRAIN_TRIPLET) {
        static const char *const minings[] = {"random", "semihard", "hard"};
        buf_printf(b, ", margin %.12g of %s distances, %s negatives", o->margin,
                   o->squared ? "squared Euclidean" : "Euclidean", minings[o->mining]);
    } else if (o->kind == LK_TRAIN_CONTRASTIVE) {
        buf_printf(b, ", temperature %.12g", o->temperature);
    } else {
        buf_add_text(b, o->reconstruction == LK_RECONSTRUCT_SSIM ? ", SSIM" : ", MSE");
    }
    buf_printf(b, ", difficulty %.12g, clean %.12g", o->difficulty, o->clean);
    if (o->mirror > 0) {
        buf_printf(b, ", mirror %.12g", o->mirror);
    }
    buf_printf(b, ", seed %llu", (unsigned long long)o->seed);
}
