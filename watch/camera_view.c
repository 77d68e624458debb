/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/camera_view.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "watch/camera_eye.h"
#include "watch/sight_decide.h"
#include "watch/sight_parts.h"

void camera_view_free(struct camera_view *view) {
    if (view) {
        for (int32_t i = 0; i < SIGHT_LEVELS_MOST; i++) {
            sight_layer_release(&view->layers[i]);
        }
        sift_points_release(&view->keys);
        lk_image_release(&view->small);
        mem_free(view);
    }
}

static lk_status check_frame(const lk_image *frame, lk_error *err) {
    if (!frame->data || frame->bit_depth != 8 ||
        MIN(frame->width, frame->height) < SIGHT_FRAME_LEAST) {
        return error_set(err, LK_E_USAGE,
                         "a frame of %d x %d pixels of %d bits; at least %d x %d of 8",
                         (int)frame->width, (int)frame->height, (int)frame->bit_depth,
                         SIGHT_FRAME_LEAST, SIGHT_FRAME_LEAST);
    }
    return LK_OK;
}

/* -- Making one -- */

/* Drops the keypoints that lie where nothing counts. */
static void mask_keys(struct sift_points *keys, const struct sight_mask *mask, int32_t width,
                      int32_t height) {
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct sift_point *p = &keys->points[i];
        double across = fmin(fmax((double)p->x / width, 0), 0.999),
               down = fmin(fmax((double)p->y / height, 0), 0.999);
        if (sight_mask_at(mask, across, down)) {
            keys->points[kept] = *p;
            memmove(keys->descriptors + kept * SIFT_BYTES, keys->descriptors + i * SIFT_BYTES,
                    SIFT_BYTES);
            kept++;
        }
    }
    keys->count = kept;
}

static lk_status fill_view(struct camera_view *view, struct camera_eye *eye, const lk_image *frame,
                           lk_error *err) {
    struct sight_frame f;
    int32_t width, height;
    sight_first_level(&width, &height, frame->width, frame->height);
    lk_status status = sight_frame_new(&f, eye->engine, frame, width, height, err);
    while (status == LK_OK && view->count < f.pyramid.count) {
        status = sight_layer_new(&view->layers[view->count], &f.pyramid.levels[view->count],
                                 &view->mask, err);
        view->count += status == LK_OK;
    }
    if (status == LK_OK) {
        status = sight_frame_keys(&f, eye->engine, err);
    }
    if (status == LK_OK) {
        view->dim = camera_eye_dim(eye);
        status = camera_eye_embed(view->embedding, eye, frame, &view->mask, err);
    }
    if (status == LK_OK) { /* they change hands */
        view->brightness = f.brightness;
        view->busy = f.busy;
        view->keys = f.keys;
        view->small = f.small;
        f.keys = (struct sift_points){0};
        f.small = (lk_image){0};
        mask_keys(&view->keys, &view->mask, width, height);
    }
    sight_frame_release(&f);
    return status;
}

lk_status camera_view_new(struct camera_view **out, struct camera_eye *eye, const lk_image *frame,
                          const lk_image *ignore, lk_error *err) {
    *out = NULL;
    lk_status status = check_frame(frame, err);
    if (status != LK_OK) {
        return status;
    }
    if (camera_eye_dim(eye) > SIGHT_DIM_MOST) {
        return error_set(err, LK_E_USAGE, "an embedding of %d numbers; at most %d",
                         (int)camera_eye_dim(eye), SIGHT_DIM_MOST);
    }
    struct camera_view *view = mem_calloc(1, sizeof *view);
    if (!view) {
        return error_memory(err, sizeof *view);
    }
    view->frame_width = frame->width;
    view->frame_height = frame->height;
    view->frames = 1;
    sight_mask_of(&view->mask, ignore);
    status = fill_view(view, eye, frame, err);
    if (status != LK_OK) {
        camera_view_free(view);
        return status;
    }
    *out = view;
    return LK_OK;
}

