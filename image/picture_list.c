/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <likeness/folder.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "image/codec.h"

void lk_picture_list_release(lk_picture_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->paths[i]);
    }
    mem_free(list->paths);
    *list = (lk_picture_list){0};
}

/* Whether the word stands in a list with spaces between. */
static bool is_in(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = strstr(words, word); at; at = strstr(at + 1, word)) {
        bool begins = at == words || at[-1] == ' ', ends = at[length] == '\0' || at[length] == ' ';
        if (begins && ends) {
            return true;
        }
    }
    return false;
}

static bool has_extension(const void *arg, const char *path) {
    (void)arg;
    return codec_named(path);
}

/* arg: the folder that path is below. */
static bool is_picture(const void *arg, const char *path) {
    enum { HEAD = 32 };
    static const char known_by_head[] = "jpeg png webp heif avif";
    uint8_t head[HEAD];
    if (has_extension(NULL, path)) {
        return true;
    }
    char *whole = folder_join(arg, path);
    int fd = whole ? open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    struct stat info;
    bool plain = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    ssize_t size = plain ? read(fd, head, sizeof head) : 0;
    const struct codec *codec = size > 0 ? codec_sniff(head, (size_t)size) : NULL;
    if (fd >= 0) {
        close(fd);
    }
    mem_free(whole);
    return codec && is_in(known_by_head, codec->name);
}

/* Takes path over, also when this fails. */
static lk_status add(lk_picture_list *list, char *path, lk_error *err) {
    bool full = (list->count & (list->count - 1)) == 0; /* room is doubled at the powers of two */
    size_t room = list->count > 0 ? 2 * list->count : 1;
    void *grown = path && full ? mem_realloc(list->paths, room, sizeof *list->paths) : list->paths;
    if (!path || !grown) {
        mem_free(path);
        return error_memory(err, room * sizeof *list->paths);
    }
    list->paths = grown;
    list->paths[list->count++] = path;
    return LK_OK;
}

/* skip NULL: files are chosen by their extension, and what cannot be looked at is an error. */
static lk_status add_folder(lk_picture_list *list, const char *folder, const lk_picture_skip *skip,
                            lk_error *err) {
    struct folder_list files;
    const struct folder_skip readable = {skip ? skip->tell : NULL, skip ? skip->arg : NULL};
    lk_status status =
        skip ? folder_list_readable(&files, folder, is_picture, folder, &readable, err)
             : folder_list(&files, folder, has_extension, NULL, err);
    for (size_t i = 0; status == LK_OK && i < files.count; i++) {
        status = add(list, folder_join(folder, files.paths[i]), err);
    }
    folder_list_release(&files);
    return status;
}

static lk_status find(lk_picture_list *out, const char *const *paths, size_t count,
                      const lk_picture_skip *skip, lk_error *err) {
    *out = (lk_picture_list){0};
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        struct stat info;
        bool folder = stat(paths[i], &info) == 0 && S_ISDIR(info.st_mode);
        status =
            folder ? add_folder(out, paths[i], skip, err) : add(out, mem_strdup(paths[i]), err);
    }
    if (status != LK_OK) {
        lk_picture_list_release(out);
    }
    return status;
}

lk_status lk_picture_list_find(lk_picture_list *out, const char *const *paths, size_t count,
                               lk_error *err) {
    return find(out, paths, count, NULL, err);
}

lk_status lk_picture_list_find_all(lk_picture_list *out, const char *const *paths, size_t count,
                                   const lk_picture_skip *skip, lk_error *err) {
    return find(out, paths, count, skip, err);
}
