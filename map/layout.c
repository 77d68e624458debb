/* SPDX-License-Identifier: Apache-2.0 */
/* Stochastic gradient descent of UMAP's cross entropy (McInnes, Healy and Melville 2018, section 3.2 and appendix C).
 *
 * In every epoch each tie is drawn as often as its weight says, a tie of the largest weight once. y_i moves
 *     toward  its partner y_j by       2 a b d^2(b-1) / (1 + a d^2b) (y_j - y_i)
 *     away from `negatives` others by  2 b / ((0.001 + d^2) (1 + a d^2b)) (y_i - y_k)
 * each number of which is cut to -4..4, times a rate that falls linearly from 1 to 0.
 *
 * Where this deviates from umap-learn:
 *   Every point is moved by its own ties alone, from where the others stood when the epoch began, so that points may be moved side
 *   by side and the map does not depend on the number of threads. umap-learn moves both ends of a tie, and each tie stands
 *   there in both directions, so what draws counts double here.
 *   Random numbers come from a counter: of seed, epoch and point.
 *   The two factors are looked up by d^2, 128 values an octave with straight lines between: 2e-5 off at most, and 5 times as
 * fast. */
#include "map/layout.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { CHUNK = 128, OCTAVE_BITS = 7, OCTAVE_LOW = -24, OCTAVE_HIGH = 24 };
enum { TABLE = (OCTAVE_HIGH - OCTAVE_LOW) << OCTAVE_BITS };

#define PULL_LIMIT 4.0f
#define PUSH_SOFT 0.001f

/* -- The curve -- */

enum { CURVE_POINTS = 300, FIT_ROUNDS = 100 };

/* The sum of squares at a, b, and what the Gauss-Newton step needs. */
static double misfit(double a, double b, double min_dist, double spread, double normal[5]) {
    double sum = 0;
    memset(normal, 0, 5 * sizeof *normal);
    for (int32_t i = 0; i < CURVE_POINTS; i++) {
        double x = 3 * spread * i / (CURVE_POINTS - 1);
        double want = x < min_dist ? 1 : exp(-(x - min_dist) / spread);
        double power = x > 0 ? pow(x, 2 * b) : 0, below = 1 + a * power;
        double off = want - 1 / below;
        double by_a = -power / (below * below);
        double by_b = x > 0 ? -a * power * 2 * log(x) / (below * below) : 0;
        sum += off * off;
        normal[0] += by_a * by_a;
        normal[1] += by_a * by_b;
        normal[2] += by_b * by_b;
        normal[3] += by_a * off;
        normal[4] += by_b * off;
    }
    return sum;
}

static double six_digits(double x) {
    return round(x * 1e6) / 1e6;
}

void layout_curve(double *a, double *b, double min_dist, double spread) {
    double n[5], tried[5], damping = 1e-3;
    *a = *b = 1;
    double best = misfit(*a, *b, min_dist, spread, n);
    for (int32_t i = 0; i < FIT_ROUNDS; i++) { /* Levenberg and Marquardt */
        double p = n[0] * (1 + damping), q = n[1], r = n[2] * (1 + damping), det = p * r - q * q;
        double a1 = *a + (r * n[3] - q * n[4]) / det, b1 = *b + (p * n[4] - q * n[3]) / det;
        double sum = a1 > 0 && b1 > 0 ? misfit(a1, b1, min_dist, spread, tried) : best;
        if (sum < best) {
            *a = a1;
            *b = b1;
            best = sum;
            memcpy(n, tried, sizeof n);
            damping /= 4;
        } else {
            damping *= 8;
        }
    }
    *a = six_digits(*a);
    *b = six_digits(*b);
}

/* -- The factors, by squared distance -- */

struct factors {
    float pull, push;
};

struct layout {
    const struct fuzzy_graph *graph;
    struct factors table[TABLE + 1];
    float *now, *next; /* count x 2 */
    double heaviest;
    uint64_t seed;
    int32_t negatives, epoch, epochs;
};

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Entry i is for the float whose bits are those of 2^OCTAVE_LOW plus i steps. */
static void fill_table(struct layout *l, const struct kernel_math *math, double a, double b) {
    for (uint32_t i = 0; i <= TABLE; i++) {
        float d2 = float_of(((uint32_t)(127 + OCTAVE_LOW) << 23) + (i << (23 - OCTAVE_BITS)));
        float power; /* d^2b */
        math->pow_by(&power, &d2, (float)b, 1);
        float below = 1 + (float)a * power;
        l->table[i].pull = (float)(2 * a * b) * power / d2 / below;
        l->table[i].push = (float)(2 * b) / ((PUSH_SOFT + d2) * below);
    }
}

