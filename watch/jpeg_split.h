/* SPDX-License-Identifier: Apache-2.0 */
/* Where one JPEG ends and the next begins, in bytes that come piece by piece (standard input, an MJPEG stream). The segments are
 * walked by their lengths (ITU-T T.81, Annex B), so that a thumbnail inside one is not taken for the picture; what stands between
 * pictures (the headers of a multipart stream) is passed over. */
#ifndef LK_JPEG_SPLIT_H
#define LK_JPEG_SPLIT_H

#include "base/buf.h"

struct jpeg_split {
    struct buf picture; /* of the picture so far */
    int place;          /* in the grammar */
    uint8_t marker;     /* of the segment under way */
    size_t left;        /* bytes of it still to come */
};

enum split_result {
    SPLIT_MORE,     /* all bytes were taken; the picture is not whole yet */
    SPLIT_WHOLE,    /* one is there: jpeg_split_finish or jpeg_split_again before the next bytes */
    SPLIT_TOO_LONG, /* a picture over the maximum was dropped */
    SPLIT_NO_MEMORY,
};

/* max: bytes of a picture. */
void jpeg_split_init(struct jpeg_split *j, size_t max);
void jpeg_split_release(struct jpeg_split *j);
/* Forgets the picture so far and looks for the next. */
void jpeg_split_again(struct jpeg_split *j);
/* The same, and the picture goes to out. */
MUST_CHECK lk_status jpeg_split_finish(struct jpeg_split *j, lk_bytes *out, lk_error *err);

/* Takes bytes from *at on, up to the end of a picture at most, and moves *at behind them. */
enum split_result jpeg_split_take(struct jpeg_split *j, const uint8_t **at, const uint8_t *end);

/* Whether a picture has begun and not ended. */
bool jpeg_split_is_inside(const struct jpeg_split *j);

#endif
