/* SPDX-License-Identifier: Apache-2.0 */
/* Subspace iteration (Halko, Martinsson and Tropp 2011, algorithm 4.4): a block of random directions V is multiplied by the
 * covariance C and made orthonormal again until the two largest eigenvalues stand; then C is turned to its axes inside the block by
 * Jacobi's rotations. C itself is never made: C V = X^T (X V), a chunk of rows at a time. Sums are of doubles, in an order that
 * depends on the number of rows alone.
 *
 * Oracle: numpy's SVD, tests/oracle/map/make_map.py. */
#include "map/principal.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

/* More directions than are wanted make the wanted ones converge; 1e-10 of an eigenvalue moves a place by 1e-5 of its spread. */
enum { BLOCK = 8, CHUNK_ROWS = 512, ROUNDS_MOST = 300, SWEEPS = 40 };
#define STANDS 1e-10

struct principal {
    const lk_map_vectors *vectors;
    double *mean;       /* dim */
    double *directions; /* dim x BLOCK */
    double *product;    /* dim x BLOCK: C V */
    double *partial;    /* chunks x dim x BLOCK */
    int32_t chunks;
};

static void project(double *out, const struct principal *p, int32_t row) {
    const float *x = p->vectors->data + (size_t)row * (size_t)p->vectors->dim;
    memset(out, 0, BLOCK * sizeof *out);
    for (int32_t d = 0; d < p->vectors->dim; d++) {
        double value = (double)x[d] - p->mean[d];
        for (int32_t c = 0; c < BLOCK; c++) {
            out[c] += value * p->directions[(size_t)d * BLOCK + (size_t)c];
        }
    }
}

static void multiply_chunk(void *arg, int32_t chunk) {
    const struct principal *p = arg;
    int32_t dim = p->vectors->dim, first = chunk * CHUNK_ROWS;
    int32_t end = MIN(first + CHUNK_ROWS, p->vectors->count);
    double *sum = p->partial + (size_t)chunk * (size_t)dim * BLOCK;
    memset(sum, 0, (size_t)dim * BLOCK * sizeof *sum);
    for (int32_t row = first; row < end; row++) {
        double along[BLOCK];
        const float *x = p->vectors->data + (size_t)row * (size_t)dim;
        project(along, p, row);
        for (int32_t d = 0; d < dim; d++) {
            double value = (double)x[d] - p->mean[d];
            for (int32_t c = 0; c < BLOCK; c++) {
                sum[(size_t)d * BLOCK + (size_t)c] += value * along[c];
            }
        }
    }
}

/* product = C V, a sum over the rows (not divided by their number). */
static void multiply(struct principal *p, lk_engine *engine) {
    size_t size = (size_t)p->vectors->dim * BLOCK;
    pool_for(engine->pool, p->chunks, multiply_chunk, p);
    memset(p->product, 0, size * sizeof *p->product);
    for (int32_t chunk = 0; chunk < p->chunks; chunk++) {
        for (size_t i = 0; i < size; i++) {
            p->product[i] += p->partial[(size_t)chunk * size + i];
        }
    }
}

/* directions = product, made orthonormal column by column; a column that vanishes is set to 0. */
static void orthonormalise(struct principal *p) {
    int32_t dim = p->vectors->dim;
    double *v = p->directions;
    memcpy(v, p->product, (size_t)dim * BLOCK * sizeof *v);
    for (int32_t c = 0; c < BLOCK; c++) {
        double before = 0, length = 0;
        for (int32_t d = 0; d < dim; d++) {
            before += v[(size_t)d * BLOCK + (size_t)c] * v[(size_t)d * BLOCK + (size_t)c];
        }
        for (int32_t twice = 0; twice < 2;
             twice++) { /* the second pass removes what rounding left */
            for (int32_t o = 0; o < c; o++) {
                double dot = 0;
                for (size_t d = 0; d < (size_t)dim; d++) {
                    dot += v[d * BLOCK + (size_t)c] * v[d * BLOCK + (size_t)o];
                }
                for (size_t d = 0; d < (size_t)dim; d++) {
                    v[d * BLOCK + (size_t)c] -= dot * v[d * BLOCK + (size_t)o];
                }
            }
        }
        for (size_t d = 0; d < (size_t)dim; d++) {
            length += v[d * BLOCK + (size_t)c] * v[d * BLOCK + (size_t)c];
        }
        double scale = length > before * 1e-24 && length > 0 ? 1 / sqrt(length) : 0;
        for (size_t d = 0; d < (size_t)dim; d++) {
            v[d * BLOCK + (size_t)c] *= scale;
        }
    }
}

/* small = V^T C V; wants product = C V. */
static void shrink(double small[BLOCK][BLOCK], const struct principal *p) {
    for (int32_t a = 0; a < BLOCK; a++) {
        for (int32_t b = 0; b < BLOCK; b++) {
            double sum = 0;
            for (size_t d = 0; d < (size_t)p->vectors->dim; d++) {
                sum += p->directions[d * BLOCK + (size_t)a] * p->product[d * BLOCK + (size_t)b];
            }
            small[a][b] = sum;
        }
    }
}

