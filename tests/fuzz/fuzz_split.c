/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a stream into JPEGs: in pieces (the first byte says how long) the same pictures come as at once, each whole and
 * none over the maximum. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "watch/jpeg_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { MOST = 300 }; /* bytes of a picture, so that inputs reach it */

static void check_picture(const lk_bytes *picture) {
    static const uint8_t start[] = {0xff, 0xd8, 0xff};
    const uint8_t *end = picture->data + picture->size;
    bool framed = picture->size >= 4 && picture->size <= MOST &&
                  memcmp(picture->data, start, 3) == 0 && end[-2] == 0xff && end[-1] == 0xd9;
    if (!framed) {
        abort();
    }
}

static void split(struct digest *out, const uint8_t *bytes, size_t size, size_t piece) {
    struct jpeg_split j;
    jpeg_split_init(&j, MOST);
    digest_begin(out);
    for (size_t from = 0; from < size; from += piece) {
        const uint8_t *at = bytes + from, *end = at + (size - from < piece ? size - from : piece);
        while (at < end) {
            const uint8_t *before = at;
            enum split_result result = jpeg_split_take(&j, &at, end);
            if (at <= before || at > end || (result == SPLIT_MORE && at != end)) {
                abort();
            }
            if (result != SPLIT_MORE) {
                digest_add(out, &result, sizeof result);
            }
            lk_bytes picture;
            if (result == SPLIT_WHOLE && jpeg_split_finish(&j, &picture, NULL) == LK_OK) {
                check_picture(&picture);
                digest_add(out, picture.data, picture.size);
                lk_bytes_release(&picture);
            }
        }
    }
    jpeg_split_release(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct digest d;
    uint8_t whole[DIGEST_BYTES], pieces[DIGEST_BYTES];
    if (size < 2) {
        return 0;
    }
    split(&d, bytes + 1, size - 1, size);
    digest_end(whole, &d);
    split(&d, bytes + 1, size - 1, (size_t)bytes[0] % 16 + 1);
    digest_end(pieces, &d);
    if (memcmp(whole, pieces, sizeof whole) != 0) {
        abort();
    }
    return 0;
}
