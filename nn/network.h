/* SPDX-License-Identifier: Apache-2.0 */
/* A graph made ready to run for inputs of known shapes: constants folded, what oneDNN can join joined, weights packed, one block
 * of memory for all activations. One thread at a time may use a network. */
#ifndef LK_NETWORK_H
#define LK_NETWORK_H

#include "base/cpu.h"
#include "nn/graph.h"

struct network;

struct network_options {
    int32_t threads;     /* for one run; at least 1 */
    size_t memory_bytes; /* what constants may take, and activations */
    enum cpu_level cpu;  /* instruction set; the first network of a process decides for all */
    bool
        channels_last; /* inputs of four dimensions are filled as [batch, height, width, channels] */
    bool plain;        /* run the definitions in C alone, without oneDNN: for tests */
};

/* Takes g over, also when this fails. inputs: for each input of g a tensor with its shape; one with data is a constant.
 * outputs: names of those wanted, or NULL for all of g. Errors name the node: LK_E_CORRUPT for shapes that contradict each
 * other, LK_E_FORMAT for what is not supported, LK_E_LIMIT, LK_E_MEMORY. */
MUST_CHECK lk_status network_new(struct network **out, struct graph *g, const struct tensor *inputs,
                                 const char *const *outputs, int32_t output_count,
                                 const struct network_options *options, lk_error *err);
void network_free(struct network *n);

/* -- Its pieces, which training shares -- */
/* Gives the inputs of g the shapes of inputs, after checking them against those that the model declares. */
MUST_CHECK lk_status network_give_shapes(struct graph *g, const struct tensor *inputs,
                                         lk_error *err);
/* The values of the outputs of these names (NULL: of all), owned by the caller, also after an error. */
MUST_CHECK lk_status network_choose(int32_t **out, int32_t *out_count, const struct graph *g,
                                    const char *const *names, int32_t count, lk_error *err);

/* Input i, as graph inputs are counted, whose data is to be filled before each run. With channels_last its dims are as ever;
 * only the order in memory is another. */
struct tensor *network_input(struct network *n, int32_t i);
int32_t network_input_count(const struct network *n);
/* Output i of those wanted, row-major; valid until the next run. */
const struct tensor *network_output(const struct network *n, int32_t i);
int32_t network_output_count(const struct network *n);

MUST_CHECK lk_status network_run(struct network *n, lk_error *err);

/* Bytes of the block that all activations share, and what they would take without sharing. */
void network_memory(const struct network *n, size_t *shared, size_t *unshared);

/* Writes one line a step: what runs, on which node, in which layout. For `likeness model show --steps` and for developers. */
struct buf;
void network_describe(const struct network *n, struct buf *out);

#endif
