/* SPDX-License-Identifier: Apache-2.0 */
/* A screen is a raster of red, green and blue stripes. A camera that resolves them has their wave in its photo, one that does not
 * has the wave that sampling folds it to, moire (Mahdian, Novozamsky, Saic, "Identification of aliasing-based patterns in
 * re-captured LCD screens", ICIP 2015); either is a narrow peak of the spectrum (Garcia, de Queiroz, "Face-spoofing
 * 2D-detection based on moire-pattern analysis", IEEE TIFS 10, 2015). Which peaks count is our own:
 *
 *   plane      red - blue. The three stripes of a pixel are a third of a wave apart, so this wave is strong, while what is woven,
 *              laid or printed in one colour has none. JPEG keeps colour at half size: a photo decoded at half loses nothing
 *   patches    3 x 3 of 128 x 128 pixels, evenly over the photo, less their mean, through Hann's window, transformed
 *   wave       a local maximum of the power P3 (sums of 3 x 3) at 0.06 cycles a pixel and more, off the axes (lines of text,
 *              edges) and off multiples of 1/8 (blocks of JPEG)
 *   stands out P3 / (max over 8 directions of the mean of P3 at 4, 6 and 8 places to both sides + floor), so that no line
 *              through the spectrum, as an edge makes it, passes for a peak
 *   stripes    the wave that stands out most, by 4.5 at least, when none of another direction that stands out by 3 has 0.3 of its
 *              power: dots of a printing screen, knots and bricks have waves in two directions or more
 *   screen     4 of the 9 patches have stripes
 *
 * The limits were chosen on pictures and simulated photos of screens and prints, bench/bench_screen.c, whose figures stand in
 * docs/algorithms/verify.md; no photo of a real screen was to be had. */
#include "verify/screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/fft.h"
#include "image/image.h"

enum {
    N = SCREEN_PATCH_SIDE, /* a power of two */
    LOWEST = 8,            /* of N: 0.06 cycles a pixel */
    BLOCKS = N / 8,        /* the grid of JPEG */
    DIRECTIONS = 8,
    STEPS = 3,
    WAVES_MOST = N * N / 8, /* no two local maxima are neighbours */
};

static const double stands_out = 4.5, other_stands_out = 3, other_share = 0.3;
static const double apart = 0.35;   /* sine of the angle between directions that count as two */
static const double floor_p3 = 4e5; /* P3 of a wave of a fifth of a level */
static const int32_t patches_needed = 4;

/* A local maximum; x from -N/2, y from 0. */
struct wave {
    double power, prominence;
    int32_t x, y;
};

struct search {
    struct spectrum spectrum;
    double window[N];
    double *p3;         /* N x N */
    struct wave *waves; /* WAVES_MOST */
};

static void search_close(struct search *s) {
    spectrum_release(&s->spectrum);
    mem_free(s->p3);
    mem_free(s->waves);
}

static lk_status search_open(struct search *s, lk_error *err) {
    const double turn = 2 * 3.14159265358979323846 / N;
    *s = (struct search){0};
    for (int32_t i = 0; i < N; i++) {
        s->window[i] = 0.5 - 0.5 * cos(turn * i);
    }
    lk_status status = spectrum_new(&s->spectrum, N, N, err);
    s->p3 = mem_alloc((size_t)N * N, sizeof *s->p3);
    s->waves = mem_alloc(WAVES_MOST, sizeof *s->waves);
    if (status == LK_OK && (!s->p3 || !s->waves)) {
        status = error_memory(err, (size_t)N * N * sizeof *s->p3);
    }
    return status;
}

static int32_t colour_at(const uint8_t *p) {
    return p[0] - p[2];
}

/* Patch i into the real (part 0) or the imaginary part of the spectrum's samples. */
static lk_status load(struct search *s, const lk_image *photo, int32_t i, int32_t part,
                      lk_error *err) {
    lk_image crop = {0}, rgb = {0};
    double across = ((double)(i % SCREEN_ACROSS) + 0.5) / SCREEN_ACROSS,
           down = ((double)(i / SCREEN_ACROSS) + 0.5) / SCREEN_ACROSS;
    int32_t x0 = (int32_t)((photo->width - N) * across), y0 = (int32_t)((photo->height - N) * down);
    lk_status status = image_crop(&crop, photo, x0, y0, N, N, err);
    status = status == LK_OK ? colour_to_rgb8(&rgb, &crop, err) : status;
    if (status == LK_OK) {
        int64_t sum = 0;
        for (int32_t y = 0; y < N; y++) {
            for (int32_t x = 0; x < N; x++) {
                sum += colour_at(image_row(&rgb, y) + 3 * x);
            }
        }
        double mean = (double)sum / (N * N);
        for (int32_t y = 0; y < N; y++) {
            const uint8_t *p = image_row(&rgb, y);
            for (int32_t x = 0; x < N; x++, p += 3) {
                spectrum_at(&s->spectrum, x, y)[part] =
                    (colour_at(p) - mean) * s->window[x] * s->window[y];
            }
        }
    }
    lk_image_release(&rgb);
    lk_image_release(&crop);
    return status;
}

/* The power of one part: the transform of real samples is conjugate at -k. */
static double power_at(const struct spectrum *s, int32_t part, int32_t x, int32_t y) {
    const double *a = spectrum_at(s, x, y), *b = spectrum_at(s, -x & (N - 1), -y & (N - 1));
    double re = part == 0 ? a[0] + b[0] : a[1] + b[1];
    double im = part == 0 ? a[1] - b[1] : b[0] - a[0];
    return (re * re + im * im) / 4;
}

