/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/jpeg_split.h"

#include <string.h>

/* Markers of ITU-T T.81, table B.1. */
enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, TEM = 0x01, RST0 = 0xd0, RST7 = 0xd7 };

enum place {
    SEEK,     /* before a picture */
    SEEK_FF,  /* after ff */
    SEEK_SOI, /* after ff d8: a picture when ff follows */
    BETWEEN, /* before a marker's ff; what does not belong there is kept, as decoders pass over it */
    MARKER,  /* after ff */
    LENGTH_HIGH, /* after a marker that has a length */
    LENGTH_LOW,
    SEGMENT, /* inside it */
    SCAN,    /* in entropy-coded data */
    SCAN_FF, /* after ff in it */
    WHOLE,
};

void jpeg_split_init(struct jpeg_split *j, size_t max) {
    *j = (struct jpeg_split){.place = SEEK};
    buf_init(&j->picture, max);
}

void jpeg_split_release(struct jpeg_split *j) {
    buf_release(&j->picture);
}

void jpeg_split_again(struct jpeg_split *j) {
    j->place = SEEK;
    j->picture.size = 0;
    j->picture.status = LK_OK;
}

lk_status jpeg_split_finish(struct jpeg_split *j, lk_bytes *out, lk_error *err) {
    size_t max = j->picture.max;
    lk_status status = buf_finish(&j->picture, out, err);
    jpeg_split_init(j, max);
    return status;
}

bool jpeg_split_is_inside(const struct jpeg_split *j) {
    return j->place > SEEK_SOI && j->place < WHOLE;
}

static int begin_picture(struct jpeg_split *j) {
    static const uint8_t start[] = {0xff, SOI};
    j->picture.size = 0;
    buf_add(&j->picture, start, sizeof start);
    return MARKER;
}

static int after_marker(struct jpeg_split *j, uint8_t c, int otherwise) {
    if (c == EOI) {
        return WHOLE;
    }
    if (c == SOI) { /* the one before was cut off */
        j->picture.size = 0;
        return SEEK_SOI;
    }
    if (c == 0 || c == TEM || (c >= RST0 && c <= RST7)) {
        return otherwise;
    }
    j->marker = c;
    return LENGTH_HIGH;
}

static int after_length(struct jpeg_split *j, uint8_t c) {
    j->left = j->left << 8 | c;
    if (j->left < 2) { /* a length counts itself: damaged, so that what follows has no order */
        j->picture.size = 0;
        return SEEK;
    }
    j->left -= 2;
    return SEGMENT;
}

/* One byte, which is kept when the place after it lies inside a picture. */
static int step(struct jpeg_split *j, uint8_t c) {
    switch (j->place) {
    case SEEK: return c == 0xff ? SEEK_FF : SEEK;
    case SEEK_FF: return c == SOI ? SEEK_SOI : c == 0xff ? SEEK_FF : SEEK;
    case SEEK_SOI: return c == 0xff ? begin_picture(j) : SEEK;
    case BETWEEN: return c == 0xff ? MARKER : BETWEEN;
    case MARKER: return c == 0xff ? MARKER : after_marker(j, c, BETWEEN);
    case LENGTH_HIGH: j->left = c; return LENGTH_LOW;
    case LENGTH_LOW: return after_length(j, c);
    case SCAN_FF: return c == 0xff ? SCAN_FF : after_marker(j, c, SCAN);
    default: return j->place;
    }
}

/* Takes a run that needs no looking at: the inside of a segment, coded data up to the next ff. It ends where the maximum is
 * reached, so that what is dropped does not depend on how the bytes came. */
static const uint8_t *take_run(struct jpeg_split *j, const uint8_t *at, const uint8_t *end) {
    size_t size = (size_t)(end - at), room = j->picture.max - j->picture.size;
    if (j->place != SEEK) {
        size = MIN(size, MAX(room, (size_t)1));
        end = at + size;
    }
    if (j->place == SEGMENT) {
        size = size < j->left ? size : j->left;
        j->left -= size;
        buf_add(&j->picture, at, size);
        if (j->left == 0) {
            j->place = j->marker == SOS ? SCAN : BETWEEN;
        }
        return at + size;
    }
    const uint8_t *mark = memchr(at, 0xff, size);
    if (j->place == SCAN) {
        const uint8_t *to = mark ? mark + 1 : end;
        buf_add(&j->picture, at, (size_t)(to - at));
        j->place = mark ? SCAN_FF : SCAN;
        return to;
    }
    j->place = mark ? SEEK_FF : SEEK;
    return mark ? mark + 1 : end;
}

enum split_result jpeg_split_take(struct jpeg_split *j, const uint8_t **at, const uint8_t *end) {
    while (*at < end) {
        if (j->place == SEGMENT || j->place == SCAN || j->place == SEEK) {
            *at = take_run(j, *at, end);
        } else {
            uint8_t c = *(*at)++;
            j->place = step(j, c);
            if (jpeg_split_is_inside(j) || j->place == WHOLE) {
                buf_add(&j->picture, &c, 1);
            }
        }
        if (j->picture.status != LK_OK) {
            bool limit = j->picture.status == LK_E_LIMIT;
            jpeg_split_again(j);
            return limit ? SPLIT_TOO_LONG : SPLIT_NO_MEMORY;
        }
        if (j->place == WHOLE) {
            return SPLIT_WHOLE;
        }
    }
    return SPLIT_MORE;
}
