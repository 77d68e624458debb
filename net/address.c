/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

bool address_is(const char *address, const char *scheme) {
    size_t length = strlen(scheme);
    return strncasecmp(address, scheme, length) == 0 && strncmp(address + length, "://", 3) == 0;
}

static bool scheme_listed(const char *address, const char *schemes) {
    char name[16];
    for (const char *at = schemes; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (address_is(address, name)) {
            return true;
        }
        at += length;
    }
    return false;
}

/* Where the host, with its user information and port, begins, and how long that is. */
static const char *authority(const char *address, size_t *length) {
    const char *from = strstr(address, "://");
    from = from ? from + 3 : address;
    *length = strcspn(from, "/?#\\");
    return from;
}

/* What follows "user:password@"; hosts hold no @. */
static const char *host(const char *address, size_t *length) {
    const char *from = authority(address, length);
    const char *at = memrchr(from, '@', *length);
    if (at) {
        *length -= (size_t)(at + 1 - from);
        from = at + 1;
    }
    return from;
}

static lk_status refuse(const char *address, const char *why, lk_error *err) {
    char shown[ADDRESS_SHOWN];
    address_show(shown, sizeof shown, address);
    return error_input(err, error_set(err, LK_E_USAGE, "%s", why), shown);
}

lk_status address_check(const char *address, const char *schemes, lk_error *err) {
    size_t length, with_user;
    for (const unsigned char *c = (const unsigned char *)address; *c; c++) {
        if (*c <= ' ' || *c == 0x7f) {
            return refuse(address, "an address holds no spaces or control characters", err);
        }
    }
    if (strlen(address) > ADDRESS_MAX) {
        return refuse(address, "the address is longer than 2,000 bytes", err);
    }
    if (!scheme_listed(address, schemes)) {
        char why[128];
        snprintf(why, sizeof why, "the address must begin with one of: %s", schemes);
        return refuse(address, why, err);
    }
    if (host(address, &length) != authority(address, &with_user)) {
        return refuse(address,
                      "a user or password in the address would be seen by everybody: give a file "
                      "of credentials",
                      err);
    }
    return length ? LK_OK : refuse(address, "the address names no host", err);
}

void address_show(char *out, size_t size, const char *address) {
    size_t length;
    const char *from = host(address, &length);
    const char *scheme = strstr(address, "://");
    size_t path = length + strcspn(from + length, "?#");
    snprintf(out, size, "%.*s%.*s%s", scheme ? (int)(scheme + 3 - address) : 0, address, (int)path,
             from, from[path] == '?' ? "?..." : "");
    for (unsigned char *c = (unsigned char *)out; *c; c++) {
        if (*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}
