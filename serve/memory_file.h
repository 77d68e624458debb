/* SPDX-License-Identifier: Apache-2.0 */
/* Files that lie in memory and have no name: what is uploaded, and what is sent. */
#ifndef LK_MEMORY_FILE_H
#define LK_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <likeness/status.h>

/* -1 when there is none to be had. */
int memory_file_new(void);
/* With these bytes in it, sealed. */
int memory_file_of(const void *data, size_t size);
/* Nobody can change it from here on, not even a process that was handed it. */
bool memory_file_seal(int fd);
bool memory_file_write(int fd, const void *data, size_t size, int64_t at);
/* Exactly size bytes from `at`. */
bool memory_file_read(int fd, void *data, size_t size, int64_t at);
int64_t memory_file_size(int fd);
/* All of it; whoever calls frees out. */
bool memory_file_bytes(lk_bytes *out, int fd);

#endif
