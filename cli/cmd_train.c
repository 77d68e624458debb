/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/train.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/stop.h"
#include "cli/train_report.h"

struct train_settings {
    struct common common;
    lk_train_options given; /* what was not asked for is NAN, or -1 */
    const char *out, *labels;
    int32_t seed, device;
    bool jsonl;
};

enum { TRAIN_SCREEN = 19 };

#define AT(member) offsetof(struct train_settings, member)
#define OF(member) offsetof(struct train_settings, given.member)

static const struct option train_options[] = {
    {"out", 'O', OPTION_TEXT, "FILE.onnx", NULL, NULL, "where the network goes, its card beside it",
     AT(out)},
    {"preset", 0, OPTION_TEXT, "NAME", NULL, NULL,
     "the network: triplet-28, autoencoder or compact", OF(preset)},
    {"from", 0, OPTION_TEXT, "FILE.onnx", NULL, NULL, "go on from a network with a card", OF(from)},
    {"last", 0, OPTION_INT, "N", NULL, NULL, "from: train the last N layers only", OF(last_layers)},
    {"size", 0, OPTION_INT, "PIXELS", NULL, NULL, "side of the network's input", OF(side)},
    {"dim", 0, OPTION_INT, "N", NULL, NULL, "length of the embedding", OF(dim)},
    {"labels", 0, OPTION_TEXT, "folders|none|FILE.csv", NULL, NULL,
     "what are classes: folders, each picture by itself, or a table's labels", AT(labels)},
    {"val", 0, OPTION_NUMBER, "SHARE", NULL, "validation",
     "share of the pictures that is held back to measure", OF(validation)},
    {"epochs", 0, OPTION_INT, "N", NULL, NULL, "times that all pictures are seen", OF(epochs)},
    {"batch", 0, OPTION_INT, "N", NULL, NULL, "views a step", OF(batch)},
    {"group", 0, OPTION_INT, "N", NULL, NULL, "views of one picture or class among them",
     OF(group_size)},
    {"lr", 0, OPTION_NUMBER, "RATE", NULL, "rate", "learning rate", OF(rate)},
    {"margin", 0, OPTION_NUMBER, "M", NULL, NULL, "triplet: how much nearer alike ones are",
     OF(margin)},
    {"mining", 0, OPTION_CHOICE, "NAME", "random|semihard|hard", NULL,
     "triplet: which negatives are taken", OF(mining)},
    {"temperature", 0, OPTION_NUMBER, "T", NULL, NULL, "contrastive: how sharp the choice is",
     OF(temperature)},
    {"difficulty", 0, OPTION_NUMBER, "SHARE", NULL, NULL, "of the simulated photos, 0 to 1",
     OF(difficulty)},
    {"seed", 0, OPTION_INT, "N", NULL, NULL, "of everything that is drawn", AT(seed)},
    {"resume", 0, OPTION_FLAG, NULL, NULL, NULL, "go on with a run that was stopped", OF(resume)},
    {"jsonl", 0, OPTION_FLAG, NULL, NULL, NULL, "one JSON object a line for each epoch", AT(jsonl)},
    {"optimizer", 0, OPTION_CHOICE, "NAME", "sgd|adamw", "optimiser", "what moves the weights",
     OF(optimiser)},
    {"momentum", 0, OPTION_NUMBER, "SHARE", NULL, NULL, "sgd: what is kept of the last step",
     OF(momentum)},
    {"nesterov", 0, OPTION_FLAG, NULL, NULL, NULL, "sgd: look ahead", OF(nesterov)},
    {"decay", 0, OPTION_NUMBER, "RATE", NULL, "weight-decay", "decay of weights", OF(decay)},
    {"clip", 0, OPTION_NUMBER, "LENGTH", NULL, NULL, "longest gradient; 0 is any", OF(clip)},
    {"average", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "what a moving average of the weights keeps each step; 0 is none", OF(average)},
    {"schedule", 0, OPTION_CHOICE, "NAME", "constant|cosine|steps", NULL, "how the rate changes",
     OF(schedule)},
    {"warmup", 0, OPTION_NUMBER, "EPOCHS", NULL, NULL, "the rate rises over so many", OF(warmup)},
    {"step-every", 0, OPTION_NUMBER, "EPOCHS", NULL, NULL, "steps: the rate falls so often",
     OF(step_every)},
    {"step-factor", 0, OPTION_NUMBER, "FACTOR", NULL, NULL, "steps: by this", OF(step_factor)},
    {"squared", 0, OPTION_FLAG, NULL, NULL, NULL,
     "triplet: of squared Euclidean distances (--no-squared: Euclidean ones)", OF(squared)},
    {"loss", 0, OPTION_CHOICE, "NAME", "mse|ssim", NULL, "autoencoder: what is compared",
     OF(reconstruction)},
    {"clean", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "of the groups that hold the picture itself beside photos of it", OF(clean)},
    {"device", 0, OPTION_CHOICE, "NAME", "auto|cpu|cuda", NULL,
     "what computes; cuda is not built in", AT(device)},
    {"checkpoint", 0, OPTION_NUMBER, "SECONDS", NULL, NULL, "time between checkpoints; 0: none",
     OF(checkpoint_s)},
    OPTION_END,
};

static double *number_at(lk_train_options *o, size_t offset) {
    return (double *)(void *)((char *)o + (offset - AT(given)));
}

