/* SPDX-License-Identifier: Apache-2.0 */
/* How often a photo is taken for one of a screen:
 *
 *   bench_screen photos FILE...     of what is none: how many are, and which
 *   bench_screen screens FILE...    each picture shown on a screen (6 x 6 samples a pixel: stripes of red, green, blue, a dark row
 *                                   between) and photographed by the simulator
 *   bench_screen prints FILE...     each picture printed (7 x 7 samples a dot; cyan, magenta, yellow, black at 15, 75, 0 and 45
 *                                   degrees), likewise; these are no screens
 *
 * by pixels of the photo a pixel of the screen (or dot of the print). Every second photo is sampled through a colour filter as
 * a sensor has it, RGGB, and interpolated bilinearly. All become JPEG of quality 90, decoded whole and at half size, as a photo
 * of 12 MP is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <likeness/simulate.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/colour.h"
#include "image/image.h"
#include "image/resize.h"
#include "verify/screen.h"

static const double sizes[] = {0.8, 1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.7, 4.6, 5.5};
enum {
    SIZES = 11,
    WIDTH = 480,       /* of the picture, in pixels of the screen */
    PHOTO_MOST = 1600, /* pixels of a photo's longer side */
    SCREEN_SAMPLES = 6,
    PRINT_SAMPLES = 7,
    LEVELS = 1024, /* of a dot's threshold */
};

struct trial {
    int32_t file, size;
    bool made, whole, half, asked_half;
};

struct bench {
    lk_engine *engine;
    char **paths;
    struct trial *trials;
    bool printed;
};

/* -- What is photographed -- */

static lk_status show_on_screen(lk_image *out, const lk_image *picture, uint64_t seed) {
    enum { S = SCREEN_SAMPLES };
    struct rng r;
    rng_init(&r, seed);
    int32_t dark = (int32_t)rng_below(&r, 3); /* rows of the 6 */
    lk_status status = lk_image_new(out, picture->width * S, picture->height * S, 3, 8, NULL);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        const uint8_t *from = image_row(picture, y / S);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < out->width; x++, to += 3) {
            int32_t lit = x % S / (S / 3); /* red, green, blue */
            memset(to, 0, 3);
            to[lit] = y % S < S - dark ? from[3 * (x / S) + lit] : 0;
        }
    }
    return status;
}

/* A dot is what of a hill stands above the water. */
struct dots {
    double wave[LEVELS]; /* cos of a turn */
    double
        thresholds[LEVELS +
                   1]; /* [k]: the share of a dot's area that lies below the level k of its hill */
    double across[4], along[4]; /* directions of the inks */
};

static double hill_at(const struct dots *d, double u, double v) {
    int32_t i = (int32_t)((u - floor(u)) * LEVELS), k = (int32_t)((v - floor(v)) * LEVELS);
    return 0.5 + 0.25 * (d->wave[i & (LEVELS - 1)] + d->wave[k & (LEVELS - 1)]);
}

static void fill_dots(struct dots *d) {
    static const double angles[4] = {15, 75, 0, 45};
    enum { FINE = 200 };
    int64_t counts[LEVELS + 1] = {0}, below = 0;
    for (int32_t i = 0; i < LEVELS; i++) {
        d->wave[i] = cos(2 * M_PI * i / LEVELS);
    }
    for (int32_t i = 0; i < 4; i++) {
        d->across[i] = cos(angles[i] * M_PI / 180);
        d->along[i] = sin(angles[i] * M_PI / 180);
    }
    for (int32_t i = 0; i < FINE * FINE; i++) {
        double u = (double)(i % FINE) / FINE, v = floor((double)i / FINE) / FINE;
        counts[(int32_t)(hill_at(d, u, v) * LEVELS)]++;
    }
    for (int32_t k = 0; k <= LEVELS; k++) {
        d->thresholds[k] = (double)below / (FINE * FINE);
        below += counts[k];
    }
}

