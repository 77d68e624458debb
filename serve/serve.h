/* SPDX-License-Identifier: Apache-2.0 */
/* The web service: `likeness serve`. */
#ifndef LK_SERVE_H
#define LK_SERVE_H

#include <likeness/image.h>
#include <likeness/machine.h>
#include <likeness/store.h>

#include "base/compiler.h"

/* A folder that jobs may read, under a name. */
struct serve_collection {
    const char *name, *folder;
};

struct serve_options {
    const char *listen;           /* ADDRESS:PORT; port 0: any that is free */
    const char *db;               /* folder of the store, made where it is not there */
    const lk_blob_options *blobs; /* where its pictures lie */
    bool behind_proxy;            /* other addresses than loopback's are allowed */
    const char *const *hosts;     /* names it answers to besides loopback's */
    size_t host_count;
    int64_t max_body;      /* bytes of a request */
    int64_t keep_bytes;    /* of uploaded pictures, and as much again for pictures of results */
    int64_t decoded_bytes; /* of pictures kept decoded, for the requests after */
    int64_t kept_bytes; /* of files beside verdicts, in the store; 0: in memory for a while alone */
    int64_t kept_ms;    /* how long; 0: as long as there is room */
    int32_t workers;    /* requests that compute at once, each with a process that decodes for it */
    int32_t queue;      /* requests that may wait for one */
    bool auth;          /* a token of the store is wanted (likeness/service.h) */
    int32_t rate;       /* units of work a minute for a token or an address; 0: no limit */
    const struct serve_collection *collections;
    size_t collection_count;
    const char *work;           /* folder for indexes of collections and for jobs while they run */
    int32_t jobs;               /* that run at once */
    const char *camera_sources; /* file of what cameras added here may look at; NULL: nothing */
    const lk_limits *limits;
    const char
        *models; /* folder of installed models (likeness model add); NULL: only the one built in */
    const char *cpu;                         /* lk_engine_options */
    const int *stop;                         /* not 0: answers what it has begun, then ends */
    const char *(*schema)(const char *name); /* the JSON Schema of that name; NULL for none */
    void (*ready)(void *arg, const char *url, const char *sandbox); /* it answers from now on */
    void *arg;
};

/* Serves until *stop. The caller has one thread. LK_E_USAGE for an address that cannot be one or is not loopback's, LK_E_IO when
 * it is in use, LK_E_FORMAT without libmicrohttpd, and as lk_store_open. */
MUST_CHECK lk_status serve_run(const struct serve_options *options, lk_error *err);

/* The library that the service is built on, as lk_library_at tells of the others. */
lk_library_info serve_library(void);

/* For messages; a role stands for several scopes. */
#define SCOPE_WORDS "read,compare,verify,decide,manage,admin"
#define ROLE_WORDS "viewer,operator,reviewer,manager"
/* The scopes of a list, "read,verify" or "operator", as a token keeps them; false for words that are none. */
bool serve_scopes(char *out, size_t size, const char *text);

#endif
