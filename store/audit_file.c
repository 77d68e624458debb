/* SPDX-License-Identifier: Apache-2.0 */
/* The log as a file of lines: a line with the head, then an entry a line. The payload stands there as a text, so that its bytes are
 * what was hashed, whatever a JSON library would make of it. */
#include <jansson.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "store/audit_log.h"

enum { LINE_MAX_BYTES = 8 << 20 };
static const int64_t file_max = (int64_t)2 << 30;
static const char file_schema[] = "likeness/audit-export/1";

static bool read_text(const char **out, const json_t *line, const char *key) {
    *out = json_string_value(json_object_get(line, key));
    return *out != NULL;
}

static bool read_hash(uint8_t out[LK_AUDIT_HASH_BYTES], const json_t *line, const char *key) {
    const char *text = json_string_value(json_object_get(line, key));
    return text && strlen(text) == 64 && digest_from_hex(out, text);
}

/* The texts belong to the line. */
static bool read_entry(lk_audit_entry *e, const json_t *line) {
    const json_t *seq = json_object_get(line, "seq");
    *e = (lk_audit_entry){.seq = json_integer_value(seq)};
    bool right = json_is_integer(seq) && json_object_size(line) == 8 &&
                 read_text(&e->at, line, "at") && read_text(&e->kind, line, "kind") &&
                 read_text(&e->actor, line, "actor") && read_text(&e->subject, line, "subject") &&
                 read_text(&e->payload, line, "payload") && read_hash(e->prev, line, "prev") &&
                 read_hash(e->hash, line, "hash");
    e->payload_size = right ? strlen(e->payload) : 0;
    return right;
}

static bool read_head(lk_audit_head *out, const json_t *line) {
    const char *schema = json_string_value(json_object_get(line, "schema"));
    out->count = json_integer_value(json_object_get(line, "count"));
    return schema && strcmp(schema, file_schema) == 0 && out->count >= 0 &&
           read_hash(out->hash, line, "hash");
}

/* The next line, parsed; NULL when there is none that can be. *done at the end of the text. */
static json_t *next_line(const char **text, const char *end, bool *done, bool *memory) {
    json_error_t problem;
    *done = *text == end;
    *memory = true;
    if (*done) {
        return NULL;
    }
    const char *line = *text, *stop = memchr(line, '\n', (size_t)(end - line));
    size_t size = (size_t)((stop ? stop : end) - line);
    *text = stop ? stop + 1 : end;
    json_t *root =
        size <= LINE_MAX_BYTES ? json_loadb(line, size, JSON_REJECT_DUPLICATES, &problem) : NULL;
    *memory =
        root || size > LINE_MAX_BYTES || json_error_code(&problem) != json_error_out_of_memory;
    return root;
}

lk_status audit_lines_check(lk_audit_check *out, const char *text, size_t size,
                            const lk_audit_head *kept, lk_error *err) {
    const char *end = text + size;
    struct audit_chain c;
    lk_audit_head claimed = {0};
    bool done, memory, good = true;
    audit_chain_begin(&c, kept);
    json_t *line = next_line(&text, end, &done, &memory);
    bool right = line && read_head(&claimed, line);
    json_decref(line);
    if (!right) {
        return memory ? error_set(err, LK_E_CORRUPT,
                                  "no exported audit log: its first line is not of schema %s",
                                  file_schema)
                      : error_memory(err, size);
    }
    while (good) {
        lk_audit_entry e;
        line = next_line(&text, end, &done, &memory);
        if (done || !memory) {
            break;
        }
        if (line && read_entry(&e, line)) {
            good = audit_chain_add(&c, &e);
        } else {
            audit_chain_unreadable(&c, "its line is no entry");
            good = false;
        }
        json_decref(line);
    }
    if (!memory) {
        return error_memory(err, LINE_MAX_BYTES);
    }
    audit_chain_end(&c, &claimed);
    *out = c.check;
    return LK_OK;
}

lk_status lk_audit_verify_file(lk_audit_check *out, const char *path, const lk_audit_head *kept,
                               lk_error *err) {
    lk_bytes text;
    *out = (lk_audit_check){0};
    lk_status status = file_read(&text, path, file_max, NULL, err);
    if (status == LK_OK) {
        status = audit_lines_check(out, (const char *)text.data, text.size, kept, err);
        lk_bytes_release(&text);
    }
    return error_input(err, status, path);
}
