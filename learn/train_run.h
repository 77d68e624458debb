/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of lk_train. */
#ifndef LK_TRAIN_RUN_H
#define LK_TRAIN_RUN_H

#include "base/buf.h"
#include "learn/checkpoint.h"
#include "learn/sampler.h"

struct run {
    lk_engine *engine;
    const lk_train_options *o;
    const char *out;
    struct dataset d;
    struct dataset_split split;
    struct pictures pictures;
    bool instances; /* what is asked, or all there is */
    bool by_photos; /* photos of what was held back ask for it, not each for its class */
    struct learner *learner;
    struct sampler *sampler;
    struct batches *batches;
    struct schedule schedule;
    struct checkpoint checkpoint;
    char *checkpoint_path;
    int64_t epoch_steps;
    lk_train_state state;
    lk_train_report *report;
    void *arg;
    double began_s, saved_s, waited_s; /* monotonic clock; of this run */
    int64_t began_step;
};

/* LK_E_USAGE for settings out of range or against each other. */
MUST_CHECK lk_status train_check(const lk_train_options *o, lk_error *err);
/* Asks what writing at the end would say: LK_E_USAGE for a name that no card can bear, LK_E_WRITE. err->input is out. */
MUST_CHECK lk_status train_check_out(const char *out, lk_error *err);
/* Epochs of warm-up: half of a short run at most, so that the rate is reached. */
double train_warmup(const lk_train_options *o);
/* All that decides what a run makes, but for its pictures, as a line of text: for the card, and to know a run again. A
 * file it begins with is told by its name alone: cards go to others. */
void train_settings(struct buf *b, const lk_train_options *o);

/* Measures the network of file on what was held back, into r->state; sheet may be NULL. */
MUST_CHECK lk_status train_measure(struct run *r, const lk_bytes *file, int32_t resamples,
                                   lk_image *sheet, lk_error *err);
/* Writes the network as it stands, its card, the page of its curve and the sheet of what was held back. */
MUST_CHECK lk_status train_write(struct run *r, lk_error *err);

#endif
