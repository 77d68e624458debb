/* SPDX-License-Identifier: Apache-2.0 */
/* Learning an embedding from one's own pictures. The result is an ONNX file with its card, usable at once. */
#ifndef LIKENESS_TRAIN_H
#define LIKENESS_TRAIN_H

#include <likeness/evaluate.h>
#include <likeness/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is asked of the embedding. docs/algorithms/train.md has the losses. */
typedef enum lk_train_kind {
    LK_TRAIN_AUTOENCODER, /* the picture can be drawn again from it */
    LK_TRAIN_TRIPLET,     /* alike ones lie nearer than others by a margin */
    LK_TRAIN_CONTRASTIVE, /* among all of a batch, the alike ones are found (InfoNCE) */
    LK_TRAIN_KINDS
} lk_train_kind;
/* "autoencoder", "triplet", "contrastive" */
LK_API const char *lk_train_kind_name(lk_train_kind kind);

typedef enum lk_mining { LK_MINE_RANDOM, LK_MINE_SEMIHARD, LK_MINE_HARD } lk_mining;
typedef enum lk_optimiser { LK_SGD, LK_ADAMW } lk_optimiser;
typedef enum lk_schedule {
    LK_SCHEDULE_CONSTANT,
    LK_SCHEDULE_COSINE,
    LK_SCHEDULE_STEPS
} lk_schedule;
typedef enum lk_reconstruction { LK_RECONSTRUCT_MSE, LK_RECONSTRUCT_SSIM } lk_reconstruction;

typedef struct lk_train_options {
    lk_train_kind kind;
    const char *preset;  /* a network from nothing; lk_preset_at */
    const char *from;    /* or an ONNX file with its card to go on from; NULL */
    int32_t last_layers; /* of `from`: only so many of the last are trained; 0: all */
    int32_t side,
        dim; /* of the preset; 0: as a rule. side of a file, too, where the network allows it */
    bool instances;    /* each picture is its own class, whatever folder it is in */
    double validation; /* share kept apart, 0..0.9 */
    int32_t epochs;
    int32_t batch;      /* views a step */
    int32_t group_size; /* views of one class or picture among them */
    lk_optimiser optimiser;
    double rate, momentum, decay, clip, average; /* momentum: SGD's, Nesterov's with nesterov */
    bool nesterov;
    lk_schedule schedule;
    double warmup;     /* epochs; of a short run at most half */
    double step_every; /* epochs; LK_SCHEDULE_STEPS */
    double step_factor;
    double margin; /* LK_TRAIN_TRIPLET */
    bool squared;  /* squared Euclidean distances instead of Euclidean ones */
    lk_mining mining;
    double temperature;               /* LK_TRAIN_CONTRASTIVE */
    lk_reconstruction reconstruction; /* LK_TRAIN_AUTOENCODER */
    double difficulty;                /* of the simulated photos, 0..1; 0 still photographs */
    double
        clean,  /* share of views that are the picture itself, 0..1; in a group each picture once */
        mirror; /* share of views that are left-right reversed, 0..1 */
    uint64_t seed;
    bool resume; /* go on from OUT.checkpoint; its settings must be these */
    double
        checkpoint_s; /* seconds between checkpoints; one is written when a run is stopped, too */
} lk_train_options;

/* What usually works for a kind. */
LK_API lk_train_options lk_train_options_default(lk_train_kind kind);

typedef struct lk_preset_info {
    const char *name, *summary;
    bool reconstructs; /* for LK_TRAIN_AUTOENCODER; the others for the other kinds */
} lk_preset_info;
LK_API size_t lk_preset_count(void);
LK_API lk_preset_info lk_preset_at(size_t i);

typedef enum lk_train_event {
    LK_TRAIN_BEGIN,
    LK_TRAIN_STEP,
    LK_TRAIN_EPOCH,
    LK_TRAIN_END,
    LK_TRAIN_READ, /* comes first: `pictures` files are read now, which takes its time */
    LK_TRAIN_EVENTS
} lk_train_event;

/* How it stands; figures that are not there yet are 0. */
typedef struct lk_train_state {
    lk_train_event event;
    int32_t pictures, classes; /* learnt from */
    int32_t held_back;         /* for validation */
    int32_t unread;            /* pictures that could not be read; first_unread says why, of one */
    char first_unread[512];
    int32_t
        leaks; /* pictures of validation that have a near duplicate among those learnt from: they were left out */
    int64_t parameters;
    int64_t step, steps; /* done, of all */
    int32_t epoch, epochs;
    double loss;                /* of the last step; at LK_TRAIN_EPOCH the epoch's mean */
    double active;              /* share of triplets that are not satisfied */
    double rate, gradient;      /* learning rate; length of the gradient before clipping */
    double views_per_s, left_s; /* views, of this run; seconds left */
    double waited;              /* share of the time in which steps waited for pictures */
    double validation_loss;     /* LK_TRAIN_AUTOENCODER: reconstruction of pictures held back */
    bool validated;
    lk_evaluation validation; /* photos of pictures held back, by their originals; or classes */
} lk_train_state;

/* Called from the thread that trains. */
typedef void lk_train_report(void *arg, const lk_train_state *state);

/* Trains on the folders or CSV files at paths (docs: lk_train reads what `likeness train --help` says) and writes out (FILE.onnx)
 * and its card beside it (FILE.onnx.json). The same settings, pictures, threads and machine give the same file, whether
 * stopped and resumed or not. LK_E_CANCELLED when the engine's stop is set: then OUT.checkpoint stands for resume. LK_E_USAGE
 * for settings that contradict each other, LK_E_IO, LK_E_LIMIT, LK_E_WRITE, LK_E_MEMORY; LK_E_FORMAT for an operator that
 * cannot be trained; LK_E_CORRUPT for a damaged checkpoint. state, the last, may be NULL. */
LK_API LK_MUST_CHECK lk_status lk_train(lk_train_state *state, lk_engine *engine,
                                        const char *const *paths, size_t path_count,
                                        const char *out, const lk_train_options *options,
                                        lk_train_report *report, void *arg, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