/* One of Jacobi's rotations: a[i][j] becomes 0. */
static void rotate(double a[BLOCK][BLOCK], double axes[BLOCK][BLOCK], int32_t i, int32_t j) {
    double theta = (a[j][j] - a[i][i]) / (2 * a[i][j]);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int32_t k = 0; k < BLOCK; k++) {
        double p = a[k][i], q = a[k][j];
        a[k][i] = c * p - s * q;
        a[k][j] = s * p + c * q;
    }
    for (int32_t k = 0; k < BLOCK; k++) {
        double p = a[i][k], q = a[j][k];
        a[i][k] = c * p - s * q;
        a[j][k] = s * p + c * q;
        p = axes[k][i], q = axes[k][j];
        axes[k][i] = c * p - s * q;
        axes[k][j] = s * p + c * q;
    }
}

/* Eigenvalues onto the diagonal of a, eigenvectors into the columns of axes; order[] names the largest first. */
static void diagonalise(double a[BLOCK][BLOCK], double axes[BLOCK][BLOCK], int32_t order[BLOCK]) {
    for (int32_t i = 0; i < BLOCK; i++) {
        for (int32_t j = 0; j < BLOCK; j++) {
            a[i][j] = a[j][i] = (a[i][j] + a[j][i]) / 2;
            axes[i][j] = i == j;
        }
        order[i] = i;
    }
    for (int32_t sweep = 0; sweep < SWEEPS; sweep++) {
        for (int32_t i = 0; i < BLOCK; i++) {
            for (int32_t j = i + 1; j < BLOCK; j++) {
                if (fabs(a[i][j]) > 1e-18 * (fabs(a[i][i]) + fabs(a[j][j]))) {
                    rotate(a, axes, i, j);
                }
            }
        }
    }
    for (int32_t i = 1; i < BLOCK; i++) {
        for (int32_t j = i; j > 0 && a[order[j]][order[j]] > a[order[j - 1]][order[j - 1]]; j--) {
            int32_t swap = order[j];
            order[j] = order[j - 1];
            order[j - 1] = swap;
        }
    }
}

/* Turns the block so that its first two columns are the components. */
static void turn(struct principal *p, double axes[BLOCK][BLOCK], const int32_t order[BLOCK]) {
    double largest[2] = {0};
    for (size_t d = 0; d < (size_t)p->vectors->dim; d++) {
        double *v = p->directions + d * BLOCK, turned[2] = {0};
        for (int32_t k = 0; k < BLOCK; k++) {
            turned[0] += v[k] * axes[k][order[0]];
            turned[1] += v[k] * axes[k][order[1]];
        }
        v[0] = turned[0];
        v[1] = turned[1];
        for (int32_t c = 0; c < 2; c++) {
            largest[c] = fabs(turned[c]) > fabs(largest[c]) ? turned[c] : largest[c];
        }
    }
    for (size_t d = 0; d < (size_t)p->vectors->dim; d++) {
        for (size_t c = 0; c < 2; c++) {
            p->directions[d * BLOCK + c] *= largest[c] < 0 ? -1 : 1;
        }
    }
}

static lk_status iterate(struct principal *p, lk_engine *engine, uint64_t seed, lk_error *err) {
    struct rng rng;
    double small[BLOCK][BLOCK], axes[BLOCK][BLOCK], before[2] = {0};
    int32_t order[BLOCK], round = 0;
    bool stands = false;
    rng_init(&rng, seed);
    for (size_t i = 0; i < (size_t)p->vectors->dim * BLOCK; i++) {
        p->product[i] = rng_unit(&rng) - 0.5;
    }
    for (; round < ROUNDS_MOST && !stands; round++) {
        lk_status status = engine_check_stop(engine, err);
        if (status != LK_OK) {
            return status;
        }
        orthonormalise(p);
        multiply(p, engine);
        shrink(small, p);
        diagonalise(small, axes, order);
        stands = true;
        for (int32_t c = 0; c < 2; c++) {
            double now = small[order[c]][order[c]];
            stands = stands && fabs(now - before[c]) <= STANDS * fabs(now);
            before[c] = now;
        }
    }
    turn(p, axes, order);
    return LK_OK;
}

static void find_mean(struct principal *p) {
    const lk_map_vectors *v = p->vectors;
    for (int32_t row = 0; row < v->count; row++) {
        for (int32_t d = 0; d < v->dim; d++) {
            p->mean[d] += (double)v->data[(size_t)row * (size_t)v->dim + (size_t)d];
        }
    }
    for (int32_t d = 0; d < v->dim; d++) {
        p->mean[d] /= v->count;
    }
}

lk_status principal_places(double *xy, lk_engine *engine, const lk_map_vectors *vectors,
                           uint64_t seed, lk_error *err) {
    struct principal p = {.vectors = vectors,
                          .chunks = (vectors->count + CHUNK_ROWS - 1) / CHUNK_ROWS};
    size_t size = (size_t)vectors->dim * BLOCK;
    p.mean = mem_calloc((size_t)vectors->dim, sizeof *p.mean);
    p.directions = mem_calloc(size, sizeof *p.directions);
    p.product = mem_calloc(size, sizeof *p.product);
    p.partial = mem_alloc((size_t)p.chunks, size * sizeof *p.partial);
    lk_status status = p.mean && p.directions && p.product && p.partial
                           ? LK_OK
                           : error_memory(err, (size_t)p.chunks * size * sizeof *p.partial);
    if (status == LK_OK) {
        find_mean(&p);
        status = iterate(&p, engine, seed, err);
    }
    for (int32_t row = 0; status == LK_OK && row < vectors->count; row++) {
        double along[BLOCK];
        project(along, &p, row);
        xy[2 * (size_t)row] = along[0];
        xy[2 * (size_t)row + 1] = along[1];
    }
    mem_free(p.mean);
    mem_free(p.directions);
    mem_free(p.product);
    mem_free(p.partial);
    return status;
}
