/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request may be: who asks, what the route wants, and how much was asked for this minute. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/server.h"

/* What one unit of work is: a request that computes, or a mebibyte that is sent. */
static const double light_units = 0.05, unit_bytes = 1 << 20;

int32_t route_scope(const struct route *route) {
    bool reads = strcmp(route->method, "GET") == 0;
    return route->scope != 0 ? route->scope
           : route->is_page  ? SCOPE_FREE
           : reads           ? SCOPE_READ
                             : SCOPE_MANAGE;
}

const char *session_cookie(const struct server *s) {
    return s->options->behind_proxy ? "__Host-likeness" : "likeness";
}

static void key_of_v4(char out[BUCKET_KEY], const uint8_t b[4]) {
    snprintf(out, BUCKET_KEY, "4 %02x%02x%02x%02x", b[0], b[1], b[2], b[3]);
}

/* An IPv6 host is its network of 64 bits, of which it may have all addresses; one of IPv4 may be written as one of IPv6. */
static void key_of_v6(char out[BUCKET_KEY], const struct in6_addr *address) {
    const uint8_t *b = address->s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        key_of_v4(out, b + 12);
        return;
    }
    snprintf(out, BUCKET_KEY, "6 %02x%02x%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
             b[5], b[6], b[7]);
}

/* A proxy says whom it asks for as the last of the list; others may say what they like. */
static void key_of_forwarded(char out[BUCKET_KEY], const char *list) {
    char text[BUCKET_KEY - 4];
    uint8_t v4[4];
    struct in6_addr v6;
    const char *comma = strrchr(list, ','), *last = comma ? comma + 1 : list;
    last += strspn(last, " \t");
    snprintf(text, sizeof text, "%.*s", (int)strcspn(last, " \t"), last);
    if (inet_pton(AF_INET, text, v4) == 1) {
        key_of_v4(out, v4);
    } else if (inet_pton(AF_INET6, text, &v6) == 1) {
        key_of_v6(out, &v6);
    } else {
        snprintf(out, BUCKET_KEY, "a %s", text);
    }
}

void request_address(char out[BUCKET_KEY], const struct request *r) {
    const char *forwarded = request_header(r, "X-Forwarded-For");
    const union MHD_ConnectionInfo *info =
        r->server->http.MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    snprintf(out, BUCKET_KEY, "-");
    if (r->server->options->behind_proxy && forwarded) {
        key_of_forwarded(out, forwarded);
    } else if (info && info->client_addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, info->client_addr, sizeof v4);
        key_of_v4(out, (const uint8_t *)&v4.sin_addr);
    } else if (info && info->client_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, info->client_addr, sizeof v6);
        key_of_v6(out, &v6.sin6_addr);
    }
}

/* The value of a cookie; false without it. */
static bool find_cookie(char *out, size_t size, const struct request *r, const char *name) {
    const char *all = request_header(r, "Cookie");
    size_t length = strlen(name);
    for (const char *at = all; at && *at; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            size_t n = strcspn(at + length + 1, "; ");
            snprintf(out, size, "%.*s", (int)(n < size ? n : 0), at + length + 1);
            return true;
        }
    }
    return false;
}

/* By a token that programs send, or by the cookie of a browser. *by_cookie: a page of ours must be the one that asks. */
static bool find_caller(struct request *r, bool *by_cookie) {
    char secret[LK_TOKEN_SECRET_MAX];
    const char *header = request_header(r, "Authorization");
    *by_cookie = false;
    if (header && strncasecmp(header, "Bearer ", 7) == 0) {
        return access_find(&r->who, &r->server->access, header + 7 + strspn(header + 7, " "));
    }
    *by_cookie = find_cookie(secret, sizeof secret, r, session_cookie(r->server));
    return *by_cookie && access_find(&r->who, &r->server->access, secret);
}

static void charge(struct request *r, double units) {
    char key[BUCKET_KEY];
    request_address(key, r);
    if (r->who.id[0]) {
        snprintf(key, sizeof key, "t %s", r->who.token);
    }
    if (!access_charge(&r->retry_after_s, &r->server->access, key, units)) {
        answer_problem(r, 429, "rate-limited", "more than %d units of work in a minute (--rate)",
                       (int)r->server->options->rate);
    }
}

static void charge_head(struct request *r) {
    const char *length = request_header(r, "Content-Length");
    double bytes = length ? (double)strtoll(length, NULL, 10) : 0;
    charge(r, (r->route->computes ? 1 : light_units) + bytes / unit_bytes);
}

void admit_body(struct request *r) {
    charge(r, (double)r->body_size / unit_bytes);
}

static void check_caller(struct request *r) {
    char wanted[LK_TOKEN_SCOPES_MAX];
    int32_t scope = route_scope(r->route);
    bool by_cookie, known = find_caller(r, &by_cookie);
    bool changes = strcmp(r->route->method, "GET") != 0;
    bool says_page = request_header(r, "Origin") || request_header(r, "Sec-Fetch-Site");
    if (scope & SCOPE_FREE) {
        return;
    }
    if (!known) {
        answer_problem(r, 401, "unauthorized", "a token is wanted (likeness serve --auth token)");
    } else if (!(r->who.scopes & scope)) {
        scopes_write(wanted, sizeof wanted, scope);
        answer_problem(r, 403, "forbidden", "this wants one of the scopes: %s", wanted);
    } else if (by_cookie && changes && !says_page) {
        answer_problem(r, 403, "other-origin", "a browser says which page asks (Origin)");
    }
}

void admit(struct request *r) {
    if (r->server->options->auth) {
        check_caller(r);
    } else {
        r->who.scopes = SCOPE_ALL;
    }
    if (!r->is_ready && (r->route->computes || !(route_scope(r->route) & SCOPE_FREE))) {
        charge_head(r);
    }
}
