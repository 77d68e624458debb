/* SPDX-License-Identifier: Apache-2.0 */
#include "model/labels.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

/* A million classes of 64 bytes; ImageNet's thousand take 22 kB. */
enum { LABELS_BYTES_MAX = 64 << 20 };

void labels_release(struct labels *labels) {
    lk_bytes_release(&labels->text);
    mem_free(labels->lines);
    *labels = (struct labels){0};
}

static int32_t count_lines(const lk_bytes *text) {
    int32_t lines = 0;
    for (size_t i = 0; i < text->size; i++) {
        lines += text->data[i] == '\n' || i + 1 == text->size;
    }
    return lines;
}

static lk_status cut_lines(struct labels *l, lk_error *err) {
    l->lines = mem_calloc((size_t)l->count + 1, sizeof *l->lines);
    if (!l->lines) {
        return error_memory(err, (size_t)l->count * sizeof *l->lines);
    }
    char *at = (char *)l->text.data, *end = at + l->text.size;
    for (int32_t i = 0; i < l->count; i++) {
        l->lines[i] = at;
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *stop = newline ? newline : end; /* a byte past the text is there, and zero */
        *stop = '\0';
        if (stop > at && stop[-1] == '\r') {
            stop[-1] = '\0';
        }
        at = stop + 1;
    }
    return LK_OK;
}

lk_status labels_load(struct labels *out, const char *path, const char *sha256, int32_t classes,
                      lk_error *err) {
    *out = (struct labels){0};
    lk_status status = file_read(&out->text, path, LABELS_BYTES_MAX, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    char found[65];
    digest_sha256_hex(found, out->text.data, out->text.size);
    out->count = count_lines(&out->text);
    if (sha256[0] && strcmp(found, sha256) != 0) {
        status = error_set(err, LK_E_CORRUPT, "the labels' checksum is %s, the card says %s", found,
                           sha256);
    } else if (out->count != classes) {
        status = error_set(err, LK_E_CORRUPT, "%d labels, the card says %d classes",
                           (int)out->count, (int)classes);
    } else {
        status = cut_lines(out, err);
    }
    if (status != LK_OK) {
        labels_release(out);
        return error_input(err, status, path);
    }
    return LK_OK;
}
