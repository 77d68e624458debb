/* SPDX-License-Identifier: Apache-2.0 */
/* The store: originals with their versions, which are never overwritten, what is derived from them, and the photos that were
 * checked against them. docs/formats/store.md says what lies where and what is promised.
 *
 * A store is a folder, or a database of PostgreSQL for several machines. Several processes may use one at once; an lk_store is
 * for one thread at a time, and each thread may open its own. A function that is given to a visit does not write to the same
 * lk_store. Texts are UTF-8. What a call that writes has returned LK_OK for survives the end of the process and of the machine;
 * what it refused has changed nothing. */
#ifndef LIKENESS_STORE_H
#define LIKENESS_STORE_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lk_store lk_store;

typedef enum lk_store_mode {
    LK_STORE_WRITE, /* made where there is none */
    LK_STORE_READ, /* nothing is written, but that a store of an older likeness is first brought up to date; also from a folder
                     * that cannot be written to */
    LK_STORE_UNTOUCHED, /* the same, without even that */
} lk_store_mode;

/* Where the pictures of a store lie. What the store remembers is `where` with endpoint and region; keys are remembered nowhere. */
typedef struct lk_blob_options {
    const char *
        where; /* of a store that is made: a folder that all its machines share, s3://BUCKET[/PREFIX], or NULL: in its folder or
                        * database; of another: the same, though the folder may have another path here; or NULL: as it remembers */
    const char
        *endpoint; /* of S3: http[s]://HOST[:PORT]; NULL: https://BUCKET.s3.REGION.amazonaws.com */
    const char *region;     /* NULL: us-east-1 */
    const char *access_key; /* NULL for none */
    const char *secret_key, *session_token;
    const char *ca_file; /* PEM certificates to trust instead of the system's, or NULL */
} lk_blob_options;

typedef struct lk_store_options {
    lk_store_mode mode;
    int32_t wait_ms;              /* how long to wait for other processes that write; 0 is 10,000 */
    const lk_blob_options *blobs; /* or NULL: as the store remembers */
} lk_store_options;

/* Opens the store in `place`: a folder, or the address of a database of PostgreSQL,
 * postgresql://[user[:password]@]host[:port]/name with what else libpq takes and two settings of ours (docs/formats/store.md);
 * options may be NULL. LK_E_IO when there is none to read, LK_E_WRITE when it cannot be made or written to, LK_E_FORMAT for a
 * store of a newer likeness, for one of an older likeness that cannot be brought up to date since it cannot or may not be
 * written to, and for another program's database, LK_E_CORRUPT for a damaged one, LK_E_MEMORY; of a server LK_E_IO too when it
 * cannot be reached or is lost, LK_E_FORMAT without libpq, LK_E_USAGE for what is no address. err->input is the file, or the
 * address without its password, which no message holds. */
LK_API LK_MUST_CHECK lk_status lk_store_open(lk_store **out, const char *place,
                                             const lk_store_options *options, lk_error *err);
/* The same store once more, for another thread or in another mode. */
LK_API LK_MUST_CHECK lk_status lk_store_open_again(lk_store **out, const lk_store *store,
                                                   const lk_store_options *options, lk_error *err);
/* Whether place is the address of a database rather than a folder. */
LK_API bool lk_store_is_address(const char *place);
LK_API void lk_store_close(lk_store *store);
/* The folder, without links; of a database its address without a password, which is not enough to open it again. */
LK_API const char *lk_store_folder(const lk_store *store);
/* Whether it was opened with LK_STORE_READ or LK_STORE_UNTOUCHED. */
LK_API bool lk_store_reads_only(const lk_store *store);

/* What is written between the two is there as a whole or not at all; pairs may be nested. The second makes it last when
 * `so_far` is LK_OK, else undoes it, and returns so_far or why it could not be made to last:
 *     status = lk_store_begin(store, err);
 *     if (status == LK_OK) {
 *         status = lk_reference_add(...);
 *         status = lk_store_end(store, status, err);
 *     }
 * In between no other process can write. LK_E_WRITE (also when another process did not stop writing in time), LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_store_begin(lk_store *store, lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_store_end(lk_store *store, lk_status so_far, lk_error *err);

/* -- References -- */

