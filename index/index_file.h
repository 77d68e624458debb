/* SPDX-License-Identifier: Apache-2.0 */
/* What is searched, in one piece: sections of plain arrays on the heap, or mapped from the file they were kept in. Of a mapped one,
 * pieces are held against their checksums when they are looked at, so that opening costs the same whatever the size. */
#ifndef LK_INDEX_FILE_H
#define LK_INDEX_FILE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <likeness/status.h>

#include "base/compiler.h"

enum {
    INDEX_FILE_KEY = 48,      /* bytes that say what state of what the sections were made of */
    INDEX_FILE_SECTIONS = 24, /* at most */
    INDEX_FILE_ALIGN = 64,    /* where a section begins */
    INDEX_FILE_PIECE = 4096,  /* bytes of a checksum: a page */
};

struct index_file {
    uint8_t *data; /* a head, then the sections */
    size_t size;
    void *memory; /* that data lies in; NULL: it is mapped */
    int file; /* 1 + the number of the open file without a name that it is made in; 0: none, and what is mapped is read alone */
    const uint32_t *sums;  /* of each piece behind the head's */
    atomic_uchar *checked; /* of each, when mapped: not 0 once it was found sound */
    atomic_bool damaged;   /* one was not */
};

/* Sections of these sizes, filled with zeros: in a file without a name in the folder of path, whose pages the system may write out
 * while it is made, or, where path is NULL or there can be none, on the heap. LK_E_MEMORY, LK_E_LIMIT. */
MUST_CHECK lk_status index_file_new(struct index_file *out, const char *path,
                                    const uint8_t key[INDEX_FILE_KEY], const size_t *sizes,
                                    size_t count, lk_error *err);
/* Maps the file at path. *there is false when there is none, or it is of another key, layout or size, or its head is damaged. */
MUST_CHECK lk_status index_file_map(struct index_file *out, bool *there, const char *path,
                                    const uint8_t key[INDEX_FILE_KEY], lk_error *err);
/* Seals the sections and replaces the file at path, the one that was given to index_file_new. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status index_file_keep(struct index_file *f, const char *path, lk_error *err);
void index_file_release(struct index_file *f);

/* Where a section lies, and its size; NULL when there is none of that number. What it holds may be damaged. */
void *index_file_section(const struct index_file *f, size_t section, size_t *size);

/* Whether the pieces that these bytes of sections lie in are as they were sealed; what was found sound is not looked at again. From
 * any thread. f may be NULL: what lies on the heap alone is sound. */
bool index_file_is_sound(struct index_file *f, const void *at, size_t size);

#endif
