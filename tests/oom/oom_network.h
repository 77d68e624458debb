/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of test_oom.c on networks and models: the seeds of the fuzzer as networks, a card, the catalogue. */
#ifndef LK_OOM_NETWORK_H
#define LK_OOM_NETWORK_H

#include "base/file.h"
#include "model/card.h"
#include "nn/network.h"
#include "nn/onnx.h"

/* What is built and run: the bytes of the file at path, with batch 1; the outputs go into the digest, and so does what is written
 * of the graph again. */
static lk_status oom_network(const char *path, bool plain,
                             void (*add)(uint64_t *, const void *, size_t), uint64_t *digest,
                             lk_error *err) {
    enum { MEMORY = 1 << 24 };
    lk_bytes file, written;
    struct graph g;
    struct network *n;
    struct tensor input;
    struct network_options o = {.threads = 1, .memory_bytes = MEMORY, .cpu = CPU_C, .plain = plain};
    lk_status status = file_read(&file, path, MEMORY, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    status = onnx_read(&g, file.data, file.size, MEMORY, err);
    lk_bytes_release(&file);
    if (status != LK_OK) {
        return status;
    }
    status = onnx_write(&written, &g, err);
    if (status != LK_OK) {
        graph_release(&g);
        return status;
    }
    add(digest, written.data, written.size);
    lk_bytes_release(&written);
    input = g.values[g.inputs[0]].tensor;
    input.dims[0] = 1;
    status = network_new(&n, &g, &input, NULL, 0, &o, err);
    if (status != LK_OK) {
        return status;
    }
    for (int64_t i = 0; i < tensor_count(&input); i++) {
        ((float *)network_input(n, 0)->data)[i] = (float)(i % 17) / 17 - 0.5f;
    }
    status = network_run(n, err);
    if (status == LK_OK) {
        add(digest, network_output(n, 0)->data, tensor_bytes(network_output(n, 0)));
    }
    network_free(n);
    return status;
}

#endif
