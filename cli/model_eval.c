/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model_eval.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

/* An evaluation on its way. */
struct run {
    const struct model_eval *e;
    lk_model *model; /* NULL for pixels */
    lk_eval_set set;
    float *vectors; /* a row a picture */
    bool *have;
    int32_t dim, at, done; /* the next picture of the set; those with a row */
    struct buf b;          /* what is printed */
    struct json j;
    lk_evaluation result;
};

/* Pictures come in the order of the set, those that cannot be read left out. */
static bool take(void *arg, const char *path, const lk_model_output *out) {
    struct run *r = arg;
    while (r->at < r->set.count && r->set.paths[r->at] != path) {
        r->at++;
    }
    if (r->at < r->set.count) {
        memcpy(r->vectors + (size_t)r->at * (size_t)r->dim, out->embedding,
               (size_t)r->dim * sizeof *r->vectors);
        r->have[r->at] = true;
        r->done++;
    }
    return true;
}

/* Into the list of what is skipped, which is open while the pictures are read. */
static void note_refused(void *arg, const lk_error *err) {
    struct run *r = arg;
    if (r->e->common->json) {
        json_object_begin(&r->j, NULL);
        json_text(&r->j, "path", err->input);
        json_text(&r->j, "reason", err->text);
        json_object_end(&r->j);
    }
}

/* -- What is printed -- */

static const char *model_name(const struct run *r) {
    return r->model ? lk_model_card_of(r->model)->name : "pixels";
}

static void interval_json(struct json *j, const char *key, const lk_interval *i) {
    json_object_begin(j, key);
    json_number(j, "value", i->value);
    json_number(j, "low", i->low);
    json_number(j, "high", i->high);
    json_object_end(j);
}

static void point_json(struct json *j, const lk_roc_point *p) {
    json_object_begin(j, NULL);
    json_number(j, "false_match_rate", p->false_match_rate);
    json_number(j, "threshold", p->threshold);
    interval_json(j, "true_match_rate", &p->true_match_rate);
    json_object_end(j);
}

