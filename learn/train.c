/* SPDX-License-Identifier: Apache-2.0 */
/* A run from pictures to a file: load, divide, learn, validate after each epoch, write. */
#include <likeness/train.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "learn/train_run.h"
#include "learn/validate.h"

static void run_release(struct run *r) {
    batches_free(r->batches);
    sampler_free(r->sampler);
    learner_free(r->learner);
    pictures_release(&r->pictures);
    dataset_split_release(&r->split);
    dataset_release(&r->d);
    checkpoint_release(&r->checkpoint);
    mem_free(r->checkpoint_path);
}

static void tell(struct run *r, lk_train_event event) {
    r->state.event = event;
    if (r->report) {
        r->report(r->arg, &r->state);
    }
}

/* -- Pictures -- */

/* Drops the samples that could not be read, or (leaked not NULL) have a near duplicate on the other side. */
static int32_t keep(int32_t *samples, int32_t count, const struct pictures *p, const bool *leaked) {
    int32_t left = 0;
    for (int32_t i = 0; i < count; i++) {
        if (p->images[samples[i]].data && !(leaked && leaked[samples[i]])) {
            samples[left++] = samples[i];
        }
    }
    return left;
}

static lk_status drop_leaks(struct run *r, lk_error *err) {
    struct dataset_leaks leaks;
    lk_status status = dataset_leaks(&leaks, r->engine, &r->d, &r->split, err);
    if (status != LK_OK) {
        return status;
    }
    for (int32_t i = 0; leaks.leaked && i < r->d.count; i++) {
        r->state.leaks += leaks.leaked[i];
    }
    r->split.validation_count =
        keep(r->split.validation, r->split.validation_count, &r->pictures, leaks.leaked);
    dataset_leaks_release(&leaks);
    return LK_OK;
}

/* Held-back pictures of all classes, not of the first ones alone. */
static void thin_validation(struct run *r) {
    int32_t count = r->split.validation_count, left = MIN(count, VALIDATE_MOST);
    for (int32_t i = 0; i < left; i++) {
        r->split.validation[i] = r->split.validation[(int64_t)i * count / left];
    }
    r->split.validation_count = left;
}

/* Two pictures of one class, and classes can be asked for. */
static bool has_partners(const struct run *r) {
    for (int32_t i = 0; i < r->split.validation_count; i++) {
        for (int32_t k = 0; k < i; k++) {
            if (r->d.labels[r->split.validation[i]] == r->d.labels[r->split.validation[k]]) {
                return true;
            }
        }
    }
    return false;
}

/* Of what is learnt from. */
static lk_status count_classes(struct run *r, lk_error *err) {
    bool *seen = mem_calloc((size_t)r->d.classes + 1, sizeof *seen);
    if (!seen) {
        return error_memory(err, (size_t)r->d.classes);
    }
    for (int32_t i = 0; i < r->split.train_count; i++) {
        bool *here = &seen[r->d.labels[r->split.train[i]]];
        r->state.classes += !*here;
        *here = true;
    }
    mem_free(seen);
    return LK_OK;
}

static lk_status read_pictures(struct run *r, const char *const *paths, size_t count,
                               lk_error *err) {
    enum dataset_kind kind = r->o->instances ? DATASET_INSTANCES : DATASET_AUTO;
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        status = dataset_add(&r->d, paths[i], kind, err);
    }
    if (status == LK_OK) {
        status = dataset_split(&r->split, &r->d, r->o->validation, r->o->seed, err);
    }
    r->instances = r->o->kind == LK_TRAIN_AUTOENCODER || r->d.classes == r->d.count;
    int32_t side = 2 * MAX(r->learner->card.width, r->learner->card.height);
    if (status == LK_OK) {
        r->state.pictures = r->d.count;
        tell(r, LK_TRAIN_READ);
        status = pictures_load(&r->pictures, r->engine, &r->d, side, LEARNER_MEMORY_BYTES, err);
    }
    if (status != LK_OK) {
        return status;
    }
    r->split.train_count = keep(r->split.train, r->split.train_count, &r->pictures, NULL);
    status = drop_leaks(r, err);
    status = status == LK_OK ? count_classes(r, err) : status;
    thin_validation(r);
    r->by_photos = r->instances || !has_partners(r);
    r->state.pictures = r->split.train_count;
    r->state.held_back = r->split.validation_count;
    r->state.unread = r->pictures.unread;
    if (r->pictures.unread > 0) {
        lk_error_format(&r->pictures.first, r->state.first_unread, sizeof r->state.first_unread);
    }
    return status;
}

/* -- Beginning -- */

