/* SPDX-License-Identifier: Apache-2.0 */
/* A reference view of a fixed camera: what lasts in it (edges, keypoints), how sharp and bright it is, its embedding. It is made
 * of one frame and learns from each that is known to be good, so that what moves (people, shadows, leaves) loses its weight. */
#ifndef LK_CAMERA_VIEW_H
#define LK_CAMERA_VIEW_H

#include "base/buf.h"
#include "likeness/image.h"
#include "likeness/watch.h"

struct camera_view;

/* What looks at frames: an engine and the network that is part of the library. One serves all cameras of a process, from several
 * threads at a time. LK_E_MEMORY. The engine is borrowed. */
struct camera_eye;
LK_MUST_CHECK lk_status camera_eye_new(struct camera_eye **out, lk_engine *engine, lk_error *err);
void camera_eye_free(struct camera_eye *eye);

/* A view of a frame (RGB or gray, 8 bits). ignore, or NULL: gray 8 bits of the frame's size, 0 where nothing counts. */
LK_MUST_CHECK lk_status camera_view_new(struct camera_view **out, struct camera_eye *eye,
                                        const lk_image *frame, const lk_image *ignore,
                                        lk_error *err);
void camera_view_free(struct camera_view *view);

/* Learns from one more good frame of this view, of the same size. */
LK_MUST_CHECK lk_status camera_view_learn(struct camera_view *view, struct camera_eye *eye,
                                          const lk_image *frame, lk_error *err);

/* A view as bytes for the store, and back. LK_E_CORRUPT where the bytes are no view of this version; the caller then makes it
 * again from its stored picture. */
LK_MUST_CHECK lk_status camera_view_write(struct buf *out, const struct camera_view *view,
                                          lk_error *err);
LK_MUST_CHECK lk_status camera_view_read(struct camera_view **out, const uint8_t *data, size_t size,
                                         lk_error *err);

/* What LOOK_* looks at. */
enum look_method { LOOK_ALL, LOOK_EMBEDDING };

/* Holds a frame against the views of a camera (at least one). threshold: the cosine below which LOOK_EMBEDDING calls the view
 * replaced; not used by LOOK_ALL. Thread-safe: several frames may be looked at by one eye at a
 * time. A frame of another size than a view's is brought to it. */
LK_MUST_CHECK lk_status camera_view_look(lk_sighting *out, struct camera_eye *eye,
                                         const struct camera_view *const *views, size_t count,
                                         const lk_image *frame, enum look_method method,
                                         double threshold, lk_error *err);

#endif
