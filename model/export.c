/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "image/engine.h"
#include "model/model_files.h"
#include "nn/onnx.h"

static int32_t find_output(const struct graph *g, const char *name) {
    for (int32_t i = 0; i < g->output_count; i++) {
        if (strcmp(g->values[g->outputs[i]].name, name) == 0) {
            return g->outputs[i];
        }
    }
    return -1;
}

static const char *first_output(const lk_model_card *card) {
    return card->embedding[0]       ? card->embedding
           : card->probabilities[0] ? card->probabilities
                                    : card->logits;
}

static lk_status cut_and_write(lk_bytes *out, const lk_bytes *file, const lk_model_card *card,
                               size_t max_bytes, lk_error *err) {
    struct graph g;
    lk_status status = onnx_read(&g, file->data, file->size, max_bytes, err);
    if (status != LK_OK) {
        return status;
    }
    int32_t output = find_output(&g, first_output(card));
    if (output < 0) {
        status = error_set(err, LK_E_CORRUPT, "the network has no output called '%s'",
                           first_output(card));
    }
    if (status == LK_OK) {
        status = graph_cut(&g, &output, 1, err);
    }
    if (status == LK_OK) {
        status = onnx_write(out, &g, err);
    }
    graph_release(&g);
    return status;
}

lk_status lk_model_export(lk_engine *engine, const char *folder, const char *name, const char *path,
                          lk_error *err) {
    struct model_files files;
    lk_bytes file, out;
    char digest[65];
    lk_status status = model_find(&files, folder, name, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    status = model_read(&file, digest, engine, &files, &files.card, err);
    if (status == LK_OK) {
        status = cut_and_write(&out, &file, &files.card, (size_t)engine->limits.memory_bytes, err);
        lk_bytes_release(&file);
        status = status == LK_OK ? LK_OK : error_input(err, status, model_files_name(&files));
    }
    if (status == LK_OK) {
        status = file_write(path, out.data, out.size, err);
        lk_bytes_release(&out);
    }
    model_files_release(&files);
    return status;
}
