/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, "scheme://host[:port]/path?query": what is accepted as one, and how one may be shown. */
#ifndef LK_ADDRESS_H
#define LK_ADDRESS_H

#include <stdbool.h>

#include <likeness/status.h>

enum {
    ADDRESS_MAX =
        2000, /* bytes; what servers take at least (RFC 9110, 4.1: 8000), and a line of a log holds */
    ADDRESS_SHOWN = 512, /* room for address_show: as long as lk_error.input */
};

/* Whether the address begins with "scheme://", in whatever case. */
bool address_is(const char *address, const char *scheme);

/* LK_E_USAGE for what is no address of one of the schemes ("http https"), has no host, holds spaces or control characters, is
 * too long, or holds a user or password: those are read from a file (net/credentials.h). The message does not repeat them. */
LK_MUST_CHECK lk_status address_check(const char *address, const char *schemes, lk_error *err);

/* The address as messages have it: without user information and without the query, where cameras take passwords. */
void address_show(char *out, size_t size, const char *address);

#endif
