/* SPDX-License-Identifier: Apache-2.0 */
/* What the routes of cameras share. */
#ifndef LK_ROUTE_CAMERA_H
#define LK_ROUTE_CAMERA_H

#include "serve/server.h"

/* Where it stands and what it is set to; 404 when there is none. */
void answer_camera(struct request *r, struct bench *bench, const char *id);
/* By the actor and with the note of the body; answers. */
void camera_acknowledge(struct request *r, struct bench *bench, const char *id);
/* A picture file of the store, encoded again, as wide as the query's w says; the bytes are released. */
void answer_stored(struct request *r, struct bench *bench, lk_bytes *file);
/* The same decoded; false when the answer is a problem already. The bytes are released. */
bool stored_picture(lk_image *out, struct request *r, struct bench *bench, lk_bytes *file);
/* A picture becomes a reference view, by the actor and with the note of the body; answers. */
void camera_set_baseline(struct request *r, struct bench *bench, const char *id,
                         const lk_image *picture, bool beside);
extern const struct field camera_width_query[];

#endif
