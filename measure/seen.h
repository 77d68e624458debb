/* SPDX-License-Identifier: Apache-2.0 */
/* What a network makes of a picture, for the measures latent and category. */
#ifndef LK_SEEN_H
#define LK_SEEN_H

#include <likeness/model.h>

/* Arrays are NULL where the model gives no such output. */
struct seen {
    float *embedding; /* dim */
    int32_t dim;
    lk_class *classes; /* all of them, the most probable first */
    int32_t class_count;
};

LK_MUST_CHECK lk_status seen_make(struct seen *out, lk_model *model, const lk_image *image,
                                  lk_error *err);
void seen_release(struct seen *seen);

#endif
