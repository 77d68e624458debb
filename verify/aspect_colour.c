/* SPDX-License-Identifier: Apache-2.0 */
/* Colour and brightness of an aligned pair, told apart.
 *
 *   brightness  (1 - |mean L of B - mean L of A| / 50) * sqrt(the smaller contrast / the larger)
 *   colour      1 - sum max(|cb - m - ca| - 3, 0) / sum (|ca| + |cb - m| + 3)
 *
 * Both are brought into 0..1. Contrast is the standard deviation of L, c is (a, b) of CIELAB, and m is the cast of light: the
 * median of cb - ca in each channel, at most 15. The ratio is 0 for equal and 1 for opposite colours, and what has no colour in
 * either picture counts next to nothing, so a painted car before a gray street weighs as much as one that fills the picture.
 * 3 is a little above what an eye just sees (2.3: Mahy et al. 1994). The change that is named gained most of the sum. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "verify/aspect.h"

enum { CAST_BINS = 121, TONES = 12 };

static const double visible = 3, cast_most = 15;

/* Names by the hue angle of CIELAB, up to the angle given; the last row leads back to the first. */
static const struct {
    double up_to_deg;
    const char *name;
} hue_table[] = {{20, "pink"},    {55, "red"},     {78, "orange"},
                 {108, "yellow"}, {165, "green"},  {215, "turquoise"},
                 {300, "blue"},   {328, "purple"}, {361, "pink"}};

static const char *const gray_names[3] = {"black", "gray", "white"};

/* 0..2 black, gray, white; 3 + row of hue_table. */
static int tone_of(double lightness, double a, double b) {
    if (hypot(a, b) < 12) {
        return lightness < 25 ? 0 : lightness < 80 ? 1 : 2;
    }
    double deg = atan2(b, a) * 180 / acos(-1.0);
    deg = deg < 0 ? deg + 360 : deg;
    int i = 0;
    while (deg >= hue_table[i].up_to_deg) {
        i++;
    }
    return 3 + (i == (int)ARRAY_COUNT(hue_table) - 1 ? 0 : i);
}

static const char *tone_name(int tone) {
    return tone < 3 ? gray_names[tone] : hue_table[tone - 3].name;
}

/* The median of b - a where it counts, to a quarter, within +/- cast_most. */
static double median_cast(const struct aspect_pair *p, int channel) {
    int64_t bins[CAST_BINS] = {0}, total = 0, seen = 0;
    const int half = CAST_BINS / 2;
    for (size_t i = 0; i < (size_t)p->width * (size_t)p->height; i++) {
        if (p->counts.data[i] != 0) {
            double d = (double)(p->b[channel].data[i] - p->a[channel].data[i]) * half / cast_most;
            bins[(int)lround(fmin(fmax(d, -half), half)) + half]++;
            total++;
        }
    }
    for (int i = 0; i < CAST_BINS; i++) {
        seen += bins[i];
        if (2 * seen >= total && total) {
            return (i - half) * cast_most / half;
        }
    }
    return 0;
}

/* What the pixels say together. */
struct colour_sums {
    double excess, whole;        /* the two sums of the formula */
    double gained[TONES][TONES]; /* of excess, from tone to tone */
    int64_t differ, counted;     /* pixels */
};

static void sum_colours(struct colour_sums *s, const struct aspect_pair *p, const double cast[2]) {
    for (size_t i = 0; i < (size_t)p->width * (size_t)p->height; i++) {
        if (p->counts.data[i] == 0) {
            continue;
        }
        double aa = p->a[1].data[i], ab = p->a[2].data[i];
        double ba = p->b[1].data[i] - cast[0], bb = p->b[2].data[i] - cast[1];
        double excess = fmax(hypot(ba - aa, bb - ab) - visible, 0);
        s->excess += excess;
        s->whole += hypot(aa, ab) + hypot(ba, bb) + visible;
        s->counted++;
        if (excess > 0) {
            s->differ += excess > 2 * visible;
            s->gained[tone_of(p->a[0].data[i], aa, ab)][tone_of(p->b[0].data[i], ba, bb)] += excess;
        }
    }
}

static const char *cast_name(const double cast[2]) {
    return fabs(cast[1]) >= fabs(cast[0]) ? cast[1] > 0 ? "yellower" : "bluer"
           : cast[0] > 0                  ? "redder"
                                          : "greener";
}

