/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/machine.h>

#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/library.h"
#include "image/codec.h"
#include "net/http.h"
#include "net/mqtt.h"
#include "nn/onednn.h"
#include "store/postgres.h"
#include "watch/ffmpeg.h"

static const struct library_row *const rows[] = {
    &library_webp,   &library_heif, &library_tiff,      &library_onednn,
    &library_ffmpeg, &library_curl, &library_mosquitto, &library_pq,
};

size_t lk_library_count(void) {
    return ARRAY_COUNT(rows);
}

lk_library_info lk_library_at(size_t i) {
    lk_library_info info = {.soname = rows[i]->soname, .task = rows[i]->task};
    lk_error err = {0};
    info.usable = rows[i]->version(info.version, sizeof info.version, &err) == LK_OK;
    if (!info.usable) {
        snprintf(info.problem, sizeof info.problem, "%s", err.text);
    }
    return info;
}

lk_sandbox_info lk_sandbox(void) {
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return (lk_sandbox_info){
        .seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0,
        .landlock_abi = abi > 0 ? (int32_t)abi : 0,
    };
}
