/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include <stdio.h>

#define VERSION_CALLS(X) X(MHD_get_version)

static const char *const http_names[] = {LIBRARY_NAMES(HTTP_CALLS)};
static const char *const version_names[] = {LIBRARY_NAMES(VERSION_CALLS)};
static const char soname[] = "libmicrohttpd.so.12";

lk_status http_library_open(void **library, struct http_calls *calls, lk_error *err) {
    return library_open(library, calls, http_names, sizeof http_names / sizeof *http_names, soname,
                        err);
}

lk_library_info serve_library(void) {
    struct {
        LIBRARY_POINTERS(VERSION_CALLS)
    } calls;
    struct http_calls wanted;
    void *library = NULL, *again = NULL;
    lk_error err = {0};
    lk_library_info info = {.soname = soname, .task = "the web service"};
    info.usable = http_library_open(&library, &wanted, &err) == LK_OK &&
                  library_open(&again, &calls, version_names, 1, soname, &err) == LK_OK;
    if (info.usable) {
        snprintf(info.version, sizeof info.version, "%s", calls.MHD_get_version());
    } else {
        snprintf(info.problem, sizeof info.problem, "%s", err.text);
    }
    for (int i = 0; i < 2; i++) {
        void *one = i == 0 ? library : again;
        if (one) {
            library_close(one);
        }
    }
    return info;
}
