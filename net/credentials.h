/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are to a server, from a file: never from an address, an option or the environment. The file holds one line,
 *
 *     basic USER:PASSWORD        sent as it is (RFC 7617): over https, or in a network that is trusted
 *     digest USER:PASSWORD       as a hash over a number the server gives (RFC 7616)
 *     bearer TOKEN               RFC 6750
 *     hmac KEY                   what we send is signed with it (watch/notify_webhook.c); shown to nobody
 *
 * and besides it only empty lines and lines that begin with #. A user holds no colon; the password is all that follows the
 * first one, to the end of the line. */
#ifndef LK_CREDENTIALS_H
#define LK_CREDENTIALS_H

#include <likeness/status.h>

enum credentials_kind {
    CREDENTIALS_NONE,
    CREDENTIALS_BASIC,
    CREDENTIALS_DIGEST,
    CREDENTIALS_BEARER,
    CREDENTIALS_HMAC
};

struct credentials {
    enum credentials_kind kind;
    char *user;   /* owned; NULL for a token or key */
    char *secret; /* owned; the password, token or key */
};

/* LK_E_IO when the file cannot be read, LK_E_USAGE when it holds something else or may be read by others than its owner and
 * group, or written by its group; err names the file and never repeats what it holds. */
LK_MUST_CHECK lk_status credentials_read(struct credentials *out, const char *path, lk_error *err);
/* Overwrites the secret first; accepts NULL and empty. */
void credentials_release(struct credentials *c);

#endif
