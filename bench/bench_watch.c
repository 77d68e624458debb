/* SPDX-License-Identifier: Apache-2.0 */
/* Is a camera's view that was moved, covered, defocused, darkened or replaced found out, and one that was not left alone?
 *
 *   bench_watch DATA [STEP [wrong]]     the table, of every STEP'th frame of the fixed camera (14); `wrong` names what was missed
 *   bench_watch DATA unseen [wrong]     the table of further scenes
 *   bench_watch time PICTURE            milliseconds of a look with three views, at 1920 x 1080
 *
 * DATA holds camera/fixed, geometry, flow and photos. A scene is a camera: the fixed one, whose first 20 frames its view learns
 * of and whose later frames are tried in the light they have; leuven, whose light falls (its moves taken out); and single photos,
 * tried in light that is drawn (gain 0.5 to 1.3, gamma 0.66 to 1.5, a ramp of shade, noise). The embedding alone is asked beside
 * it; its threshold is the one that makes the fewest mistakes, both kinds weighing the same. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <likeness/folder.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "bench/watch_cases.h"
#include "feature/homography.h"
#include "image/colour.h"
#include "image/resize.h"
#include "image/warp.h"
#include "watch/camera_view.h"

enum { SIZES_MOST = 8, SCENES_MOST = 32, PATH_BYTES = 1024 };

struct scene {
    char name[64];
    lk_image *frames; /* RGB */
    int32_t count, learn;
    bool relit; /* frames are shown in drawn light */
    struct camera_view *views[WINDOWS];
};

struct cell {
    int32_t cases, right, alarms, unsure, seen_by_cosine;
    double errors[1 << 15]; /* of shifts, in the larger of 1 px and 0.5 % of the width */
    int32_t error_count;
};

struct look {
    double cosine;
    int32_t trouble, size;
};

struct bench {
    lk_engine *engine;
    struct camera_eye *eye;
    struct scene scenes[SCENES_MOST];
    int32_t count, step;
    bool tell, unseen;
    struct cell *cells; /* TROUBLES x SIZES_MOST */
    struct look *looks;
    size_t look_count, look_room;
};

static void must(lk_status status, const lk_error *err) {
    if (status != LK_OK) {
        char text[1200];
        lk_error_format(err, text, sizeof text);
        fprintf(stderr, "bench_watch: %s\n", text);
        exit(1);
    }
}

/* -- Scenes -- */

static void load_rgb(lk_image *out, struct bench *b, const char *path) {
    lk_error err = {0};
    lk_image raw = {0};
    must(lk_image_load(&raw, NULL, b->engine, path, NULL, &err), &err);
    must(colour_to_rgb8(out, &raw, &err), &err);
    lk_image_release(&raw);
}

static void make_views(struct bench *b, struct scene *s) {
    lk_error err = {0};
    for (int32_t w = 0; w < WINDOWS; w++) {
        for (int32_t i = 0; i < s->learn; i++) {
            lk_image shown;
            must(watch_window_make(&shown, b->engine, &s->frames[i], (enum watch_window)w, &err),
                 &err);
            must(i == 0 ? camera_view_new(&s->views[w], b->eye, &shown, NULL, &err)
                        : camera_view_learn(s->views[w], b->eye, &shown, &err),
                 &err);
            lk_image_release(&shown);
        }
    }
}

/* A scene of the pictures at a path, every step'th once `learn` are loaded. */
static void add_scene(struct bench *b, const char *folder, const char *name, int32_t learn,
                      int32_t step, int32_t most) {
    lk_error err = {0};
    char path[PATH_BYTES];
    const char *paths[1] = {path};
    lk_picture_list list;
    struct scene *s = &b->scenes[b->count++];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(s->name, sizeof s->name, "%s", name);
    must(lk_picture_list_find(&list, paths, 1, &err), &err);
    s->frames = mem_calloc(list.count + 1, sizeof *s->frames);
    s->learn = learn;
    for (size_t i = 0; i < list.count && s->count < most;
         i += s->count < learn ? 1 : (size_t)step) {
        load_rgb(&s->frames[s->count++], b, list.paths[i]);
    }
    s->relit = s->count == 1;
    lk_picture_list_release(&list);
    make_views(b, s);
}

/* Takes the moves out of a set whose homographies are known, so that only its light is left: each picture onto the first, without
 * the borders. */