static int32_t *int_at(lk_train_options *o, size_t offset) {
    return (int32_t *)(void *)((char *)o + (offset - AT(given)));
}

static bool is_given(const struct option *row) {
    return row->offset >= AT(given) && row->offset < AT(given) + sizeof(lk_train_options);
}

static void train_defaults(void *settings) {
    struct train_settings *s = settings;
    s->given.nesterov = s->given.squared = true;
    s->seed = 1;
    for (const struct option *row = train_options; row->name; row++) {
        if (is_given(row) && row->kind == OPTION_NUMBER) {
            *number_at(&s->given, row->offset) = (double)NAN;
        } else if (is_given(row) && (row->kind == OPTION_INT || row->kind == OPTION_CHOICE)) {
            *int_at(&s->given, row->offset) = -1;
        }
    }
}

/* What was asked for, over what is usual for the kind. */
static lk_train_options merge(struct train_settings *s, lk_train_kind kind) {
    lk_train_options o = lk_train_options_default(kind);
    for (const struct option *row = train_options; row->name; row++) {
        if (!is_given(row)) {
            continue;
        }
        if (row->kind == OPTION_NUMBER && !isnan(*number_at(&s->given, row->offset))) {
            *number_at(&o, row->offset) = *number_at(&s->given, row->offset);
        } else if ((row->kind == OPTION_INT || row->kind == OPTION_CHOICE) &&
                   *int_at(&s->given, row->offset) >= 0) {
            *int_at(&o, row->offset) = *int_at(&s->given, row->offset);
        }
    }
    o.preset = s->given.preset ? s->given.preset : o.preset;
    o.from = s->given.from;
    o.nesterov = s->given.nesterov;
    o.squared = s->given.squared;
    o.resume = s->given.resume;
    o.seed = (uint64_t)s->seed;
    o.instances = s->labels && strcmp(s->labels, "none") == 0;
    return o;
}

static bool find_kind(lk_train_kind *out, const char *name) {
    for (int i = 0; i < LK_TRAIN_KINDS; i++) {
        if (strcmp(lk_train_kind_name((lk_train_kind)i), name) == 0) {
            *out = (lk_train_kind)i;
            return true;
        }
    }
    return false;
}

static const char *mistake(const struct train_settings *s, lk_train_kind *kind) {
    if (!find_kind(kind, s->common.args.items[0])) {
        return "the first argument is autoencoder, triplet or contrastive";
    }
    if (!s->out) {
        return "--out FILE.onnx says where the network goes";
    }
    if (s->device == 2) {
        return "--device cuda: this build computes on processors only";
    }
    bool table = s->labels && strcmp(s->labels, "none") != 0 && strcmp(s->labels, "folders") != 0;
    if (s->common.args.count < 2 && !table) {
        return "a folder of pictures, or a table, is missing";
    }
    return NULL;
}

static enum exit_code train_run(void *settings, lk_engine *engine) {
    struct train_settings *s = settings;
    const struct text_list *args = &s->common.args;
    lk_train_kind kind = LK_TRAIN_TRIPLET;
    const char *wrong = mistake(s, &kind);
    if (wrong) {
        return report_usage(&s->common, &command_train, wrong);
    }
    lk_train_options o = merge(s, kind);
    size_t count = args->count - 1;
    const char **paths = mem_alloc(count + 1, sizeof *paths);
    lk_error err = {0};
    if (!paths) {
        err.status = LK_E_MEMORY;
        return report_error(&s->common, &err);
    }
    memcpy(paths, args->items + 1, count * sizeof *paths);
    if (s->labels && !o.instances && strcmp(s->labels, "folders") != 0) {
        paths[count++] = s->labels;
    }
    struct train_report report;
    lk_train_state state;
    train_report_begin(&report, &s->common, s->jsonl, s->out);
    lk_status status =
        lk_train(&state, engine, paths, count, s->out, &o, train_report_event, &report, &err);
    mem_free(paths);
    return train_report_end(&report, status, &state, &err);
}

const struct command command_train = {
    .name = "train",
    .summary = "learn an embedding from one's own pictures",
    .arguments = "autoencoder|triplet|contrastive DIR|FILE.csv...",
    .details =
        "A folder of folders is a class each; of pictures alone, or with --labels none, each "
        "picture is its own class and\n"
        "what is alike are simulated photos of it. A table has the columns path and label. The "
        "result is an ONNX file and its\n"
        "card, for embed, compare --model and model eval.\n\n"
        "triplet: alike ones lie nearer than others by a margin. contrastive: among a batch the "
        "alike ones are found.\n"
        "autoencoder: the picture can be drawn again from its embedding.\n\n"
        "Ctrl-C ends the run after a step and leaves FILE.onnx.checkpoint; the same command with "
        "--resume goes on and gives\n"
        "the same network as a run that was not stopped.",
    .examples =
        "  likeness train contrastive originals/ --labels none --out caps.onnx\n"
        "  likeness train triplet classes/ --preset triplet-28 --group 4 --out small.onnx\n"
        "  likeness train autoencoder photos/ --epochs 50 --out coder.onnx --resume\n"
        "  likeness train triplet classes/ --from mobilenet.onnx --last 3 --out mine.onnx\n",
    .least_args = 1,
    .most_args = 1000,
    .options = train_options,
    .screen_options = TRAIN_SCREEN,
    .settings_size = sizeof(struct train_settings),
    .defaults = train_defaults,
    .run = train_run,
};
