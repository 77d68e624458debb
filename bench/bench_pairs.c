/* SPDX-License-Identifier: Apache-2.0 */
/* Local features of every photo against those of every reference: bench_pairs sift|orb [NAME=VALUE...] REFERENCE... -- PHOTO...
 *
 * Prints one line a pair, tab-separated: reference, photo, matches, inliers, coverage, visible, milliseconds; and last the
 * milliseconds of detecting a picture. NAME=VALUE sets an option of SIFT, of its matching or its geometry. orb is the quick set of
 * verify/align.c, 1,500 keypoints at 1,024 pixels, with its matching and map. bench/pairs_rates.py makes rates of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "feature/homography.h"
#include "feature/match.h"
#include "feature/sift_geometry.h"
#include "image/resize.h"

enum { PICTURES_MOST = 6000 };

struct picture {
    const char *path;
    int32_t width, height;
    struct sift_points sift;
    struct keypoints orb;
};

struct settings {
    bool orb;
    struct sift_options detect;
    struct sift_match_options match;
    struct sift_geometry_options geometry;
    double side; /* of references, where it differs from that of photos */
};

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool set(struct settings *s, const char *text) {
    double count = s->detect.count, side = s->detect.side, first = s->detect.first_octave;
    double cross = s->match.cross_check, iterations = s->geometry.iterations;
    const struct {
        const char *name;
        double *value;
    } table[] = {{"count", &count},
                 {"side", &side},
                 {"reference_side", &s->side},
                 {"first_octave", &first},
                 {"enlarge", &s->detect.enlarge},
                 {"contrast", &s->detect.contrast},
                 {"edge", &s->detect.edge},
                 {"crowd", &s->detect.crowd},
                 {"ratio", &s->match.ratio},
                 {"same_place", &s->match.same_place},
                 {"cross_check", &cross},
                 {"threshold", &s->geometry.threshold},
                 {"turn_deg", &s->geometry.turn_deg},
                 {"scale", &s->geometry.scale},
                 {"guided", &s->geometry.guided},
                 {"reach", &s->geometry.reach},
                 {"iterations", &iterations}};
    const char *equal = strchr(text, '=');
    for (size_t i = 0; equal && i < ARRAY_COUNT(table); i++) {
        if (strlen(table[i].name) == (size_t)(equal - text) &&
            memcmp(text, table[i].name, (size_t)(equal - text)) == 0) {
            *table[i].value = atof(equal + 1);
            s->detect.count = (int32_t)count;
            s->detect.side = (int32_t)side;
            s->detect.first_octave = (int32_t)first;
            s->match.cross_check = cross > 0;
            s->geometry.iterations = (int32_t)iterations;
            return true;
        }
    }
    return false;
}

static lk_status detect_orb(struct picture *p, lk_engine *engine, const lk_image *gray) {
    struct orb_options o = orb_options_default();
    o.count = 1500;
    int32_t longer = MAX(gray->width, gray->height);
    double scale = longer > 1024 ? 1024.0 / longer : longer < 512 ? 2 : 1;
    lk_image work;
    lk_status status = image_resize(&work, engine, gray, (int32_t)lround(gray->width * scale),
                                    (int32_t)lround(gray->height * scale), RESIZE_BILINEAR, NULL);
    status = status == LK_OK ? orb_detect(&p->orb, engine, &work, &o, NULL) : status;
    for (size_t i = 0; status == LK_OK && i < p->orb.count; i++) {
        p->orb.points[i].x = (float)((p->orb.points[i].x + 0.5) / scale - 0.5);
        p->orb.points[i].y = (float)((p->orb.points[i].y + 0.5) / scale - 0.5);
    }
    lk_image_release(&work);
    return status;
}

static bool picture_open(struct picture *p, lk_engine *engine, const struct settings *s,
                         const char *path, bool reference) {
    lk_error err = {0};
    lk_image image, gray = {0};
    struct sift_options o = s->detect;
    o.side = reference && s->side > 0 ? (int32_t)s->side : o.side;
    *p = (struct picture){.path = path};
    lk_status status = lk_image_load(&image, NULL, engine, path, NULL, &err);
    status = status == LK_OK ? lk_image_to_gray(&gray, &image, &err) : status;
    if (status == LK_OK) {
        status =
            s->orb ? detect_orb(p, engine, &gray) : sift_detect(&p->sift, engine, &gray, &o, &err);
    }
    p->width = gray.width;
    p->height = gray.height;
    lk_image_release(&image);
    lk_image_release(&gray);
    if (status != LK_OK) {
        fprintf(stderr, "%s: %s\n", path, err.text);
    }
    return status == LK_OK;
}

