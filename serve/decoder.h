/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures from strangers: decoded, and encoded again, in a keeper's confined process; what comes back is checked here. */
#ifndef LK_DECODER_H
#define LK_DECODER_H

#include <likeness/image.h>

#include "serve/keeper.h"

/* Why there is no picture; names of metrics and of problems (answer.h). */
enum decode_end {
    DECODE_OK,
    DECODE_REFUSED, /* err says what is wrong with the picture */
    DECODE_STOPPED, /* the process was killed, for what it did or for taking too long */
    DECODE_LOST,    /* the service itself is in trouble */
};

/* Options of a keeper that decodes under these limits; the engine stays with the keeper. */
struct decoder {
    lk_engine *engine; /* of one thread */
    lk_limits limits;
};
struct keeper_options decoder_options(struct decoder *d);

struct decode_ask {
    char name[200];   /* for messages */
    int32_t max_side; /* lk_load_options */
    int32_t width;    /* > 0: no wider than that */
    bool encode;      /* a picture file instead of pixels */
    bool as_png;      /* else JPEG */
};

/* The picture in the file `in`. info->sha256 is left empty. */
enum decode_end decoder_pixels(lk_image *out, lk_image_info *info, struct keeper *k,
                               const lk_limits *limits, int in, const struct decode_ask *ask,
                               lk_error *err);
/* The same encoded again, as PNG or JPEG: a new file of memory in *out, of *size bytes. */
enum decode_end decoder_again(int *out, int64_t *size, lk_image_info *info, struct keeper *k,
                              int in, const struct decode_ask *ask, lk_error *err);

#endif
