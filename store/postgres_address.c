/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of databases. They may hold a password, and what libpq says of a wrong one quotes it, so that nothing of it is told but
 * what was understood: host, port, user and name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/postgres.h"

enum { ADDRESS_MAX = 16384 };

static lk_status no_address(lk_error *err, const char *why) {
    lk_status status = error_set(err, LK_E_USAGE,
                                 "%s: it is postgresql://USER@HOST/NAME, and what is special in a "
                                 "part of it is written %%2F, %%40",
                                 why);
    return error_input(err, status, "the address of the database");
}

void postgres_address_release(struct postgres_address *a) {
    mem_free(a->libpq);
    mem_free(a->shown);
    mem_free(a->blobs);
    mem_free(a->cache);
    *a = (struct postgres_address){0};
}

/* -- Our settings -- */

static int digit_of(char c) {
    const char *digits = "0123456789abcdef", *at = strchr(digits, c >= 'A' ? c | 32 : c);
    return c && at ? (int)(at - digits) : -1;
}

/* A text of which %2F and the like stand for bytes; false for what is none. */
static bool decode(char **out, const char *text, size_t size) {
    char *to = *out = mem_alloc(size + 1, 1);
    bool right = to != NULL;
    for (size_t i = 0; right && i < size; i++) {
        int high = text[i] == '%' && i + 2 < size ? digit_of(text[i + 1]) : -1;
        int low = high >= 0 ? digit_of(text[i + 2]) : -1;
        right = text[i] != '%' || (low >= 0 && high + low > 0);
        *to++ = text[i] == '%' ? (char)(16 * high + low) : text[i];
        i += text[i] == '%' ? 2 : 0;
    }
    if (to) {
        *to = '\0';
    }
    return right;
}

/* Takes `name=VALUE` out of the settings behind the question mark. */
static bool take_out(char **value, char *address, const char *name) {
    size_t length = strlen(name);
    char *at = strchr(address, '?');
    while (at && !(strncmp(at + 1, name, length) == 0 && at[1 + length] == '=')) {
        at = strchr(at + 1, '&');
    }
    if (!at) {
        return true;
    }
    char *from = at + 2 + length, *end = from + strcspn(from, "&");
    bool right = decode(value, from, (size_t)(end - from)) && **value;
    if (*end) { /* the sign in front stays for the next setting */
        memmove(at + 1, end + 1, strlen(end + 1) + 1);
    } else {
        *at = '\0';
    }
    return right;
}

static bool take_near(struct postgres_address *a) {
    char *text = NULL;
    bool right = take_out(&text, a->libpq, "likeness_near");
    a->near_least = POSTGRES_NEAR_LEAST;
    if (right && text) {
        right = strlen(text) <= 15 && strspn(text, "0123456789") == strlen(text);
        a->near_least = strtoll(text, NULL, 10);
    }
    mem_free(text);
    return right;
}

/* -- What is shown -- */

static const char *option(const PQconninfoOption *all, const char *name) {
    for (; all->keyword; all++) {
        if (strcmp(all->keyword, name) == 0) {
            return all->val && *all->val ? all->val : NULL;
        }
    }
    return NULL;
}

/* Whether each part can be what it is said to be, and no piece of a password that was written wrongly. */
static bool is_plausible(const PQconninfoOption *all) {
    const char *port = option(all, "port"), *host = option(all, "host");
    const char *name = option(all, "dbname"), *user = option(all, "user");
    return (!port || strspn(port, "0123456789,") == strlen(port)) &&
           (!host || !strchr(host, '@')) && (!name || !strpbrk(name, "@:/?=")) &&
           (!user || !strpbrk(user, "@:/"));
}

static void add_part(struct buf *b, const char *text) {
    for (; *text; text++) {
        bool plain = strchr("/-._,[]", *text) || (*text >= '0' && *text <= '9') ||
                     (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        buf_printf(b, plain ? "%c" : "%%%02X", (unsigned char)*text);
    }
}

static void show(struct buf *b, const PQconninfoOption *all) {
    const char *port = option(all, "port"), *host = option(all, "host");
    const char *name = option(all, "dbname"), *user = option(all, "user");
    bool folder = host && host[0] == '/';
    buf_add_text(b, "postgresql://");
    if (user) {
        add_part(b, user);
        buf_add_text(b, "@");
    }
    if (host && !folder) {
        bool bare = strchr(host, ':') != NULL; /* of IPv6 */
        buf_printf(b, bare ? "[%s]" : "%s", host);
    }
    if (port && !strchr(port, ',')) {
        buf_printf(b, ":%s", port);
    }
    buf_add_text(b, "/");
    add_part(b, name ? name : "");
    if (folder) {
        buf_add_text(b, "?host=");
        add_part(b, host);
    }
}

lk_status postgres_address(struct postgres_address *out, const struct pq_calls *lib,
                           const char *text, lk_error *err) {
    struct buf shown;
    lk_bytes bytes = {0};
    char *why = NULL;
    *out = (struct postgres_address){0};
    if (strlen(text) > ADDRESS_MAX) {
        return no_address(err, "it is too long");
    }
    out->libpq = mem_strdup(text);
    if (!out->libpq) {
        return error_memory(err, strlen(text));
    }
    if (!take_out(&out->blobs, out->libpq, "likeness_blobs") ||
        !take_out(&out->cache, out->libpq, "likeness_cache")) {
        return no_address(err, "likeness_blobs and likeness_cache name a folder");
    }
    if (!take_near(out)) {
        return no_address(err, "likeness_near takes a number of references");
    }
    PQconninfoOption *all = lib->PQconninfoParse(out->libpq, &why);
    lib->PQfreemem(why); /* it quotes the password */
    if (!all || !is_plausible(all)) {
        lib->PQconninfoFree(all);
        return no_address(err, "this is no address of a database");
    }
    buf_init(&shown, ADDRESS_MAX);
    show(&shown, all);
    lib->PQconninfoFree(all);
    lk_status status = buf_finish(&shown, &bytes, err);
    out->shown = (char *)bytes.data;
    return status;
}
