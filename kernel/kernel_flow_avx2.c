/* SPDX-License-Identifier: Apache-2.0 */
/* Rows come in whole vectors (kernel_flow.h), so there is nothing left over. */
#include "kernel/kernel_flow.h"

#include <immintrin.h>

static inline __m256 load(const float *p) {
    return _mm256_loadu_ps(p);
}

static inline __m256 add(__m256 a, __m256 b) {
    return _mm256_add_ps(a, b);
}

static inline __m256 sub(__m256 a, __m256 b) {
    return _mm256_sub_ps(a, b);
}

static inline __m256 mul(__m256 a, __m256 b) {
    return _mm256_mul_ps(a, b);
}

static inline __m256 of(float v) {
    return _mm256_set1_ps(v);
}

static inline __m256 between(__m256 a, __m256 b, __m256 f) {
    return add(a, mul(f, sub(b, a)));
}

/* Adds up the lanes of four vectors: halves, then pairs two apart, then neighbours. */
static __m128 fold_4(__m256 a, __m256 b, __m256 c, __m256 d) {
    __m128 ha = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 hb = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    __m128 hc = _mm_add_ps(_mm256_castps256_ps128(c), _mm256_extractf128_ps(c, 1));
    __m128 hd = _mm_add_ps(_mm256_castps256_ps128(d), _mm256_extractf128_ps(d, 1));
    _MM_TRANSPOSE4_PS(ha, hb, hc, hd);
    return _mm_add_ps(_mm_add_ps(ha, hc), _mm_add_ps(hb, hd));
}

static void patch_sums_avx2(struct flow_sums *out, const struct flow_patch *patch,
                            const struct flow_place *place) {
    const __m256 fx = of(place->fx), fy = of(place->fy);
    const float *p = place->pixels;
    __m256 above = between(load(p), load(p + 1), fx);
    __m256 d = _mm256_setzero_ps(), dd = d, ddx = d, ddy = d;
    for (size_t r = 0, at = 0; r < FLOW_PATCH; r++, at += patch->stride) {
        p += place->stride;
        __m256 below = between(load(p), load(p + 1), fx);
        __m256 e = sub(between(above, below, fy), load(patch->pixels + at));
        d = add(d, e);
        dd = add(dd, mul(e, e));
        ddx = add(ddx, mul(e, load(patch->dx + at)));
        ddy = add(ddy, mul(e, load(patch->dy + at)));
        above = below;
    }
    _mm_storeu_ps((float *)out, fold_4(d, dd, ddx, ddy));
}

static inline void add_to(float *p, __m256 v) {
    _mm256_storeu_ps(p, add(load(p), v));
}

static void vote_avx2(float *weight, float *u, float *v, const float *pixels,
                      const struct flow_place *place, const struct flow_vote *vote) {
    const __m256 fx = of(place->fx), one = of(1);
    const float *p = place->pixels, *q = p + place->stride;
    __m256 shown = between(between(load(p), load(p + 1), fx), between(load(q), load(q + 1), fx),
                           of(place->fy));
    __m256 e = sub(sub(shown, load(pixels)), of(vote->offset));
    __m256 d = _mm256_andnot_ps(of(-0.0f), e);
    __m256 w = _mm256_div_ps(one, _mm256_max_ps(d, one));
    add_to(weight, w);
    add_to(u, mul(w, of(vote->u)));
    add_to(v, mul(w, of(vote->v)));
}

static void divide_avx2(float *u, float *v, const float *weight, size_t n) {
    for (size_t x = 0; x < n; x += 8) {
        __m256 w = load(weight + x);
        _mm256_storeu_ps(u + x, _mm256_div_ps(load(u + x), w));
        _mm256_storeu_ps(v + x, _mm256_div_ps(load(v + x), w));
    }
}

/* Truncates t, which is not negative, into *whole and leaves the fraction. */
static inline __m256 fraction(__m256i *whole, __m256 t) {
    *whole = _mm256_cvttps_epi32(t);
    return sub(t, _mm256_cvtepi32_ps(*whole));
}

static inline __m256 bring_into(__m256 x, float low, __m256 high) {
    return _mm256_min_ps(_mm256_max_ps(x, of(low)), high);
}

