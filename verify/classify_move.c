/* SPDX-License-Identifier: Apache-2.0 */
/* What moved, and by which vector.
 *
 * When a thing moves by d, each pixel it leaves shows at p + d of the photo what the reference showed at p, and each pixel it
 * comes to shows what the reference showed at p - d. So of the differing pixels of a region
 *
 *   left(d)  = share with a(p) = b(p + d),      came(d) = share with b(p) = a(p - d)
 *
 * A region that looks odd in the reference only must be explained by left, one that looks odd in the photo only by came, any
 * other by either of both. Plain ground explains the one side by any vector, so a vector holds only when the regions it explains
 * have enough pixels of both sides. Vectors to try: straight across and down, from each region to each of like size, and the phase
 * correlation of the two patches of a region. The one that explains most is taken,
 * of equals the shortest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "image/resize.h"
#include "motion/phase.h"
#include "verify/classify.h"

enum {
    REGIONS_MOST = 24, /* the most severe: the rest is looked at with the vectors these gave */
    PATCHES_MOST = 6,
    VECTORS_MOST = 160,
    ROUNDS_MOST = 16,
    SAMPLES = 1500, /* pixels of a region that are asked */
    QUICK_SAMPLES = 150,
    REACH_LEAST = 64, /* of vectors straight across or down */
    REACH_MOST = 256,
    PATCH_SIDE = 128,  /* of the reduced patches */
    SEARCH = 3,        /* pixels around a vector from a reduced patch */
    SHORTEST_PHOTO = 4 /* less is misalignment */
};

static const double explained_exact = 0.85, explained_photo = 0.75, side_needed = 0.25,
                    odd_side = 0.35, side_hinted = 0.1, least_hint = 0.4, clearly = 0.02,
                    stands_out_by = 0.4;

struct vector {
    int32_t x, y;
};

struct moving {
    const struct matched *m;
    lk_region *regions;
    const struct look *looks;
    size_t count;
    struct vector vectors[VECTORS_MOST];
    int32_t vector_count;
    int32_t shortest;
};

struct shares {
    double left, came, either;
    int64_t pixels;
};

static void add_vector(struct moving *v, int32_t x, int32_t y) {
    for (int32_t i = 0; i < v->vector_count; i++) {
        if (v->vectors[i].x == x && v->vectors[i].y == y) {
            return;
        }
    }
    if (MAX(abs(x), abs(y)) >= v->shortest && v->vector_count < VECTORS_MOST) {
        v->vectors[v->vector_count++] = (struct vector){x, y};
    }
}

static bool inside(const lk_image *image, int32_t x, int32_t y) {
    return x >= 0 && y >= 0 && x < image->width && y < image->height;
}

/* Of about `samples` places in the box. */
static struct shares shares_of(const struct moving *v, const lk_region *r, struct vector d,
                               int32_t samples) {
    const struct change *c = v->m->c;
    int32_t step = MAX((int32_t)sqrt((double)r->width * r->height / samples), 1);
    int64_t left = 0, came = 0, either = 0, pixels = 0;
    for (int32_t y = r->y; y < r->y + r->height; y += step) {
        for (int32_t x = r->x; x < r->x + r->width; x += step) {
            if (!c->differs[(size_t)y * (size_t)c->a->width + (size_t)x]) {
                continue;
            }
            bool goes = inside(c->b, x + d.x, y + d.y) &&
                        pixel_apart(v->m, x, y, x + d.x, y + d.y) <= v->m->tolerance;
            bool comes = inside(c->a, x - d.x, y - d.y) &&
                         pixel_apart(v->m, x - d.x, y - d.y, x, y) <= v->m->tolerance;
            left += goes;
            came += comes;
            either += goes || comes;
            pixels++;
        }
    }
    double n = pixels ? (double)pixels : 1;
    return (struct shares){(double)left / n, (double)came / n, (double)either / n, pixels};
}

