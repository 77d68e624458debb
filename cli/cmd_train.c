/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/train.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
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
     "the network: compact, triplet-28 or autoencoder (compact; autoencoder)", OF(preset)},
    {"from", 0, OPTION_TEXT, "FILE.onnx", NULL, NULL, "go on from a network with a card", OF(from)},
    {"last", 0, OPTION_INT, "N", NULL, NULL, "from: train the last N layers only", OF(last_layers)},
    {"size", 0, OPTION_INT, "PIXELS", NULL, NULL,
     "side of the network's input (triplet-28: 28, autoencoder: 64, compact: 128)", OF(side)},
    {"dim", 0, OPTION_INT, "N", NULL, NULL,
     "length of the embedding (128; of triplet-28 it follows from the side)", OF(dim)},
    {"labels", 0, OPTION_TEXT, "folders|none|FILE.csv", NULL, NULL,
     "what are classes: folders, each picture by itself, or a table's labels", AT(labels)},
    {"val", 0, OPTION_NUMBER, "SHARE", NULL, "validation",
     "share of the pictures that is held back to measure (0.1)", OF(validation)},
    {"epochs", 0, OPTION_INT, "N", NULL, NULL, "times that all pictures are seen (30)", OF(epochs)},
    {"batch", 0, OPTION_INT, "N", NULL, NULL, "views a step (64)", OF(batch)},
    {"group", 0, OPTION_INT, "N", NULL, NULL,
     "views of one picture or class among them (2; autoencoder: 1)", OF(group_size)},
    {"lr", 0, OPTION_NUMBER, "RATE", NULL, "rate", "learning rate (0.002)", OF(rate)},
    {"margin", 0, OPTION_NUMBER, "M", NULL, NULL, "triplet: how much nearer alike ones are (0.2)",
     OF(margin)},
    {"mining", 0, OPTION_CHOICE, "NAME", "random|semihard|hard", NULL,
     "triplet: which negatives are taken (semihard)", OF(mining)},
    {"temperature", 0, OPTION_NUMBER, "T", NULL, NULL,
     "contrastive: how sharp the choice is (0.07)", OF(temperature)},
    {"difficulty", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "of the simulated photos, 0 to 1 (0.7; autoencoder: 0.3)", OF(difficulty)},
    {"seed", 0, OPTION_INT, "N", NULL, NULL, "of everything that is drawn (1)", AT(seed)},
    {"resume", 0, OPTION_FLAG, NULL, NULL, NULL, "go on with a run that was stopped", OF(resume)},
    {"jsonl", 0, OPTION_FLAG, NULL, NULL, NULL, "one JSON object a line for each epoch", AT(jsonl)},
    {"optimizer", 0, OPTION_CHOICE, "NAME", "sgd|adamw", "optimiser",
     "what moves the weights (adamw)", OF(optimiser)},
    {"momentum", 0, OPTION_NUMBER, "SHARE", NULL, NULL, "sgd: what is kept of the last step (0.9)",
     OF(momentum)},
    {"nesterov", 0, OPTION_FLAG, NULL, NULL, NULL, "sgd: look ahead (--no-nesterov: do not)",
     OF(nesterov)},
    {"decay", 0, OPTION_NUMBER, "RATE", NULL, "weight-decay", "decay of weights (0.01)", OF(decay)},
    {"clip", 0, OPTION_NUMBER, "LENGTH", NULL, NULL, "longest gradient; 0 is any (10)", OF(clip)},
    {"average", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "what a moving average of the weights keeps each step; 0 is none (0.999)", OF(average)},
    {"schedule", 0, OPTION_CHOICE, "NAME", "constant|cosine|steps", NULL,
     "how the rate changes (cosine)", OF(schedule)},
    {"warmup", 0, OPTION_NUMBER, "EPOCHS", NULL, NULL, "the rate rises over so many (1)",
     OF(warmup)},
    {"step-every", 0, OPTION_NUMBER, "EPOCHS", NULL, NULL, "steps: the rate falls so often (10)",
     OF(step_every)},
    {"step-factor", 0, OPTION_NUMBER, "FACTOR", NULL, NULL, "steps: by this (0.1)",
     OF(step_factor)},
    {"squared", 0, OPTION_FLAG, NULL, NULL, NULL,
     "triplet: of squared Euclidean distances (--no-squared: Euclidean ones)", OF(squared)},
    {"loss", 0, OPTION_CHOICE, "NAME", "mse|ssim", NULL, "autoencoder: what is compared (mse)",
     OF(reconstruction)},
    {"clean", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "of the views that are the picture itself, not a photo of it (0.5)", OF(clean)},
    {"mirror", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "of the views that are left-right reversed: 0.5 where that is the same thing (0)", OF(mirror)},
    {"device", 0, OPTION_CHOICE, "NAME", "auto|cpu|cuda", NULL,
     "what computes; cuda is not built in", AT(device)},
    {"checkpoint", 0, OPTION_NUMBER, "SECONDS", NULL, NULL,
     "time between checkpoints; 0: only when stopped (300)", OF(checkpoint_s)},
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

