/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, what he may, and how much a minute. Tokens are read from the store every other second and looked up in memory, so that
 * the thread that takes requests never waits for a store. */
#ifndef LK_ACCESS_H
#define LK_ACCESS_H

#include <likeness/service.h>

#include <pthread.h>
#include <stdint.h>

enum scope {
    SCOPE_READ = 1,
    SCOPE_COMPARE = 2,
    SCOPE_VERIFY = 4,
    SCOPE_DECIDE = 8,
    SCOPE_MANAGE = 16,
    SCOPE_ADMIN = 32,
    SCOPE_ALL = 63,
    SCOPE_FREE = 64, /* of a route: nobody need log in */
};
/* Of a list of scopes or roles with spaces or commas between; -1 for a word that is neither. */
int32_t scopes_read(const char *text);
/* The words of what is set, with a space between. */
void scopes_write(char *out, size_t size, int32_t scopes);

/* Who asks. */
struct caller {
    char id[LK_TOKEN_ID_MAX + 1];    /* of the token or session; empty where nobody logs in */
    char token[LK_TOKEN_ID_MAX + 1]; /* the session's token, or the same */
    char name[64];                   /* for the record; empty where nobody logs in */
    int32_t scopes;
};

enum { BUCKETS = 2048, BUCKET_KEY = 48, FAILURES_FREE = 5, FAILURE_WAIT_MOST_S = 300 };

struct access {
    pthread_mutex_t lock;
    lk_store *store; /* of the thread that tends it */
    struct pass *passes;
    size_t count, room;
    double read_s, written_s; /* when */
    int32_t rate;             /* units a minute; 0: no limit */
    struct bucket {
        char key[BUCKET_KEY]; /* of a token, or an address */
        double units, at_s;
        int32_t failures;
        double closed_until_s; /* for logging in */
    } * buckets;
};

/* of: the store that is opened again for it; NULL where nobody logs in. */
lk_status access_open(struct access *a, const lk_store *of, int32_t rate, lk_error *err);
void access_close(struct access *a);
/* Now and then, by one thread: reads tokens, writes when they were used. */
void access_tend(struct access *a);
/* Reads the tokens now, from this store. */
lk_status access_read(struct access *a, lk_store *store, lk_error *err);

/* Whose secret it is; false for nobody's. */
bool access_find(struct caller *out, struct access *a, const char *secret);
/* Whether the token or session of that id may still be used. */
bool access_holds(struct access *a, const char *id);
/* Takes units of work from what the key may still do; else false, and in how many seconds it may. */
bool access_charge(int32_t *wait_s, struct access *a, const char *key, double units);
/* Seconds that the address must wait before it may try to log in again; 0 for none. */
int32_t access_login_wait(struct access *a, const char *address);
void access_login_note(struct access *a, const char *address, bool succeeded);

#endif
