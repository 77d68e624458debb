/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

int memory_file_new(void) {
    return memfd_create("likeness", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool memory_file_seal(int fd) {
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

bool memory_file_write(int fd, const void *data, size_t size, int64_t at) {
    const uint8_t *bytes = data;
    while (size > 0) {
        ssize_t n = pwrite(fd, bytes, size, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

bool memory_file_read(int fd, void *data, size_t size, int64_t at) {
    uint8_t *bytes = data;
    while (size > 0) {
        ssize_t n = pread(fd, bytes, size, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

int64_t memory_file_size(int fd) {
    return (int64_t)lseek(
        fd, 0,
        SEEK_END); /* nothing else uses the place; fstat would be newfstatat, which takes paths */
}

int memory_file_of(const void *data, size_t size) {
    int fd = memory_file_new();
    if (fd >= 0 && !(memory_file_write(fd, data, size, 0) && memory_file_seal(fd))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool memory_file_bytes(lk_bytes *out, int fd) {
    int64_t size = memory_file_size(fd);
    *out = (lk_bytes){0};
    out->data = size >= 0 ? mem_alloc((size_t)size + 1, 1) : NULL;
    if (!out->data || !memory_file_read(fd, out->data, (size_t)size, 0)) {
        lk_bytes_release(out);
        return false;
    }
    out->size = (size_t)size;
    return true;
}