static lk_status make_sampler(struct run *r, lk_error *err) {
    const lk_train_options *o = r->o;
    const struct sampler_options options = {.groups = o->batch / o->group_size,
                                            .group_size = o->group_size,
                                            .instances = r->instances,
                                            .difficulty = o->difficulty,
                                            .clean = o->clean,
                                            .mirror = o->mirror,
                                            .seed = o->seed};
    lk_status status =
        sampler_new(&r->sampler, &r->d, r->split.train, r->split.train_count, &options, err);
    if (status != LK_OK) {
        return status;
    }
    r->epoch_steps = sampler_epoch(r->sampler);
    r->state.steps = r->epoch_steps * o->epochs;
    r->state.epochs = o->epochs;
    double each = (double)r->epoch_steps;
    r->schedule = (struct schedule){.kind = (enum schedule_kind)o->schedule,
                                    .rate = o->rate,
                                    .warmup = (int64_t)(train_warmup(o) * each),
                                    .total = r->state.steps,
                                    .every = MAX((int64_t)(o->step_every * each), 1),
                                    .factor = o->step_factor};
    return LK_OK;
}

/* What must be the same for a run to go on: settings, and the pictures by name. */
static lk_status know_run(struct run *r, lk_error *err) {
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    train_settings(&b, r->o);
    buf_printf(&b, "\n%s", r->o->from ? r->o->from : "");
    for (int32_t i = 0; i < r->d.count; i++) {
        buf_printf(&b, "\n%s %d", r->d.paths[i], (int)r->d.labels[i]);
    }
    lk_status status = buf_status(&b, err);
    if (status == LK_OK) {
        digest_sha256_hex(r->checkpoint.settings, b.data, b.size);
    }
    buf_release(&b);
    size_t bytes = strlen(r->out) + sizeof ".checkpoint";
    r->checkpoint_path = mem_alloc(bytes, 1);
    if (!r->checkpoint_path) {
        return error_memory(err, bytes);
    }
    snprintf(r->checkpoint_path, bytes, "%s.checkpoint", r->out);
    return status;
}

static lk_status start_batches(struct run *r, lk_error *err) {
    const struct batches_options options = {.input = r->learner->input,
                                            .rows = r->o->batch,
                                            .threads = lk_engine_threads(r->engine),
                                            .originals = r->learner->reconstructs,
                                            .first_step = r->state.step,
                                            .plan = sampler_plan,
                                            .arg = r->sampler};
    return batches_new(&r->batches, &r->pictures, &options, err);
}

/* The place where a run goes on: one that it can have come to. */
static lk_status go_on(struct run *r, lk_error *err) {
    const struct checkpoint *c = &r->checkpoint;
    lk_status status = checkpoint_load(&r->checkpoint, r->learner, r->checkpoint_path, err);
    if (status != LK_OK) {
        return status;
    }
    int64_t ended = c->step / r->epoch_steps; /* the last epoch may wait for its measure */
    if (c->step > r->state.steps || c->point_count > ended || c->point_count + 1 < ended) {
        status = error_set(err, LK_E_CORRUPT, "the checkpoint is damaged: step %lld of %lld",
                           (long long)c->step, (long long)r->state.steps);
        return error_input(err, status, r->checkpoint_path);
    }
    r->state.step = c->step;
    return LK_OK;
}

static lk_status begin(struct run *r, const char *const *paths, size_t count, lk_error *err) {
    lk_status status = train_check(r->o, err);
    if (status == LK_OK) {
        status = train_check_out(r->out, err);
    }
    if (status == LK_OK) {
        status = learner_new(&r->learner, r->engine, r->o, err);
    }
    if (status == LK_OK) {
        status = read_pictures(r, paths, count, err);
    }
    if (status == LK_OK) {
        status = make_sampler(r, err);
    }
    if (status == LK_OK) {
        status = know_run(r, err);
    }
    if (status == LK_OK && r->o->resume) {
        status = go_on(r, err);
    }
    if (status == LK_OK) {
        status = start_batches(r, err);
    }
    r->state.parameters = status == LK_OK ? learner_parameters(r->learner) : 0;
    r->state.epoch = r->checkpoint.point_count;
    r->began_s = r->saved_s = clock_s();
    r->began_step = r->state.step;
    return status;
}

/* -- Learning -- */

static lk_status save(struct run *r, lk_error *err) {
    r->checkpoint.step = r->state.step;
    r->saved_s = clock_s();
    return checkpoint_save(&r->checkpoint, r->learner, r->checkpoint_path, err);
}

static void count_time(struct run *r) {
    double took = clock_s() - r->began_s;
    int64_t made = r->state.step - r->began_step;
    r->state.views_per_s = took > 0 ? (double)(made * r->o->batch) / took : 0;
    r->state.left_s = made > 0 ? took / (double)made * (double)(r->state.steps - r->state.step) : 0;
    r->state.waited = took > 0 ? r->waited_s / took : 0;
}

