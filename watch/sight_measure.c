/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "watch/sight_parts.h"

/* Sum of the weights of a block's points (24 at most) from which it has something to say. */
static const float enough = 2;

/* Agreement below which a block is gone and above which it is there. */
static const float gone_below = 0.35F, there_above = 0.65F;

/* The level of the coarsest picture from which a place is blown out. */
static const uint8_t blown_out = 250;

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean agreement of the blocks that lie in the frame; a block counts for no more than a quarter of its points' most weight. */
static double mean_agreement(const struct sight_block blocks[SIGHT_BLOCKS]) {
    double sum = 0, weight = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        double w = fmin((double)blocks[b].weight, 6);
        sum += w * (double)blocks[b].agreement;
        weight += w;
    }
    return weight > 0 ? sum / weight : 0;
}

/* How much less steep edges are at full size than at a quarter of it, both against the reference: light and contrast cancel. */
static void measure_sharpness(struct sight_seen *out, const struct sight_block fine[SIGHT_BLOCKS],
                              const struct sight_block coarse[SIGHT_BLOCKS]) {
    double ratios[SIGHT_BLOCKS];
    size_t count = 0, blurred = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        bool known = fine[b].weight >= enough && coarse[b].weight >= enough / 2 &&
                     coarse[b].agreement >= there_above && coarse[b].gain > 0.02F;
        if (known) {
            ratios[count] = fmax((double)(fine[b].gain / coarse[b].gain), 0);
            blurred += ratios[count++] < 0.75;
        }
    }
    qsort(ratios, count, sizeof *ratios, compare_doubles);
    out->sharpness = count > 0 ? ratios[count / 2] : 1;
    out->blurred = count > 0 ? (double)blurred / (double)count : 0;
    out->sharp_blocks = (int32_t)count;
}

/* What some layers together say of each block. */
struct presence {
    double agreement[SIGHT_BLOCKS], weight[SIGHT_BLOCKS];
};

static void add_presence(struct presence *p, const struct sight_block blocks[SIGHT_BLOCKS]) {
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        double w = (double)blocks[b].weight;
        p->agreement[b] += w * (double)blocks[b].agreement;
        p->weight[b] += w;
    }
}

/* Mean over all blocks once each that cannot be told is the mean of its four neighbours: forty rounds of Jacobi's iteration, which
 * reach across the picture. */
static double fill(const float there[SIGHT_BLOCKS], double start) {
    enum { ROUNDS = 40 };
    double from[SIGHT_BLOCKS], to[SIGHT_BLOCKS], sum = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        from[b] = there[b] < 0 ? start : (double)there[b];
    }
    for (int32_t round = 0; round < ROUNDS; round++) {
        for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
            int32_t x = b % SIGHT_ACROSS, y = b / SIGHT_ACROSS;
            double left = from[x > 0 ? b - 1 : b], right = from[x < SIGHT_ACROSS - 1 ? b + 1 : b];
            double above = from[y > 0 ? b - SIGHT_ACROSS : b],
                   below = from[y < SIGHT_DOWN - 1 ? b + SIGHT_ACROSS : b];
            to[b] = there[b] < 0 ? (left + right + above + below) / 4 : from[b];
        }
        memcpy(from, to, sizeof from);
    }
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        sum += from[b] / SIGHT_BLOCKS;
    }
    return sum;
}

/* Whether the place of a block is blown out in the frame. */
static bool is_blinded(const struct sight_frame *frame, const struct sight_map *map,
                       int32_t block) {
    const lk_image *last = &frame->pyramid.levels[frame->pyramid.count - 1];
    double x = (block % SIGHT_ACROSS + 0.5) / SIGHT_ACROSS * frame->width,
           y = (block / SIGHT_ACROSS + 0.5) / SIGHT_DOWN * frame->height;
    double fx = (map->a * x - map->b * y + map->dx) * last->width / frame->width,
           fy = (map->b * x + map->a * y + map->dy) * last->height / frame->height;
    return fx >= 0 && fy >= 0 && fx < last->width && fy < last->height &&
           image_row(last, (int32_t)fy)[(int32_t)fx] >= blown_out;
}

/* A block that is gone where the frame is blown out (headlights, the sun) is no sign of anything in front of the lens. */
static double forget_glare(struct presence *p, const struct sight_frame *frame,
                           const struct sight_map *map) {
    int32_t blinded = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        bool gone = p->weight[b] > 0 && p->agreement[b] < (double)gone_below * p->weight[b];
        if (gone && is_blinded(frame, map, b)) {
            p->weight[b] = 0;
            blinded++;
        }
    }
    return (double)blinded / SIGHT_BLOCKS;
}

static void finish_presence(struct sight_presence *out, const struct presence *p) {
    double there = 0;
    int32_t clear = 0;
    out->known = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        out->there[b] = -1;
        if (p->weight[b] >= (double)enough) {
            float a = (float)(p->agreement[b] / p->weight[b]);
            float t = (a - gone_below) / (there_above - gone_below);
            out->there[b] = t < 0 ? 0 : t > 1 ? 1 : t;
            there += (double)out->there[b];
            clear += a >= there_above;
            out->known++;
        }
    }
    out->share = out->known > 0 ? there / out->known : 0;
    out->filled = fill(out->there, out->share);
    out->clear = out->known > 0 ? (double)clear / out->known : 0;
}

void sight_measure(struct sight_seen *out, const struct camera_view *view,
                   const struct sight_frame *frame, const struct sight_map *map) {
    struct sight_look look = {
        .layers = view->layers, .count = view->count, .frame = &frame->pyramid};
    struct sight_block blocks[SIGHT_BLOCKS], fine[SIGHT_BLOCKS], coarse[SIGHT_BLOCKS];
    struct presence near = {0}, far = {0};
    int32_t middle = sight_pyramid_middle(&frame->pyramid), last = view->count - 1;
    double outside = 0;
    *out = (struct sight_seen){.map = *map};
    for (int32_t layer = middle; layer <= last; layer++) {
        sight_hold(blocks, &look, layer, map, 1);
        double mean = mean_agreement(blocks);
        out->agreement = layer == middle ? mean : out->agreement;
        if (layer > middle || layer == last) {
            out->coarse = fmax(out->coarse, mean);
            add_presence(&far, blocks);
        }
        if (layer <= middle + 1) {
            add_presence(&near, blocks);
        }
    }
    sight_hold(fine, &look, 0, map, 1);
    sight_hold(coarse, &look, MIN(2, last), map, 1);
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        outside += (double)fine[b].outside / SIGHT_BLOCKS;
    }
    out->inside = 1 - outside;
    measure_sharpness(out, fine, coarse);
    out->glare = forget_glare(&near, frame, map);
    forget_glare(&far, frame, map);
    finish_presence(&out->near, &near);
    finish_presence(&out->far, &far);
}
