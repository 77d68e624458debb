/* SPDX-License-Identifier: Apache-2.0 */
/* Where cameras that are added over HTTP may have their frames from: what the operator allowed in a file, and nothing else. The
 * service itself fetches none of them, likeness watch does; who may add cameras could otherwise make it ask any address that it
 * reaches (server-side request forgery). */
#ifndef LK_CAMERA_SOURCES_H
#define LK_CAMERA_SOURCES_H

#include <likeness/status.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct camera_sources;

/* Lines of a file: "SCHEME HOST[:PORT]" (http, https, rtsp, rtsps; HOST a name, *.NAME, an address, or ADDRESS/BITS, of IPv6 in
 * brackets; without PORT the scheme's own, :* any) or "dir FOLDER"; # begins a comment. path NULL: nothing is allowed. LK_E_USAGE
 * names the line that is none, LK_E_IO. */
MUST_CHECK lk_status camera_sources_read(struct camera_sources **out, const char *path,
                                         lk_error *err);
void camera_sources_free(struct camera_sources *s);

/* Whether the source is one of them; why not, for people, otherwise. Strict about how an address is written: what may be read in
 * two ways is refused. */
bool camera_sources_allow(const struct camera_sources *s, const char *source, char *why,
                          size_t size);
/* The i-th line as it was written; NULL behind the last. */
const char *camera_sources_at(const struct camera_sources *s, size_t i);

#endif