/* -- Learning -- */

lk_status camera_view_learn(struct camera_view *view, struct camera_eye *eye, const lk_image *frame,
                            lk_error *err) {
    struct sight_frame f = {0};
    struct sight_map map = sight_map_identity();
    float embedding[SIGHT_DIM_MOST];
    lk_status status = check_frame(frame, err);
    if (status == LK_OK) {
        status = camera_eye_embed(embedding, eye, frame, &view->mask, err);
    }
    if (status == LK_OK) {
        status = sight_frame_new(&f, eye->engine, frame, view->layers[0].width,
                                 view->layers[0].height, err);
    }
    if (status != LK_OK) {
        return status;
    }
    struct sight_look look = {.layers = view->layers, .count = view->count, .frame = &f.pyramid};
    double part = 1.0 / ++view->frames;
    sight_register(&map, &look, view->count - 1, sight_pyramid_middle(&f.pyramid), false);
    for (int32_t i = 0; i < view->count; i++) {
        sight_layer_learn(&view->layers[i], &f.pyramid.levels[i], &map, ldexp(1, i));
    }
    view->brightness += part * (f.brightness - view->brightness);
    view->busy += part * (f.busy - view->busy);
    for (int32_t i = 0; i < view->dim; i++) {
        view->embedding[i] += (float)part * (embedding[i] - view->embedding[i]);
    }
    camera_eye_normalise(view->embedding, view->dim);
    view->frames = MIN(view->frames, SIGHT_FRAMES_MOST);
    sight_frame_release(&f);
    return LK_OK;
}

/* -- Looking -- */

struct looking {
    struct camera_eye *eye;
    const struct camera_view *const *views;
    size_t count;
    const lk_image *frame;
    double *cosines; /* with each view */
    struct sight_frame made;
};

/* Cosines with all views; the frame is embedded once for views of one mask. */
static lk_status find_cosines(struct looking *l, lk_error *err) {
    float embedding[SIGHT_DIM_MOST];
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < l->count; i++) {
        const struct camera_view *view = l->views[i];
        bool same = i > 0 && memcmp(&view->mask, &l->views[i - 1]->mask, sizeof view->mask) == 0;
        if (!same) {
            status = camera_eye_embed(embedding, l->eye, l->frame, &view->mask, err);
        }
        if (status == LK_OK) {
            l->cosines[i] = lk_embedding_cosine(view->embedding, embedding, view->dim);
        }
    }
    return status;
}

/* The frame at the size of a view, made again only where sizes differ. */
static lk_status make_frame(struct looking *l, const struct camera_view *view, lk_error *err) {
    int32_t width = view->layers[0].width, height = view->layers[0].height;
    if (l->made.image && l->made.width == width && l->made.height == height) {
        return LK_OK;
    }
    sight_frame_release(&l->made);
    return sight_frame_new(&l->made, l->eye->engine, l->frame, width, height, err);
}

/* What the frame shows of view i, where the camera has hardly turned. */
static lk_status look_near(struct sight_seen *out, struct looking *l, size_t i, lk_error *err) {
    const struct camera_view *view = l->views[i];
    lk_status status = make_frame(l, view, err);
    if (status != LK_OK) {
        return status;
    }
    if (!sight_is_featureless(view)) {
        sight_find_near(out, view, &l->made);
        return LK_OK;
    }
    *out = (struct sight_seen){.map = sight_map_identity(), .sharpness = 1, .inside = 1};
    out->near.clear = sight_is_featureless_too(view, &l->made) ? 0.5 : 0;
    return LK_OK;
}

