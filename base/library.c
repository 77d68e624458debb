/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

lk_status library_open(void **handle, void *calls, const char *const *names, size_t count,
                       const char *soname, lk_error *err) {
    /* RTLD_NODELETE: libraries with threads or exit handlers of their own do not survive being unloaded. */
    *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!*handle) {
        return error_set(err, LK_E_FORMAT, "reading it needs %s, which is not installed", soname);
    }
    char *slot = calls;
    for (size_t i = 0; i < count; i++, slot += sizeof(void *)) {
        void *function = dlsym(*handle, names[i]);
        if (!function) {
            dlclose(*handle);
            *handle = NULL;
            return error_set(err, LK_E_FORMAT, "%s has no %s: its version is too old", soname,
                             names[i]);
        }
        memcpy(slot, &function,
               sizeof function); /* POSIX lets an object pointer carry a function's address */
    }
    return LK_OK;
}

void library_close(void *handle) {
    if (handle) {
        dlclose(handle);
    }
}