/* Levels of one sample, printed: what each ink takes of red, green and blue. */
static void print_sample(uint8_t to[3], const uint8_t from[3], double x, double y,
                         const struct dots *d) {
    static const double takes[4][3] = {
        {0.95, 0.15, 0.05}, {0.15, 0.9, 0.3}, {0.03, 0.1, 0.85}, {0.95, 0.95, 0.95}};
    double ink[4], light[3] = {1, 1, 1};
    double dark = 1 - MAX(MAX(from[0], from[1]), from[2]) / 255.0;
    ink[3] = 0.7 * dark; /* of the gray part, black takes over 70 % */
    for (int32_t c = 0; c < 3; c++) {
        ink[c] = (1 - from[c] / 255.0 - ink[3]) / (1 - ink[3] + 1e-6);
    }
    for (int32_t i = 0; i < 4; i++) {
        double u = x * d->across[i] + y * d->along[i], v = y * d->across[i] - x * d->along[i];
        int32_t level = (int32_t)(hill_at(d, u, v) * LEVELS);
        for (int32_t c = 0; c < 3 && ink[i] > d->thresholds[level]; c++) {
            light[c] *= 1 - takes[i][c];
        }
    }
    for (int32_t c = 0; c < 3; c++) {
        to[c] = (uint8_t)lround(255 * pow(light[c], 1 / 2.2));
    }
}

static lk_status print(lk_image *out, const lk_image *picture) {
    enum { S = PRINT_SAMPLES };
    struct dots dots;
    fill_dots(&dots);
    lk_status status = lk_image_new(out, picture->width * S, picture->height * S, 3, 8, NULL);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        for (int32_t x = 0; x < out->width; x++) {
            print_sample(image_row(out, y) + 3 * x, image_row(picture, y / S) + 3 * (x / S),
                         (double)x / S, (double)y / S, &dots);
        }
    }
    return status;
}

/* -- The camera -- */

/* One colour a pixel, RGGB, the others the mean of their nearest. */
static lk_status filter_colours(lk_image *photo) {
    lk_image seen = {0};
    lk_status status = image_clone(&seen, photo, NULL);
    for (int32_t y = 1; status == LK_OK && y < photo->height - 1; y++) {
        for (int32_t x = 1; x < photo->width - 1; x++) {
            uint8_t *to = image_row(photo, y) + 3 * x;
            for (int32_t c = 0; c < 3; c++) {
                int32_t sum = 0, count = 0;
                for (int32_t i = 0; i < 9; i++) { /* a pixel's own colour stands alone */
                    int32_t u = x + i % 3 - 1, v = y + i / 3 - 1, own = (u & 1) + (v & 1);
                    if (own == c && ((x & 1) + (y & 1) != c || i == 4)) {
                        sum += image_row(&seen, v)[3 * u + c];
                        count++;
                    }
                }
                to[c] = (uint8_t)((sum + count / 2) / MAX(count, 1));
            }
        }
    }
    lk_image_release(&seen);
    return status;
}

static lk_status take_photo(lk_image *out, const struct bench *b, const struct trial *t,
                            const lk_image *shown, int32_t width, int32_t height) {
    double scale = sizes[t->size], homography[9];
    int32_t side = MIN((int32_t)(width * scale / 0.95), (int32_t)PHOTO_MOST);
    int32_t other = MAX((int32_t)((int64_t)side * height / width), 16);
    lk_simulator c = lk_simulator_draw((uint64_t)(t->file * 31 + t->size), 0.2, side, other);
    c.cover = fmin(fmax(width * scale / side, height * scale / other), 3);
    c.exposure = b->printed ? 1.1 : 3; /* a third of a screen's samples is lit */
    c.glare = c.hidden = c.shadow = c.moire = c.quality = 0;
    c.resolution = c.gamma = c.contrast = 1;
    lk_status status = lk_simulate(out, homography, b->engine, shown, &c, NULL, NULL);
    return status == LK_OK && (t->file + t->size) % 2 ? filter_colours(out) : status;
}

/* Whether it is taken for a screen once it was a file; *asked when it was large enough. */
static bool is_taken_for_screen(bool *asked, const struct bench *b, const lk_bytes *jpeg,
                                int32_t max_side) {
    lk_image image = {0};
    struct screen s = {0};
    const lk_load_options options = {.max_side = max_side};
    bool read = lk_image_decode(&image, NULL, b->engine, jpeg->data, jpeg->size, "photo", &options,
                                NULL) == LK_OK &&
                screen_measure(&s, b->engine, &image, NULL) == LK_OK;
    lk_image_release(&image);
    *asked = read && s.patches > 0;
    return read && screen_is_shown(&s);
}