/* How much of the region the vector explains, by the side that counts for it. */
static double explained(const struct look *l, const struct shares *s) {
    double odd = l->odd_a - l->odd_b;
    return odd > odd_side ? s->left : odd < -odd_side ? s->came : s->either;
}

/* Vectors straight across or down, the usual ones on pages: every length up to the region's size, and REACH at least. */
static void vectors_along(struct moving *v, const lk_region *r) {
    int32_t reach = MIN(MAX(MAX(r->width, r->height), (int32_t)REACH_LEAST), (int32_t)REACH_MOST);
    struct vector best = {0, 0};
    double most = 0;
    for (int32_t k = v->shortest; k <= reach; k++) {
        const struct vector ways[4] = {{k, 0}, {-k, 0}, {0, k}, {0, -k}};
        for (int i = 0; i < 4; i++) {
            struct shares s = shares_of(v, r, ways[i], QUICK_SAMPLES);
            if (fmin(s.left, s.came) > side_hinted && s.left + s.came > most + clearly) {
                most = s.left + s.came;
                best = ways[i];
            }
        }
    }
    add_vector(v, best.x, best.y);
}

/* A patch of gray, reduced, in a square of PATCH_SIDE; where nothing differs, and outside, it is 0. */
static lk_status patch(struct plane *out, const struct moving *v, const lk_image *from,
                       const int32_t box[4], double scale, lk_error *err) {
    const struct change *c = v->m->c;
    lk_status status = plane_new(out, PATCH_SIDE, PATCH_SIDE, err);
    if (status != LK_OK) {
        return status;
    }
    memset(out->data, 0, (size_t)PATCH_SIDE * PATCH_SIDE * sizeof *out->data);
    for (int32_t y = 0; y < MIN((int32_t)(box[3] * scale), (int32_t)PATCH_SIDE); y++) {
        for (int32_t x = 0; x < MIN((int32_t)(box[2] * scale), (int32_t)PATCH_SIDE); x++) {
            int32_t px = box[0] + (int32_t)(x / scale), py = box[1] + (int32_t)(y / scale);
            const uint8_t *p = image_row(from, py) + (size_t)from->channels * (size_t)px;
            bool differs = c->differs[(size_t)py * (size_t)c->a->width + (size_t)px] != 0;
            int32_t gray = 77 * p[0] + 150 * p[1] + 29 * p[2];
            plane_row(out, y)[x] = differs ? (float)gray / 256 - 128 : 0;
        }
    }
    return LK_OK;
}

/* The vector that phase correlation of the two patches of a region gives, or one near it where that explains more. */
static lk_status vector_of_patch(struct moving *v, const lk_region *r, lk_error *err) {
    const lk_image *a = v->m->c->a;
    int32_t margin = MAX(MIN(r->width, r->height) / 2, 8);
    int32_t x0 = MAX(r->x - margin, 0), y0 = MAX(r->y - margin, 0);
    const int32_t box[4] = {x0, y0, MIN(r->x + r->width + margin, a->width) - x0,
                            MIN(r->y + r->height + margin, a->height) - y0};
    double scale = fmin(1, (double)PATCH_SIDE / MAX(box[2], box[3]));
    struct plane pa = {0}, pb = {0};
    struct phase_shift s = {0};
    lk_status status = patch(&pa, v, a, box, scale, err);
    status = status == LK_OK ? patch(&pb, v, v->m->c->b, box, scale, err) : status;
    status = status == LK_OK ? phase_shift(&s, v->m->c->engine, &pa, &pb, 1, err) : status;
    plane_release(&pa);
    plane_release(&pb);
    int32_t x = (int32_t)lround(s.x / scale), y = (int32_t)lround(s.y / scale);
    int32_t reach = scale < 1 || !v->m->c->exact ? SEARCH : 0;
    struct vector best = {0, 0};
    double most = least_hint;
    for (int32_t j = -reach; status == LK_OK && j <= reach; j++) {
        for (int32_t i = -reach; i <= reach; i++) {
            struct vector d = {x + i, y + j};
            struct shares at = shares_of(v, r, d, QUICK_SAMPLES);
            if (at.left + at.came > most) {
                most = at.left + at.came;
                best = d;
            }
        }
    }
    add_vector(v, best.x, best.y);
    return status;
}

