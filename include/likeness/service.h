/* SPDX-License-Identifier: Apache-2.0 */
/* What the web service keeps in a store beside references and verdicts: who may ask, what was answered under a key that a client
 * chose, what a person decided on a verdict, and the files made beside one. Times are milliseconds since 1970. */
#ifndef LIKENESS_SERVICE_H
#define LIKENESS_SERVICE_H

#include <likeness/audit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- Tokens -- */

enum { LK_TOKEN_ID_MAX = 16, LK_TOKEN_SECRET_MAX = 80, LK_TOKEN_SCOPES_MAX = 64 };
/* Of one token at a time: whoever begins one more ends the oldest. */
enum { LK_TOKEN_SESSIONS_MOST = 100 };

/* During a visit everything is borrowed. */
typedef struct lk_token {
    const char *id;     /* told in lists and logs */
    const char *hash;   /* SHA-256 of the secret, in hex: the secret itself is not kept */
    const char *parent; /* of a session of a browser: the token it was begun with; else empty */
    const char *name;
    const char *scopes; /* words with spaces between, checked by whoever uses them */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t used_ms;    /* 0: never */
    bool is_revoked;
} lk_token;

/* What is made of a token; all borrowed. */
typedef struct lk_token_draft {
    const char *parent; /* NULL: a token of its own, of which the log tells; else a session */
    const char *name, *scopes;
    int64_t expires_ms;
    const char *actor; /* NULL for nobody */
} lk_token_draft;

/* Makes a token; secret gets what is to be shown once, "lk_" and 64 hexadecimal digits of 256 random bits, id its name in lists.
 * LK_E_USAGE for a name or scopes out of range; LK_E_WRITE, LK_E_MEMORY, LK_E_IO without random numbers. */
LK_API LK_MUST_CHECK lk_status lk_token_add(char secret[LK_TOKEN_SECRET_MAX],
                                            char id[LK_TOKEN_ID_MAX + 1], lk_store *store,
                                            const lk_token_draft *draft, lk_error *err);
