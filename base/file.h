/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a whole: read under a cap, replaced atomically. */
#ifndef LK_FILE_H
#define LK_FILE_H

#include <likeness/status.h>
#include <stdbool.h>

#include "base/compiler.h"

/* Reads path ("-" is standard input) whole. LK_E_IO when it cannot be opened or read, LK_E_LIMIT
 * ("file_bytes") when it is longer than max_bytes; a longer file is never read to its end. LK_E_CANCELLED when a signal
 * interrupts the waiting and *stop is not 0 by then; stop may be NULL. */
MUST_CHECK lk_status file_read(lk_bytes *out, const char *path, int64_t max_bytes, const int *stop,
                               lk_error *err);

/* Reads at most max_bytes from the start; *total gets the size of the file, or -1 where it has none (a pipe). */
MUST_CHECK lk_status file_read_head(lk_bytes *out, int64_t *total, const char *path,
                                    int64_t max_bytes, const int *stop, lk_error *err);

/* Writes the bytes beside path, syncs, and renames over it ("-" writes to standard output): the old file or the
 * new one is there, never a part. Devices and pipes are written in place. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status file_write(const char *path, const void *data, size_t size, lk_error *err);

/* Writes all the bytes to an open file; errno says why it could not. */
MUST_CHECK bool file_write_open(int fd, const void *data, size_t size);

/* Asks early what file_write would say late: LK_E_WRITE where path is a folder, or the folder it lies in is missing or not
 * writable. That a disk is full shows only then. */
MUST_CHECK lk_status file_can_write(const char *path, lk_error *err);

/* The extension without its dot, lower case, into out; empty when there is none. */
void file_extension(char *out, size_t size, const char *path);

#endif