enum {
    LK_REFERENCE_ID_MAX = 128,
    LK_ACTOR_MAX = 200,
    LK_NAME_MAX = 500,
    LK_NOTE_MAX = 4000,
    LK_TAG_MAX = 64,
    LK_TAGS_MAX = 64,
    LK_IGNORE_MAX = 256,
    LK_STAR_REASONS_MAX = 8
};

/* Whether text may be an id: 1 to 128 of letters, digits and ._- without a dot in front. */
LK_API bool lk_reference_id_is_valid(const char *text);

/* How good a reference the picture is, with the reasons. */
typedef struct lk_star {
    bool known;
    double value; /* 0..1, higher is better */
    int32_t reason_count;
    char reasons[LK_STAR_REASONS_MAX][120];
} lk_star;

/* One version of a reference. */
typedef struct lk_reference {
    char id[LK_REFERENCE_ID_MAX + 1];
    int32_t version;       /* from 1 */
    char sha256[65];       /* of the picture's file */
    int64_t bytes;         /* of it */
    int32_t width, height; /* pixels, upright */
    char format[16];
    char added[32]; /* when, UTC: 2026-11-21T19:20:03.123Z */
    char actor[LK_ACTOR_MAX + 1];
    char *name, *note, *file_name; /* file_name: of the original, without folders */
    char **tags;                   /* in byte order */
    size_t tag_count;
    lk_polygon *ignore; /* areas to leave out, in pixels of the upright picture */
    char **ignore_text; /* the same, as they were written */
    size_t ignore_count;
    lk_star star;
    int64_t entry; /* of the log */
    bool newest;   /* of the versions of this id */
    bool removed;  /* the reference is out of use */
    bool purged;   /* the picture has been erased */
} lk_reference;

/* Frees what it owns and empties it; accepts an empty one. */
LK_API void lk_reference_release(lk_reference *reference);

/* Something computed from a picture, kept so that it is computed once: keypoints, signatures, an embedding. */
typedef struct lk_derived_key {
    const char *kind;  /* "keypoints", "pdq", "embedding"; 1 to 64 of letters, digits and ._- */
    int32_t algorithm; /* version of what computed it, from 0 */
    const char *model; /* name of the model; NULL or empty for none */
} lk_derived_key;

typedef struct lk_derived {
    lk_derived_key key;
    const void *data;
    size_t size; /* at most 64 MiB */
} lk_derived;

/* What becomes a version; all borrowed. */
typedef struct lk_reference_draft {
    const char *id;
    const uint8_t *picture; /* the bytes of the file */
    size_t picture_bytes;
    const lk_image_info *info; /* as lk_image_decode gave it of these bytes, with the digest */
    const char *file_name;     /* of the picture; folders in front are left off. NULL for none */
    const char *name;          /* NULL: as the version before, else the id */
    const char *const *tags;   /* NULL: as the version before; may be empty */
    size_t tag_count;
    const lk_polygon
        *ignore; /* in pixels of the upright picture; not taken from the version before */
    const char *const *ignore_text;
    size_t ignore_count;
    const char *note;    /* NULL for none */
    const char *actor;   /* who adds it; NULL for nobody */
    const lk_star *star; /* NULL: not known */
    const lk_derived *derived;
    size_t derived_count;
} lk_reference_draft;

/* Adds a version: number 1 of a new id, else the next one, and an entry "ref.add" to the log. A removed reference comes back
 * into use. Where the newest version says the same of the same picture, nothing is written and *added is false. out (which
 * may be NULL) gets what is now the newest version; the caller releases it. LK_E_USAGE for an id, a text, an area or a star out
 * of range, and when the info is of other bytes; LK_E_WRITE, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_reference_add(lk_reference *out, bool *added, lk_store *store,
                                                const lk_reference_draft *draft, lk_error *err);

/* The version of the reference called id; 0 is the newest. Removed ones are found too, and say so. LK_E_IO when there is none,
 * LK_E_CORRUPT, LK_E_MEMORY. The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_reference_get(lk_reference *out, lk_store *store, const char *id,
                                                int32_t version, lk_error *err);
/* The same of "ID" or "ID@VERSION". LK_E_USAGE when text is neither. */
LK_API LK_MUST_CHECK lk_status lk_reference_find(lk_reference *out, lk_store *store,
                                                 const char *text, lk_error *err);

