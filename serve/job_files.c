/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/job_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

lk_status folder_make(const char *path, lk_error *err) {
    char at[4400];
    struct stat st;
    snprintf(at, sizeof at, "%s/", path);
    for (char *p = at + 1; *p; p++) {
        if (*p == '/') {
            *p = 0;
            (void)!mkdir(at, 0700); /* that it could not be made shows below */
            *p = '/';
        }
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return error_input(
            err, error_set(err, LK_E_WRITE, "cannot make the folder: %s", strerror(errno)), path);
    }
    return LK_OK;
}

void folder_remove(const char *path) {
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder) {
        closedir(folder);
    }
    rmdir(path);
}

/* Whether the path that begins at `at` is a whole one, or the beginning of one: not the middle of a longer name. */
static bool stands_alone(const char *text, const char *at, size_t length) {
    bool begins = at == text || strchr("\" \n=('>:,", at[-1]);
    return begins && strchr("/\" \n:)'<,", at[length]);
}

/* The next such place, NULL for none. */
static const char *find_path(const char *text, const char *from, const char *path) {
    const char *at = strstr(from, path);
    while (at && !stands_alone(text, at, strlen(path))) {
        at = strstr(at + 1, path);
    }
    return at;
}

char *path_replace(const char *text, const char *path, const char *name) {
    size_t length = strlen(path), other = strlen(name), count = 0, n = 0;
    const char *at = find_path(text, text, path), *rest = text;
    for (; at; at = find_path(text, at + length, path)) {
        count++;
    }
    char *out = mem_alloc(strlen(text) + count * other + 1, 1);
    for (at = out ? find_path(text, text, path) : NULL; at; at = find_path(text, rest, path)) {
        memcpy(out + n, rest, (size_t)(at - rest));
        n += (size_t)(at - rest);
        memcpy(out + n, name, other);
        n += other;
        rest = at + length;
    }
    if (out) {
        memcpy(out + n, rest, strlen(rest) + 1);
    }
    return out;
}

static lk_status read_whole(lk_bytes *out, int fd, const char *name, lk_error *err) {
    struct stat st;
    size_t got = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return error_input(err, error_set(err, LK_E_IO, "is no plain file"), name);
    }
    if (st.st_size > LK_JOB_FILE_MAX) {
        return error_input(err,
                           error_limit(err, "file_bytes",
                                       "a result of %lld bytes is too "
                                       "large to be kept (the limit is %d)",
                                       (long long)st.st_size, LK_JOB_FILE_MAX),
                           name);
    }
    *out = (lk_bytes){mem_calloc((size_t)st.st_size + 1, 1), (size_t)st.st_size};
    if (!out->data) {
        return error_memory(err, (size_t)st.st_size);
    }
    while (got < out->size) {
        ssize_t n = read(fd, out->data + got, out->size - got);
        if (n <= 0) {
            return error_input(err, error_set(err, LK_E_IO, "cannot be read"), name);
        }
        got += (size_t)n;
    }
    return LK_OK;
}

/* The folder of the collection as its name, that of the index without its place: they begin a text of JSON or HTML, or a line. */
static lk_status hide_folders(lk_bytes *file, const struct job_run *run, lk_error *err) {
    const struct collection_place *p = run->place;
    char *once = path_replace((const char *)file->data, p->folder, p->name);
    char *twice = once ? path_replace(once, p->index, p->name) : NULL;
    mem_free(once);
    once = twice ? path_replace(twice, run->folder, "result") : NULL;
    mem_free(twice);
    if (!once) {
        return error_memory(err, file->size);
    }
    lk_bytes_release(file);
    *file = (lk_bytes){(uint8_t *)once, strlen(once)};
    return LK_OK;
}

static lk_status read_output(struct job_results *out, const struct job_run *run,
                             const struct job_output *row, lk_error *err) {
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", run->folder, row->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return row == run->kind->outputs /* the result itself */
                   ? error_input(err, error_set(err, LK_E_IO, "the result is not there"), row->name)
                   : LK_OK;
    }
    lk_bytes *bytes = &out->bytes[out->count];
    lk_job_file *file = &out->files[out->count++];
    lk_status status = read_whole(bytes, fd, row->name, err);
    close(fd);
    status = status == LK_OK && row->names_files ? hide_folders(bytes, run, err) : status;
    *file = (lk_job_file){row->name, row->type, bytes->data, bytes->size};
    return status;
}

lk_status job_results_read(struct job_results *out, const struct job_run *run, lk_error *err) {
    lk_status status = LK_OK;
    *out = (struct job_results){0};
    for (const struct job_output *row = run->kind->outputs; status == LK_OK && row->name; row++) {
        status = read_output(out, run, row, err);
    }
    return status;
}

void job_results_release(struct job_results *r) {
    for (size_t i = 0; i < r->count; i++) {
        lk_bytes_release(&r->bytes[i]);
    }
    *r = (struct job_results){0};
}
