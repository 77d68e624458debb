/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tar.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum {
    BLOCK = 512,
    NAME = 0,
    MODE = 100,
    SIZE = 124,
    TIME = 136,
    SUM = 148,
    KIND = 156,
    MAGIC = 257
};

/* The sum of a header's bytes, with blanks where the sum itself stands. */
static unsigned sum_of(const uint8_t *header) {
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++) {
        sum += i >= SUM && i < SUM + 8 ? ' ' : header[i];
    }
    return sum;
}

static void make_header(uint8_t header[BLOCK], const char *name, size_t size) {
    memset(header, 0, BLOCK);
    snprintf((char *)header + NAME, 100, "%.*s", TAR_NAME_MAX, name);
    memcpy(header + MODE,
           "0000644\0"
           "0000000\0"
           "0000000\0",
           24);
    snprintf((char *)header + SIZE, 12, "%011llo", (unsigned long long)size);
    memcpy(header + TIME, "00000000000", 12);
    header[KIND] = '0';
    memcpy(header + MAGIC,
           "ustar\0"
           "00",
           8);
    snprintf((char *)header + SUM, 8, "%06o", sum_of(header));
    header[SUM + 7] = ' ';
}

static size_t padding(size_t size) {
    return (BLOCK - size % BLOCK) % BLOCK;
}

void tar_add(struct buf *b, const char *name, const void *data, size_t size) {
    static const uint8_t zeros[BLOCK];
    uint8_t header[BLOCK];
    make_header(header, name, size);
    buf_add(b, header, BLOCK);
    buf_add(b, data, size);
    buf_add(b, zeros, padding(size));
}

void tar_end(struct buf *b) {
    static const uint8_t zeros[2 * BLOCK];
    buf_add(b, zeros, sizeof zeros);
}

static lk_status read_member(struct tar_member *m, const uint8_t *at, size_t left, lk_error *err) {
    uint8_t expected[BLOCK];
    char digits[12];
    unsigned long long size;
    memcpy(m->name, at + NAME, TAR_NAME_MAX);
    m->name[TAR_NAME_MAX] = '\0';
    memcpy(digits, at + SIZE, sizeof digits);
    digits[sizeof digits - 1] = '\0';
    if (sscanf(digits, "%llo", &size) != 1) {
        return error_set(err, LK_E_CORRUPT, "a header of the archive has no size");
    }
    make_header(expected, m->name, (size_t)size);
    if (!m->name[0] || memcmp(expected, at, BLOCK) != 0) {
        return error_set(err, LK_E_CORRUPT, "a header of the archive is not as it is written");
    }
    if (size > left - BLOCK || padding((size_t)size) > left - BLOCK - size) {
        return error_set(err, LK_E_CORRUPT, "the archive ends within %s", m->name);
    }
    m->data = at + BLOCK;
    m->size = (size_t)size;
    for (size_t i = 0; i < padding(m->size); i++) {
        if (m->data[m->size + i] != 0) {
            return error_set(err, LK_E_CORRUPT, "bytes behind %s in the archive", m->name);
        }
    }
    return LK_OK;
}

lk_status tar_read(struct tar_member *members, size_t most, size_t *count, const void *archive,
                   size_t size, lk_error *err) {
    static const uint8_t zeros[BLOCK];
    const uint8_t *bytes = archive;
    size_t at = 0;
    *count = 0;
    while (size - at >= BLOCK && memcmp(bytes + at, zeros, BLOCK) != 0) {
        if (*count == most) {
            return error_set(err, LK_E_CORRUPT, "more than %zu files in the archive", most);
        }
        struct tar_member *m = &members[*count];
        lk_status status = read_member(m, bytes + at, size - at, err);
        if (status != LK_OK) {
            return status;
        }
        at += BLOCK + m->size + padding(m->size);
        (*count)++;
    }
    bool ends = size - at == 2 * BLOCK && memcmp(bytes + at, zeros, BLOCK) == 0 &&
                memcmp(bytes + at + BLOCK, zeros, BLOCK) == 0;
    return ends ? LK_OK : error_set(err, LK_E_CORRUPT, "the archive does not end as one does");
}