/* Calls visit with each, oldest first, until it returns false; a session is revoked and ends with its token. LK_E_IO,
 * LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_token_visit(lk_store *store,
                                              bool (*visit)(void *arg, const lk_token *t),
                                              void *arg, lk_error *err);
/* Takes it, and the sessions begun with it, out of use for good. LK_E_IO when there is none in use. */
LK_API LK_MUST_CHECK lk_status lk_token_revoke(lk_store *store, const char *id, const char *actor,
                                               lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_token_used(lk_store *store, const char *id, int64_t at_ms,
                                             lk_error *err);
/* The SHA-256 of a secret, as the store keeps it. */
LK_API void lk_token_hash(char out[65], const char *secret);

/* -- Answers under a key -- */

enum { LK_ANSWER_KEPT_H = 24, LK_ANSWER_BODY_MAX = 4 << 20 };

typedef enum lk_answer_state {
    LK_ANSWER_FRESH,   /* nobody asked so; it is the caller's to answer */
    LK_ANSWER_KEPT,    /* it was answered: status, place and body say how */
    LK_ANSWER_RUNNING, /* somebody is at it */
    LK_ANSWER_OTHER,   /* something else was asked under this key */
} lk_answer_state;

/* Who asked what, under which key; all borrowed. */
typedef struct lk_answer_key {
    const char *owner, *name; /* of the client, the key it chose */
    const char *digest;       /* of what was asked */
    const char *holder;       /* who answers: others take over when its lease has run out */
    int32_t lease_ms;
} lk_answer_key;

typedef struct lk_answer {
    int32_t status;
    char place[200];
    lk_bytes body; /* text */
} lk_answer;

/* What is known under the key; answers of more than LK_ANSWER_KEPT_H hours ago are forgotten. The caller releases out->body.
 * LK_E_WRITE, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_answer_begin(lk_answer_state *state, lk_answer *out,
                                               lk_store *store, const lk_answer_key *key,
                                               lk_error *err);
/* Keeps the answer; within the transaction of what it tells of. LK_E_CANCELLED when the key is not the holder's any more. */
LK_API LK_MUST_CHECK lk_status lk_answer_end(lk_store *store, const lk_answer_key *key,
                                             const lk_answer *answer, lk_error *err);
/* There is no answer to be kept: whoever asks again is FRESH. */
LK_API LK_MUST_CHECK lk_status lk_answer_drop(lk_store *store, const lk_answer_key *key,
                                              lk_error *err);

/* -- Decisions -- */

typedef struct lk_decision {
    int64_t verdict; /* the entry of the log that it is about, of kind "verify" */
    const char *word, *reason, *actor;
} lk_decision;

/* Adds an entry "decision" about the verdict to the log; it counts from here on. *entry is its number. LK_E_IO when there is no
 * such verdict, LK_E_USAGE, LK_E_WRITE, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_decision_add(int64_t *entry, lk_store *store,
                                               const lk_decision *decision, lk_error *err);
/* Calls visit with the newest decision on each verdict from the first to the last: verdict and word, and its entry of the log,
 * which has the rest. LK_E_IO, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_decision_visit(lk_store *store, int64_t first, int64_t last,
                                                 void (*visit)(void *arg, const lk_decision *d,
                                                               int64_t entry),
                                                 void *arg, lk_error *err);

/* -- What others change -- */

/* Bits: of what somebody, in whatever process, may have changed something. */
enum { LK_CHANGE_REFERENCES = 1, LK_CHANGE_JOBS = 2, LK_CHANGE_NEWS = 4, LK_CHANGE_ALL = 7 };

/* A number that grows with each change of which references are in use, or of what is derived from them. LK_E_IO, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_store_changes(int64_t *out, lk_store *store, lk_error *err);

/* Hears of changes when they are committed, over a connection of its own, where the store's database tells of them: PostgreSQL
 * does. For one thread. */
typedef struct lk_notices lk_notices;
/* *out is NULL for a store in a folder. Nothing is asked of the server as yet. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_notices_open(lk_notices **out, const lk_store *store,
                                               lk_error *err);
/* Waits until something was changed, for wait_ms at most; *changes has its bits, and all of them when a connection was just made:
 * nobody knows what was said before. LK_E_IO and the like while there is no connection, after the wait: another is made by a later
 * call, every second or so. */
LK_API LK_MUST_CHECK lk_status lk_notices_wait(unsigned *changes, lk_notices *n, int32_t wait_ms,
                                               lk_error *err);
LK_API void lk_notices_close(lk_notices *n);

/* -- Files made beside a verdict -- */

enum { LK_KEPT_NAME_MAX = 31, LK_KEPT_TYPE_MAX = 63 };

/* What files have inside, and is large: it is kept once, however many of them have it. */
typedef struct lk_kept_piece {
    const void *data; /* borrowed until lk_kept_free */
    size_t size;
    bool
        is_shared; /* other verdicts may have it too, as a photo: it is kept once for all of them */
    bool is_base64; /* files may have it as base64 */
} lk_kept_piece;

typedef struct lk_kept_file {
    const char *name; /* 1 to LK_KEPT_NAME_MAX of letters, digits and ._- */
    const char *type; /* of its content */
    const void *data; /* NULL in a list */
    size_t size;
} lk_kept_file;

/* The files of one verdict on their way into the store: pieces go to the disk at once, which takes long and needs no lock; files
 * are made of them and of little else, so that they can be written with the verdict's entry of the log. */
typedef struct lk_kept lk_kept;

/* LK_E_WRITE, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_kept_new(lk_kept **out, lk_store *store,
                                           const lk_kept_piece *pieces, size_t count,
                                           lk_error *err);
/* Adds a file; `pieces` of them, from the first, are looked for in it, in their order. LK_E_USAGE for a name or type, LK_E_LIMIT,
 * LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_kept_add(lk_kept *kept, const lk_kept_file *file, size_t first,
                                           size_t pieces, lk_error *err);
/* Writes them as those of the entry, which has none as yet; within the transaction of the entry. LK_E_WRITE, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_kept_put(lk_kept *kept, int64_t entry, lk_error *err);
/* lasts: that transaction did. Accepts NULL. */
LK_API void lk_kept_free(lk_kept *kept, bool lasts);

/* Calls visit with each file of the entry, without its data. LK_E_IO, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_kept_list(lk_store *store, int64_t entry,
                                            void (*visit)(void *arg, const lk_kept_file *file),
                                            void *arg, lk_error *err);
/* The same with the data, which is what was added, to the bit, of those that `wants` wants by their name. LK_E_IO when it is
 * missing, LK_E_CORRUPT when it was changed. */
LK_API LK_MUST_CHECK lk_status lk_kept_read(lk_store *store, int64_t entry,
                                            bool (*wants)(void *arg, const char *name),
                                            void (*visit)(void *arg, const lk_kept_file *file),
                                            void *arg, lk_error *err);

/* Forgets the files of the oldest entries, a few at a time, until they have at most most_bytes in all and none is older than age_ms
 * (0: however old); *more: there may still be some to be forgotten. The log stays as it is. LK_E_WRITE, LK_E_IO, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_kept_prune(bool *more, lk_store *store, int64_t most_bytes,
                                             int64_t age_ms, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
