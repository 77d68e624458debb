/* SPDX-License-Identifier: Apache-2.0 */
/* The NumPy format, version 1.0 (numpy.lib.format): magic, version, length of the header, a Python dictionary padded with spaces to
 * a newline, then the elements. The header here is 128 bytes whatever the count, so that it can be written again. */
#include "cli/embed_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { HEADER = 128, HEADER_START = 10, LIST_MOST = 1 << 30 };

static lk_status fail(lk_error *err, lk_status status, const char *path, const char *text) {
    *err = (lk_error){.status = status};
    snprintf(err->input, sizeof err->input, "%.500s", path);
    snprintf(err->text, sizeof err->text, "%.400s", text);
    return status;
}

static lk_status write_header(struct npy *n, lk_error *err) {
    char header[HEADER + 1];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER - HEADER_START; /* two bytes, the low one first */
    header[9] = 0;
    int length = snprintf(header + HEADER_START, HEADER - HEADER_START,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %d), }",
                          (long long)n->count, n->dim);
    header[HEADER_START + length] = ' ';
    header[HEADER - 1] = '\n';
    bool ok = fseek(n->rows, 0, SEEK_SET) == 0 && fwrite(header, HEADER, 1, n->rows) == 1 &&
              fseek(n->rows, 0, SEEK_END) == 0;
    return ok ? LK_OK : fail(err, LK_E_WRITE, "the .npy file", strerror(errno));
}

/* Name and checksum of the model, and whether vectors are of length 1: what the rows of a file have in common. */
static void model_line(char *out, size_t size, const lk_model *model, bool normalized) {
    const lk_model_card *card = lk_model_card_of(model);
    snprintf(out, size, "%s %s %d%s\n", card->name, card->sha256, lk_model_dim(model),
             normalized ? " normalized" : "");
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Cuts the list of paths into lines; an incomplete last one is dropped. */
static lk_status read_known(struct npy *n, const char *path, lk_error *err) {
    lk_status status = file_read(&n->list, path, LIST_MOST, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    size_t lines = 0;
    for (size_t i = 0; i < n->list.size; i++) {
        lines += n->list.data[i] == '\n';
    }
    n->known.items = mem_calloc(lines + 1, sizeof *n->known.items);
    if (!n->known.items) {
        return fail(err, LK_E_MEMORY, path, "the list does not fit into memory");
    }
    char *at = (char *)n->list.data;
    for (size_t i = 0; i < lines; i++) {
        char *end = strchr(at, '\n');
        *end = '\0';
        n->known.items[i] = at;
        at = end + 1;
    }
    n->known.count = lines;
    n->count = (int64_t)lines;
    return LK_OK;
}

/* Rows and paths are cut to the shorter of the two. */
static lk_status align(struct npy *n, const char *rows, const char *paths, lk_error *err) {
    struct stat info;
    if (stat(rows, &info) != 0 || info.st_size < HEADER) {
        return fail(err, LK_E_CORRUPT, rows, "not a file that embed wrote");
    }
    int64_t complete = (info.st_size - HEADER) / ((int64_t)n->dim * 4);
    n->count = complete < n->count ? complete : n->count;
    off_t length = 0;
    for (int64_t i = 0; i < n->count; i++) {
        length += (off_t)strlen(n->known.items[i]) + 1;
    }
    n->known.count = (size_t)n->count;
    qsort(n->known.items, n->known.count, sizeof *n->known.items, by_text);
    bool ok = truncate(rows, HEADER + n->count * n->dim * 4) == 0 && truncate(paths, length) == 0;
    return ok ? LK_OK : fail(err, LK_E_WRITE, rows, strerror(errno));
}

static lk_status check_model(const char *path, const char *line, lk_error *err) {
    lk_bytes text;
    lk_status status = file_read(&text, path, 4096, NULL, err);
    if (status == LK_OK && strcmp((const char *)text.data, line) != 0) {
        status = fail(err, LK_E_USAGE, path,
                      "the file's rows are of another model, or normalized where these are not");
    }
    lk_bytes_release(&text);
    return status;
}

lk_status npy_open(struct npy *n, const char *path, const lk_model *model,
                   const struct npy_options *options, lk_error *err) {
    char paths[4096], of_model[4096], line[256];
    *n = (struct npy){.dim = lk_model_dim(model)};
    snprintf(paths, sizeof paths, "%s.paths", path);
    snprintf(of_model, sizeof of_model, "%s.model", path);
    model_line(line, sizeof line, model, options->normalized);
    bool resume = options->resume;
    bool there = access(path, F_OK) == 0;
    lk_status status = LK_OK;
    if (there && resume) {
        status = check_model(of_model, line, err);
        if (status == LK_OK) {
            status = read_known(n, paths, err);
        }
        if (status == LK_OK) {
            status = align(n, path, paths, err);
        }
    } else {
        status = file_write(of_model, line, strlen(line), err);
    }
    if (status != LK_OK) {
        return status;
    }
    bool go_on = there && resume;
    n->rows = fopen(path, go_on ? "r+b" : "w+b");
    n->paths = fopen(paths, go_on ? "ab" : "wb");
    if (!n->rows || !n->paths) {
        return fail(err, LK_E_WRITE, path, strerror(errno));
    }
    return write_header(n, err);
}

lk_status npy_add(struct npy *n, const char *path, const float *vector, lk_error *err) {
    bool ok = fwrite(vector, sizeof *vector, (size_t)n->dim, n->rows) == (size_t)n->dim &&
              fflush(n->rows) == 0 && fprintf(n->paths, "%s\n", path) > 0 && fflush(n->paths) == 0;
    n->count += ok ? 1 : 0;
    return ok ? LK_OK : fail(err, LK_E_WRITE, path, strerror(errno));
}

bool npy_has(const struct npy *n, const char *path) {
    return n->known.count > 0 &&
           bsearch(&path, n->known.items, n->known.count, sizeof *n->known.items, by_text) != NULL;
}

lk_status npy_close(struct npy *n, lk_error *err) {
    lk_status status = n->rows ? write_header(n, err) : LK_OK;
    bool rows = !n->rows || fclose(n->rows) == 0, paths = !n->paths || fclose(n->paths) == 0;
    if (status == LK_OK && !(rows && paths)) {
        status = fail(err, LK_E_WRITE, "the .npy file", strerror(errno));
    }
    mem_free(n->known.items);
    lk_bytes_release(&n->list);
    *n = (struct npy){0};
    return status;
}
