/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/model_eval.h"

struct model_command {
    struct common common;
    struct model_settings model;
    const char *out;
    const char *references, *sheet;
    int32_t pixels, seed;
    double held_share;
    bool yes;
};

#define AT(member) offsetof(struct model_command, member)

static const struct option model_options[] = {
    {"models", 0, OPTION_TEXT, "DIR", NULL, NULL,
     "the catalogue's folder (LIKENESS_MODELS, or below ~/.local/share)",
     AT(model) + offsetof(struct model_settings, folder)},
    {"card", 0, OPTION_TEXT, "FILE", NULL, NULL, "add, eval: the card of the file",
     AT(model) + offsetof(struct model_settings, card)},
    {"out", 'O', OPTION_TEXT, "FILE.onnx", NULL, NULL, "export: where the network goes", AT(out)},
    {"references", 0, OPTION_TEXT, "DIR", NULL, NULL,
     "eval: a folder whose pictures are references too", AT(references)},
    {"pixels", 0, OPTION_INT, "N", NULL, NULL, "eval: no network, but the pictures as N x N pixels",
     AT(pixels)},
    {"val", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "eval: only the pictures that train --val SHARE --seed N holds back", AT(held_share)},
    {"seed", 0, OPTION_INT, "N", NULL, NULL, "eval: the seed of that training (1)", AT(seed)},
    {"sheet", 0, OPTION_TEXT, "FILE.png", NULL, NULL,
     "eval: a picture of some questions with what is nearest", AT(sheet)},
    {"yes", 'y', OPTION_FLAG, NULL, NULL, NULL, "rm: do not ask", AT(yes)},
    OPTION_END,
};

/* What the verbs work on. */
struct verb_call {
    const struct model_command *s;
    lk_engine *engine;
    const char *folder;
    const char *name; /* behind the verb; NULL when there is none */
};

static enum exit_code print_models(const struct verb_call *v, const lk_catalogue *c,
                                   const lk_catalogue_entry *only) {
    const struct common *common = &v->s->common;
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 24);
    json_init(&j, &b, 0);
    if (common->json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/models/1");
        json_text(&j, "folder", v->folder);
        json_array_begin(&j, "models");
    }
    for (size_t i = 0; i < c->count; i++) {
        const lk_catalogue_entry *e = &c->entries[i];
        if (only && e != only) {
            continue;
        }
        if (common->json) {
            lk_bytes model = {0};
            lk_status status = lk_report_model(&model, e, NULL);
            json_document(&j, NULL, status, &model);
        } else {
            buf_printf(&b, "%-20s %-14s %s\n", e->card.name,
                       e->installed  ? "installed"
                       : e->built_in ? "built in"
                                     : "not installed",
                       e->card.title);
        }
    }
    if (common->json) {
        json_array_end(&j);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    } else {
        remark(common, "models lie in %s", v->folder);
    }
    return print_result(common, &b, EXIT_YES);
}

static enum exit_code list_verb(const struct verb_call *v) {
    lk_catalogue c;
    lk_error err = {0};
    if (lk_catalogue_read(&c, v->folder, &err) != LK_OK) {
        return report_error(&v->s->common, &err);
    }
    enum exit_code code = print_models(v, &c, NULL);
    lk_catalogue_release(&c);
    return code;
}

static void add_line(struct buf *b, const char *name, const char *text) {
    if (*text) {
        buf_printf(b, "%-14s %s\n", name, text);
    }
}

static void card_text(struct buf *b, const struct verb_call *v, const lk_catalogue_entry *e) {
    static const char *const colours[] = {"RGB", "BGR", "gray"};
    const lk_model_card *c = &e->card;
    add_line(b, "name", c->name);
    add_line(b, "title", c->title);
    add_line(b, "licence", c->licence);
    add_line(b, "file", c->file);
    add_line(b, "sha256", c->sha256);
    add_line(b, "source", c->source);
    buf_printf(b, "%-14s %d x %d %s, (level - %g) / %g, %s\n", "input", c->width, c->height,
               colours[c->colour], c->mean[0], c->scale[0],
               c->resize == LK_RESIZE_CROP ? "the middle of the picture" : "the whole, stretched");
    add_line(b, "embedding", c->embedding);
    add_line(b, "probabilities", c->probabilities);
    add_line(b, "logits", c->logits);
    if (c->classes > 0) {
        buf_printf(b, "%-14s %d%s\n", "classes", c->classes,
                   c->background ? ", class 0 is the background" : "");
    }
    add_line(b, "notes", c->notes);
    add_line(b, "training", c->training);
    add_line(b, "figures", c->figures);
    if (e->installed) {
        buf_printf(b, "%-14s in %s\n", "installed", v->folder);
    } else if (!e->built_in) {
        buf_printf(b, "%-14s get %s from the source above, then: likeness model add %s\n",
                   "not installed", c->file, c->file);
    }
}

