/* SPDX-License-Identifier: Apache-2.0 */
/* What is searched, in one piece: sections of plain arrays on the heap, or mapped from the file they were kept in. */
#ifndef LK_INDEX_FILE_H
#define LK_INDEX_FILE_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/compiler.h"

enum {
    INDEX_FILE_KEY = 48,      /* bytes that say what state of what the sections were made of */
    INDEX_FILE_SECTIONS = 16, /* at most */
    INDEX_FILE_ALIGN = 64,    /* where a section begins */
};

struct index_file {
    uint8_t *data; /* a head, then the sections */
    size_t size;
    bool mapped;      /* then nothing can be written to it */
    uint32_t checked; /* bit i: section i has the checksum it was sealed with */
};

/* Sections of these sizes, filled with zeros. LK_E_MEMORY, LK_E_LIMIT. */
MUST_CHECK lk_status index_file_new(struct index_file *out, const uint8_t key[INDEX_FILE_KEY],
                                    const size_t *sizes, size_t count, lk_error *err);
/* Maps the file at path. *there is false when there is none, or it is of another key, layout or size, or its head is damaged. */
MUST_CHECK lk_status index_file_map(struct index_file *out, bool *there, const char *path,
                                    const uint8_t key[INDEX_FILE_KEY], lk_error *err);
/* Seals the sections and replaces the file at path. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status index_file_keep(struct index_file *f, const char *path, lk_error *err);
void index_file_release(struct index_file *f);

/* The section and its size; NULL when it is damaged, which is looked for at the first call of a mapped one: not from several
 * threads. */
void *index_file_section(struct index_file *f, size_t section, size_t *size);

#endif
