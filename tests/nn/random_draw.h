/* SPDX-License-Identifier: Apache-2.0 */
/* What graphs drawn by chance are put together from; a failure ends the program. */
#ifndef LK_RANDOM_DRAW_H
#define LK_RANDOM_DRAW_H

#include "tests/nn/random_graph.h"

int32_t draw_below(struct drawing *d, int32_t n);
bool draw_one_in(struct drawing *d, int32_t n);
float draw_between(struct drawing *d, double low, double high);
void draw_must(struct drawing *d, lk_status status);
const struct tensor *draw_shape_of(const struct drawing *d, int32_t value);
void *draw_blank(size_t bytes);
void draw_set_int(struct node *n, const char *name, int64_t value);
void draw_set_float(struct node *n, const char *name, float value);
void draw_set_ints(struct node *n, const char *name, const int64_t *values, int32_t count);
int32_t draw_add_value(struct drawing *d, struct tensor t);
int32_t draw_constant(struct drawing *d, enum tensor_type type, int32_t rank, const int64_t *dims);
int32_t draw_reals(struct drawing *d, int32_t rank, const int64_t *dims, double low, double high);
int32_t draw_real(struct drawing *d, float number);
int32_t draw_wholes(struct drawing *d, const int64_t *numbers, int64_t count);
struct node *draw_add_node(struct drawing *d, const char *op, const int32_t *inputs, int32_t count);
int32_t draw_finish(struct drawing *d, const struct node *n);
int32_t draw_simple(struct drawing *d, const char *op, int32_t a, int32_t b);
void draw_offer(struct drawing *d, int32_t value, bool exact);

/* random_graph.c */
int64_t draw_channels(struct drawing *d);
void draw_window(struct drawing *d, struct node *n, int32_t spatial, const int64_t *kernel,
                 bool dilates);
int32_t draw_reshaped(struct drawing *d, int32_t x);

/* random_bytes.c: something on quantised values that goes on from x, whose numbers are exact. */
void draw_bytes(struct drawing *d, int32_t x);

#endif
