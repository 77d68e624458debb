/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "store/store_kind.h"

static lk_status fail(lk_error *err, const char *path) {
    return error_input(
        err, error_set(err, LK_E_WRITE, "cannot make the folder: %s", strerror(errno)), path);
}

/* mkdir, and the new name made to last. */
static bool make_one(const char *path) {
    if (mkdir(path, 0777) != 0) {
        return errno == EEXIST;
    }
    int fd = -1;
    char *parent = folder_join(path, "..");
    if (parent) {
        fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        mem_free(parent);
    }
    bool done = fd >= 0 && fsync(fd) == 0;
    int failed = parent ? errno : ENOMEM;
    if (fd >= 0) {
        close(fd);
    }
    errno = failed;
    return done;
}

lk_status store_make_folders(const char *folder, lk_error *err) {
    char *path = mem_strdup(folder);
    bool done = true;
    if (!path) {
        return error_memory(err, strlen(folder));
    }
    for (char *p = path; done && *p; p++) {
        if (p[0] == '/' && p > path && p[-1] != '/') {
            *p = '\0';
            done = access(path, F_OK) == 0 || make_one(path);
            *p = '/';
        }
    }
    done = done && make_one(path);
    lk_status status = done              ? LK_OK
                       : errno == ENOMEM ? error_memory(err, strlen(folder))
                                         : fail(err, folder);
    mem_free(path);
    return status;
}