static lk_status load_small(lk_image *out, const struct bench *b, const char *path) {
    lk_image loaded = {0}, rgb = {0};
    lk_status status = lk_image_load(&loaded, NULL, b->engine, path, NULL, NULL);
    status = status == LK_OK ? colour_to_rgb8(&rgb, &loaded, NULL) : status;
    if (status == LK_OK) {
        int32_t height = MIN((int32_t)((int64_t)rgb.height * WIDTH / rgb.width), (int32_t)WIDTH);
        status = image_resize(out, b->engine, &rgb, WIDTH, MAX(height, 16), RESIZE_BILINEAR, NULL);
    }
    lk_image_release(&loaded);
    lk_image_release(&rgb);
    return status;
}

static void run_trial(void *arg, int32_t i) {
    const struct bench *b = arg;
    struct trial *t = &b->trials[i];
    lk_image picture = {0}, shown = {0}, photo = {0};
    lk_bytes jpeg = {0};
    bool asked;
    lk_status status = load_small(&picture, b, b->paths[t->file]);
    if (status == LK_OK) {
        status = b->printed ? print(&shown, &picture)
                            : show_on_screen(&shown, &picture, (uint64_t)t->file);
    }
    status =
        status == LK_OK ? take_photo(&photo, b, t, &shown, picture.width, picture.height) : status;
    status = status == LK_OK ? lk_image_encode(&jpeg, &photo, b->engine, "jpeg", 90, NULL) : status;
    if (status == LK_OK) {
        t->whole = is_taken_for_screen(&t->made, b, &jpeg, 0);
        t->half = is_taken_for_screen(&asked, b, &jpeg, MAX(photo.width, photo.height) / 2);
        t->asked_half = asked;
    }
    lk_bytes_release(&jpeg);
    lk_image_release(&photo);
    lk_image_release(&shown);
    lk_image_release(&picture);
}

static int run_rasters(struct bench *b, int32_t files) {
    b->trials = mem_calloc((size_t)files * SIZES + 1, sizeof *b->trials);
    if (!b->trials) {
        return 2;
    }
    for (int32_t i = 0; i < files * SIZES; i++) {
        b->trials[i] = (struct trial){.file = i / SIZES, .size = i % SIZES};
    }
    lk_engine_for(b->engine, files * SIZES, run_trial, b);
    printf("px a %s  photos  taken for a screen  at half size\n", b->printed ? "dot  " : "pixel");
    for (int32_t k = 0; k < SIZES; k++) {
        int32_t made = 0, whole = 0, half = 0, asked = 0;
        for (int32_t i = k; i < files * SIZES; i += SIZES) {
            made += b->trials[i].made;
            whole += b->trials[i].whole;
            asked += b->trials[i].asked_half;
            half += b->trials[i].half;
        }
        printf("%10.1f  %6d  %16.1f %%  %5.1f %% of %d\n", sizes[k], made,
               100.0 * whole / MAX(made, 1), 100.0 * half / MAX(asked, 1), asked);
    }
    mem_free(b->trials);
    return 0;
}

static int run_photos(const struct bench *b, int32_t files) {
    int32_t asked = 0, alarms = 0, read = 0;
    for (int32_t i = 0; i < files; i++) {
        lk_image image = {0};
        struct screen s = {0};
        if (lk_image_load(&image, NULL, b->engine, b->paths[i], NULL, NULL) == LK_OK &&
            screen_measure(&s, b->engine, &image, NULL) == LK_OK) {
            read++;
            asked += s.patches > 0;
            if (screen_is_shown(&s)) {
                alarms++;
                printf("%s: %d of %d patches\n", b->paths[i], s.striped, s.patches);
            }
        }
        lk_image_release(&image);
    }
    printf("%d photos, %d large enough; %d taken for a screen (%.2f %% of those)\n", read, asked,
           alarms, 100.0 * alarms / MAX(asked, 1));
    return 0;
}

int main(int argc, char **argv) {
    struct bench b = {.paths = argv + 2};
    lk_error err;
    const char *what = argc > 2 ? argv[1] : "";
    bool photos = strcmp(what, "photos") == 0;
    b.printed = strcmp(what, "prints") == 0;
    if (!photos && !b.printed && strcmp(what, "screens") != 0) {
        fprintf(stderr, "usage: bench_screen photos|screens|prints FILE...\n");
        return 2;
    }
    if (lk_engine_new(&b.engine, NULL, &err) != LK_OK) {
        return 2;
    }
    int rc = photos ? run_photos(&b, argc - 2) : run_rasters(&b, argc - 2);
    lk_engine_free(b.engine);
    return rc;
}