/* From one region to another of like size: the corners, and, for two strips that a thing left and came to, their breadth. */
static void vectors_between(struct moving *v, const lk_region *p, const lk_region *q) {
    add_vector(v, q->x - p->x, q->y - p->y);
    add_vector(v, q->x + q->width - p->x - p->width, q->y + q->height - p->y - p->height);
    int32_t across = q->x > p->x ? p->width : -p->width;
    int32_t down = q->y > p->y ? p->height : -p->height;
    add_vector(v, abs(q->y - p->y) <= 3 ? across : 0, abs(q->x - p->x) <= 3 ? down : 0);
}

static bool like_size(const lk_region *p, const lk_region *q) {
    return abs(p->width - q->width) <= 3 + p->width / 10 &&
           abs(p->height - q->height) <= 3 + p->height / 10;
}

/* A thing that only left, or only came, says nothing of its vector: its counterpart is another region. In photos its colours
 * are not told that surely. */
static bool both_sides_within(const struct moving *v, const struct look *l) {
    return !v->m->c->exact || fabs(l->odd_a - l->odd_b) <= odd_side;
}

static lk_status collect_vectors(struct moving *v, lk_error *err) {
    size_t n = MIN(v->count, (size_t)REGIONS_MOST);
    lk_status status = LK_OK;
    for (size_t i = 0; i < n; i++) {
        if (both_sides_within(v, &v->looks[i])) {
            vectors_along(v, &v->regions[i]);
        }
        for (size_t k = 0; k < n; k++) {
            if (i != k && like_size(&v->regions[i], &v->regions[k])) {
                vectors_between(v, &v->regions[i], &v->regions[k]);
            }
        }
    }
    for (size_t i = 0; status == LK_OK && i < MIN(n, (size_t)PATCHES_MOST); i++) {
        status =
            both_sides_within(v, &v->looks[i]) ? vector_of_patch(v, &v->regions[i], err) : LK_OK;
    }
    return status;
}

/* Shorter first, then by coordinates, so that the order in which they were found does not matter. */
static int by_length(const void *a, const void *b) {
    const struct vector *p = a, *q = b;
    int64_t lp = (int64_t)p->x * p->x + (int64_t)p->y * p->y;
    int64_t lq = (int64_t)q->x * q->x + (int64_t)q->y * q->y;
    return lp != lq ? (lp > lq) - (lp < lq) : p->y != q->y ? p->y - q->y : p->x - q->x;
}

/* What d explains of the regions that are not explained yet: fits[i], and the sum of both sides over their pixels; 0 where the
 * vector does not hold. */
static double weigh_vector(const struct moving *v, struct vector d, int32_t samples, bool *fits) {
    double least = v->m->c->exact ? explained_exact : explained_photo;
    double left = 0, came = 0, pixels = 0;
    for (size_t i = 0; i < v->count; i++) {
        const lk_region *r = &v->regions[i];
        fits[i] = false;
        if (r->kind == LK_REGION_MOVED) {
            continue;
        }
        struct shares s = shares_of(v, r, d, samples);
        fits[i] = s.pixels > 0 && explained(&v->looks[i], &s) >= least;
        if (fits[i]) { /* by area: a region is asked by samples */
            left += s.left * (double)r->area_px;
            came += s.came * (double)r->area_px;
            pixels += (double)r->area_px;
        }
    }
    bool holds = pixels > 0 && left >= side_needed * pixels && came >= side_needed * pixels;
    return holds ? left + came : 0;
}

