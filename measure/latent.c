/* SPDX-License-Identifier: Apache-2.0 */
/* latent: how near a network's embeddings of the two pictures are.
 *
 * value = cosine = a.b / (|a| |b|), of the vectors as the network gives them; euclidean = |a - b|. Of unit vectors euclidean^2 is
 * 2 - 2 cosine. */
#include <math.h>

#include "base/error.h"
#include "measure/measure.h"

static lk_status latent_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const struct seen *a, *b;
    lk_status status = view_seen(&a, in->a, in->options->model, err);
    status = status == LK_OK ? view_seen(&b, in->b, in->options->model, err) : status;
    if (status != LK_OK) {
        return status;
    }
    const lk_model_card *card = lk_model_card_of(in->options->model);
    if (!a->embedding) {
        return error_set(err, LK_E_USAGE, "latent: model %s gives no embedding", card->name);
    }
    out->value = lk_embedding_cosine(a->embedding, b->embedding, a->dim);
    out->score = fmax(0, out->value);
    measure_detail_number(out, "cosine", out->value);
    measure_detail_number(out, "euclidean",
                          lk_embedding_distance(a->embedding, b->embedding, a->dim));
    measure_detail_int(out, "dim", a->dim);
    measure_detail_text(out, "model", card->name);
    return LK_OK;
}

const struct measure measure_latent = {
    .info = {.name = "latent",
             .version = 1,
             .title = "Embedding",
             .summary = "how alike a trained network finds the two (cosine of their embeddings)",
             .unit = "",
             .aspect = LK_ASPECT_MEANING,
             .higher_is_more_alike = true,
             .symmetric = true,
             .needs_model = true,
             .best = 1,
             .min = -1,
             .max = 1},
    .any_size = true,
    .run = latent_run,
};