static void warp_avx2(float *dt, float *mean, const float *first,
                      const struct flow_picture *picture, const float *u, const float *v, int32_t y,
                      size_t n) {
    const __m256 right = of((float)picture->width), bottom = of((float)picture->height);
    const __m256i stride = _mm256_set1_epi32((int32_t)picture->stride);
    const float *corner = picture->data - picture->stride - 1;
    __m256i i = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (size_t x = 0; x < n; x += 8, i = _mm256_add_epi32(i, _mm256_set1_epi32(8))) {
        __m256i ix, iz;
        __m256 px = bring_into(add(_mm256_cvtepi32_ps(i), load(u + x)), -1, right);
        __m256 pz = bring_into(add(of((float)y), load(v + x)), -1, bottom);
        __m256 fx = fraction(&ix, add(px, of(1))), fz = fraction(&iz, add(pz, of(1)));
        __m256i at = _mm256_add_epi32(_mm256_mullo_epi32(iz, stride), ix);
        __m256 a = _mm256_i32gather_ps(corner, at, 4), b = _mm256_i32gather_ps(corner + 1, at, 4);
        at = _mm256_add_epi32(at, stride);
        __m256 c = _mm256_i32gather_ps(corner, at, 4), d = _mm256_i32gather_ps(corner + 1, at, 4);
        __m256 shown = between(between(a, b, fx), between(c, d, fx), fz);
        __m256 here = load(first + x);
        _mm256_storeu_ps(dt + x, sub(shown, here));
        _mm256_storeu_ps(mean + x, mul(of(0.5f), add(shown, here)));
    }
}

static void stiffness_avx2(float *weight, const float *u, const float *v, const float *u_below,
                           const float *v_below, size_t n) {
    for (size_t x = 0; x < n; x += 8) {
        __m256 u0 = load(u + x), v0 = load(v + x);
        __m256 ux = sub(load(u + x + 1), u0), uy = sub(load(u_below + x), u0);
        __m256 vx = sub(load(v + x + 1), v0), vy = sub(load(v_below + x), v0);
        __m256 squares = add(add(mul(ux, ux), mul(uy, uy)), add(mul(vx, vx), mul(vy, vy)));
        __m256 root = _mm256_sqrt_ps(add(squares, of(FLOW_SMOOTH_EPS2)));
        _mm256_storeu_ps(weight + x, _mm256_div_ps(of(FLOW_SMOOTHNESS), root));
    }
}

struct equations {
    __m256 a11, a12, a22, b1, b2;
};

static inline void add_constraint(struct equations *e, __m256 weight, __m256 gu, __m256 gv,
                                  __m256 gt) {
    __m256 wu = mul(weight, gu), wv = mul(weight, gv);
    e->a11 = add(e->a11, mul(wu, gu));
    e->a12 = add(e->a12, mul(wu, gv));
    e->a22 = add(e->a22, mul(wv, gv));
    e->b1 = sub(e->b1, mul(wu, gt));
    e->b2 = sub(e->b2, mul(wv, gt));
}

static inline __m256 half_step(const float *from, const float *to) {
    return mul(of(0.5f), sub(load(to), load(from)));
}

/* 1 / (a^2 + b^2 + zeta^2) */
static inline __m256 norm(__m256 a, __m256 b) {
    return _mm256_div_ps(of(1), add(add(mul(a, a), mul(b, b)), of(FLOW_ZETA2)));
}

static inline __m256 robust(float weight, __m256 squares) {
    return _mm256_div_ps(of(weight), _mm256_sqrt_ps(add(squares, of(FLOW_DATA_EPS2))));
}

static inline __m256 rest(__m256 gt, __m256 gu, __m256 gv, __m256 du, __m256 dv) {
    return add(gt, add(mul(gu, du), mul(gv, dv)));
}

static inline __m256 square_times(__m256 e, __m256 n) {
    return mul(mul(e, e), n);
}

static inline struct equations data_terms(const struct flow_rows *r, size_t x) {
    const float *const *dt = r->dt, *const *dx = r->dx, *const *dy = r->dy;
    __m256 ix = load(dx[1] + x), iy = load(dy[1] + x), it = load(dt[1] + x);
    __m256 ixx = half_step(dx[1] + x - 1, dx[1] + x + 1);
    __m256 ixy = half_step(dx[0] + x, dx[2] + x), iyy = half_step(dy[0] + x, dy[2] + x);
    __m256 ixt = half_step(dt[1] + x - 1, dt[1] + x + 1), iyt = half_step(dt[0] + x, dt[2] + x);
    __m256 du = sub(load(r->u + x), load(r->u0 + x)), dv = sub(load(r->v + x), load(r->v0 + x));

    __m256 n0 = norm(ix, iy), n1 = norm(ixx, ixy), n2 = norm(iyy, ixy);
    __m256 e0 = rest(it, ix, iy, du, dv), e1 = rest(ixt, ixx, ixy, du, dv);
    __m256 e2 = rest(iyt, ixy, iyy, du, dv);
    __m256 brightness = robust(FLOW_BRIGHTNESS, square_times(e0, n0));
    __m256 gradient = robust(FLOW_GRADIENT, add(square_times(e1, n1), square_times(e2, n2)));

    struct equations e = {of(FLOW_ZETA2), _mm256_setzero_ps(), of(FLOW_ZETA2), _mm256_setzero_ps(),
                          _mm256_setzero_ps()};
    add_constraint(&e, mul(brightness, n0), ix, iy, it);
    add_constraint(&e, mul(gradient, n1), ixx, ixy, ixt);
    add_constraint(&e, mul(gradient, n2), ixy, iyy, iyt);
    return e;
}

