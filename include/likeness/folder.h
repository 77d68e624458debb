/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures named one by one or by the folder they lie in. */
#ifndef LIKENESS_FOLDER_H
#define LIKENESS_FOLDER_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Paths of pictures. */
typedef struct lk_picture_list {
    char **paths; /* owned */
    size_t count;
} lk_picture_list;

/* Lists what count paths name: a file stands for itself, whatever its name; a folder for the files below it whose extension is
 * that of a format we read, in byte order. Links to folders are not followed. A path that is not there stays in the list: reading
 * it says so. LK_E_IO for a folder that cannot be read, LK_E_LIMIT above 1 million files or 64 levels, LK_E_MEMORY. The
 * caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_picture_list_find(lk_picture_list *out, const char *const *paths,
                                                    size_t count, lk_error *err);
/* Called with each folder, or file of a folder, that cannot be looked at, and why. */
typedef struct lk_picture_skip {
    void (*tell)(void *arg, const char *path, const char *why);
    void *arg;
} lk_picture_skip;
/* The same, and the files below a folder whatever their name that begin as a JPEG, PNG, WebP or HEIF file does: each is opened.
 * (Not as a TIFF file does, as raw files of cameras do.) What cannot be looked at is told to skip and passed over: only
 * LK_E_LIMIT (above 1 million files) and LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_picture_list_find_all(lk_picture_list *out,
                                                        const char *const *paths, size_t count,
                                                        const lk_picture_skip *skip, lk_error *err);
LK_API void lk_picture_list_release(lk_picture_list *list);

#ifdef __cplusplus
}
#endif
#endif