static void add_still_set(struct bench *b, const char *data, const char *name) {
    enum { PICTURES = 6, BORDER = 24 };
    struct scene *s = &b->scenes[b->count];
    lk_error err = {0};
    char path[PATH_BYTES];
    s->frames = mem_calloc(PICTURES, sizeof *s->frames);
    for (int32_t i = 1; i <= PICTURES; i++) {
        double h[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, back[9];
        lk_image raw, still;
        snprintf(path, sizeof path, "%s/%s/H1to%dp", data, name, i);
        FILE *file = i > 1 ? fopen(path, "r") : NULL;
        for (int32_t k = 0; file && k < 9; k++) {
            if (fscanf(file, "%lf", &h[k]) != 1) {
                fprintf(stderr, "bench_watch: %s is no homography\n", path);
                exit(1);
            }
        }
        if (file) {
            fclose(file);
        }
        homography_invert(back, h);
        snprintf(path, sizeof path, "%s/%s/img%d.png", data, name, i);
        load_rgb(&raw, b, path);
        must(image_warp(&still, NULL, b->engine, &raw, back, raw.width, raw.height, &err), &err);
        must(image_crop(&s->frames[s->count++], &still, BORDER, BORDER, raw.width - 2 * BORDER,
                        raw.height - 2 * BORDER, &err),
             &err);
        lk_image_release(&raw);
        lk_image_release(&still);
    }
    snprintf(s->name, sizeof s->name, "%s", name);
    s->learn = 1;
    make_views(b, s);
    b->count++;
}

/* Thresholds were chosen on the first; of the second see docs/algorithms/watch.md. */
static const char *const chosen_on[] = {
    "geometry/boat/img1.png",    "geometry/bikes/img1.png",  "photos/kodak24/01.png",
    "photos/kodak24/05.png",     "photos/kodak24/08.png",    "photos/kodak24/13.png",
    "photos/kodak24/16.png",     "photos/kodak24/19.png",    "photos/kodak24/21.png",
    "photos/kodak24/22.png",     "photos/kodak24/24.png",    "photos/skimage/coffee.png",
    "photos/skimage/rocket.jpg", "photos/skimage/camera.png"};
static const char *const unseen[] = {
    "photos/kodak24/02.png",       "photos/kodak24/03.png",  "photos/kodak24/04.png",
    "photos/kodak24/06.png",       "photos/kodak24/07.png",  "photos/kodak24/09.png",
    "photos/kodak24/10.png",       "photos/kodak24/11.png",  "photos/kodak24/12.png",
    "photos/kodak24/14.png",       "photos/kodak24/15.png",  "photos/kodak24/17.png",
    "photos/kodak24/18.png",       "photos/kodak24/20.png",  "photos/kodak24/23.png",
    "flow/Dimetrodon/frame10.png", "flow/Venus/frame10.png", "flow/Grove2/frame10.png"};

static void load_scenes(struct bench *b, const char *data) {
    if (b->unseen) {
        for (size_t i = 0; i < ARRAY_COUNT(unseen); i++) {
            add_scene(b, data, unseen[i], 1, 1, 1);
        }
        return;
    }
    add_scene(b, data, "camera/fixed", 20, b->step, 300);
    add_still_set(b, data, "geometry/leuven");
    for (size_t i = 0; i < ARRAY_COUNT(chosen_on); i++) {
        add_scene(b, data, chosen_on[i], 1, 1, 1);
    }
}

/* The n'th frame of a scene to try, in its light; of a single one, three. False after the last. */
static bool frame_to_try(lk_image *out, const struct scene *s, int32_t n) {
    lk_error err = {0};
    if (s->relit) {
        if (n >= 3) {
            return false;
        }
        must(watch_relight(out, &s->frames[0], (uint64_t)(n + 1), &err), &err);
        return true;
    }
    if (s->learn + n >= s->count) {
        return false;
    }
    must(watch_relight(out, &s->frames[s->learn + n], 0, &err), &err);
    return true;
}

/* -- Looking -- */

static double shift_error(const lk_sighting *s, const lk_view_offset *truth, int32_t width) {
    double d = hypot(s->offset.pan_px - truth->pan_px, s->offset.tilt_px - truth->tilt_px);
    return d / fmax(1, 0.005 * width);
}

static void tell(const struct scene *s, int32_t n, const struct watch_case *c,
                 const lk_sighting *g) {
    printf("  %s frame %d %s %.4g variant %d: %s%s (moved %.2f covered %.2f defocused %.2f dark "
           "%.2f replaced %.2f) "
           "structure %.2f sharpness %.2f covered %.2f cosine %.3f offset %.1f %.1f %.2f %.3f of "
           "%.2f\n",
           s->name, n, watch_trouble_name(c->trouble), c->size, c->variant,
           lk_view_state_name(g->state), g->sure ? "" : "?", g->scores[1], g->scores[2],
           g->scores[3], g->scores[4], g->scores[5], g->structure, g->sharpness, g->covered,
           g->cosine, g->offset.pan_px, g->offset.tilt_px, g->offset.roll_deg, g->offset.zoom,
           g->offset.reliability);
}

static void keep_look(struct bench *b, double cosine, int32_t trouble, int32_t size) {
    if (b->look_count == b->look_room) {
        b->look_room = b->look_room * 2 + 1024;
        b->looks = mem_realloc(b->looks, b->look_room, sizeof *b->looks);
    }
    b->looks[b->look_count++] = (struct look){cosine, trouble, size};
}

static void try_case(struct bench *b, const struct scene *s, const lk_image *frame, int32_t n,
                     const struct watch_case *c, int32_t size) {
    lk_error err = {0};
    lk_image shown;
    lk_view_offset truth;
    lk_sighting g;
    enum watch_window window = watch_case_window(c);
    const struct camera_view *const views[1] = {s->views[window]};
    const struct scene *another = &b->scenes[((int32_t)(s - b->scenes) + 1 + n) % b->count];
    const lk_image *other = another == s ? &b->scenes[0].frames[0] : &another->frames[0];
    struct cell *cell = &b->cells[(int32_t)c->trouble * SIZES_MOST + size];
    if (c->trouble == TROUBLE_REPLACED && other == s->frames) {
        return;
    }
    must(watch_case_make(&shown, &truth, b->engine, frame, other, c, &err), &err);
    must(camera_view_look(&g, b->eye, views, 1, &shown, LOOK_ALL, 0, &err), &err);
    bool right = g.state == watch_trouble_state(c->trouble);
    cell->cases++;
    cell->right += right;
    cell->alarms += g.state != LK_VIEW_OK;
    cell->unsure += !g.sure;
    if (c->trouble == TROUBLE_SHIFT && c->size <= 15 && cell->error_count < 1 << 15) {
        cell->errors[cell->error_count++] = shift_error(&g, &truth, shown.width);
    }
    if (b->tell && !right) {
        tell(s, n, c, &g);
    }
    keep_look(b, g.cosine, (int32_t)c->trouble, size);
    lk_image_release(&shown);
}

static void try_frame(struct bench *b, const struct scene *s, const lk_image *frame, int32_t n) {
    for (int32_t t = TROUBLE_NONE; t < TROUBLES; t++) {
        const double *sizes;
        int32_t count = watch_trouble_sizes(&sizes, (enum watch_trouble)t);
        for (int32_t i = 0; i < count; i++) {
            /* All directions of a shift; of covers, two of the twenty in turn. */
            int32_t variants = watch_trouble_variants((enum watch_trouble)t);
            int32_t tried = MIN(variants, t == TROUBLE_COVER ? 2 : 4);
            for (int32_t v = 0; v < tried; v++) {
                struct watch_case c = {.trouble = (enum watch_trouble)t,
                                       .size = sizes[i],
                                       .seed = (uint64_t)(n * 100 + i)};
                c.variant = tried < variants ? (7 * n + 3 * i + 11 * v) % variants : v;
                try_case(b, s, frame, n, &c, i);
            }
        }
    }
}

/* -- What came of it -- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The threshold of the cosine with the least sum of the two rates of mistakes. */
static double best_threshold(const struct bench *b, double *missed, double *false_alarms) {
    double best = 2, threshold = 0;
    for (int32_t i = 0; i <= 1000; i++) {
        double t = i / 1000.0;
        int64_t bad = 0, found = 0, good = 0, wrong = 0;
        for (size_t k = 0; k < b->look_count; k++) {
            bool alarm = b->looks[k].cosine < t, none = b->looks[k].trouble == TROUBLE_NONE;
            good += none;
            bad += !none;
            wrong += none && alarm;
            found += !none && alarm;
        }
        double m = 1 - (double)found / (double)bad, f = (double)wrong / (double)good;
        if (m + f < best) {
            best = m + f;
            threshold = t;
            *missed = m;
            *false_alarms = f;
        }
    }
    return threshold;
}

static void print_table(struct bench *b) {
    double missed = 0, wrong = 0, threshold = best_threshold(b, &missed, &wrong);
    for (size_t k = 0; k < b->look_count; k++) {
        const struct look *l = &b->looks[k];
        b->cells[l->trouble * SIZES_MOST + l->size].seen_by_cosine += l->cosine < threshold;
    }
    printf("%-12s %6s %6s %7s %7s %7s %10s   %s\n", "trouble", "size", "cases", "right", "alarm",
           "unsure", "embedding", "error of the shift (1 = 1 px or 0.5 %): median, 95 %, most");
    for (int32_t t = 0; t < TROUBLES; t++) {
        const double *sizes;
        int32_t count = watch_trouble_sizes(&sizes, (enum watch_trouble)t);
        for (int32_t i = 0; i < count; i++) {
            struct cell *c = &b->cells[t * SIZES_MOST + i];
            double n = MAX(c->cases, 1) / 100.0;
            printf("%-12s %6.4g %6d %6.1f%% %6.1f%% %6.1f%% %9.1f%%",
                   watch_trouble_name((enum watch_trouble)t), sizes[i], c->cases, c->right / n,
                   c->alarms / n, c->unsure / n, c->seen_by_cosine / n);
            qsort(c->errors, (size_t)c->error_count, sizeof *c->errors, compare_doubles);
            if (c->error_count > 0) {
                printf("   %.2f %.2f %.2f", c->errors[c->error_count / 2],
                       c->errors[c->error_count * 95 / 100], c->errors[c->error_count - 1]);
            }
            printf("\n");
        }
    }
    printf("embedding alone, cosine below %.3f: misses %.1f %%, false alarms %.1f %%\n", threshold,
           100 * missed, 100 * wrong);
}

/* Real pictures whose trouble is known: the geometry sets against their first picture. */
static void print_sets(struct bench *b, const char *data) {
    static const char *const names[] = {"leuven", "bikes", "boat"};
    static const lk_view_state states[] = {LK_VIEW_OK, LK_VIEW_DEFOCUSED, LK_VIEW_MOVED};
    for (int32_t k = 0; k < 3; k++) {
        lk_error err = {0};
        char path[PATH_BYTES];
        struct camera_view *view = NULL;
        for (int32_t i = 1; i <= 6; i++) {
            lk_image frame;
            lk_sighting g;
            snprintf(path, sizeof path, "%s/geometry/%s/img%d.png", data, names[k], i);
            load_rgb(&frame, b, path);
            if (i == 1) {
                must(camera_view_new(&view, b->eye, &frame, NULL, &err), &err);
            } else {
                const struct camera_view *const views[1] = {view};
                must(camera_view_look(&g, b->eye, views, 1, &frame, LOOK_ALL, 0, &err), &err);
                printf("%s img%d: %s%s, wanted %s; structure %.2f sharpness %.2f covered %.2f "
                       "cosine %.3f, pan %.1f "
                       "tilt %.1f px roll %.2f deg zoom %.3f\n",
                       names[k], i, lk_view_state_name(g.state), g.sure ? "" : " (unsure)",
                       lk_view_state_name(states[k]), g.structure, g.sharpness, g.covered, g.cosine,
                       g.offset.pan_px, g.offset.tilt_px, g.offset.roll_deg, g.offset.zoom);
            }
            lk_image_release(&frame);
        }
        camera_view_free(view);
    }
}

/* Every frame of the fixed camera, as it is. */
static void print_false_alarms(struct bench *b, const char *data) {
    lk_error err = {0};
    char path[PATH_BYTES];
    const char *paths[1] = {path};
    const struct camera_view *const views[1] = {b->scenes[0].views[WINDOW_WHOLE]};
    lk_picture_list list;
    int32_t alarms = 0, unsure = 0;
    double least = 1, cosine = 1;
    snprintf(path, sizeof path, "%s/camera/fixed", data);
    must(lk_picture_list_find(&list, paths, 1, &err), &err);
    for (size_t i = 0; i < list.count; i++) {
        lk_image frame;
        lk_sighting g;
        load_rgb(&frame, b, list.paths[i]);
        must(camera_view_look(&g, b->eye, views, 1, &frame, LOOK_ALL, 0, &err), &err);
        alarms += g.state != LK_VIEW_OK;
        unsure += !g.sure;
        least = fmin(least, g.score);
        cosine = fmin(cosine, g.cosine);
        lk_image_release(&frame);
    }
    printf(
        "fixed camera, %zu frames: %d alarms, %d unsure, lowest score %.3f, lowest cosine %.3f\n",
        list.count, alarms, unsure, least, cosine);
    printf("at one frame each 10 s: %.2f false alarms an hour of frames\n",
           alarms * 360.0 / (double)list.count);
    lk_picture_list_release(&list);
}

/* -- Time -- */

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void time_look(struct bench *b, const struct camera_view *const *views,
                      const lk_image *frame, const char *what) {
    enum { RUNS = 9 };
    lk_error err = {0};
    lk_sighting g = {0};
    double ms[RUNS];
    for (int32_t i = 0; i < RUNS; i++) {
        double start = now_ms();
        must(camera_view_look(&g, b->eye, views, 3, frame, LOOK_ALL, 0, &err), &err);
        ms[i] = now_ms() - start;
    }
    qsort(ms, RUNS, sizeof *ms, compare_doubles);
    printf("%-24s %6.1f ms (%s)\n", what, ms[RUNS / 2], lk_view_state_name(g.state));
}

static void print_times(struct bench *b, const char *path) {
    enum { WIDTH = 1920, HEIGHT = 1080 };
    lk_error err = {0};
    lk_image raw, frame, shown;
    lk_view_offset truth;
    struct camera_view *views[3];
    load_rgb(&raw, b, path);
    must(image_resize(&frame, b->engine, &raw, WIDTH * 100 / 76, HEIGHT * 100 / 76, RESIZE_BICUBIC,
                      &err),
         &err);
    for (int32_t i = 0; i < 3; i++) {
        must(watch_window_make(&shown, b->engine, &frame, (enum watch_window)(WINDOW_CENTRE + i),
                               &err),
             &err);
        double start = now_ms();
        must(camera_view_new(&views[i], b->eye, &shown, NULL, &err), &err);
        printf("a view of %d x %d: %.1f ms\n", shown.width, shown.height, now_ms() - start);
        lk_image_release(&shown);
    }
    const struct camera_view *const all[3] = {views[0], views[1], views[2]};
    static const struct watch_case cases[] = {{TROUBLE_ROLL, 0, 0, 1}, {TROUBLE_ROLL, 3, 0, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        must(watch_case_make(&shown, &truth, b->engine, &frame, NULL, &cases[i], &err), &err);
        time_look(b, all, &shown, i == 0 ? "as it was" : "turned by 3 degrees");
        lk_image_release(&shown);
    }
    must(watch_relight(&shown, &frame, 3, &err), &err);
    memset(shown.data, 120, shown.stride * (size_t)shown.height);
    time_look(b, all, &shown, "covered");
    lk_image_release(&shown);
}

int main(int argc, char **argv) {
    lk_error err = {0};
    struct bench b = {.step = argc > 2 && atoi(argv[2]) > 0 ? atoi(argv[2]) : 14, .tell = argc > 3};
    b.unseen = argc > 2 && strcmp(argv[2], "unseen") == 0;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_watch DATA [STEP [wrong]] | time PICTURE\n");
        return 2;
    }
    must(lk_engine_new(&b.engine, &options, &err), &err);
    must(camera_eye_new(&b.eye, b.engine, &err), &err);
    if (strcmp(argv[1], "time") == 0 && argc > 2) {
        print_times(&b, argv[2]);
        return 0;
    }
    b.cells = mem_calloc(TROUBLES * SIZES_MOST, sizeof *b.cells);
    load_scenes(&b, argv[1]);
    if (!b.unseen) {
        print_false_alarms(&b, argv[1]);
        print_sets(&b, argv[1]);
    }
    for (int32_t i = 0; i < b.count; i++) {
        const struct scene *s = &b.scenes[i];
        lk_image frame;
        for (int32_t n = 0; frame_to_try(&frame, s, n); n++) {
            try_frame(&b, s, &frame, n);
            lk_image_release(&frame);
        }
    }
    print_table(&b);
    return 0;
}
