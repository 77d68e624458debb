/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/camera_sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { RULES_MOST = 256, LINE_MAX_BYTES = 512, HOST_MAX = 253, PORT_ANY = -1 };

static const struct scheme {
    const char *name;
    int32_t port;
} schemes[] = {{"http", 80}, {"https", 443}, {"rtsp", 554}, {"rtsps", 322}};

/* A host, as it is written or as an address: IPv4 in its place among IPv6 (::ffff:0:0/96), so that the two ways to write one are
 * the same. */
struct host {
    char name[HOST_MAX + 1]; /* lower case; "" for an address */
    uint8_t address[16];
    int32_t port;
};

struct rule {
    char line[LINE_MAX_BYTES];
    const struct scheme *scheme; /* NULL: a folder */
    struct host host;
    bool below; /* names below it: "*.NAME" */
    int32_t bits;
    char folder[PATH_MAX];
};

struct camera_sources {
    struct rule *rules;
    size_t count;
};

static const struct scheme *scheme_find(const char *text, size_t length) {
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        if (strlen(schemes[i].name) == length && strncmp(schemes[i].name, text, length) == 0) {
            return &schemes[i];
        }
    }
    return NULL;
}

/* -- Hosts -- */

static bool read_address(uint8_t out[16], const char *text) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, out + 12) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* A name whose last label begins with a digit is a number to some and a name to others ("2130706433", "0x7f.1", "010.0.0.1"). */
static bool is_name(const char *text) {
    size_t n = strlen(text);
    const char *dot = strrchr(text, '.'), *last = dot ? dot + 1 : text;
    for (size_t i = 0; i < n; i++) {
        if (!is_name_char(text[i]) || (text[i] == '.' && (i == 0 || text[i - 1] == '.'))) {
            return false;
        }
    }
    return n > 0 && *last && !(*last >= '0' && *last <= '9');
}

static bool read_port(int32_t *out, const char *text, size_t length) {
    *out = 0;
    if (length == 1 && *text == '*') {
        *out = PORT_ANY;
        return true;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || i == 5) {
            return false;
        }
        *out = *out * 10 + (text[i] - '0');
    }
    return length > 0 && *text != '0' && *out <= 65535;
}

/* "HOST[:PORT]", "[IPv6][:PORT]" of that length; port: the one of whoever says none. */
static bool read_host(struct host *out, const char *text, size_t length, int32_t port) {
    char copy[HOST_MAX + 1];
    bool bracket = length > 0 && text[0] == '[';
    const char *close = bracket ? memchr(text, ']', length) : NULL;
    const char *colon = bracket ? close ? close + 1 : NULL : memchr(text, ':', length);
    size_t n = colon ? (size_t)(colon - text) : length;
    *out = (struct host){.port = port};
    if ((bracket && !close) || n == 0 || n - 2 * (size_t)bracket > HOST_MAX) {
        return false;
    }
    size_t rest = length - n;
    if (rest > 0 && (text[n] != ':' || !read_port(&out->port, text + n + 1, rest - 1))) {
        return false;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)(n - 2 * (size_t)bracket), text + bracket);
    for (char *c = copy; *c; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    }
    if (read_address(out->address, copy) && bracket == (strchr(copy, ':') != NULL)) {
        return true;
    }
    snprintf(out->name, sizeof out->name, "%s", copy);
    return !bracket && is_name(copy);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, int32_t bits) {
    int32_t whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, (size_t)whole) == 0 &&
           (rest == 0 || ((a[whole] ^ b[whole]) & (0xff << (8 - rest))) == 0);
}

static bool host_fits(const struct rule *r, const struct host *h) {
    if (r->host.port != PORT_ANY && r->host.port != h->port) {
        return false;
    }
    if (!r->host.name[0]) {
        return !h->name[0] && same_bits(r->host.address, h->address, r->bits);
    }
    size_t n = strlen(h->name), own = strlen(r->host.name);
    return r->below ? n > own + 1 && h->name[n - own - 1] == '.' &&
                          strcmp(h->name + n - own, r->host.name) == 0
                    : strcmp(h->name, r->host.name) == 0;
}

/* -- Reading -- */

/* "HOST[:PORT]" with * or /BITS. */
static bool read_rule_host(struct rule *r, const char *text) {
    char copy[LINE_MAX_BYTES];
    r->below = strncmp(text, "*.", 2) == 0;
    snprintf(copy, sizeof copy, "%s", text + 2 * r->below);
    char *slash = strchr(copy, '/');
    int32_t bits = -1;
    if (slash) {
        size_t digits = strspn(slash + 1, "0123456789");
        if (digits < 1 || digits > 3) {
            return false;
        }
        bits = atoi(slash + 1);
        memmove(slash, slash + 1 + digits, strlen(slash + 1 + digits) + 1);
    }
    if (!read_host(&r->host, copy, strlen(copy), r->scheme->port)) {
        return false;
    }
    bool four = !strchr(copy, '[');
    r->bits = bits < 0 ? 128 : bits + 96 * four;
    return r->host.name[0] ? bits < 0 : !r->below && bits <= (four ? 32 : 128);
}