/* The bytes of the picture's file, which are those that were added: their SHA-256 is checked. LK_E_IO when they are missing or
 * purged, LK_E_CORRUPT when they are others, or a link; err->input is the file. */
LK_API LK_MUST_CHECK lk_status lk_reference_picture(lk_bytes *out, lk_store *store,
                                                    const lk_reference *reference, lk_error *err);

typedef struct lk_reference_query {
    const char *prefix; /* of the id; NULL for all */
    const char *tag;    /* NULL for any */
    bool removed;       /* those out of use too */
    const char *after;  /* only ids behind this one; NULL for all */
} lk_reference_query;

/* Calls visit with the newest version of each reference, in byte order of ids, until it returns false. query may be NULL. What is
 * visited is one state of the store. LK_E_IO, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_reference_list(lk_store *store, const lk_reference_query *query,
                                                 bool (*visit)(void *arg, const lk_reference *r),
                                                 void *arg, lk_error *err);
/* The versions of one id, from 1. LK_E_IO when there is none. */
LK_API LK_MUST_CHECK lk_status lk_reference_history(lk_store *store, const char *id,
                                                    bool (*visit)(void *arg, const lk_reference *r),
                                                    void *arg, lk_error *err);

typedef struct lk_reference_removal {
    const char *actor, *note; /* may be NULL */
    bool purge;               /* erase the pictures and what was derived from them */
} lk_reference_removal;

/* Takes a reference out of use: it is no longer listed, its versions stay, and an entry "ref.rm" is added to the log. With
 * purge its pictures are erased, of a reference in use or removed before; their records, with their SHA-256, stay. LK_E_IO
 * when there is none of that id, or it is removed already and there is nothing to purge; LK_E_USAGE when pictures are to be
 * erased that the log names in a verdict (an entry whose kind begins with "verify" and whose subject is the id): nobody could
 * check it then. LK_E_WRITE, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_reference_remove(lk_store *store, const char *id,
                                                   const lk_reference_removal *how, lk_error *err);

/* -- What is derived from pictures -- */

/* Keeps data under the key for a version; what was there under the same key is replaced. LK_E_IO when there is no such version,
 * LK_E_USAGE for a key or size out of range, LK_E_WRITE, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_derived_put(lk_store *store, const char *id, int32_t version,
                                              const lk_derived *derived, lk_error *err);
/* What lies under the key; *there is false when nothing does. LK_E_CORRUPT when it was changed since. */
LK_API LK_MUST_CHECK lk_status lk_derived_get(lk_bytes *out, bool *there, lk_store *store,
                                              const char *id, int32_t version,
                                              const lk_derived_key *key, lk_error *err);
/* Calls visit with what lies under the key for the newest version of each reference in use, in byte order of ids, until it
 * returns false. One that was not derived yet is passed over. data is valid during the call. */
LK_API LK_MUST_CHECK lk_status lk_derived_visit(lk_store *store, const lk_derived_key *key,
                                                bool (*visit)(void *arg, const char *id,
                                                              int32_t version, const void *data,
                                                              size_t size),
                                                void *arg, lk_error *err);

/* -- Folders of plain files -- */

typedef struct lk_store_counts {
    int64_t references, versions; /* exported; or imported, without those that were there already */
    int64_t present;              /* versions that were there already */
} lk_store_counts;

/* Writes the references called ids (all that are in use when count is 0), with all their versions, into folder, which must be
 * new or empty: manifest.json and pictures/ID/VERSION.EXT, byte for byte as they were added. LK_E_IO for an id that is not there,
 * LK_E_WRITE, LK_E_CORRUPT for a damaged picture, LK_E_CANCELLED, LK_E_MEMORY; a folder that could not be finished has no
 * manifest. counts may be NULL. */
LK_API LK_MUST_CHECK lk_status lk_store_export(lk_store_counts *counts, lk_store *store,
                                               lk_engine *engine, const char *folder,
                                               const char *const *ids, size_t count, lk_error *err);
