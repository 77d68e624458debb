/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of pairs, as verify --batch and policy fit read them: a refusal says why, every pair has both names. The first byte
 * chooses how many impostors are drawn. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char path[64];
    struct pairs pairs;
    lk_error err = {0};
    int fd = memfd_create("pairs", 0);
    if (size < 1 || fd < 0 || write(fd, bytes + 1, size - 1) != (ssize_t)(size - 1)) {
        close(fd);
        return 0;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool read = pairs_read(&pairs, path, bytes[0] % 4, 7, &err) == LK_OK;
    close(fd);
    if (!read && (!err.text[0] || pairs.count > 0)) {
        abort();
    }
    for (size_t i = 0; read && i < pairs.count; i++) {
        if (!pairs.items[i].photo || !pairs.items[i].reference || pairs.items[i].group < 0) {
            abort();
        }
    }
    pairs_release(&pairs);
    return 0;
}
