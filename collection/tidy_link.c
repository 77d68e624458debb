/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the same bytes becomes a link to the file kept. The link is made under a name of its own in the copy's folder,
 * looked at, and renamed over the copy: at no moment is the name without a picture. A kill leaves at most that extra link.
 *
 * Blocks are shared without that: FIDEDUPERANGE has the kernel lock both files, compare their bytes and let them share what is
 * equal. The copy stays the file that it was, with its times, owner and attributes; a clone (FICLONE) renamed over it would
 * lose those, and nobody would have compared. */
#include "collection/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"

enum { NAMES_MOST = 1000, SHARED_AT_ONCE = 16 << 20 }; /* btrfs takes 16 MiB a call */

/* A name in the copy's folder that nobody has; where is what is tried with it. */
static bool link_beside(struct errand *e, char beside[PATH_MAX],
                        int (*make)(const char *kept, const char *beside)) {
    const char *slash = strrchr(e->copy.path, '/');
    size_t n = (size_t)(slash - e->copy.path) + 1;
    if (n + 48 >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (unsigned i = 0; i < NAMES_MOST; i++) {
        snprintf(beside, PATH_MAX, "%.*s.likeness-%ld-%u.tmp", (int)n, e->copy.path, (long)getpid(),
                 i);
        if (make(e->kept.path, beside) == 0) {
            return true;
        }
        if (errno != EEXIST) {
            return false;
        }
    }
    return false;
}

/* The link leads to what was read, and takes the copy's name. */
static bool take_name(struct errand *e, const char *beside) {
    struct stat st;
    bool good =
        stat(beside, &st) == 0 && st.st_dev == e->kept.at.st_dev && st.st_ino == e->kept.at.st_ino;
    if (good && rename(beside, e->copy.path) == 0) {
        place_sync_folder_of(e->copy.path);
        return true;
    }
    if (good) {
        errand_failed(e, "cannot be replaced");
    } else {
        snprintf(e->why, sizeof e->why, "the file kept was replaced meanwhile");
    }
    unlink(beside);
    return false;
}

static int make_hard(const char *kept, const char *beside) {
    return linkat(AT_FDCWD, kept, AT_FDCWD, beside, 0);
}

bool link_hard(struct errand *e) {
    const struct stat *k = &e->kept.at, *c = &e->copy.at;
    char beside[PATH_MAX];
    if (k->st_uid != c->st_uid || k->st_gid != c->st_gid || k->st_mode != c->st_mode) {
        snprintf(e->why, sizeof e->why,
                 "has another owner or other permissions than the file kept, and would get its");
        return false;
    }
    if (!link_beside(e, beside, make_hard)) {
        return errand_failed(e, errno == EXDEV ? "is on another file system than the file kept"
                                               : "cannot make a hard link");
    }
    return take_name(e, beside);
}

bool link_symbolic(struct errand *e) {
    char beside[PATH_MAX];
    if (!link_beside(e, beside, symlink)) {
        return errand_failed(e, "cannot make a link");
    }
    return take_name(e, beside);
}

/* Of one call, or -1 with errno; 0 when the bytes are not equal. */
static int64_t share_some(struct file_dedupe_range *range, const struct errand *e, int64_t at) {
    int64_t rest = e->copy.at.st_size - at;
    *range = (struct file_dedupe_range){
        .src_offset = (uint64_t)at,
        .src_length = (uint64_t)(rest < SHARED_AT_ONCE ? rest : SHARED_AT_ONCE),
        .dest_count = 1};
    range->info[0] =
        (struct file_dedupe_range_info){.dest_fd = e->copy.fd, .dest_offset = (uint64_t)at};
    if (ioctl(e->kept.fd, FIDEDUPERANGE, range) != 0) {
        return -1;
    }
    if (range->info[0].status < 0) {
        errno = -range->info[0].status;
        return -1;
    }
    return range->info[0].status == FILE_DEDUPE_RANGE_SAME ? (int64_t)range->info[0].bytes_deduped
                                                           : 0;
}

bool link_blocks(struct errand *e) {
    struct file_dedupe_range *range = mem_calloc(1, sizeof *range + sizeof range->info[0]);
    int64_t at = 0, n = 1;
    if (!range) {
        errno = ENOMEM;
        return errand_failed(e, "cannot share its blocks");
    }
    while (at < e->copy.at.st_size && n > 0) {
        n = share_some(range, e, at);
        at += n > 0 ? n : 0;
    }
    int failed = errno;
    mem_free(range);
    errno = failed;
    if (n == 0) {
        snprintf(e->why, sizeof e->why, "its bytes are others than those of the file kept");
        return false;
    }
    if (n < 0 && (errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL || errno == ENOSYS)) {
        snprintf(e->why, sizeof e->why,
                 "its file system cannot share blocks between files (btrfs and XFS can)");
        return false;
    }
    return n > 0 || errand_failed(e, errno == EXDEV ? "is on another file system than the file kept"
                                                    : "cannot share its blocks");
}
