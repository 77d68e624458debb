/* SPDX-License-Identifier: Apache-2.0 */
/* A run from pictures to a file: load, divide, learn, validate after each epoch, write. */
#include <likeness/train.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/engine.h"
#include "learn/checkpoint.h"
#include "learn/sampler.h"
#include "learn/train_run.h"
#include "learn/validate.h"
#include "model/card.h"

struct run {
    lk_engine *engine;
    const lk_train_options *o;
    const char *out;
    struct dataset d;
    struct dataset_split split;
    struct pictures pictures;
    bool instances; /* what is asked, or all there is */
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
    double epoch_loss; /* sum */
    int64_t epoch_losses;
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

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
    bool *leaked = mem_calloc((size_t)r->d.count + 1, sizeof *leaked);
    if (!leaked) {
        return error_memory(err, (size_t)r->d.count);
    }
    lk_status status = dataset_leaks(&leaks, r->engine, &r->d, &r->split, err);
    for (int32_t i = 0; status == LK_OK && i < leaks.count; i++) {
        r->state.leaks += !leaked[leaks.pairs[i].validation];
        leaked[leaks.pairs[i].validation] = true;
    }
    if (status == LK_OK) {
        r->split.validation_count =
            keep(r->split.validation, r->split.validation_count, &r->pictures, leaked);
        dataset_leaks_release(&leaks);
    }
    mem_free(leaked);
    return status;
}

/* Held-back pictures of all classes, not of the first ones alone. */
static void thin_validation(struct run *r) {
    int32_t count = r->split.validation_count, left = MIN(count, VALIDATE_MOST);
    for (int32_t i = 0; i < left; i++) {
        r->split.validation[i] = r->split.validation[(int64_t)i * count / left];
    }
    r->split.validation_count = left;
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
        status = pictures_load(&r->pictures, r->engine, &r->d, side, LEARNER_MEMORY_BYTES, err);
    }
    if (status != LK_OK) {
        return status;
    }
    r->split.train_count = keep(r->split.train, r->split.train_count, &r->pictures, NULL);
    status = drop_leaks(r, err);
    thin_validation(r);
    r->state.pictures = r->split.train_count;
    r->state.classes = r->d.classes;
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
                                    .warmup = (int64_t)(o->warmup * each),
                                    .total = r->state.steps,
                                    .every = (int64_t)(o->step_every * each),
                                    .factor = o->step_factor};
    return LK_OK;
}

/* What must be the same for a run to go on: settings, and the pictures by name. */
static lk_status know_run(struct run *r, lk_error *err) {
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    train_settings(&b, r->o);
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
                                            .first_step = r->state.step,
                                            .plan = sampler_plan,
                                            .arg = r->sampler};
    return batches_new(&r->batches, &r->pictures, &options, err);
}

static lk_status begin(struct run *r, const char *const *paths, size_t count, lk_error *err) {
    lk_status status = train_check(r->o, err);
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
        status = checkpoint_load(&r->checkpoint, r->learner, r->checkpoint_path, err);
        r->state.step = r->checkpoint.step;
    }
    if (status == LK_OK) {
        status = start_batches(r, err);
    }
    r->state.parameters = status == LK_OK ? learner_parameters(r->learner) : 0;
    r->state.epoch = (int32_t)(status == LK_OK ? r->state.step / r->epoch_steps : 0);
    r->began_s = r->saved_s = now_s();
    r->began_step = r->state.step;
    return status;
}

/* -- Learning -- */

static lk_status save(struct run *r, lk_error *err) {
    r->checkpoint.step = r->state.step;
    r->saved_s = now_s();
    return checkpoint_save(&r->checkpoint, r->learner, r->checkpoint_path, err);
}

static void count_time(struct run *r) {
    double took = now_s() - r->began_s;
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
    r->epoch_loss += learnt.loss;
    r->epoch_losses++;
    count_time(r);
    tell(r, LK_TRAIN_STEP);
    return LK_OK;
}

static lk_status measure(struct run *r, const lk_bytes *file, int32_t resamples, lk_error *err) {
    const struct validation v = {.d = &r->d,
                                 .pictures = &r->pictures,
                                 .samples = r->split.validation,
                                 .count = r->split.validation_count,
                                 .instances = r->instances,
                                 .difficulty = r->o->difficulty,
                                 .seed = r->o->seed,
                                 .resamples = resamples};
    if (r->split.validation_count < 2) {
        return LK_OK;
    }
    r->state.validated = true;
    return validate(&r->state.validation, &r->state.validation_loss, r->engine, r->learner, file,
                    &v, err);
}

static lk_status add_row(struct run *r, lk_error *err) {
    struct checkpoint *c = &r->checkpoint;
    size_t count = (size_t)c->row_count + 1;
    struct curve_row *rows = mem_realloc(c->rows, count, sizeof *rows);
    if (!rows) {
        return error_memory(err, count * sizeof *rows);
    }
    c->rows = rows;
    rows[c->row_count++] =
        (struct curve_row){.epoch = (double)r->state.step / (double)r->epoch_steps,
                           .loss = r->state.loss,
                           .rate = r->state.rate,
                           .views_per_s = r->state.views_per_s,
                           .recall_1 = r->state.validation.recall.at[0].value,
                           .validation_loss = r->state.validation_loss};
    return LK_OK;
}