static void say_colour(lk_aspect_result *out, const struct colour_sums *s, const double cast[2]) {
    double score = 1 - s->excess / s->whole;
    double share = 100.0 * (double)s->differ / (double)s->counted;
    bool has_cast = hypot(cast[0], cast[1]) >= 4;
    int from = 0, to = 0;
    for (int i = 0; i < TONES; i++) {
        for (int k = 0; k < TONES; k++) {
            if (s->gained[i][k] > s->gained[from][to]) {
                from = i;
                to = k;
            }
        }
    }
    if (score >= 0.9) {
        aspect_says(out, score, "the colours agree%s%s", has_cast ? "; all of the photo is " : "",
                    has_cast ? cast_name(cast) : "");
    } else if (from == to) {
        aspect_says(out, score, "%.0f %% of the area has another tone, most of it of %s", share,
                    tone_name(from));
    } else {
        aspect_says(out, score, "%.0f %% of the area has another colour, most of it %s, now %s",
                    share, tone_name(from), tone_name(to));
    }
}

/* Two views of different things: how much of each tone they have, wherever it lies. */
static void say_mix(lk_aspect_result *out, const struct aspect_pair *p) {
    double share[2][TONES] = {{0}}, common = 0;
    int most[2] = {0, 0};
    size_t pixels = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < pixels; i++) {
        share[0][tone_of(p->a[0].data[i], p->a[1].data[i], p->a[2].data[i])] +=
            1.0 / (double)pixels;
        share[1][tone_of(p->b[0].data[i], p->b[1].data[i], p->b[2].data[i])] +=
            1.0 / (double)pixels;
    }
    for (int i = 0; i < TONES; i++) {
        common += fmin(share[0][i], share[1][i]);
        for (int k = 0; k < 2; k++) {
            most[k] = share[k][i] > share[k][most[k]] ? i : most[k];
        }
    }
    aspect_says(
        out, common, "the mix of colours: %.0f %% of the reference is %s, %.0f %% of the photo %s",
        100 * share[0][most[0]], tone_name(most[0]), 100 * share[1][most[1]], tone_name(most[1]));
}

lk_status aspect_colour(lk_aspect_result *out, const struct aspect_input *in, lk_error *err) {
    if (in->align->outcome == ALIGN_NOT_FOUND) {
        say_mix(out, &in->pair);
        return LK_OK;
    }
    struct colour_sums *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    const double cast[2] = {median_cast(&in->pair, 1), median_cast(&in->pair, 2)};
    sum_colours(s, &in->pair, cast);
    if (s->counted == 0) {
        aspect_says(out, NAN, "nothing is left to look at");
    } else {
        say_colour(out, s, cast);
    }
    mem_free(s);
    return LK_OK;
}

/* Mean and standard deviation where it counts. */
static int64_t light_of(double *mean, double *deviation, const struct plane *p,
                        const struct plane *counts) {
    double sum = 0, squares = 0;
    int64_t n = 0;
    for (size_t i = 0; i < (size_t)p->width * (size_t)p->height; i++) {
        if (counts->data[i] != 0) {
            sum += p->data[i];
            squares += (double)p->data[i] * p->data[i];
            n++;
        }
    }
    *mean = n ? sum / (double)n : 0;
    *deviation = n ? sqrt(fmax(squares / (double)n - *mean * *mean, 0)) : 0;
    return n;
}

lk_status aspect_brightness(lk_aspect_result *out, const struct aspect_input *in, lk_error *err) {
    (void)err;
    double mean[2], deviation[2];
    int64_t n = light_of(&mean[0], &deviation[0], &in->pair.a[0], &in->pair.counts);
    light_of(&mean[1], &deviation[1], &in->pair.b[0], &in->pair.counts);
    if (n == 0) {
        aspect_says(out, NAN, "nothing is left to look at");
        return LK_OK;
    }
    double difference = mean[1] - mean[0];
    double contrast = (deviation[1] + 1) / (deviation[0] + 1); /* 1: flat pictures have noise */
    double score = fmax(1 - fabs(difference) / 50, 0) * sqrt(fmin(contrast, 1 / contrast));
    const char *light = fabs(difference) < 3 ? "equally bright"
                        : difference > 0     ? "brighter"
                                             : "darker";
    const char *range = contrast < 0.8    ? ", with less contrast"
                        : contrast > 1.25 ? ", with more contrast"
                                          : "";
    aspect_says(out, score, "the photo is %s (lightness %.0f to %.0f of 100)%s", light, mean[0],
                mean[1], range);
    return LK_OK;
}
