/* SPDX-License-Identifier: Apache-2.0 */
/* Shared libraries that are opened when the first file that needs them comes, not when the program starts: libheif and
 * libtiff pull in dozens of others, which would cost every run some 20 ms (docs/decisions/0003-lazy-codecs.md).
 *
 * Functions are named once, in a list macro, and called through a struct of pointers whose types come from the
 * library's own header:
 *     #define TIFF_CALLS(X) X(TIFFClose) X(TIFFGetField)
 *     struct tiff_calls { LIBRARY_POINTERS(TIFF_CALLS) };
 *     static const char *const tiff_names[] = {LIBRARY_NAMES(TIFF_CALLS)}; */
#ifndef LK_LIBRARY_H
#define LK_LIBRARY_H

#include <stddef.h>

#include <likeness/status.h>

#define LIBRARY_POINTER(name) __typeof__(name) *name;
#define LIBRARY_POINTERS(list) list(LIBRARY_POINTER)
#define LIBRARY_NAME(name) #name,
#define LIBRARY_NAMES(list) list(LIBRARY_NAME)

/* Opens soname and fills `calls`, a struct of count function pointers, in the order of names. The dynamic loader keeps the
 * library open and counts its users, so opening again is cheap. LK_E_FORMAT when the machine lacks it. */
LK_MUST_CHECK lk_status library_open(void **handle, void *calls, const char *const *names,
                                     size_t count, const char *soname, lk_error *err);
void library_close(void *handle);

/* One such library, as `doctor` tells of it; each stands beside the code that uses it, whose soname it is. */
struct library_row {
    const char *soname;
    const char *task; /* what does not work without it */
    /* Opens it with every function that is wanted, asks for its version ("1.15.1") and closes it. Errors as library_open. */
    lk_status (*version)(char *out, size_t size, lk_error *err);
};

#endif