static enum exit_code unknown(const struct verb_call *v) {
    lk_error err = {.status = LK_E_IO, .text = "there is no model of that name"};
    snprintf(err.input, sizeof err.input, "%.500s", v->name);
    return report_error(&v->s->common, &err);
}

static enum exit_code show_verb(const struct verb_call *v) {
    lk_catalogue c;
    lk_error err = {0};
    if (lk_catalogue_read(&c, v->folder, &err) != LK_OK) {
        return report_error(&v->s->common, &err);
    }
    const lk_catalogue_entry *e = lk_catalogue_find(&c, v->name);
    enum exit_code code;
    if (!e) {
        code = unknown(v);
    } else if (v->s->common.json) {
        code = print_models(v, &c, e);
    } else {
        struct buf b;
        buf_init(&b, 1 << 20);
        card_text(&b, v, e);
        code = print_result(&v->s->common, &b, EXIT_YES);
    }
    lk_catalogue_release(&c);
    return code;
}

static enum exit_code say(const struct verb_call *v, const char *name, const char *what) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    if (v->s->common.json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/models/1");
        json_text(&j, "folder", v->folder);
        json_text(&j, "name", name);
        json_text(&j, "done", what);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    } else {
        buf_printf(&b, "%s: %s\n", name, what);
    }
    return print_result(&v->s->common, &b, EXIT_YES);
}

static enum exit_code add_verb(const struct verb_call *v) {
    lk_catalogue_added added;
    lk_error err = {0};
    if (lk_catalogue_add(&added, v->engine, v->folder, v->name, v->s->model.card, &err) != LK_OK) {
        return report_error(&v->s->common, &err);
    }
    if (!added.compared) {
        remark(&v->s->common,
               "its card names no checksum to compare with; the one found is written down: %s",
               added.card.sha256);
    }
    if (added.card.classes > 0 && !added.card.labels[0]) {
        remark(&v->s->common,
               "its labels were not beside the file: classes will have numbers only");
    }
    return say(v, added.card.name, "added");
}

static enum exit_code check_verb(const struct verb_call *v) {
    lk_error err = {0};
    if (lk_catalogue_check(v->engine, v->folder, v->name, &err) != LK_OK) {
        return report_error(&v->s->common, &err);
    }
    return say(v, v->name, "checksums agree, and the network can be run");
}

static enum exit_code export_verb(const struct verb_call *v) {
    lk_error err = {0};
    if (!v->s->out) {
        return report_usage(&v->s->common, &command_model, "export wants --out FILE.onnx");
    }
    if (lk_model_export(v->engine, v->folder, v->name, v->s->out, &err) != LK_OK) {
        return report_error(&v->s->common, &err);
    }
    return say(v, v->name, "exported");
}

/* Destructive: asks on a terminal, and wants --yes elsewhere. */
static bool agreed(const struct verb_call *v) {
    if (v->s->yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        return false;
    }
    char answer[16] = "";
    fprintf(stderr, "remove model %s from %s? [y/N] ", v->name, v->folder);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static enum exit_code rm_verb(const struct verb_call *v) {
    lk_error err = {0};
    if (!agreed(v)) {
        return report_usage(&v->s->common, &command_model, "rm removes files: say --yes");
    }
    if (lk_catalogue_remove(v->folder, v->name, &err) != LK_OK) {
        return report_error(&v->s->common, &err);
    }
    return say(v, v->name, "removed");
}

/* NAME|FILE and what to evaluate it on; with --pixels the latter alone. */
static enum exit_code eval_verb(const struct verb_call *v) {
    const struct model_command *s = v->s;
    struct model_settings chosen = s->model;
    bool plain = s->pixels >= 0;
    if (plain && (s->pixels < 1 || s->pixels > LK_PIXELS_SIDE_MAX)) {
        return report_usage(&s->common, &command_model, "--pixels takes a side of 1 to 256");
    }
    if (s->common.args.count != (plain ? 2 : 3) || (plain && s->model.card)) {
        return report_usage(&s->common, &command_model,
                            plain ? "eval --pixels N wants DIR or PAIRS.csv, and no model"
                                  : "eval wants NAME or FILE, and DIR or PAIRS.csv");
    }
    if (s->seed >= 0 && !(s->held_share > 0)) {
        return report_usage(&s->common, &command_model, "--seed goes with --val");
    }
    chosen.model = plain ? NULL : v->name;
    const struct model_eval eval = {.common = &s->common,
                                    .engine = v->engine,
                                    .model = chosen,
                                    .pixels = plain ? s->pixels : 0,
                                    .held_share = s->held_share,
                                    .seed = s->seed >= 0 ? s->seed : 1,
                                    .data = s->common.args.items[plain ? 1 : 2],
                                    .references = s->references,
                                    .sheet = s->sheet};
    return model_eval_run(&eval);
}

struct verb {
    const char *name;
    size_t least, most; /* names behind it */
    enum exit_code (*run)(const struct verb_call *v);
    const char *options; /* of the table that it takes beside --models, with spaces between */
};

static const struct verb verbs[] = {
    {"list", 0, 0, list_verb, ""},
    {"show", 1, 1, show_verb, ""},
    {"add", 1, 1, add_verb, "card"},
    {"check", 1, 1, check_verb, ""},
    {"eval", 1, 2, eval_verb, "card references pixels val seed sheet"},
    {"export", 1, 1, export_verb, "out"},
    {"rm", 1, 1, rm_verb, "yes"},
};

static void model_defaults(void *settings) {
    struct model_command *s = settings;
    s->pixels = s->seed = -1;
}

static bool was_given(const struct model_command *s, const struct option *row) {
    const void *at = (const char *)s + row->offset;
    return row->kind == OPTION_FLAG     ? *(const bool *)at
           : row->kind == OPTION_INT    ? *(const int32_t *)at >= 0
           : row->kind == OPTION_NUMBER ? *(const double *)at != 0
                                        : *(const char *const *)at != NULL;
}

/* An option that the verb would pass over; NULL. */
static const char *idle_option(const struct model_command *s, const struct verb *verb) {
    for (const struct option *row = model_options; row->name; row++) {
        const char *place = strstr(verb->options, row->name);
        if (!place && strcmp(row->name, "models") != 0 && was_given(s, row)) {
            return row->name;
        }
    }
    return NULL;
}

static void add_words(struct buf *b) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        buf_printf(b, "%s%s", i > 0 ? " " : "", verbs[i].name);
    }
}

