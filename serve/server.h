/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the service share. One thread (libmicrohttpd's) takes requests and sends answers; `workers` threads compute,
 * each at a bench of its own, what stands in a bounded queue. */
#ifndef LK_SERVER_H
#define LK_SERVER_H

#include <likeness/contest.h>
#include <likeness/evidence.h>
#include <likeness/report.h>
#include <likeness/service.h>
#include <likeness/watch.h>
#include <microhttpd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/library.h"
#include "serve/access.h"
#include "serve/decoded.h"
#include "serve/decoder.h"
#include "serve/retention.h"
#include "serve/serve.h"
#include "serve/shelf.h"
#include "serve/uploads.h"

/* clang-format off */
#define HTTP_CALLS(X) \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_quiesce_daemon) X(MHD_get_daemon_info) \
    X(MHD_get_connection_info) X(MHD_get_connection_values) X(MHD_lookup_connection_value) \
    X(MHD_queue_response) X(MHD_create_response_from_buffer) X(MHD_create_response_from_fd64) \
    X(MHD_create_response_from_callback) \
    X(MHD_add_response_header) X(MHD_destroy_response) X(MHD_suspend_connection) \
    X(MHD_resume_connection) X(MHD_create_post_processor) X(MHD_post_process) \
    X(MHD_destroy_post_processor)
/* clang-format on */

struct http_calls {
    LIBRARY_POINTERS(HTTP_CALLS)
};

/* http_library.c: libmicrohttpd, opened when the service starts. */
MUST_CHECK lk_status http_library_open(void **library, struct http_calls *calls, lk_error *err);

enum {
    WORKERS_MOST = 64,
    CONNECTIONS_MOST = 2048,
    PARAMETERS_MOST = 2,
    PARAMETER_MAX = 159, /* "reference:ID@VERSION" fits */
    TEXT_BODY_MAX = 64 << 10
};

struct request;
struct server;
struct jobs;
struct listeners;
struct listener;
struct camera_sources;
struct finders;
struct changes;

/* Where one thread computes: nothing of it is shared. */
struct bench {
    struct server *server;
    pthread_t thread;
    struct keeper keeper;
    lk_engine *engine;
    lk_model *model;
    lk_model *classifier; /* NULL: none is installed, or none was wanted yet */
    lk_store *store;
    lk_contest *contest;     /* NULL: not opened yet */
    uint64_t contest_of;     /* references_changed, */
    int64_t contest_changes; /* and lk_store_changes, when it was opened */
    double contest_since_s;
    struct finders *finders; /* NULL: nothing was searched yet */
    int stop;                /* of its engine: set when a request takes too long */
    double busy_since_s;     /* 0: idle; both under the server's lock */
};

struct connection {
    int socket;
    bool in_request; /* its header has come whole */
    bool is_shut;
    double since_s; /* waiting for a request */
    struct connection *next, **link;
};

struct server {
    const struct serve_options *options;
    struct http_calls http;
    struct MHD_Daemon *daemon;
    struct decoder decoder;
    struct nursery nursery;
    struct bench benches[WORKERS_MOST];
    int32_t bench_count;
    struct shelf images, pictures;
    struct decoded_shelf decoded;
    struct access access;
    struct jobs *jobs;
    struct listeners *listeners;
    struct camera_sources *camera_sources;
    struct changes *changes; /* NULL: the store tells of none */
    bool hears;              /* it tells; else the store is asked more often */
    struct retention retention;
    pthread_mutex_t lock;
    pthread_cond_t work_came;
    struct request *first, *last; /* the queue */
    int32_t waiting, working, open_requests;
    struct uploads uploads;
    bool ends;
    struct connection *connections;
    int32_t connection_count;
    uint64_t references_changed, decoders_stopped, refused_busy, indexes_opened;
    double started_s;
    const char *store_name; /* as errors of the store name it */
    size_t route_count;
    uint64_t *answered; /* route_count + 1 rows of ANSWER_CODES */
    double *seconds;    /* a row each */
    char sandbox[64];
};

/* finders.c: opens the store for one more thread. */
MUST_CHECK lk_status server_store(lk_store **out, const struct server *s, lk_error *err);

/* -- Routes -- */

enum body_kind { BODY_NONE, BODY_JSON, BODY_PICTURE };
enum field_kind {
    FIELD_TEXT,
    FIELD_BOOL, /* in a query: true, false, 1 or 0 */
    FIELD_TEXTS,
    FIELD_INT,
    FIELD_NUMBER,
    FIELD_OBJECT,  /* with the keys of `of` */
    FIELD_OBJECTS, /* a list of such */
    FIELD_NUMBERS, /* of an answer */
};

/* A key of a JSON body, or a name of a query, which is checked before the handler is called; or a key of an answer. Described in
 * OpenAPI. */
struct field {
    const char *name, *summary;
    enum field_kind kind;
    bool required;
    double least,
        most; /* where most is more: of a number, of a text's bytes, of how many stand in a list */
    const char *words;      /* of a text: those it may be, with spaces between; NULL: any */
    const struct field *of; /* of an object; ends with a row without a name */
    bool or_null;           /* of an answer */
};
#define FIELD_END                                                                                  \
    { .name = NULL }

struct route {
    const char *method, *path, *summary; /* path with {name} for a parameter */
    enum body_kind body;
    const struct field *fields, *query; /* each ends with a row without a name; NULL for none */
    const char
        *header;   /* that it looks at beside the usual ones, for the description; NULL for none */
    bool computes; /* at a bench; else at once, without one */
    void (*handle)(struct request *r, struct bench *bench);
    void (*early)(struct request *r); /* answers what need not stand in the queue; NULL */
    const char *type;                 /* of the answer; NULL: application/json */
    const char *schema;               /* of the answer, "compare-1"; NULL for none */
    const struct field
        *answer;      /* its keys instead, where it has no schema of the command's; NULL */
    bool places;      /* what it makes has a Location */
    uint32_t success; /* status; 0: 200 */
    int32_t scope;    /* a sum of enum scope, of which one is wanted; 0: READ to GET, else MANAGE */
    bool is_page;     /* may load scripts and pictures of this service */
    /* Rows of pages: what they answer, their name among the links to all pages (NULL: not there), their script. */
    const struct asset *asset;
    const char *nav, *script;
};
#define ROUTE_END                                                                                  \
    { .method = NULL }

/* A table each, in route_*.c. */
extern const struct route page_routes[], image_routes[], compare_routes[], verify_routes[],
    reference_routes[], reference_change_routes[], verification_routes[], audit_routes[],
    access_routes[], camera_routes[], camera_event_routes[], camera_frame_routes[],
    camera_series_routes[], status_routes[], comparison_routes[], quality_routes[],
    collection_routes[], job_kind_routes[], job_routes[], embedding_routes[], policy_routes[],
    search_routes[], model_routes[];
/* routing.c: all of them, from 0; NULL behind the last. */
const struct route *route_at(size_t i);
size_t routes_count(void);

struct json_t; /* jansson's; its header and base/json.h do not go together */

struct request {
    struct server *server;
    struct MHD_Connection *connection;
    struct connection *place; /* under the server's lock */
    struct caller who;
    struct upload upload;
    const struct route *route; /* NULL: there is none */
    size_t route_number;       /* of all routes; how many there are for none */
    char parameters[PARAMETERS_MOST][PARAMETER_MAX + 1];
    double since_s;
    bool is_ready; /* the answer is there */
    /* The body. */
    int body;          /* a picture, sealed when it is whole; -1 */
    int64_t body_size; /* that came, of either kind */
    char body_name[SHELF_NAME_MAX + 1], digest[65];
    struct buf text;
    struct json_t *json;
    struct MHD_PostProcessor *parts;
    int32_t part_count;
    /* The answer. */
    uint32_t status;
    struct buf out;
    int file; /* instead of out; -1 */
    int64_t file_size;
    const char *type;
    char location[2 * PARAMETER_MAX], etag[PARAMETER_MAX + 32], allow[64];
    char cookie[200];
    const char *saves_as; /* a browser keeps it under that name instead of showing it; NULL */
    bool may_change;      /* what the etag is of; else it is of what never does */
    int32_t retry_after_s;
    struct listener *listener; /* instead of all that: a stream */
    struct request *next;
};

/* routing.c: which route it is; NULL, with *known_path when another method would have one and *allow its methods. */
const struct route *route_find(struct request *r, const char *method, const char *path, char *allow,
                               size_t size);

/* admit.c: whether it may be; a problem is the answer where not. The second once a body is whole whose size was not told. */
void admit(struct request *r);
void admit_body(struct request *r);
int32_t route_scope(const struct route *route);
/* answer.c: whether its answers have an ETag. */
bool route_is_tagged(const struct route *route);
const char *session_cookie(const struct server *s);
/* Where it comes from, as a key. */
void request_address(char out[BUCKET_KEY], const struct request *r);

/* request.c */
struct request *request_new(struct server *s, struct MHD_Connection *connection);
void request_free(struct request *r);
/* Refuses what is wrong with the head of the request. */
void request_check_head(struct request *r, const char *method, const char *path);
void request_take(struct request *r, const char *data, size_t size);
/* Once the body is whole. */
void request_check_body(struct request *r);
/* Of a picture, which takes long: at a bench. False with a problem. */
bool request_digest(struct request *r);
const char *request_header(const struct request *r, const char *name);

/* Who, for the record. */
#define ACTOR_FIELD                                                                                \
    {                                                                                              \
        "actor", "who, for the record, where nobody logs in", .kind = FIELD_TEXT,                  \
                                                              .most = LK_ACTOR_MAX                 \
    }
const char *request_actor(const struct request *r);
/* Whose keys of idempotency these are: the id of the token; empty where nobody logs in. */
const char *request_owner(const struct request *r);

/* fields.c: problems are the answer where something does not fit. */
void fields_check_query(struct request *r);
void fields_check_body(struct request *r);
/* Takes the text, a JSON object that was checked once, as the body of this request; false when it is none. */
bool request_read(struct request *r, const char *text, size_t size);
/* NULL, or `otherwise`, without it. */
const char *request_query(const struct request *r, const char *name);
int64_t request_query_int(const struct request *r, const char *name, int64_t otherwise);
double request_query_number(const struct request *r, const char *name, double otherwise);
/* A member of the JSON body; NULL, false or `otherwise` without it. */
const char *request_text(const struct request *r, const char *name);
bool request_flag(const struct request *r, const char *name);
int64_t request_int(const struct request *r, const char *name, int64_t otherwise);
double request_number(const struct request *r, const char *name, double otherwise);
/* The texts of a list, at most `most` of them, borrowed; how many there are, or -1 without the member. */
int32_t request_texts(const char **out, int32_t most, const struct request *r, const char *name);
/* The i-th of a FIELD_OBJECTS (or the only one, as 0) of r->json or of another object; NULL behind the last. */
const struct json_t *object_object(const struct json_t *object, const char *name, int32_t i);
/* An object that was written by this program earlier; NULL when it is none. The caller frees it. */
struct json_t *object_parse(const char *text, size_t size);
void object_free(struct json_t *object);
bool object_has(const struct json_t *object, const char *name);
const char *object_text(const struct json_t *object, const char *name);
bool object_flag(const struct json_t *object, const char *name, bool otherwise);
int64_t object_int(const struct json_t *object, const char *name, int64_t otherwise);
double object_number(const struct json_t *object, const char *name, double otherwise);

/* problems.c: a row a code of a problem. */
struct problem {
    const char *code;
    int32_t status;           /* the usual one */
    const char *title, *text; /* texts without characters that HTML would read as more */
};
const struct problem *problem_at(size_t i); /* NULL behind the last */
const struct problem *problem_of(const char *code);
void problems_write(struct buf *out); /* as HTML */

/* answer.c: problems are application/problem+json (RFC 9457); code is the last part of their type. */
void answer_problem(struct request *r, uint32_t status, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
void answer_error(struct request *r, const lk_error *err);
/* Whether it tells of the store's own files or database, and not of what was asked for in it. */
bool answer_of_store(const struct request *r, const lk_error *err);
void answer_decode(struct request *r, enum decode_end end, const lk_error *err);
/* The bytes become the answer's, and are released. */
void answer_bytes(struct request *r, uint32_t status, lk_bytes *bytes);
/* Takes what was written into r->out. */
void answer_written(struct request *r, uint32_t status);
void answer_file(struct request *r, const struct shelf_item *item);
/* Whether the answer is a problem now: no If-Match was sent, or one with other tags. */
bool answer_unless_matched(struct request *r, const char *etag);
/* Whether the client has what r->etag is of: it is told so, and nothing need be made. */
bool answer_held(struct request *r);
struct json;
/* Ends the list that is the last member of the object in r->out, and answers it, or the error. */
void answer_list(struct request *r, struct json *j, lk_status status, const lk_error *err);
/* The same of a list of which there is more: `next` is the cursor to go on with; NULL at the end. */
void answer_list_part(struct request *r, struct json *j, const char *next, lk_status status,
                      const lk_error *err);
/* Sends it: MHD_YES or MHD_NO. */
enum MHD_Result answer_send(struct request *r);

enum { ANSWER_CODES = 26 };
uint32_t answer_code_at(int32_t i); /* 0 behind the last */
void answer_count(struct request *r);

/* openapi.c */
void openapi_write(struct buf *out, const struct server *s);

/* route_images.c: a picture that a client names, by its id or name in this session, or as "reference:ID[@VERSION]" of the store;
 * false when the answer is a problem already. The second decodes it, with the digest of its file. */
bool picture_find(struct shelf_item *out, struct request *r, struct bench *bench, const char *id);
bool session_picture(lk_image *out, lk_image_info *info, struct request *r, struct bench *bench,
                     const char *id, int32_t max_side);
/* The same, whole, from where it is kept when it was decoded before. Where it is true the caller lets it go (r->server->decoded);
 * info is under the name that the client used. */
bool session_decoded(struct decoded **out, lk_image_info *info, struct request *r,
                     struct bench *bench, const char *id);
/* Answers it, encoded again, no wider than width (0: as it is). Takes the item's file. */
void answer_picture(struct request *r, struct bench *bench, struct shelf_item *item, int32_t width);
/* route_models.c: the bench's network that classifies, opened when it is first wanted; NULL where none is installed. As
 * lk_model_open. */
MUST_CHECK lk_status bench_classifier(lk_model **out, struct bench *b, lk_error *err);
/* route_compare.c: compares as the body asks; false with a problem as the answer. The caller releases c, empty before. */
bool compare_asked(lk_comparison *c, struct request *r, struct bench *bench, bool evidence);
/* route_comparisons.c: what came of a request, kept for a while as ID/NAME on the shelf of results. */
lk_status keep_bytes(struct request *r, const char *id, const char *name, const char *type,
                     const lk_bytes *bytes);
/* Calls take with each of reference, aligned, photo, heat, map, differences and matches that there is; c was made with
 * want_evidence. Names and types are constants; take may keep the bytes, and empties them then. */
lk_status draw_pictures(struct bench *b, const lk_comparison *c,
                        lk_status (*take)(void *arg, const char *name, const char *type,
                                          lk_bytes *bytes),
                        void *arg, lk_error *err);
/* Keeps the document and the pictures of c, which was made with evidence; r->location says where. */
MUST_CHECK lk_status comparison_keep(struct request *r, struct bench *b, const lk_comparison *c,
                                     const lk_bytes *document, lk_error *err);
/* route_references.c: the picture of a version as an item; "ID" or "ID@VERSION". False with a problem as the answer. */
bool reference_item(struct shelf_item *out, struct request *r, struct bench *bench,
                    const lk_reference *x);
void answer_reference(struct request *r, const lk_reference *x, const bool *written);
/* Of its newest version, and of whether it is in use: with the quotes. */
void reference_tag(char *out, size_t size, const lk_reference *x);

#endif
