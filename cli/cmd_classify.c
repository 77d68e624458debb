/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/model_run.h"

struct classify_settings {
    struct common common;
    struct model_settings model;
    int32_t top;
};

#define AT(member) offsetof(struct classify_settings, member)

static const struct option classify_options[] = {
    MODEL_OPTIONS(struct classify_settings, model),
    {"top", 'k', OPTION_INT, "K", NULL, NULL, "classes a picture (5)", AT(top)},
    OPTION_END,
};

static void classify_defaults(void *settings) {
    ((struct classify_settings *)settings)->top = 5;
}

enum { TOP_MOST = 1000 };

struct classifying {
    const struct common *common;
    const lk_model *model;
    struct buf b;
    struct json j;
};

static bool add_json(void *arg, const char *path, const lk_model_output *out) {
    struct classifying *c = arg;
    lk_bytes result = {0};
    lk_status status = lk_report_classes(&result, path, c->model, out->top, out->top_count, NULL);
    json_document(&c->j, NULL, status, &result);
    return c->b.status == LK_OK;
}

static bool add_text(void *arg, const char *path, const lk_model_output *out) {
    struct classifying *c = arg;
    add_path(&c->b, c->common, path);
    buf_add_text(&c->b, "\n");
    for (int32_t i = 0; i < out->top_count; i++) {
        const char *label = lk_model_label(c->model, out->top[i].index);
        buf_printf(&c->b, "  %5.1f %%  ", out->top[i].probability * 100);
        if (*label) {
            buf_printf(&c->b, "%s\n", label);
        } else {
            buf_printf(&c->b, "class %d\n", out->top[i].index);
        }
    }
    return c->b.status == LK_OK;
}

static enum exit_code classify_run(void *settings, lk_engine *engine) {
    struct classify_settings *s = settings;
    lk_model *model;
    lk_error err = {0};
    if (s->top < 1 || s->top > TOP_MOST) {
        return report_usage(&s->common, &command_classify, "--top takes 1 to 1000");
    }
    if (model_choose(&model, engine, &s->model, LK_WANT_CLASSES, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    struct classifying c = {.common = &s->common, .model = model};
    buf_init(&c.b, 1 << 30);
    json_init(&c.j, &c.b, 0);
    if (s->common.json) {
        json_object_begin(&c.j, NULL);
        json_text(&c.j, "schema", "likeness/classify/1");
        json_text(&c.j, "model", lk_model_card_of(model)->name);
        json_array_begin(&c.j, "results");
    }
    const struct model_job job = {.common = &s->common,
                                  .engine = engine,
                                  .model = model,
                                  .top_count = s->top,
                                  .give = s->common.json ? add_json : add_text,
                                  .arg = &c};
    enum exit_code code = model_run(&job);
    if (s->common.json) {
        json_array_end(&c.j);
        json_object_end(&c.j);
        buf_add_text(&c.b, "\n");
    }
    lk_model_free(model);
    return print_result(&s->common, &c.b, code);
}

const struct command command_classify = {
    .name = "classify",
    .summary = "what a picture shows, by a trained network",
    .arguments = "FILE|DIR...",
    .details =
        "Prints the most probable classes of each picture. The model is one of the catalogue "
        "(likeness model list) or an\n"
        "ONNX file with its card. A class's index is the model's own: TensorFlow's ImageNet "
        "models count a background\n"
        "class as 0 and stand one higher than others. A picture that cannot be read is reported "
        "and passed over; the\n"
        "command then ends with 2.",
    .examples = "  likeness classify photo.jpg\n"
                "  likeness classify photos/ --model mobilenet-v2 --top 3 --json\n",
    .least_args = 1,
    .most_args = 1000000,
    .options = classify_options,
    .settings_size = sizeof(struct classify_settings),
    .defaults = classify_defaults,
    .run = classify_run,
};