/* Adds what an exported folder holds, with an entry "ref.import" for each version. Every picture is read, its SHA-256 and size
 * checked, it is decoded, and every version compared with what is here, before anything is written; then all is written or
 * nothing. Nothing is overwritten: a version that is here already, the same, is passed over; with other contents it is
 * LK_E_USAGE. LK_E_IO, LK_E_CORRUPT (names the file), LK_E_LIMIT, LK_E_WRITE, LK_E_CANCELLED, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_store_import(lk_store_counts *counts, lk_store *store,
                                               lk_engine *engine, const char *folder,
                                               const char *actor, lk_error *err);

/* -- Photos that were checked -- */

/* A photo that a verdict was given on, kept with the entry of the log that says so. */
typedef struct lk_submission {
    int64_t entry;         /* of the log; given by the store */
    char photo_sha256[65]; /* of its file */
    const void
        *fingerprint; /* a perceptual hash or the like, at most 256 bytes; valid during a visit */
    size_t fingerprint_size;
    char reference[LK_REFERENCE_ID_MAX + 1]; /* empty for none */
    int32_t version;                         /* 0 for none */
    char verdict[32];
    char at[32]; /* when, UTC; given by the store */
} lk_submission;

/* Calls visit with each photo in the order of the log, until it returns false; with photo_sha256, those of that file alone. */
LK_API LK_MUST_CHECK lk_status lk_submission_visit(lk_store *store, const char *photo_sha256,
                                                   bool (*visit)(void *arg, const lk_submission *s),
                                                   void *arg, lk_error *err);

/* -- Care -- */

typedef struct lk_store_check_result {
    int64_t references, versions, pictures, derived, entries; /* that were looked at */
    int64_t kept; /* verdicts whose files were looked at */
    int64_t problems;
    int64_t
        unused_pictures; /* files that no version names: left by an end in mid-writing, harmless */
} lk_store_check_result;

/* Looks at everything: the database's own structure, each record against its checksum and the log, each picture against its
 * SHA-256, what is derived, and the log. visit (which may be NULL) gets each problem in words. LK_OK whether or not there are
 * any; LK_E_IO when it cannot be read, LK_E_CANCELLED, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_store_check(lk_store_check_result *out, lk_store *store,
                                              lk_engine *engine,
                                              void (*visit)(void *arg, const char *problem),
                                              void *arg, lk_error *err);

/* Which version of tables the store in `place` has, as it lies there: nothing is brought up to date. LK_E_IO when there is no
 * store, else as lk_store_open. */
LK_API LK_MUST_CHECK lk_status lk_store_schema(int64_t *out, const char *place, lk_error *err);

/* Embeddings that the store's database can search by itself. */
typedef struct lk_store_vectors {
    char version[32]; /* of pgvector; "" where there is none: what follows is 0 */
    int64_t rows, indexes;
    char failure[256]; /* why there is none, where the server offers it */
} lk_store_vectors;
/* On PostgreSQL with pgvector: makes what is missing of vectors and their indexes, which may take minutes. Elsewhere there is
 * nothing to make. LK_E_WRITE, LK_E_IO, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_store_vectors_make(lk_store_vectors *out, lk_store *store,
                                                     lk_error *err);

typedef struct lk_store_copied {
    int64_t tables, rows;    /* of the database, the log's entries too */
    int64_t pictures, bytes; /* of the pictures */
} lk_store_copied;

/* Makes a store in `place` (as lk_store_open takes it), which has none, of all that `from` holds at one moment, whoever writes
 * to it meanwhile: ids, versions, pictures, what is derived, cameras, submissions, jobs, and the log, to the bit. All is there
 * in the end, or no store. blobs: where the new one's pictures lie (or NULL), wherever they lay. LK_E_USAGE when there is a store
 * already; LK_E_IO and LK_E_CORRUPT for a picture that is missing or damaged, LK_E_WRITE, LK_E_FORMAT, LK_E_CANCELLED, LK_E_MEMORY,
 * LK_E_AWAY. */
LK_API LK_MUST_CHECK lk_status lk_store_copy(lk_store_copied *out, const char *place,
                                             const lk_blob_options *blobs, lk_store *from,
                                             lk_engine *engine, lk_error *err);
/* The same into one file, which must be new (LK_E_WRITE), and back. */
LK_API LK_MUST_CHECK lk_status lk_store_backup(lk_store_copied *out, const char *file,
                                               lk_store *from, lk_engine *engine, lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_store_restore(lk_store_copied *out, const char *place,
                                                const lk_blob_options *blobs, const char *file,
                                                lk_engine *engine, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