static struct factors factors_at(const struct layout *l, float d2) {
    const uint32_t low = (uint32_t)(127 + OCTAVE_LOW) << 23, shift = 23 - OCTAVE_BITS;
    const uint32_t high = (uint32_t)(127 + OCTAVE_HIGH) << 23;
    uint32_t bits = bits_of(d2);
    bits = bits < low ? 0 : bits >= high ? high - low - 1 : bits - low;
    uint32_t i = bits >> shift;
    float part = (float)(bits & ((1u << shift) - 1)) * (1.0f / (float)(1u << shift));
    const struct factors *f = &l->table[i];
    return (struct factors){f[0].pull + part * (f[1].pull - f[0].pull),
                            f[0].push + part * (f[1].push - f[0].push)};
}

/* -- An epoch -- */

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static float cut(float x) {
    x = x < PULL_LIMIT ? x : PULL_LIMIT;
    return x > -PULL_LIMIT ? x : -PULL_LIMIT;
}

static void push_off(float y[2], const struct layout *l, int32_t i, float rate, uint64_t *random) {
    uint32_t count = (uint32_t)l->graph->count;
    for (int32_t n = 0; n < l->negatives; n++) {
        uint32_t k = (uint32_t)(((draw(random) >> 32) * count) >> 32);
        float dx = y[0] - l->now[2 * (size_t)k], dy = y[1] - l->now[2 * (size_t)k + 1];
        if (k != (uint32_t)i) {
            float push = factors_at(l, dx * dx + dy * dy).push;
            y[0] += rate * cut(push * dx);
            y[1] += rate * cut(push * dy);
        }
    }
}

static void move_point(struct layout *l, int32_t i) {
    const struct fuzzy_graph *g = l->graph;
    float y[2] = {l->now[2 * (size_t)i], l->now[2 * (size_t)i + 1]};
    float rate = 1 - (float)l->epoch / (float)l->epochs;
    uint64_t random = l->seed + (uint64_t)l->epoch * (uint64_t)g->count + (uint64_t)i;
    random = draw(&random);
    for (int64_t e = g->start[i]; e < g->start[i + 1]; e++) {
        double share = (double)g->weight[e] / l->heaviest;
        if (floor((l->epoch + 1) * share) > floor(l->epoch * share)) {
            const float *other = l->now + 2 * (size_t)g->to[e];
            float dx = other[0] - y[0], dy = other[1] - y[1];
            float pull = factors_at(l, dx * dx + dy * dy).pull;
            y[0] += 2 * rate * cut(pull * dx);
            y[1] += 2 * rate * cut(pull * dy);
            push_off(y, l, i, rate, &random);
        }
    }
    l->next[2 * (size_t)i] = y[0];
    l->next[2 * (size_t)i + 1] = y[1];
}

static void move_chunk(void *arg, int32_t chunk) {
    struct layout *l = arg;
    int32_t end = MIN((chunk + 1) * CHUNK, l->graph->count);
    for (int32_t i = chunk * CHUNK; i < end; i++) {
        move_point(l, i);
    }
}

static double heaviest_of(const struct fuzzy_graph *g) {
    double heaviest = 0;
    for (int64_t e = 0; e < g->start[g->count]; e++) {
        heaviest = MAX(heaviest, (double)g->weight[e]);
    }
    return heaviest;
}

lk_status layout_run(float *xy, lk_engine *engine, const struct fuzzy_graph *graph,
                     const lk_map_options *options, int32_t epochs, lk_map_report *report,
                     void *arg, lk_error *err) {
    size_t bytes = 2 * (size_t)graph->count * sizeof *xy;
    struct layout *l = mem_calloc(1, sizeof *l);
    float *other = mem_alloc(bytes, 1);
    lk_status status = l && other ? LK_OK : error_memory(err, bytes + sizeof *l);
    if (status == LK_OK) {
        double a, b;
        l->graph = graph;
        l->now = xy;
        l->next = other;
        l->heaviest = heaviest_of(graph);
        l->seed = options->seed * 0x9e3779b97f4a7c15;
        l->negatives = options->negatives;
        l->epochs = epochs;
        layout_curve(&a, &b, options->min_dist, options->spread);
        fill_table(l, &engine->kernels.math, a, b);
    }
    while (status == LK_OK && l->epoch < epochs) {
        pool_for(engine->pool, (graph->count + CHUNK - 1) / CHUNK, move_chunk, l);
        float *swap = l->now;
        l->now = l->next;
        l->next = swap;
        l->epoch++;
        status = engine_check_stop(engine, err);
        if (report) {
            report(arg, "layout", (double)l->epoch / epochs);
        }
    }
    if (status == LK_OK && l->now != xy) {
        memcpy(xy, other, bytes);
    }
    mem_free(l);
    mem_free(other);
    return status;
}