static bool of_triplet(const lk_train_options *o) {
    return o->kind == LK_TRAIN_TRIPLET;
}
static bool of_contrastive(const lk_train_options *o) {
    return o->kind == LK_TRAIN_CONTRASTIVE;
}
static bool of_autoencoder(const lk_train_options *o) {
    return o->kind == LK_TRAIN_AUTOENCODER;
}
static bool of_sgd(const lk_train_options *o) {
    return o->optimiser == LK_SGD;
}
static bool of_steps(const lk_train_options *o) {
    return o->schedule == LK_SCHEDULE_STEPS;
}
static bool of_file(const lk_train_options *o) {
    return o->from != NULL;
}
static bool of_preset(const lk_train_options *o) {
    return o->from == NULL;
}

/* Options that would say nothing without another one: better refused than passed over. */
static const struct goes_with {
    const char *option, *with;
    bool (*holds)(const lk_train_options *o);
} goes_with[] = {
    {"margin", "triplet", of_triplet},
    {"mining", "triplet", of_triplet},
    {"squared", "triplet", of_triplet},
    {"temperature", "contrastive", of_contrastive},
    {"loss", "autoencoder", of_autoencoder},
    {"momentum", "--optimizer sgd", of_sgd},
    {"nesterov", "--optimizer sgd", of_sgd},
    {"step-every", "--schedule steps", of_steps},
    {"step-factor", "--schedule steps", of_steps},
    {"last", "--from", of_file},
    {"preset", "a new network, not with --from", of_preset},
    {"dim", "a new network, not with --from", of_preset},
};

/* Whether the command line has the option; of a flag, whether it was turned off. */
static bool was_given(struct train_settings *s, const struct option *row) {
    const char *at = (const char *)s + row->offset;
    switch (row->kind) {
    case OPTION_NUMBER: return !isnan(*number_at(&s->given, row->offset));
    case OPTION_FLAG: return !*(const bool *)at;
    case OPTION_TEXT: return *(const char *const *)(const void *)at != NULL;
    default: return *int_at(&s->given, row->offset) >= 0;
    }
}

/* Says so in text where an option goes with another one that is not there. */
static bool is_idle(char *text, size_t size, struct train_settings *s, const lk_train_options *o) {
    for (size_t i = 0; i < sizeof goes_with / sizeof *goes_with; i++) {
        const struct option *row = train_options;
        while (strcmp(row->name, goes_with[i].option) != 0) {
            row++;
        }
        if (was_given(s, row) && !goes_with[i].holds(o)) {
            snprintf(text, size, "--%s%s goes with %s", row->kind == OPTION_FLAG ? "no-" : "",
                     row->name, goes_with[i].with);
            return true;
        }
    }
    return false;
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
    char idle[120];
    lk_error err = {0};
    if (is_idle(idle, sizeof idle, s, &o)) {
        return report_usage(&s->common, &command_train, idle);
    }
    if (file_can_write(s->out, &err) != LK_OK) { /* before hours of work, not after */
        return report_error(&s->common, &err);
    }
    size_t count = args->count - 1;
    const char **paths = mem_alloc(count + 1, sizeof *paths);
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
        "card, for embed, compare --model and model eval; beside them FILE.onnx.html, the course "
        "of "
        "the run, and FILE.onnx.png,\n"
        "pictures that were held back with what is nearest to them, or as they were drawn "
        "again.\n\n"
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