static void recall_json(struct json *j, const lk_recall *recall) {
    json_object_begin(j, "recall");
    json_int(j, "queries", recall->queries);
    json_int(j, "left_out", recall->left_out);
    json_array_begin(j, "at");
    for (int32_t i = 0; i < LK_RECALL_COUNT; i++) {
        json_object_begin(j, NULL);
        json_int(j, "k", recall->k[i]);
        interval_json(j, "recall", &recall->at[i]);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static void roc_json(struct json *j, const lk_roc *roc) {
    json_object_begin(j, "roc");
    json_int(j, "genuine", roc->genuine);
    json_int(j, "impostors", roc->impostors);
    json_int(j, "queries", roc->queries);
    json_int(j, "resamples", roc->resamples);
    interval_json(j, "area", &roc->area);
    json_array_begin(j, "at");
    for (int32_t i = 0; i < LK_ROC_AT_COUNT; i++) {
        point_json(j, &roc->at[i]);
    }
    json_array_end(j);
    json_array_begin(j, "points");
    for (int32_t i = 0; i < LK_ROC_POINTS; i++) {
        const lk_roc_point *p = &roc->points[i];
        json_numbers(j, NULL,
                     (double[]){p->false_match_rate, p->true_match_rate.value, p->threshold}, 3);
    }
    json_array_end(j);
    json_object_end(j);
}

static void model_json(struct json *j, const struct run *r) {
    json_object_begin(j, "model");
    json_text(j, "name", model_name(r));
    json_int(j, "dim", r->dim);
    if (r->model) {
        json_text(j, "sha256", lk_model_card_of(r->model)->sha256);
    } else {
        json_int(j, "pixels", r->e->pixels);
    }
    json_object_end(j);
}

static void data_json(struct json *j, const struct run *r) {
    json_object_begin(j, "data");
    json_text(j, "path", r->e->data);
    json_text(j, "kind", r->set.is_labelled ? "labels" : "pairs");
    json_int(j, "pictures", r->set.count);
    if (r->set.is_labelled) {
        json_int(j, "classes", r->set.classes);
        if (r->e->held_share > 0) {
            json_number(j, "held_share", r->e->held_share);
            json_int(j, "seed", r->e->seed);
        }
    } else {
        json_int(j, "photos", r->set.photo_count);
        json_int(j, "references", r->set.reference_count);
    }
    json_object_end(j);
}

/* What is known before the pictures are read; the list of skipped ones stays open. */
static void begin_json(struct run *r) {
    json_init(&r->j, &r->b, 0);
    json_object_begin(&r->j, NULL);
    json_text(&r->j, "schema", "likeness/model-eval/1");
    model_json(&r->j, r);
    data_json(&r->j, r);
    json_array_begin(&r->j, "skipped");
}

static void end_json(struct run *r) {
    json_array_end(&r->j);
    json_int(&r->j, "read", r->done);
    recall_json(&r->j, &r->result.recall);
    roc_json(&r->j, &r->result.roc);
    json_object_end(&r->j);
    buf_add_text(&r->b, "\n");
}

static void add_interval(struct buf *b, const lk_interval *i) {
    buf_printf(b, "%.3f [%.3f-%.3f]", i->value, i->low, i->high);
}

static void result_text(struct buf *b, const struct run *r) {
    const lk_recall *recall = &r->result.recall;
    const lk_roc *roc = &r->result.roc;
    char count[64] = "";
    if (r->set.is_labelled) {
        snprintf(count, sizeof count, "%d pictures, %d classes", r->done, r->set.classes);
    } else {
        snprintf(count, sizeof count, "%d photos, %d references", r->set.photo_count,
                 r->set.reference_count);
    }
    buf_printf(b, "%s, %d numbers: %s\n", model_name(r), r->dim, count);
    for (int32_t i = 0; i < LK_RECALL_COUNT; i++) {
        buf_printf(b, "%srecall@%d ", i > 0 ? "  " : "", recall->k[i]);
        add_interval(b, &recall->at[i]);
    }
    buf_printf(b, "  of %d\n", recall->queries);
    if (roc->genuine == 0 || roc->impostors == 0) {
        buf_printf(b, "no rates: %lld genuine pairs and %lld impostors\n", (long long)roc->genuine,
                   (long long)roc->impostors);
        return;
    }
    buf_add_text(b, "true matches ");
    for (int32_t i = 0; i < LK_ROC_AT_COUNT; i++) {
        buf_add_text(b, i > 0 ? ", " : "");
        add_interval(b, &roc->at[i].true_match_rate);
        buf_printf(b, " at %g %% false", 100 * roc->at[i].false_match_rate);
    }
    buf_printf(b, "\narea ");
    add_interval(b, &roc->area);
    buf_printf(b, "  of %lld genuine pairs and %lld impostors\n", (long long)roc->genuine,
               (long long)roc->impostors);
}

/* With fewer impostors than one in a rate, the rate cannot be seen. */
static void few_impostors(const struct common *common, const lk_roc *roc) {
    const lk_roc_point *strictest = &roc->at[LK_ROC_AT_COUNT - 1];
    if (roc->impostors > 0 && (double)roc->impostors * strictest->false_match_rate < 1) {
        remark(common, "with %lld impostors, at %g %% false none of them is accepted",
               (long long)roc->impostors, 100 * strictest->false_match_rate);
    }
}

/* -- Running -- */

static lk_status prepare(struct run *r, lk_error *err) {
    const struct model_eval *e = r->e;
    lk_status status = lk_eval_set_read(&r->set, e->data, e->references, err);
    if (status == LK_OK && e->held_share != 0) {
        status = lk_eval_set_hold(&r->set, e->engine, e->held_share, (uint64_t)e->seed, err);
    }
    if (status == LK_OK && e->pixels == 0) {
        status = model_choose(&r->model, e->engine, &e->model, LK_WANT_EMBEDDING, err);
    }
    if (status != LK_OK) {
        return status;
    }
    const struct model_job job = {.model = r->model, .pixels = e->pixels};
    size_t numbers = 0, count = (size_t)r->set.count;
    r->dim = model_job_dim(&job);
    if (mem_size_mul(&numbers, count, (size_t)r->dim)) {
        r->vectors = mem_alloc(numbers, sizeof *r->vectors);
    }
    r->have = mem_calloc(count, sizeof *r->have);
    if (!r->vectors || !r->have) {
        *err = (lk_error){.status = LK_E_MEMORY, .text = "the vectors do not fit into memory"};
        return LK_E_MEMORY;
    }
    return LK_OK;
}

enum { SHEET_ROWS = 12, SHEET_NEAREST = 8 };

static lk_status write_sheet(const struct run *r, const lk_vectors *vectors, lk_error *err) {
    lk_image sheet;
    lk_status status = lk_eval_set_sheet(&sheet, r->e->engine, &r->set, vectors, r->have,
                                         SHEET_ROWS, SHEET_NEAREST, err);
    status = status == LK_OK ? lk_image_save(&sheet, r->e->engine, r->e->sheet, err) : status;
    lk_image_release(&sheet);
    return status;
}

/* Vectors of all pictures, then what they are worth. */
static enum exit_code evaluate(struct run *r) {
    const struct model_eval *e = r->e;
    const lk_picture_list list = {.paths = r->set.paths, .count = (size_t)r->set.count};
    const struct model_job job = {.common = e->common,
                                  .engine = e->engine,
                                  .model = r->model,
                                  .pixels = e->pixels,
                                  .list = &list,
                                  .embed = true,
                                  .give = take,
                                  .refused = note_refused,
                                  .arg = r};
    lk_error err = {0};
    if (e->common->json) {
        begin_json(r);
    }
    enum exit_code code = model_run(&job);
    const lk_vectors vectors = {r->vectors, r->set.count, r->dim};
    if (lk_eval_set_evaluate(&r->result, e->engine, &r->set, &vectors, r->have, NULL, &err) !=
        LK_OK) {
        snprintf(err.input, sizeof err.input, "%.500s", e->data);
        return report_error(e->common, &err);
    }
    if (e->sheet && write_sheet(r, &vectors, &err) != LK_OK) {
        code = report_error(e->common, &err); /* the figures are printed all the same */
    }
    if (e->common->json) {
        end_json(r);
    } else {
        result_text(&r->b, r);
        few_impostors(e->common, &r->result.roc);
    }
    return print_result(e->common, &r->b, code);
}

enum exit_code model_eval_run(const struct model_eval *e) {
    struct run r = {.e = e};
    lk_error err = {0};
    if (e->sheet && file_can_write(e->sheet, &err) != LK_OK) { /* before all pictures are read */
        return report_error(e->common, &err);
    }
    buf_init(&r.b, (size_t)1 << 28);
    enum exit_code code = prepare(&r, &err) == LK_OK ? evaluate(&r) : report_error(e->common, &err);
    buf_release(&r.b);
    mem_free(r.vectors);
    mem_free(r.have);
    lk_eval_set_release(&r.set);
    lk_model_free(r.model);
    return code;
}