static bool read_rule(struct rule *r) {
    char copy[LINE_MAX_BYTES];
    snprintf(copy, sizeof copy, "%s", r->line);
    size_t word = strcspn(copy, " \t");
    const char *rest = copy + word + strspn(copy + word, " \t");
    if (word == 3 && strncmp(copy, "dir", 3) == 0) {
        return realpath(rest, r->folder) != NULL;
    }
    r->scheme = scheme_find(copy, word);
    return r->scheme && *rest && !strpbrk(rest, " \t") && read_rule_host(r, rest);
}

/* Without its comment and the space around it. */
static void trim(char *line) {
    line[strcspn(line, "#\r\n")] = '\0';
    size_t lead = strspn(line, " \t"), n = strlen(line);
    memmove(line, line + lead, n - lead + 1);
    for (n = strlen(line); n > 0 && strchr(" \t", line[n - 1]); n--) {
        line[n - 1] = '\0';
    }
}

static lk_status read_lines(struct camera_sources *s, FILE *file, lk_error *err) {
    char line[LINE_MAX_BYTES];
    for (int32_t number = 1; fgets(line, sizeof line, file); number++) {
        bool whole = strchr(line, '\n') || feof(file);
        trim(line);
        if (!line[0] && whole) {
            continue;
        }
        struct rule *r = &s->rules[s->count];
        memcpy(r->line, line, sizeof r->line);
        if (!whole || s->count == RULES_MOST - 1 || !read_rule(r)) {
            return error_set(err, LK_E_USAGE,
                             "line %d is no source: \"http HOST[:PORT]\" (or https, rtsp, rtsps; a "
                             "name, *.NAME, an address or ADDRESS/BITS) or \"dir FOLDER\" that is "
                             "there; at most %d",
                             (int)number, RULES_MOST - 1);
        }
        s->count++;
    }
    return ferror(file) ? error_set(err, LK_E_IO, "%s", strerror(errno)) : LK_OK;
}

lk_status camera_sources_read(struct camera_sources **out, const char *path, lk_error *err) {
    struct camera_sources *s = mem_calloc(1, sizeof *s);
    *out = s;
    if (s) {
        s->rules = mem_calloc(RULES_MOST, sizeof *s->rules);
    }
    if (!s || !s->rules) {
        return error_memory(err, RULES_MOST * sizeof *s->rules);
    }
    if (!path) {
        return LK_OK;
    }
    FILE *file = fopen(path, "re");
    lk_status status =
        file ? read_lines(s, file, err) : error_set(err, LK_E_IO, "%s", strerror(errno));
    if (file) {
        fclose(file);
    }
    return error_input(err, status, path);
}

void camera_sources_free(struct camera_sources *s) {
    if (s) {
        mem_free(s->rules);
        mem_free(s);
    }
}

const char *camera_sources_at(const struct camera_sources *s, size_t i) {
    return i < s->count ? s->rules[i].line : NULL;
}

/* -- Asking -- */

static bool folder_fits(const struct camera_sources *s, const char *path) {
    char real[PATH_MAX];
    if (path[0] != '/' || !realpath(path, real)) {
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        const char *own = s->rules[i].folder;
        size_t n = strlen(own);
        if (!s->rules[i].scheme && strncmp(real, own, n) == 0 &&
            (real[n] == '/' || real[n] == '\0' || n == 1)) {
            return true;
        }
    }
    return false;
}

/* Printable ASCII alone, and nothing that a reader of addresses may take for something else. */
static bool is_plain(const char *text) {
    for (const char *c = text; *c; c++) {
        if (*c <= ' ' || *c >= 127 || strchr("\\\"<>^`{|}#", *c)) {
            return false;
        }
    }
    return true;
}

bool camera_sources_allow(const struct camera_sources *s, const char *source, char *why,
                          size_t size) {
    struct host host;
    const char *end = strstr(source, "://");
    if (strncmp(source, "dir:", 4) == 0) {
        snprintf(why, size, "that folder is not allowed here, or not there");
        return folder_fits(s, source + 4);
    }
    const struct scheme *scheme = end ? scheme_find(source, (size_t)(end - source)) : NULL;
    const char *authority = end ? end + 3 : "";
    size_t length = strcspn(authority, "/?");
    if (!scheme || !is_plain(source) || memchr(authority, '@', length) ||
        memchr(authority, '*', length) || !read_host(&host, authority, length, scheme->port)) {
        snprintf(why, size,
                 "a source is http(s)://HOST/..., rtsp(s)://HOST/... or dir:/FOLDER, without name "
                 "and password, the host as a name or a usual address");
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->rules[i].scheme == scheme && host_fits(&s->rules[i], &host)) {
            return true;
        }
    }
    snprintf(why, size,
             "that address is not among those allowed here (likeness serve "
             "--camera-sources)");
    return false;
}
