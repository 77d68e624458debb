/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/seen.h"

#include "base/error.h"
#include "base/mem.h"

void seen_release(struct seen *seen) {
    mem_free(seen->embedding);
    mem_free(seen->classes);
    *seen = (struct seen){0};
}

lk_status seen_make(struct seen *out, lk_model *model, const lk_image *image, lk_error *err) {
    const lk_model_card *card = lk_model_card_of(model);
    *out = (struct seen){.dim = lk_model_dim(model), .class_count = card->classes};
    if (out->dim > 0) {
        out->embedding = mem_alloc((size_t)out->dim, sizeof *out->embedding);
    }
    if (out->class_count > 0) {
        out->classes = mem_alloc((size_t)out->class_count, sizeof *out->classes);
    }
    lk_model_output o = {
        .embedding = out->embedding, .top = out->classes, .top_count = out->class_count};
    bool there = (out->dim == 0 || out->embedding) && (out->class_count == 0 || out->classes);
    lk_status status = there ? lk_model_run(model, &o, &image, 1, err)
                             : error_memory(err, (size_t)out->dim * sizeof(float) +
                                                     (size_t)out->class_count * sizeof(lk_class));
    if (status != LK_OK) {
        seen_release(out);
    }
    return status;
}
