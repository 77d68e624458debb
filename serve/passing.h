/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between processes of the service, over SOCK_SEQPACKET, with open files that go along. */
#ifndef LK_PASSING_H
#define LK_PASSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSING_SIZE_MAX = 1024, PASSING_FILES_MAX = 2 };

/* Sends size bytes, 1 to PASSING_SIZE_MAX, and count files, which stay the caller's too. */
bool passing_send(int socket, const void *data, size_t size, const int *files, int32_t count);
/* The next message: at most size bytes, and exactly count files, which become the caller's. How many bytes it has; -1 when the
 * other end is gone, or nothing came within wait_ms (-1: waits for ever), or it is no such message. */
int32_t passing_receive(int socket, void *data, size_t size, int *files, int32_t count,
                        int32_t wait_ms);
/* Whether there is another end. */
bool passing_is_open(int socket);

#endif
