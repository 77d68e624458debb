/* SPDX-License-Identifier: Apache-2.0 */
/* Model files given to training: what can be trained makes a step forward and back on a batch of two, and what is written of it
 * can be read again. Little memory is allowed. */
#include <stdlib.h>
#include <string.h>

#include "nn/onnx.h"
#include "nn/trainer.h"

enum { MEMORY = 1 << 20, INPUTS_MOST = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Every output is pulled towards 0. */
static lk_status pull(void *arg, double *loss, const struct tensor *outputs,
                      struct tensor *gradients, int32_t count, lk_error *err) {
    (void)arg;
    (void)err;
    *loss = 0;
    for (int32_t i = 0; i < count; i++) {
        memcpy(gradients[i].data, outputs[i].data, tensor_bytes(&outputs[i]));
    }
    return LK_OK;
}

/* Reads every gradient. */
static double sum_of_gradients(const struct trainer *t) {
    int32_t count;
    double sum = 0;
    const struct parameter *p = trainer_parameters(t, &count);
    for (int32_t i = 0; i < count; i++) {
        for (int64_t k = 0; p[i].gradient && k < p[i].count; k++) {
            sum += (double)p[i].gradient[k];
        }
    }
    return sum;
}

static bool use(struct trainer *t, const struct tensor *inputs, int32_t input_count) {
    lk_error err = {0};
    lk_bytes written;
    struct graph again;
    double loss;
    for (int32_t i = 0; i < input_count; i++) {
        memset(trainer_input(t, i)->data, 0, tensor_bytes(&inputs[i]));
    }
    if (trainer_step(t, &loss, &err) != LK_OK) {
        return err.text[0] != '\0';
    }
    volatile double seen = sum_of_gradients(t);
    (void)seen;
    if (trainer_write(&written, t, &err) != LK_OK) {
        return err.text[0] != '\0';
    }
    lk_status status = onnx_read(&again, written.data, written.size, 4 * MEMORY, &err);
    lk_bytes_release(&written);
    if (status == LK_OK) {
        graph_release(&again);
    }
    return status == LK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct graph g;
    struct tensor inputs[INPUTS_MOST];
    struct trainer *t;
    lk_error err = {0};
    const struct trainer_options o = {.threads = 1,
                                      .memory_bytes = MEMORY,
                                      .cpu = CPU_C,
                                      .last_layers = size > 0 ? bytes[size / 2] % 3 : 0,
                                      .loss = pull};
    if (onnx_read(&g, bytes, size, MEMORY, &err) != LK_OK) {
        return 0;
    }
    int32_t input_count = g.input_count;
    if (input_count > INPUTS_MOST) {
        graph_release(&g);
        return 0;
    }
    for (int32_t i = 0; i < input_count; i++) {
        inputs[i] = g.values[g.inputs[i]].tensor;
        for (int32_t k = 0; k < inputs[i].rank; k++) {
            inputs[i].dims[k] = inputs[i].dims[k] < 0 ? 2 : inputs[i].dims[k];
        }
    }
    bool good;
    if (trainer_new(&t, &g, inputs, NULL, 0, &o, &err) != LK_OK) {
        good = err.text[0] != '\0';
    } else {
        good = use(t, inputs, input_count);
        trainer_free(t);
    }
    if (!good) {
        abort(); /* an error without words, or a file that cannot be read again */
    }
    return 0;
}
