/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of plain files in the ustar format (POSIX.1-2017, pax), so that any tar opens what is written; read are those alone that
 * were written here. */
#ifndef LK_TAR_H
#define LK_TAR_H

#include "base/buf.h"

enum { TAR_NAME_MAX = 99 };

struct tar_member {
    char name[TAR_NAME_MAX + 1];
    const uint8_t *data; /* in the archive */
    size_t size;
};

/* Appends a file; its name has 1 to TAR_NAME_MAX bytes. Owner, time and mode are the same for all. */
void tar_add(struct buf *b, const char *name, const void *data, size_t size);
void tar_end(struct buf *b);

/* Reads an archive of at most `most` files into members. LK_E_CORRUPT says what is wrong with which header. */
MUST_CHECK lk_status tar_read(struct tar_member *members, size_t most, size_t *count,
                              const void *archive, size_t size, lk_error *err);

#endif
