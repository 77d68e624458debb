/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the documents likeness/models/1 and likeness/classify/1: names are only ever added. */
#include "report/parts.h"

static void begin(struct buf *b, struct json *j) {
    buf_init(b, REPORT_MAX);
    json_init(j, b, 0);
    json_object_begin(j, NULL);
}

lk_status lk_report_model(lk_bytes *out, const lk_catalogue_entry *e, lk_error *err) {
    const lk_model_card *c = &e->card;
    struct buf b;
    struct json j;
    begin(&b, &j);
    json_text(&j, "name", c->name);
    json_text(&j, "title", c->title);
    json_bool(&j, "installed", e->installed);
    json_bool(&j, "built_in", e->built_in);
    json_bool(&j, "shipped_card", e->shipped);
    json_text(&j, "file", c->file);
    json_text(&j, "sha256", c->sha256);
    json_int(&j, "bytes", c->bytes);
    json_text(&j, "licence", c->licence);
    json_text(&j, "source", c->source);
    json_int(&j, "width", c->width);
    json_int(&j, "height", c->height);
    json_text(&j, "embedding", c->embedding);
    json_text(&j, "probabilities", c->probabilities);
    json_text(&j, "logits", c->logits);
    json_int(&j, "classes", c->classes);
    json_int(&j, "background", c->background);
    json_text(&j, "labels", c->labels);
    json_text(&j, "notes", c->notes);
    json_object_end(&j);
    return buf_finish(&b, out, err);
}

lk_status lk_report_classes(lk_bytes *out, const char *path, const lk_model *model,
                            const lk_class *top, int32_t count, lk_error *err) {
    struct buf b;
    struct json j;
    begin(&b, &j);
    json_text(&j, "path", path);
    json_array_begin(&j, "top");
    for (int32_t i = 0; i < count; i++) {
        json_object_begin(&j, NULL);
        json_int(&j, "index", top[i].index);
        json_text(&j, "label", lk_model_label(model, top[i].index));
        json_number(&j, "probability", top[i].probability);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    return buf_finish(&b, out, err);
}