/* Stores columns 0, 2, 4, 6 and 1, 3, 5, 7. */
static inline void store_split(float *even, float *odd, __m256 v) {
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    __m256 apart = _mm256_permutevar8x32_ps(v, order);
    _mm_storeu_ps(even, _mm256_castps256_ps128(apart));
    _mm_storeu_ps(odd, _mm256_extractf128_ps(apart, 1));
}

static inline void store_term(const struct flow_rows *r, enum flow_term term, size_t x, __m256 v) {
    store_split(r->terms[0][term] + x / 2, r->terms[1][term] + x / 2, v);
}

static void assemble_avx2(const struct flow_rows *r, size_t n) {
    for (size_t x = 0; x < n; x += 8) {
        struct equations e = data_terms(r, x);
        __m256 u0 = load(r->u0 + x), v0 = load(r->v0 + x);
        __m256 b1 = add(e.b1, add(mul(e.a11, u0), mul(e.a12, v0)));
        __m256 b2 = add(e.b2, add(mul(e.a12, u0), mul(e.a22, v0)));
        __m256 right = load(r->right + x), down = load(r->down + x);
        __m256 sum = add(add(right, load(r->right + x - 1)), add(down, load(r->above + x)));
        __m256 a11 = add(e.a11, sum), a22 = add(e.a22, sum);
        __m256 inverse = _mm256_div_ps(of(1), sub(mul(a11, a22), mul(e.a12, e.a12)));
        store_term(r, FLOW_I11, x, mul(a22, inverse));
        store_term(r, FLOW_I12, x, mul(sub(_mm256_setzero_ps(), e.a12), inverse));
        store_term(r, FLOW_I22, x, mul(a11, inverse));
        store_term(r, FLOW_B1, x, b1);
        store_term(r, FLOW_B2, x, b2);
        store_term(r, FLOW_RIGHT, x, right);
        store_term(r, FLOW_DOWN, x, down);
    }
}

static void relax_avx2(const struct flow_relax *r, size_t n) {
    const __m256 step = of(FLOW_RELAX);
    for (size_t k = 0; k < n; k += 8) {
        __m256 right = load(r->terms[FLOW_RIGHT] + k), left = load(r->left + k);
        __m256 down = load(r->terms[FLOW_DOWN] + k), above = load(r->above + k);
        __m256 su = add(add(mul(right, load(r->u_side + k + 1)), mul(left, load(r->u_side + k))),
                        add(mul(down, load(r->u_below + k)), mul(above, load(r->u_above + k))));
        __m256 sv = add(add(mul(right, load(r->v_side + k + 1)), mul(left, load(r->v_side + k))),
                        add(mul(down, load(r->v_below + k)), mul(above, load(r->v_above + k))));
        __m256 b1 = add(load(r->terms[FLOW_B1] + k), su);
        __m256 b2 = add(load(r->terms[FLOW_B2] + k), sv);
        __m256 i12 = load(r->terms[FLOW_I12] + k);
        __m256 u = add(mul(load(r->terms[FLOW_I11] + k), b1), mul(i12, b2));
        __m256 v = add(mul(i12, b1), mul(load(r->terms[FLOW_I22] + k), b2));
        __m256 u0 = load(r->u + k), v0 = load(r->v + k);
        _mm256_storeu_ps(r->u + k, add(u0, mul(step, sub(u, u0))));
        _mm256_storeu_ps(r->v + k, add(v0, mul(step, sub(v, v0))));
    }
}

static void split_avx2(float *even, float *odd, const float *from, size_t n) {
    for (size_t x = 0; x < n; x += 8) {
        store_split(even + x / 2, odd + x / 2, load(from + x));
    }
}

static void merge_avx2(float *to, const float *even, const float *odd, size_t n) {
    for (size_t x = 0; x < n; x += 8) {
        __m128 e = _mm_loadu_ps(even + x / 2), o = _mm_loadu_ps(odd + x / 2);
        _mm_storeu_ps(to + x, _mm_unpacklo_ps(e, o));
        _mm_storeu_ps(to + x + 4, _mm_unpackhi_ps(e, o));
    }
}

void kernel_flow_init_avx2(struct kernel_flow *k) {
    *k = (struct kernel_flow){
        .patch_sums = patch_sums_avx2,
        .vote = vote_avx2,
        .divide = divide_avx2,
        .warp = warp_avx2,
        .stiffness = stiffness_avx2,
        .assemble = assemble_avx2,
        .relax = relax_avx2,
        .split = split_avx2,
        .merge = merge_avx2,
    };
}
