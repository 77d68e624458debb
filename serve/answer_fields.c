/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of answers that are not documents of the command, as /api/v1/openapi.json tells them. tests/serve/service.py holds every
 * answer that the tests see against them. */
#include "serve/answer_fields.h"

/* A key that is always there; one that may be missing; one that may be null. */
#define KEY(key, what)                                                                             \
    { .name = #key, .kind = FIELD_##what, .required = true }
#define MAYBE(key, what)                                                                           \
    { .name = #key, .kind = FIELD_##what }
#define KEY_OR_NULL(key, what)                                                                     \
    { .name = #key, .kind = FIELD_##what, .required = true, .or_null = true }
#define LIST(key, rows)                                                                            \
    { .name = #key, .kind = FIELD_OBJECTS, .required = true, .of = rows }
#define NEXT(what)                                                                                 \
    { .name = "next", .summary = "where the list goes on; not there at its end", .kind = what }

/* -- Cameras -- */

static const struct field offset_keys[] = {KEY(pan_px, NUMBER),      KEY(tilt_px, NUMBER),
                                           KEY(roll_deg, NUMBER),    KEY(zoom, NUMBER),
                                           KEY(reliability, NUMBER), FIELD_END};
#define CAMERA_KEYS                                                                                \
    KEY(id, TEXT), KEY(name, TEXT), KEY(every_s, NUMBER), KEY(confirm, INT), KEY(hold_s, NUMBER),  \
        KEY(latch, BOOL), KEY(method, TEXT), KEY(enabled, BOOL), KEY(areas_left_out, INT),         \
        KEY(state, TEXT), KEY(since_ms, INT), KEY(looked_ms, INT), KEY(latched, BOOL),             \
        KEY_OR_NULL(score, NUMBER), KEY(baselines, INT), KEY(frames, INT)
static const struct field camera_keys[] = {CAMERA_KEYS, FIELD_END};
const struct field answer_camera_keys[] = {
    CAMERA_KEYS,
    {.name = "offset", .kind = FIELD_OBJECT, .required = true, .of = offset_keys},
    {.name = "settings",
     .summary = "/api/v1/schemas/camera-settings-1, without where frames come from",
     .kind = FIELD_OBJECT,
     .required = true},
    FIELD_END};
const struct field answer_cameras[] = {LIST(cameras, camera_keys), FIELD_END};

const struct field answer_camera_event[] = {
    KEY(id, INT),
    KEY(camera, TEXT),
    KEY(state, TEXT),
    KEY(time_ms, INT),
    {.name = "acknowledged_ms", .summary = "0: not yet", .kind = FIELD_INT, .required = true},
    {.name = "document",
     .summary = "/api/v1/schemas/camera-event-1",
     .kind = FIELD_OBJECT,
     .required = true},
    FIELD_END};
const struct field answer_camera_events[] = {LIST(events, answer_camera_event), NEXT(FIELD_TEXT),
                                             FIELD_END};

static const struct field view_keys[] = {KEY(number, INT),     KEY(sha256, TEXT),
                                         KEY(origin, TEXT),    KEY(taken_ms, INT),
                                         KEY(retired_ms, INT), FIELD_END};
const struct field answer_baselines[] = {KEY(camera, TEXT), LIST(baselines, view_keys), FIELD_END};

/* -- Pictures and originals -- */

const struct field answer_image[] = {KEY(id, TEXT),   KEY(name, TEXT),  KEY(format, TEXT),
                                     KEY(width, INT), KEY(height, INT), KEY(bytes, INT),
                                     FIELD_END};
const struct field answer_images[] = {LIST(images, answer_image), FIELD_END};

static const struct field area_keys[] = {
    KEY(text, TEXT),
    {.name = "points", .summary = "x and y in turns", .kind = FIELD_NUMBERS, .required = true},
    FIELD_END};
static const struct field star_keys[] = {KEY(value, NUMBER), KEY(reasons, TEXTS), FIELD_END};
#define REFERENCE_KEYS                                                                             \
    KEY(id, TEXT), KEY(version, INT), KEY(newest, BOOL), KEY(removed, BOOL), KEY(purged, BOOL),    \
        KEY(name, TEXT), KEY(tags, TEXTS), KEY(sha256, TEXT), KEY(bytes, INT), KEY(format, TEXT),  \
        KEY(width, INT), KEY(height, INT), KEY(file_name, TEXT), KEY(added, TEXT),                 \
        KEY(actor, TEXT), KEY(note, TEXT), LIST(ignore, area_keys),                                \
        {.name = "star",                                                                           \
         .summary = "how well it can be recognised; null: not known",                              \
         .kind = FIELD_OBJECT,                                                                     \
         .required = true,                                                                         \
         .or_null = true,                                                                          \
         .of = star_keys},                                                                         \
        KEY(log_entry, INT)
static const struct field reference_keys[] = {REFERENCE_KEYS, FIELD_END};
const struct field answer_reference_keys[] = {REFERENCE_KEYS, MAYBE(written, BOOL), FIELD_END};
const struct field answer_references[] = {LIST(references, reference_keys), NEXT(FIELD_TEXT),
                                          FIELD_END};
const struct field answer_versions[] = {KEY(id, TEXT), LIST(versions, reference_keys), FIELD_END};

/* -- Verdicts -- */

#define VERDICT_KEYS                                                                               \
    KEY(entry, INT), KEY(at, TEXT), KEY(actor, TEXT), KEY(verdict, TEXT), KEY(intact, TEXT),       \
        KEY(probability, NUMBER), KEY_OR_NULL(reference, TEXT), MAYBE(version, INT),               \
        KEY(photo_sha256, TEXT), KEY(policy, TEXT), KEY(note, TEXT), MAYBE(decision, TEXT),        \
        MAYBE(decision_entry, INT)
static const struct field verdict_keys[] = {VERDICT_KEYS, FIELD_END};
const struct field answer_verifications[] = {LIST(verifications, verdict_keys), NEXT(FIELD_TEXT),
                                             FIELD_END};

/* -- Long work -- */

#define JOB_KEYS                                                                                   \
    KEY(schema, TEXT), KEY(id, INT), KEY(kind, TEXT), KEY(collection, TEXT), KEY(state, TEXT),     \
        KEY(cancelled, BOOL), KEY(created, TEXT), MAYBE(begun, TEXT), MAYBE(ended, TEXT),          \
        KEY(actor, TEXT), KEY(tries, INT), MAYBE(settings, OBJECT), MAYBE(progress, OBJECT),       \
        MAYBE(failure, TEXT)
static const struct field file_keys[] = {KEY(name, TEXT), KEY(type, TEXT), KEY(bytes, INT),
                                         FIELD_END};
static const struct field job_keys[] = {JOB_KEYS, FIELD_END};
const struct field answer_job_keys[] = {JOB_KEYS, LIST(files, file_keys), FIELD_END};
const struct field answer_jobs[] = {LIST(jobs, job_keys), NEXT(FIELD_INT), FIELD_END};

static const struct field collection_keys[] = {
    KEY(name, TEXT),          KEY(indexed, BOOL), KEY(files, INT),
    KEY(pictures, INT),       KEY(skipped, INT),  KEY(embedded, INT),
    KEY(with_keypoints, INT), KEY(model, TEXT),   FIELD_END};
const struct field answer_collections[] = {LIST(collections, collection_keys), FIELD_END};

/* -- Who -- */

const struct field answer_session[] = {KEY(auth, BOOL), KEY(name, TEXT), KEY(scopes, TEXT),
                                       FIELD_END};
static const struct field token_keys[] = {
    KEY(id, TEXT),        KEY(name, TEXT),   KEY(scopes, TEXT),  KEY(created_ms, INT),
    KEY(expires_ms, INT), KEY(used_ms, INT), KEY(revoked, BOOL), FIELD_END};
const struct field answer_tokens[] = {LIST(tokens, token_keys), FIELD_END};