static lk_status one_step(struct run *r, lk_error *err) {
    struct batch batch;
    struct learnt learnt;
    double waited;
    lk_status status = batches_next(&batch, &waited, r->batches, err);
    r->state.rate = schedule_rate(&r->schedule, r->state.step);
    if (status == LK_OK) {
        status = learner_step(&learnt, r->learner, &batch, r->state.step, r->state.rate, err);
    }
    if (status != LK_OK) {
        return status;
    }
    r->waited_s += waited;
    r->state.step++;
    r->state.loss = learnt.loss;
    r->state.gradient = learnt.gradient;
    r->state.active = r->learner->active;
    r->checkpoint.epoch_loss += learnt.loss;
    r->checkpoint.epoch_losses++;
    count_time(r);
    tell(r, LK_TRAIN_STEP);
    return LK_OK;
}

/* Recalls are not known where nothing was held back. */
static lk_status add_point(struct run *r, lk_error *err) {
    struct checkpoint *c = &r->checkpoint;
    size_t count = (size_t)c->point_count + 1;
    const lk_recall *recall = &r->state.validation.recall;
    const bool known = r->state.validated;
    struct curve_point *points = mem_realloc(c->points, count, sizeof *points);
    if (!points) {
        return error_memory(err, count * sizeof *points);
    }
    c->points = points;
    points[c->point_count++] = (struct curve_point){
        .epoch = r->state.epoch,
        .loss = r->state.loss,
        .validation_loss = r->learner->reconstructs && known ? r->state.validation_loss : NAN,
        .recall1 = known ? recall->at[0].value : NAN,
        .recall5 = known ? recall->at[1].value : NAN,
        .recall10 = known ? recall->at[2].value : NAN,
        .learning_rate = r->state.rate,
        .images_per_s = r->state.views_per_s};
    return LK_OK;
}

/* Whether the epoch that ends with the last step has not been measured yet: the first thing after a resume, too. */
static bool epoch_is_due(const struct run *r) {
    return r->checkpoint.point_count < r->state.step / r->epoch_steps;
}

static lk_status end_epoch(struct run *r, lk_error *err) {
    struct checkpoint *c = &r->checkpoint;
    lk_bytes file;
    lk_status status = learner_write(&file, r->learner, err);
    if (status != LK_OK) {
        return status;
    }
    status = train_measure(r, &file, 0, NULL, err);
    lk_bytes_release(&file);
    r->state.rate = schedule_rate(&r->schedule, r->state.step - 1); /* not known after a resume */
    r->state.loss = c->epoch_losses > 0 ? c->epoch_loss / (double)c->epoch_losses : 0;
    if (status == LK_OK) {
        r->state.epoch = c->point_count + 1;
        status = add_point(r, err);
    }
    if (status == LK_OK) {
        c->epoch_loss = 0;
        c->epoch_losses = 0;
        tell(r, LK_TRAIN_EPOCH);
    }
    return status;
}

static bool checkpoint_is_due(const struct run *r) {
    return r->o->checkpoint_s > 0 && clock_s() - r->saved_s >= r->o->checkpoint_s;
}

static lk_status learn(struct run *r, lk_error *err) {
    lk_status status = LK_OK;
    while (status == LK_OK && (r->state.step < r->state.steps || epoch_is_due(r))) {
        status = engine_check_stop(r->engine, err);
        if (status == LK_OK) {
            status = epoch_is_due(r) ? end_epoch(r, err) : one_step(r, err);
        }
        if (status == LK_OK && checkpoint_is_due(r)) {
            status = save(r, err);
        }
    }
    return status;
}

/* What is learnt is kept until all files are there. A run whose loss is no number any more keeps the last good checkpoint. */
static lk_status run(struct run *r, lk_error *err) {
    lk_error not_saved;
    tell(r, LK_TRAIN_BEGIN);
    lk_status status = learn(r, err);
    bool learnt = status == LK_OK;
    if (learnt) {
        status = train_write(r, err);
    }
    if (status == LK_OK) {
        unlink(r->checkpoint_path);
        tell(r, LK_TRAIN_END);
    } else if ((learnt || status == LK_E_CANCELLED) && save(r, &not_saved) != LK_OK && err) {
        *err = not_saved;
    }
    return status == LK_OK || !err ? status : err->status;
}

lk_status lk_train(lk_train_state *state, lk_engine *engine, const char *const *paths,
                   size_t path_count, const char *out, const lk_train_options *options,
                   lk_train_report *report, void *arg, lk_error *err) {
    struct run r = {.engine = engine, .o = options, .out = out, .report = report, .arg = arg};
    lk_status status = begin(&r, paths, path_count, err);
    if (status == LK_OK) {
        status = run(&r, err);
    }
    if (state) {
        *state = r.state;
    }
    run_release(&r);
    return status;
}