/* Sums of 3 x 3, around the corner. */
static void sum_power(struct search *s, int32_t part) {
    double *p3 = s->p3;
    for (int32_t y = 0; y < N; y++) {
        double row[N];
        for (int32_t x = 0; x < N; x++) {
            row[x] = power_at(&s->spectrum, part, x, y);
        }
        for (int32_t x = 0; x < N; x++) {
            p3[y * N + x] = row[(x - 1) & (N - 1)] + row[x] + row[(x + 1) & (N - 1)];
        }
    }
    for (int32_t x = 0; x < N; x++) {
        double first = p3[x], above = p3[(N - 1) * N + x];
        for (int32_t y = 0; y < N; y++) {
            double here = p3[y * N + x], below = y + 1 < N ? p3[(y + 1) * N + x] : first;
            p3[y * N + x] = above + here + below;
            above = here;
        }
    }
}

static double p3_at(const struct search *s, int32_t x, int32_t y) {
    return s->p3[(y & (N - 1)) * N + (x & (N - 1))];
}

/* The most that lies around (x, y) in one direction. */
static double surround(const struct search *s, int32_t x, int32_t y) {
    static const int8_t ways[DIRECTIONS][STEPS][2] = {
        {{4, 0}, {6, 0}, {8, 0}},    {{0, 4}, {0, 6}, {0, 8}},    {{3, 3}, {4, 4}, {6, 6}},
        {{3, -3}, {4, -4}, {6, -6}}, {{4, 2}, {5, 3}, {7, 4}},    {{2, 4}, {3, 5}, {4, 7}},
        {{4, -2}, {5, -3}, {7, -4}}, {{2, -4}, {3, -5}, {4, -7}},
    };
    double most = 0;
    for (int32_t d = 0; d < DIRECTIONS; d++) {
        double sum = 0;
        for (int32_t k = 0; k < STEPS; k++) {
            int32_t dx = ways[d][k][0], dy = ways[d][k][1];
            sum += p3_at(s, x + dx, y + dy) + p3_at(s, x - dx, y - dy);
        }
        most = fmax(most, sum / (2 * STEPS));
    }
    return most;
}

static bool is_asked(int32_t x, int32_t y) {
    int32_t of_x = abs((x + N + BLOCKS / 2) % BLOCKS - BLOCKS / 2),
            of_y = abs((y + BLOCKS / 2) % BLOCKS - BLOCKS / 2);
    return x != 0 && y != 0 && x * x + y * y >= LOWEST * LOWEST && (of_x > 1 || of_y > 1);
}

static bool is_highest(const struct search *s, int32_t x, int32_t y) {
    double here = p3_at(s, x, y);
    bool highest = here > 2 * floor_p3;
    for (int32_t i = 0; i < 9 && highest; i++) {
        double there = p3_at(s, x + i % 3 - 1, y + i / 3 - 1);
        highest = i < 4 ? here > there : here >= there; /* of equal ones the last */
    }
    return highest;
}

static int32_t find_waves(const struct search *s) {
    int32_t count = 0;
    for (int32_t y = 1; y <= N / 2; y++) {
        for (int32_t x = -N / 2; x < N / 2; x++) {
            if (is_asked(x, y) && is_highest(s, x, y) && count < WAVES_MOST) {
                double power = p3_at(s, x, y);
                s->waves[count++] =
                    (struct wave){power, power / (surround(s, x, y) + floor_p3), x, y};
            }
        }
    }
    return count;
}

static double sine_between(const struct wave *a, const struct wave *b) {
    double cross = (double)a->x * b->y - (double)a->y * b->x;
    return fabs(cross) / (hypot(a->x, a->y) * hypot(b->x, b->y));
}

/* How far stripes stand out; 0 where there are none. */
static double find_stripes(struct search *s, int32_t part) {
    sum_power(s, part);
    int32_t count = find_waves(s);
    const struct wave *best = s->waves;
    for (int32_t i = 1; i < count; i++) {
        best = s->waves[i].prominence > best->prominence ? &s->waves[i] : best;
    }
    for (int32_t i = 0; i < count; i++) {
        const struct wave *w = &s->waves[i];
        if (w->prominence > other_stands_out && w->power > other_share * best->power &&
            sine_between(w, best) > apart) {
            return 0;
        }
    }
    return count > 0 ? best->prominence : 0;
}

lk_status screen_measure(struct screen *out, lk_engine *engine, const lk_image *photo,
                         lk_error *err) {
    struct search s;
    *out = (struct screen){0};
    if (MIN(photo->width, photo->height) < SCREEN_SIDE_LEAST || photo->channels == 1) {
        return LK_OK;
    }
    lk_status status = search_open(&s, err);
    for (int32_t i = 0; i < SCREEN_PATCHES && status == LK_OK; i += 2) { /* two in one transform */
        int32_t parts = MIN(SCREEN_PATCHES - i, 2);
        memset(s.spectrum.data, 0, (size_t)N * N * 2 * sizeof *s.spectrum.data);
        for (int32_t part = 0; part < parts && status == LK_OK; part++) {
            status = load(&s, photo, i + part, part, err);
        }
        status = status == LK_OK ? fft_2d(&s.spectrum, engine, false, err) : status;
        for (int32_t part = 0; part < parts && status == LK_OK; part++) {
            double stripes = find_stripes(&s, part);
            out->stripes[out->patches++] = stripes;
            out->striped += stripes >= stands_out;
        }
    }
    search_close(&s);
    return status;
}

bool screen_is_shown(const struct screen *s) {
    return s->striped >= patches_needed;
}
