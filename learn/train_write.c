/* SPDX-License-Identifier: Apache-2.0 */
/* What a run leaves: FILE.onnx, its card FILE.onnx.json, and to look at: FILE.onnx.html (the curve), FILE.onnx.png (questions with
 * their nearest, or reconstructions). */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "image/image.h"
#include "learn/train_run.h"
#include "learn/validate.h"
#include "model/card.h"

lk_status train_measure(struct run *r, const lk_bytes *file, int32_t resamples, lk_image *sheet,
                        lk_error *err) {
    const struct validation v = {.d = &r->d,
                                 .at = {.pictures = &r->pictures,
                                        .samples = r->split.validation,
                                        .count = r->split.validation_count,
                                        .difficulty = r->o->difficulty,
                                        .seed = r->o->seed},
                                 .instances = r->by_photos,
                                 .resamples = resamples};
    if (r->split.validation_count < 2) {
        return LK_OK;
    }
    r->state.validated = true;
    return validate(&r->state.validation, &r->state.validation_loss, sheet, r->engine, r->learner,
                    file, &v, err);
}

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
               r->by_photos ? "photos ask for originals" : "each asks for its class",
               e->recall.at[0].value, e->recall.at[0].low, e->recall.at[0].high,
               e->recall.at[1].value, e->recall.at[2].value);
    for (int i = 0; e->roc.impostors > 0 && i < LK_ROC_AT_COUNT; i++) {
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

static lk_status write_beside(const struct run *r, const char *extension, const void *data,
                              size_t size, lk_error *err) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s%s", r->out, extension) >= (int)sizeof path) {
        return error_set(err, LK_E_WRITE, "the path is too long");
    }
    return file_write(path, data, size, err);
}

/* -- The card -- */

static lk_status write_card(struct run *r, const lk_bytes *file, lk_error *err) {
    lk_model_card card = r->learner->card;
    struct buf b;
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
    status = status == LK_OK ? write_beside(r, ".json", b.data, b.size, err) : status;
    buf_release(&b);
    return status;
}

/* -- To look at -- */

static lk_status write_page(struct run *r, lk_error *err) {
    struct buf data, settings, figures;
    char title[256];
    lk_bytes page = {0};
    buf_init(&data, 4096);
    buf_init(&settings, CARD_BYTES_MAX);
    buf_init(&figures, 4096);
    buf_printf(&data, "%d pictures, %d classes; %d held back", (int)r->state.pictures,
               (int)r->state.classes, (int)r->state.held_back);
    train_settings(&settings, r->o);
    add_figures(&figures, r);
    snprintf(title, sizeof title, "%s: %s, %s", base_name(r->out), lk_train_kind_name(r->o->kind),
             r->o->from ? base_name(r->o->from) : r->o->preset);
    lk_status status = buf_status(&data, err);
    status = status == LK_OK ? buf_status(&settings, err) : status;
    status = status == LK_OK ? buf_status(&figures, err) : status;
    if (status == LK_OK) {
        const struct curve_fact facts[] = {{"Data", (const char *)data.data},
                                           {"Settings", (const char *)settings.data},
                                           {"Held back", (const char *)figures.data}};
        const struct curve_page curve = {.title = title,
                                         .facts = facts,
                                         .fact_count = ARRAY_COUNT(facts),
                                         .points = r->checkpoint.points,
                                         .point_count = (size_t)r->checkpoint.point_count};
        status = curve_html(&page, &curve, err);
    }
    status = status == LK_OK ? write_beside(r, ".html", page.data, page.size, err) : status;
    lk_bytes_release(&page);
    buf_release(&data);
    buf_release(&settings);
    buf_release(&figures);
    return status;
}

static lk_status write_sheet(const struct run *r, const lk_image *sheet, lk_error *err) {
    char path[4096];
    if (!sheet->data) {
        return LK_OK;
    }
    if (snprintf(path, sizeof path, "%s.png", r->out) >= (int)sizeof path) {
        return error_set(err, LK_E_WRITE, "the path is too long");
    }
    return lk_image_save(sheet, r->engine, path, err);
}

lk_status train_write(struct run *r, lk_error *err) {
    lk_bytes file;
    lk_image sheet = {0};
    lk_status status = learner_write(&file, r->learner, err);
    if (status != LK_OK) {
        return status;
    }
    status = train_measure(r, &file, lk_evaluate_options_default().resamples, &sheet, err);
    status = status == LK_OK ? file_write(r->out, file.data, file.size, err) : status;
    status = status == LK_OK ? write_card(r, &file, err) : status;
    status = status == LK_OK ? write_page(r, err) : status;
    status = status == LK_OK ? write_sheet(r, &sheet, err) : status;
    lk_image_release(&sheet);
    lk_bytes_release(&file);
    return status;
}
