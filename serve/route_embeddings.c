/* SPDX-License-Identifier: Apache-2.0 */
/* The vector of one picture of the session. */
#include "base/json.h"
#include "base/mem.h"
#include "serve/server.h"

static void write_vector(struct request *r, const lk_model *model, const float *vector) {
    struct json j;
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/embed/1");
    json_text(&j, "model", lk_model_card_of(model)->name);
    json_int(&j, "dim", lk_model_dim(model));
    json_array_begin(&j, "vectors");
    json_object_begin(&j, NULL);
    json_text(&j, "path", request_text(r, "image"));
    json_array_begin(&j, "vector");
    for (int32_t i = 0; i < lk_model_dim(model); i++) {
        json_number(&j, NULL, (double)vector[i]);
    }
    json_array_end(&j);
    json_object_end(&j);
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 200);
}

static void post_embedding(struct request *r, struct bench *bench) {
    lk_image picture;
    lk_image_info info;
    lk_error err = {.status = LK_E_MEMORY, .text = "the vector does not fit into memory"};
    if (!session_picture(&picture, &info, r, bench, request_text(r, "image"), 0)) {
        return;
    }
    const lk_image *one = &picture;
    lk_model_output out = {
        .embedding = mem_alloc((size_t)lk_model_dim(bench->model), sizeof *out.embedding)};
    if (out.embedding && lk_model_run(bench->model, &out, &one, 1, &err) == LK_OK) {
        write_vector(r, bench->model, out.embedding);
    } else {
        answer_error(r, &err);
    }
    mem_free(out.embedding);
    lk_image_release(&picture);
}

static const struct field embedding_fields[] = {
    {"image", "id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    FIELD_END,
};

const struct route embedding_routes[] = {
    {.method = "POST",
     .path = "/api/v1/embeddings",
     .summary = "the vector of an uploaded picture; as likeness embed --json",
     .body = BODY_JSON,
     .fields = embedding_fields,
     .computes = true,
     .handle = post_embedding,
     .schema = "embed-1",
     .scope = SCOPE_COMPARE},
    ROUTE_END,
};
