/* SPDX-License-Identifier: Apache-2.0 */
/* A picture that is written again and again: what the file shows now. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "image/codec.h"
#include "watch/source_kind.h"

/* A file that is a picture, or that is not there yet and has a picture's name. */
static bool file_takes(const char *address) {
    static const char prefix[] = "file:";
    bool named = strncmp(address, prefix, sizeof prefix - 1) == 0;
    const char *path = named ? address + sizeof prefix - 1 : address;
    lk_bytes head;
    int64_t total;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        file_read_head(&head, &total, path, 4096, NULL, NULL) != LK_OK) {
        return !strstr(address, "://") && codec_named(path);
    }
    bool picture = head.size == 0 ? codec_named(path) : codec_sniff(head.data, head.size) != NULL;
    lk_bytes_release(&head);
    return picture;
}

static lk_status file_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    (void)more;
    snprintf(out->name, sizeof out->name, "%.255s", s->address);
    return frame_read(out, s, s->address, err);
}

const struct source_kind source_file = {
    .live = true,
    .takes = file_takes,
    .next = file_next,
};