static enum exit_code model_command_run(void *settings, lk_engine *engine) {
    struct model_command *s = settings;
    char folder[4096];
    models_folder(folder, sizeof folder, s->model.folder);
    struct verb_call call = {.s = s,
                             .engine = engine,
                             .folder = folder,
                             .name = s->common.args.count > 1 ? s->common.args.items[1] : NULL};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, s->common.args.items[0]) == 0) {
            size_t names = s->common.args.count - 1;
            bool fits = names >= verbs[i].least && names <= verbs[i].most;
            const char *idle = idle_option(s, &verbs[i]);
            if (fits && idle) {
                char text[80];
                snprintf(text, sizeof text, "model %s takes no --%s", verbs[i].name, idle);
                return report_usage(&s->common, &command_model, text);
            }
            return fits ? verbs[i].run(&call)
                        : report_usage(&s->common, &command_model,
                                       names < verbs[i].least ? "a name is missing"
                                       : verbs[i].most == 0   ? "list takes no name"
                                                              : "one name at a time");
        }
    }
    return report_usage(&s->common, &command_model,
                        "the verbs are list, show, add, check, eval, export and rm");
}

const struct command command_model = {
    .name = "model",
    .summary = "the catalogue of networks: list, show, add, check, eval, export, rm",
    .arguments = "list | show NAME | add FILE|DIR | check NAME | eval NAME|FILE DIR|PAIRS.csv | "
                 "export NAME | rm NAME",
    .details =
        "A model is an ONNX file with a card: a JSON file that says what it is, its checksum, how "
        "pictures become its\n"
        "input and what its outputs are. add copies both into the catalogue's folder, with the "
        "labels beside the file.\n"
        "The card is --card, FILE.json beside the file, or one of those that come with likeness, "
        "found by its checksum or, where a card knows none, by the file's name.\n"
        "export writes the part of a network that gives its embedding as an ONNX file of its own.\n"
        "eval measures how well a network tells things apart, on a folder with a folder a class, "
        "or "
        "on a table with columns\n"
        "photo and reference: recall among the nearest, and true matches at rates of false ones, "
        "with 95 % intervals.\n"
        "--val SHARE asks the pictures alone that training on the same folder does not see.\n"
        "--pixels N measures the pictures themselves, which a network has to beat. A picture that "
        "cannot be read is reported\n"
        "and left out; the command then ends with 2.\n"
        "Nothing is downloaded: show says where a model is to be had.",
    .examples = "  likeness model list\n"
                "  likeness model show mobilenet-v2\n"
                "  likeness model add mobilenet_v2_1.0_224.onnx\n"
                "  likeness model eval mobilenet-v2 pairs.csv --references covers/\n"
                "  likeness model eval photos/ --pixels 32\n"
                "  likeness model export mobilenet-v2 --out embedding.onnx\n"
                "  likeness model rm mobilenet-v2 --yes\n",
    .least_args = 1,
    .most_args = 3,
    .add_words = add_words,
    .options = model_options,
    .settings_size = sizeof(struct model_command),
    .defaults = model_defaults,
    .run = model_command_run,
};
