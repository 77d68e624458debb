/* SPDX-License-Identifier: Apache-2.0 */
/* Which store the commands mean, and who is at the keyboard. */
#ifndef LK_STORE_PLACE_H
#define LK_STORE_PLACE_H

#include "cli/command.h"

/* The option --db of every command on a store. */
#define STORE_OPTION(offset)                                                                       \
    {                                                                                              \
        "db", 0, OPTION_TEXT, "DIR", NULL, NULL,                                                   \
            "the store: a folder, or postgresql://USER@HOST/NAME (LIKENESS_DB, or "                \
            "XDG_DATA_HOME/likeness, or ~/.local/share/likeness)",                                 \
            offset                                                                                 \
    }

/* Where the store is: `chosen` (--db), else what the environment says. false when that is nowhere, or too long. An address may hold
 * a password, which nothing prints. */
bool store_place(char *out, size_t size, const char *chosen);

/* The option --blobs of the commands that make stores. */
#define BLOBS_OPTION(offset)                                                                       \
    {                                                                                              \
        "blobs", 0, OPTION_TEXT, "PLACE", NULL, NULL,                                              \
            "of a store that is made: where its pictures lie, a folder that machines share or "    \
            "s3://BUCKET/PREFIX (LIKENESS_BLOBS); else in the store itself",                       \
            offset                                                                                 \
    }

/* Where pictures lie: `chosen` (--blobs), else LIKENESS_BLOBS, with the keys that AWS_ACCESS_KEY_ID and its like say. */
lk_blob_options store_blobs(const char *chosen);

/* Opens the store in `chosen` (--db), else where the environment says. With LK_STORE_WRITE one is made
 * where there is none, and that is said. Reports what goes wrong; NULL then. */
lk_store *store_open(const struct common *common, const char *chosen, lk_store_mode mode);

/* The same with a place of its pictures; NULL: what the environment says. */
lk_store *store_open_with(const struct common *common, const char *chosen, const char *blobs,
                          lk_store_mode mode);

/* The same of a store that must be there: where it is missing, none is made. */
lk_store *store_open_kept(const struct common *common, const char *chosen, lk_store_mode mode);

/* `chosen` (--actor), else LIKENESS_ACTOR, else the name of the user; out is where that goes. */
const char *store_actor(char *out, size_t size, const char *chosen);

/* Asks on a terminal whether to do that; true with `yes`, false where there is no terminal. */
bool store_agreed(bool yes, const char *question, const char *name);

#endif
