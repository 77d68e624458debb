/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `likeness ref` share. */
#ifndef LK_REF_H
#define LK_REF_H

#include "base/json.h"
#include "cli/command.h"

struct ref_command {
    struct common common;
    const char *db;
    const char *id, *name, *note, *actor, *prefix, *out;
    struct text_list tags, ignore, ignore_poly;
    bool no_ignore, removed, purge, yes;
};

/* What the verbs work on. */
struct ref_call {
    const struct ref_command *s;
    lk_engine *engine;
    lk_model *model; /* add: whose embedding is kept */
    size_t count;    /* of what stands behind the verb */
    const char *const *names;
};

/* The beginning of the document likeness/ref/1. */
void ref_json_begin(struct json *j, const char *folder);
/* One version; written: NULL, or whether `add` has just written it. */
void ref_json(struct json *j, const lk_reference *r, const bool *written);
/* The version in lines for a person. */
void ref_text(struct buf *b, const struct common *common, const lk_reference *r);

enum exit_code ref_add(const struct ref_call *c);

#endif