static void print_pair(const struct picture *a, const struct picture *b, size_t matches,
                       const struct sift_geometry *g, double ms) {
    printf("%s\t%s\t%zu\t%d\t%.4f\t%.3f\t%.2f\t%.4f\n", a->path, b->path, matches, g->inliers,
           g->coverage, g->visible, ms, g->seed_coverage);
}

static lk_status try_sift(const struct settings *s, lk_engine *engine, struct picture *a,
                          struct picture *b) {
    struct sift_matches m;
    struct sift_geometry g = {0};
    struct sift_pair pair = {&a->sift, &b->sift, a->width, a->height, b->width, b->height};
    double start = now_ms();
    lk_status status = sift_match(&m, engine, &a->sift, &b->sift, &s->match, NULL);
    status = status == LK_OK ? sift_geometry_find(&g, &m, &pair, &s->geometry, NULL) : status;
    print_pair(a, b, m.count, &g, now_ms() - start);
    sift_matches_release(&m);
    return status;
}

/* Share of the reference within reach of an inlier: as sift_geometry's, a pixel in four by four. */
static double coverage_of(const lk_match *pairs, size_t count, const struct picture *a,
                          double reach) {
    double r = reach * sqrt((double)a->width * a->height), held = 0, all = 0;
    for (int32_t y = 2; y < a->height; y += 4) {
        for (int32_t x = 2; x < a->width; x += 4, all++) {
            bool near = false;
            for (size_t i = 0; i < count && !near; i++) {
                near = pairs[i].inlier && hypot(pairs[i].ax - (float)x, pairs[i].ay - (float)y) < r;
            }
            held += near;
        }
    }
    return held / fmax(all, 1);
}

static lk_status try_orb(const struct settings *s, lk_engine *engine, struct picture *a,
                         struct picture *b) {
    lk_match *pairs;
    size_t count;
    struct homography_fit fit = {0};
    struct sift_geometry g = {0};
    double start = now_ms(), back[9];
    struct match_options options = match_options_default();
    lk_status status = match_keypoints(&pairs, &count, engine, &a->orb, &b->orb, &options, NULL);
    int32_t *scratch = status == LK_OK ? mem_alloc(count, sizeof *scratch) : NULL;
    if (scratch) {
        struct homography_options o = homography_options_default();
        o.threshold_px = homography_threshold_px(a->width, a->height);
        homography_estimate(&fit, pairs, count, scratch, &o);
        if (fit.inliers > 0 && homography_invert(back, fit.h) &&
            homography_is_sane(back, a->width, a->height)) {
            g.inliers = (int32_t)fit.inliers;
            g.coverage = coverage_of(pairs, count, a, s->geometry.reach);
        }
    }
    print_pair(a, b, count, &g, now_ms() - start);
    mem_free(scratch);
    mem_free(pairs);
    return status;
}

int main(int argc, char **argv) {
    static struct picture pictures[PICTURES_MOST];
    struct settings s = {.detect = sift_options_default(),
                         .match = sift_match_options_default(),
                         .geometry = sift_geometry_options_default()};
    lk_engine_options engine_options = lk_engine_options_default();
    engine_options.threads = 1;
    lk_engine *engine;
    int at = 2;
    int32_t count = 0, photos_from = 0;
    if (argc < 2 || lk_engine_new(&engine, &engine_options, NULL) != LK_OK) {
        return 2;
    }
    s.orb = strcmp(argv[1], "orb") == 0;
    while (at < argc && set(&s, argv[at])) {
        at++;
    }
    double start = now_ms();
    for (; at < argc && count < PICTURES_MOST; at++) {
        if (strcmp(argv[at], "--") == 0) {
            photos_from = count;
        } else if (picture_open(&pictures[count], engine, &s, argv[at], photos_from == 0)) {
            count++;
        }
    }
    double detect_ms = (now_ms() - start) / MAX(count, 1);
    lk_status status = LK_OK;
    for (int32_t b = photos_from; b < count; b++) {
        for (int32_t a = 0; status == LK_OK && a < photos_from; a++) {
            status = (s.orb ? try_orb : try_sift)(&s, engine, &pictures[a], &pictures[b]);
        }
    }
    printf("detect\t\t\t\t\t\t%.2f\n", detect_ms);
    for (int32_t i = 0; i < count; i++) {
        sift_points_release(&pictures[i].sift);
        keypoints_release(&pictures[i].orb);
    }
    lk_engine_free(engine);
    return status == LK_OK ? 0 : 2;
}
