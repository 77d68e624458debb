/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and error reports: what every fallible function of likeness returns and fills in. */
#ifndef LIKENESS_STATUS_H
#define LIKENESS_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LK_API __attribute__((visibility("default")))
#define LK_MUST_CHECK __attribute__((warn_unused_result))

/* What went wrong, as far as a caller would act differently on it. */
typedef enum lk_status {
    LK_OK = 0,
    LK_E_USAGE,     /* an argument or option is outside what the function accepts */
    LK_E_MEMORY,    /* an allocation failed */
    LK_E_IO,        /* a file cannot be opened or read */
    LK_E_FORMAT,    /* not a picture, or a format that is not supported */
    LK_E_CORRUPT,   /* a picture of a known format that is damaged or cut off */
    LK_E_LIMIT,     /* over one of the engine's limits; lk_error.limit names it */
    LK_E_SIZE,      /* the sizes of the pictures do not fit the operation */
    LK_E_CANCELLED, /* the caller asked to stop */
    LK_E_WRITE,     /* a file cannot be written */
    LK_E_AWAY,      /* another machine does not answer, or not now; later it may */
} lk_status;

/* The report of one failure, owned by the caller and filled by the function that failed.
 * `input` is the file or argument at fault (empty if none), `limit` the option that would raise the limit. */
typedef struct lk_error {
    lk_status status;
    char input[512];
    char text[512];
    char limit[32];
} lk_error;

/* The library's version, "0.1.0". */
LK_API const char *lk_version(void);

/* The one-word kind of a status, as the command prints it: "refused", "cannot read", "usage", ... */
LK_API const char *lk_status_word(lk_status status);

/* Writes "WORD: INPUT: TEXT (--limit NAME=...)" into out (at most size bytes, always terminated). */
LK_API void lk_error_format(const lk_error *err, char *out, size_t size);

/* Bytes or text on the heap, owned by the holder. Text is also zero-terminated at data[size]. */
typedef struct lk_bytes {
    uint8_t *data;
    size_t size;
} lk_bytes;

/* Frees the bytes and empties the struct; accepts NULL and empty. */
LK_API void lk_bytes_release(lk_bytes *bytes);

#ifdef __cplusplus
}
#endif
#endif