/* Climbs from a vector to the neighbour that explains more, as long as there is one. */
static void climb(const struct moving *v, struct vector *d, double most, bool *fits) {
    for (bool better = true; better;) {
        struct vector from = *d;
        better = false;
        for (int32_t k = 0; k < 9; k++) {
            struct vector next = {from.x + k % 3 - 1, from.y + k / 3 - 1};
            double weight = k == 4 || MAX(abs(next.x), abs(next.y)) < v->shortest
                                ? 0
                                : weigh_vector(v, next, SAMPLES, fits);
            if (weight > most) {
                most = weight;
                *d = next;
                better = true;
            }
        }
    }
}

/* What d explains of both sides of the regions that fit, per pixel: 0..2. */
static double both_sides(const struct moving *v, struct vector d, const bool *fits) {
    double sum = 0, pixels = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (fits[i]) {
            struct shares s = shares_of(v, &v->regions[i], d, SAMPLES);
            sum += (s.left + s.came) * (double)v->regions[i].area_px;
            pixels += (double)v->regions[i].area_px;
        }
    }
    return pixels > 0 ? sum / pixels : 0;
}

/* Whether d explains clearly more than vectors of its length in other directions do: strokes of ink on paper find ink and paper
 * wherever they are moved. */
static bool stands_out(const struct moving *v, struct vector d, const bool *fits) {
    enum { WAYS = 8 };
    double others = 0, length = hypot(d.x, d.y), angle = atan2(d.y, d.x);
    for (int k = 1; k < WAYS; k++) {
        double turned = angle + k * 2 * acos(-1.0) / WAYS;
        struct vector other = {(int32_t)lround(length * cos(turned)),
                               (int32_t)lround(length * sin(turned))};
        others += both_sides(v, other, fits) / (WAYS - 1);
    }
    return both_sides(v, d, fits) >= others + stands_out_by;
}

static void mark_moved(struct moving *v, struct vector d, const bool *fits) {
    for (size_t i = 0; i < v->count; i++) {
        if (fits[i]) {
            v->regions[i].kind = LK_REGION_MOVED;
            v->regions[i].moved_by[0] = d.x;
            v->regions[i].moved_by[1] = d.y;
        }
    }
}

/* Takes the vector that explains most, marks what it explains, and goes on with the rest. Plain ground makes part of the right
 * vector explain a part of a region; only the right one explains all of it from both sides. */
static void choose_vectors(struct moving *v, bool *fits) {
    for (int round = 0; round < ROUNDS_MOST && v->vector_count > 0; round++) {
        double most = 0;
        int32_t best = 0;
        for (int32_t i = 0; i < v->vector_count; i++) {
            double weight = weigh_vector(v, v->vectors[i], QUICK_SAMPLES, fits);
            if (weight > most * (1 + clearly)) {
                most = weight;
                best = i;
            }
        }
        if (most == 0) {
            return;
        }
        struct vector d = v->vectors[best];
        memmove(&v->vectors[best], &v->vectors[best + 1],
                (size_t)(--v->vector_count - best) * sizeof *v->vectors);
        climb(v, &d, weigh_vector(v, d, SAMPLES, fits), fits);
        weigh_vector(v, d, SAMPLES, fits);
        if (stands_out(v, d, fits)) {
            mark_moved(v, d, fits);
        }
    }
}

lk_status find_moves(lk_region *regions, size_t count, const struct look *looks,
                     const struct matched *m, lk_error *err) {
    struct moving *v = mem_calloc(1, sizeof *v);
    bool *fits = mem_calloc(count, sizeof *fits);
    if (!v || !fits) {
        mem_free(v);
        mem_free(fits);
        return error_memory(err, sizeof *v);
    }
    v->m = m;
    v->regions = regions;
    v->looks = looks;
    v->count = count;
    v->shortest = m->c->exact ? 1 : SHORTEST_PHOTO;
    lk_status status = collect_vectors(v, err);
    if (status == LK_OK && v->vector_count > 0) {
        qsort(v->vectors, (size_t)v->vector_count, sizeof *v->vectors, by_length);
    }
    if (status == LK_OK) {
        choose_vectors(v, fits);
    }
    mem_free(v);
    mem_free(fits);
    return status;
}
