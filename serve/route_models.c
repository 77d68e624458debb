/* SPDX-License-Identifier: Apache-2.0 */
/* The models of this machine, and what a picture of the session shows by the one that classifies. */
#include "base/json.h"
#include "base/mem.h"
#include "serve/server.h"

enum { TOP_USUAL = 5, TOP_MOST = 1000 };

static void list_models(struct request *r, struct bench *bench) {
    lk_catalogue c;
    struct json j;
    lk_error err = {0};
    (void)bench;
    if (lk_catalogue_read(&c, r->server->options->models, &err) != LK_OK) {
        err.input[0] = 0; /* a folder of this machine */
        answer_error(r, &err);
        return;
    }
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/models/1");
    json_text(&j, "folder", "");
    json_array_begin(&j, "models");
    for (size_t i = 0; i < c.count; i++) {
        lk_bytes model = {0};
        lk_status status = lk_report_model(&model, &c.entries[i], &err);
        json_document(&j, NULL, status, &model);
    }
    lk_catalogue_release(&c);
    answer_list(r, &j, LK_OK, NULL);
}

lk_status bench_classifier(lk_model **out, struct bench *b, lk_error *err) {
    char name[64];
    const char *folder = b->server->options->models;
    lk_status status = LK_OK;
    if (!b->classifier && folder && lk_catalogue_classifier(name, folder, NULL) == LK_OK) {
        const lk_model_options o = {.folder = folder};
        status = lk_model_open(&b->classifier, b->engine, name, &o, err);
    }
    *out = b->classifier;
    return status;
}

static lk_status classify(struct request *r, lk_model *model, const lk_image *picture,
                          lk_error *err) {
    lk_bytes result = {0};
    struct json j;
    int32_t most = (int32_t)request_int(r, "top", TOP_USUAL);
    lk_model_output out = {.top = mem_alloc((size_t)most, sizeof *out.top), .top_count = most};
    lk_status status = LK_E_MEMORY;
    if (out.top) {
        status = lk_model_run(model, &out, &picture, 1, err);
    }
    status = status == LK_OK ? lk_report_classes(&result, request_text(r, "image"), model, out.top,
                                                 out.top_count, err)
                             : status;
    mem_free(out.top);
    if (status == LK_OK) {
        json_init(&j, &r->out, 0);
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/classify/1");
        json_text(&j, "model", lk_model_card_of(model)->name);
        json_array_begin(&j, "results");
        json_document(&j, NULL, status, &result);
        answer_list(r, &j, LK_OK, NULL);
    }
    return status;
}

static void post_classify(struct request *r, struct bench *bench) {
    struct decoded *picture;
    lk_image_info info;
    lk_model *model;
    lk_error err = {.status = LK_E_MEMORY, .text = "the classes do not fit into memory"};
    if (bench_classifier(&model, bench, &err) != LK_OK) {
        err.input[0] = 0;
        answer_error(r, &err);
    } else if (!model) {
        answer_problem(r, 404, "no-model",
                       "no model that classifies is installed: likeness model add");
    } else if (session_decoded(&picture, &info, r, bench, request_text(r, "image"))) {
        if (classify(r, model, &picture->image, &err) != LK_OK) {
            answer_error(r, &err);
        }
        decoded_let_go(&r->server->decoded, picture);
    }
}

static const struct field classify_fields[] = {
    {"image", "id or name of an uploaded picture, or reference:ID[@VERSION]", .kind = FIELD_TEXT,
     .required = true},
    {"top", "classes that are told, the most probable first (5)", .kind = FIELD_INT, .least = 1,
     .most = TOP_MOST},
    FIELD_END,
};

const struct route model_routes[] = {
    {.method = "GET",
     .path = "/api/v1/models",
     .summary = "the models that are known here, and which are installed; as likeness model list "
                "--json",
     .computes = true,
     .handle = list_models,
     .schema = "models-1"},
    {.method = "POST",
     .path = "/api/v1/classify",
     .summary = "what an uploaded picture shows, by the installed model that classifies; as "
                "likeness classify --json",
     .body = BODY_JSON,
     .fields = classify_fields,
     .computes = true,
     .handle = post_classify,
     .schema = "classify-1",
     .scope = SCOPE_COMPARE},
    ROUTE_END,
};
