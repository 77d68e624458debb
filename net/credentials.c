/* SPDX-License-Identifier: Apache-2.0 */
#include "net/credentials.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

enum { FILE_MAX = 16 << 10 }; /* bytes: the longest tokens in use (JWT) have some 8 KiB */

static const struct {
    const char *word;
    enum credentials_kind kind;
    bool has_user;
} kinds[] = {
    {"basic ", CREDENTIALS_BASIC, true},
    {"digest ", CREDENTIALS_DIGEST, true},
    {"bearer ", CREDENTIALS_BEARER, false},
    {"hmac ", CREDENTIALS_HMAC, false},
};

static void wipe(char *text) {
    if (text) {
        explicit_bzero(text, strlen(text));
        mem_free(text);
    }
}

void credentials_release(struct credentials *c) {
    if (c) {
        wipe(c->user);
        wipe(c->secret);
        *c = (struct credentials){0};
    }
}

/* As ssh does with its keys, but for the group: services share a file through theirs. Pipes have no such bits. */
static lk_status check_mode(const char *path, lk_error *err) {
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        return error_set(err, LK_E_USAGE,
                         "others may read or change these credentials (mode %03o): chmod 600",
                         (unsigned)(st.st_mode & 0777));
    }
    return LK_OK;
}

/* The one line that counts, made a string in place; NULL when there is none or another. */
static char *only_line(char *text) {
    char *found = NULL, *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        line[strcspn(line, "\r")] = '\0';
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (found) {
            return NULL;
        }
        found = line;
    }
    return found;
}

static lk_status take(struct credentials *out, char *line, lk_error *err) {
    for (size_t i = 0; line && i < ARRAY_COUNT(kinds); i++) {
        size_t length = strlen(kinds[i].word);
        if (strncmp(line, kinds[i].word, length) != 0) {
            continue;
        }
        char *user = line + length, *secret = user;
        if (kinds[i].has_user) {
            char *colon = strchr(user, ':');
            if (!colon) {
                break;
            }
            *colon = '\0';
            secret = colon + 1;
        }
        out->kind = kinds[i].kind;
        out->user = kinds[i].has_user ? mem_strdup(user) : NULL;
        out->secret = mem_strdup(secret);
        return out->secret && (out->user || !kinds[i].has_user) ? LK_OK : error_memory(err, length);
    }
    return error_set(err, LK_E_USAGE,
                     "one line is wanted: \"basic USER:PASSWORD\", \"digest USER:PASSWORD\", "
                     "\"bearer TOKEN\" or \"hmac KEY\"");
}

lk_status credentials_read(struct credentials *out, const char *path, lk_error *err) {
    lk_bytes text = {0};
    *out = (struct credentials){0};
    lk_status status = check_mode(path, err);
    status = status == LK_OK ? file_read(&text, path, FILE_MAX, NULL, err) : status;
    if (status == LK_OK && memchr(text.data, 0, text.size)) {
        status = error_set(err, LK_E_USAGE, "these are no credentials: the file is not text");
    }
    status = status == LK_OK ? take(out, only_line((char *)text.data), err) : status;
    if (status != LK_OK) {
        credentials_release(out);
    }
    if (text.data) {
        explicit_bzero(text.data, text.size);
    }
    lk_bytes_release(&text);
    return error_input(err, status, path);
}
