/* SPDX-License-Identifier: Apache-2.0 */
/* Model files: what can be read is made a network, of the plain definitions and of oneDNN, and run. Little memory is allowed. */
#include <stdlib.h>
#include <string.h>

#include "nn/network.h"
#include "nn/onnx.h"

enum { MEMORY = 1 << 20, INPUTS_MOST = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Open dimensions are 1. */
static int try_network(const uint8_t *bytes, size_t size, bool plain) {
    struct graph g;
    struct tensor inputs[INPUTS_MOST];
    struct network *n;
    lk_error err = {0};
    struct network_options o = {.threads = 1, .memory_bytes = MEMORY, .cpu = CPU_C, .plain = plain};
    if (onnx_read(&g, bytes, size, MEMORY, &err) != LK_OK) {
        return err.text[0] != '\0';
    }
    if (g.input_count > INPUTS_MOST) {
        graph_release(&g);
        return 1;
    }
    for (int32_t i = 0; i < g.input_count; i++) {
        inputs[i] = g.values[g.inputs[i]].tensor;
        for (int32_t k = 0; k < inputs[i].rank; k++) {
            inputs[i].dims[k] = inputs[i].dims[k] < 0 ? 1 : inputs[i].dims[k];
        }
    }
    if (network_new(&n, &g, inputs, NULL, 0, &o, &err) != LK_OK) {
        return err.text[0] != '\0';
    }
    for (int32_t i = 0; i < network_input_count(n); i++) {
        struct tensor *t = network_input(n, i);
        memset(t->data, 0, tensor_bytes(t));
    }
    lk_status status = network_run(n, &err);
    network_free(n);
    return status == LK_OK || err.text[0] != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (!try_network(bytes, size, true) || !try_network(bytes, size, false)) {
        abort(); /* an error without words */
    }
    return 0;
}