static lk_status end_epoch(struct run *r, lk_error *err) {
    lk_bytes file;
    lk_status status = learner_write(&file, r->learner, err);
    if (status != LK_OK) {
        return status;
    }
    r->state.epoch++;
    status = measure(r, &file, 0, err);
    lk_bytes_release(&file);
    r->state.loss = r->epoch_losses > 0 ? r->epoch_loss / (double)r->epoch_losses : 0;
    r->epoch_loss = 0;
    r->epoch_losses = 0;
    if (status == LK_OK) {
        status = add_row(r, err);
    }
    if (status == LK_OK) {
        tell(r, LK_TRAIN_EPOCH);
    }
    return status;
}

static lk_status learn(struct run *r, lk_error *err) {
    lk_status status = LK_OK;
    while (status == LK_OK && r->state.step < r->state.steps) {
        status = engine_check_stop(r->engine, err);
        if (status == LK_OK) {
            status = one_step(r, err);
        }
        if (status == LK_OK && r->state.step % r->epoch_steps == 0) {
            status = end_epoch(r, err);
        }
        if (status == LK_OK && now_s() - r->saved_s >= r->o->checkpoint_s &&
            r->o->checkpoint_s > 0) {
            status = save(r, err);
        }
    }
    if (status == LK_E_CANCELLED) {
        lk_error not_saved;
        lk_status saved = save(r, &not_saved);
        if (saved != LK_OK && err) {
            *err = not_saved;
        }
        return saved == LK_OK ? status : saved;
    }
    return status;
}

/* -- Writing -- */

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What the path's last part may be in a card: the name lacks the extension. */
static void name_card(lk_model_card *card, const char *out) {
    snprintf(card->file, sizeof card->file, "%s", base_name(out));
    size_t length = strlen(card->file);
    length = length > 5 && strcmp(card->file + length - 5, ".onnx") == 0 ? length - 5 : length;
    length = MIN(length, sizeof card->name - 1);
    memcpy(card->name, card->file, length);
    card->name[length] = '\0';
}

static void add_figures(struct buf *b, const struct run *r) {
    const lk_evaluation *e = &r->state.validation;
    if (!r->state.validated) {
        buf_add_text(b, "nothing was held back");
        return;
    }
    buf_printf(b, "%d held back (%s): recall@1 %.4f [%.4f-%.4f], @5 %.4f, @10 %.4f",
               r->state.held_back,
               r->instances ? "photos ask for originals" : "each asks for its class",
               e->recall.at[0].value, e->recall.at[0].low, e->recall.at[0].high,
               e->recall.at[1].value, e->recall.at[2].value);
    for (int i = 0; i < LK_ROC_AT_COUNT; i++) {
        buf_printf(b, ", true matches at %g false %.4f [%.4f-%.4f]", e->roc.at[i].false_match_rate,
                   e->roc.at[i].true_match_rate.value, e->roc.at[i].true_match_rate.low,
                   e->roc.at[i].true_match_rate.high);
    }
    if (r->learner->reconstructs) {
        buf_printf(b, ", mean squared error %.6f", r->state.validation_loss);
    }
}

static void copy_text(char *out, size_t size, struct buf *b) {
    snprintf(out, size, "%s", b->status == LK_OK && b->data ? (const char *)b->data : "");
    buf_release(b);
}

static lk_status write_card(struct run *r, const lk_bytes *file, lk_error *err) {
    lk_model_card card = r->learner->card;
    struct buf b;
    char path[4096];
    name_card(&card, r->out);
    snprintf(card.title, sizeof card.title, "%s, trained by likeness",
             r->o->from ? base_name(r->o->from) : r->o->preset);
    digest_sha256_hex(card.sha256, file->data, file->size);
    card.bytes = (int64_t)file->size;
    buf_init(&b, sizeof card.training - 1);
    buf_printf(&b, "%d pictures, %d classes; ", (int)r->state.pictures, (int)r->state.classes);
    train_settings(&b, r->o);
    copy_text(card.training, sizeof card.training, &b);
    buf_init(&b, sizeof card.figures - 1);
    add_figures(&b, r);
    copy_text(card.figures, sizeof card.figures, &b);
    buf_init(&b, CARD_BYTES_MAX);
    card_write(&b, &card);
    lk_status status = buf_status(&b, err);
    if (status == LK_OK && snprintf(path, sizeof path, "%s.json", r->out) >= (int)sizeof path) {
        status = error_set(err, LK_E_WRITE, "the path is too long");
    }
    if (status == LK_OK) {
        status = file_write(path, b.data, b.size, err);
    }
    buf_release(&b);
    return status;
}

static lk_status finish(struct run *r, lk_error *err) {
    lk_bytes file;
    lk_status status = learner_write(&file, r->learner, err);
    if (status != LK_OK) {
        return status;
    }
    status = measure(r, &file, lk_evaluate_options_default().resamples, err);
    if (status == LK_OK) {
        status = file_write(r->out, file.data, file.size, err);
    }
    if (status == LK_OK) {
        status = write_card(r, &file, err);
    }
    lk_bytes_release(&file);
    if (status == LK_OK) {
        unlink(r->checkpoint_path);
        tell(r, LK_TRAIN_END);
    }
    return status;
}

lk_status lk_train(lk_train_state *state, lk_engine *engine, const char *const *paths,
                   size_t path_count, const char *out, const lk_train_options *options,
                   lk_train_report *report, void *arg, lk_error *err) {
    struct run r = {.engine = engine, .o = options, .out = out, .report = report, .arg = arg};
    lk_status status = begin(&r, paths, path_count, err);
    if (status == LK_OK) {
        tell(&r, LK_TRAIN_BEGIN);
        status = learn(&r, err);
    }
    if (status == LK_OK) {
        status = finish(&r, err);
    }
    if (state) {
        *state = r.state;
    }
    run_release(&r);
    return status;
}