/* The view in which the frame stands best, but for those that skip marks; ties by the cosine. count when there is none. */
static size_t best_of(const struct looking *l, const struct sight_seen *seen, const bool *skip) {
    size_t best = l->count;
    for (size_t i = 0; i < l->count; i++) {
        if (skip[i]) {
            continue;
        }
        double gain = best < l->count ? sight_standing(&seen[i]) - sight_standing(&seen[best]) : 1;
        bool better = gain > 0 || (gain == 0 && l->cosines[i] > l->cosines[best]);
        best = better ? i : best;
    }
    return best;
}

/* Asks the views, those with the largest cosines first, until one knows the frame in its place; where none does, the two likeliest
 * once more for how far it has turned. */
static lk_status look_at_all(lk_sighting *out, struct looking *l, struct sight_seen *seen,
                             bool *done, lk_error *err) {
    enum { TURNS = 2 };
    lk_status status = LK_OK;
    bool settled = false;
    for (size_t n = 0; status == LK_OK && !settled && n < l->count; n++) {
        size_t i = best_of(l, seen, done);
        done[i] = true;
        status = look_near(&seen[i], l, i, err);
        settled = sight_is_settled(&seen[i], l->views[i]);
    }
    memset(done, 0, l->count * sizeof *done);
    for (int32_t n = 0; status == LK_OK && !settled && n < TURNS; n++) {
        size_t i = best_of(l, seen, done);
        if (i == l->count) {
            break;
        }
        done[i] = true;
        status = make_frame(l, l->views[i], err);
        if (status == LK_OK && !sight_is_featureless(l->views[i])) {
            status = sight_find_far(&seen[i], l->eye->engine, l->views[i], &l->made, n == 0, err);
        }
        settled = sight_is_settled(&seen[i], l->views[i]);
    }
    memset(done, 0, l->count * sizeof *done);
    size_t best = best_of(l, seen, done);
    if (status == LK_OK) {
        status = make_frame(l, l->views[best], err);
    }
    if (status == LK_OK) {
        sight_decide(out, l->views[best], &l->made, &seen[best], l->cosines[best]);
        out->view = (int32_t)best;
    }
    return status;
}

static void look_at_cosines(lk_sighting *out, const struct looking *l, double threshold) {
    size_t best = 0;
    for (size_t i = 1; i < l->count; i++) {
        best = l->cosines[i] > l->cosines[best] ? i : best;
    }
    double cosine = l->cosines[best];
    out->view = (int32_t)best;
    out->cosine = cosine;
    out->state = cosine < threshold ? LK_VIEW_REPLACED : LK_VIEW_OK;
    out->sure = true;
    out->score = fmax(cosine, 0);
    out->scores[LK_VIEW_OK] = fmax(cosine, 0);
    out->scores[LK_VIEW_REPLACED] = 1 - fmax(cosine, 0);
}

lk_status camera_view_look(lk_sighting *out, struct camera_eye *eye,
                           const struct camera_view *const *views, size_t count,
                           const lk_image *frame, enum look_method method, double threshold,
                           lk_error *err) {
    struct looking l = {.eye = eye, .views = views, .count = count, .frame = frame};
    struct sight_seen *seen = NULL;
    bool *done = NULL;
    *out = (lk_sighting){.offset.zoom = 1};
    lk_status status = check_frame(frame, err);
    if (status == LK_OK && count == 0) {
        status = error_set(err, LK_E_USAGE, "no reference view to hold the frame against");
    }
    if (status != LK_OK) {
        return status;
    }
    l.cosines = mem_alloc(count, sizeof *l.cosines);
    seen = mem_calloc(count, sizeof *seen);
    done = mem_calloc(count, sizeof *done);
    status =
        l.cosines && seen && done ? find_cosines(&l, err) : error_memory(err, count * sizeof *seen);
    if (status == LK_OK && method == LOOK_EMBEDDING) {
        look_at_cosines(out, &l, threshold);
    } else if (status == LK_OK) {
        status = look_at_all(out, &l, seen, done, err);
    }
    sight_frame_release(&l.made);
    mem_free(l.cosines);
    mem_free(seen);
    mem_free(done);
    return status;
}
