/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/store_place.h"

struct audit_command {
    struct common common;
    const char *db, *kind, *subject, *head, *save_head;
    int32_t last;
};

enum { LAST_USUAL = 50 };

#define AT(member) offsetof(struct audit_command, member)

static const struct option audit_options[] = {
    STORE_OPTION(AT(db)),
    {"last", 0, OPTION_INT, "N", NULL, NULL, "list: the last N entries (50); 0 is all", AT(last)},
    {"kind", 0, OPTION_TEXT, "KIND", NULL, NULL,
     "list: entries whose kind begins so: verify, ref, ref.add", AT(kind)},
    {"subject", 0, OPTION_TEXT, "ID", NULL, NULL, "list: entries about this reference",
     AT(subject)},
    {"head", 0, OPTION_TEXT, "FILE|HEAD", NULL, NULL,
     "verify: the log must go on from this kept head (a file, COUNT:HASH or HASH)", AT(head)},
    {"save-head", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "verify, export: write the head, to be kept elsewhere", AT(save_head)},
    OPTION_END,
};

struct audit_call {
    const struct audit_command *s;
    const char *name; /* behind the verb; NULL when there is none */
};

/* -- Printing entries -- */

struct listing {
    const struct common *common;
    struct buf b;
    struct json j;
    int64_t count;
    bool whole; /* payload and hashes too */
};

static void hash_hex(char out[65], const uint8_t *hash) {
    for (size_t i = 0; i < LK_AUDIT_HASH_BYTES; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}

static void entry_json(struct json *j, const lk_audit_entry *e) {
    lk_bytes text = {0};
    lk_status status = lk_report_audit_entry(&text, e, NULL);
    json_document(j, NULL, status, &text);
}

/* The word behind a key of a verdict's payload, which record.c writes without spaces; empty where there is none. */
static void word_of(char out[16], const char *payload, const char *key) {
    const char *at = strstr(payload, key);
    size_t n = at ? strspn(at + strlen(key), "abcdefghijklmnopqrstuvwxyz-") : 0;
    snprintf(out, 16, "%.*s", (int)(n < 16 ? n : 0), at ? at + strlen(key) : "");
}

/* What was decided, for those who look through the log. */
static void add_decision(struct buf *b, const lk_audit_entry *e) {
    char verdict[16], intact[16];
    if (strncmp(e->kind, "verify", 6) == 0) {
        word_of(verdict, e->payload, "\"verdict\":\"");
        word_of(intact, e->payload, "\"intact\":\"");
        bool same = strcmp(verdict, "same") == 0;
        buf_printf(b, "  %s%s%s", verdict, same ? ", " : "", same ? intact : "");
    } else if (strcmp(e->kind, "decision") == 0) {
        word_of(verdict, e->payload, "\"decision\":\"");
        buf_printf(b, "  %s", verdict);
    }
}

static bool add_entry(void *arg, const lk_audit_entry *e) {
    struct listing *l = arg;
    char hash[65], prev[65];
    l->count++;
    if (l->common->json) {
        entry_json(&l->j, e);
        return true;
    }
    hash_hex(hash, e->hash);
    hash_hex(prev, e->prev);
    buf_printf(&l->b, "%06lld  %s  %-10s  ", (long long)e->seq, e->at, e->kind);
    add_path(&l->b, l->common, *e->actor ? e->actor : "-");
    buf_add_text(&l->b, "  ");
    add_path(&l->b, l->common, *e->subject ? e->subject : "-");
    if (l->whole) {
        buf_printf(&l->b, "\n  sha256 %s\n  after  %s\n  ", hash, prev);
        add_path(&l->b, l->common, e->payload);
        buf_add_text(&l->b, "\n");
    } else {
        buf_printf(&l->b, "  %.12s", hash);
        add_decision(&l->b, e);
        buf_add_text(&l->b, "\n");
    }
    return true;
}

static void document_begin(struct json *j, const char *store) {
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/audit/1");
    json_text(j, "store", store);
}

static void head_json(struct json *j, const lk_audit_head *head) {
    lk_bytes text = {0};
    lk_status status = lk_report_audit_head(&text, head, NULL);
    json_document(j, "head", status, &text);
}

static void check_json(struct json *j, const lk_audit_check *check, bool against_kept) {
    lk_bytes text = {0};
    lk_status status = lk_report_audit_check(&text, check, against_kept, NULL);
    json_document(j, "check", status, &text);
}

static enum exit_code print_entries(const struct audit_call *c, lk_store *store,
                                    const lk_audit_query *query, bool whole) {
    struct listing l = {.common = &c->s->common, .whole = whole};
    lk_audit_head head;
    lk_error err = {0};
    buf_init(&l.b, 1 << 30);
    json_init(&l.j, &l.b, 0);
    if (l.common->json) {
        document_begin(&l.j, lk_store_folder(store));
        json_array_begin(&l.j, "entries");
    }
    lk_status status = lk_audit_list(store, query, add_entry, &l, &err);
    if (status == LK_OK) {
        status = lk_audit_head_get(&head, store, &err);
    }
    if (status != LK_OK) {
        buf_release(&l.b);
        return report_error(l.common, &err);
    }
    if (l.common->json) {
        json_array_end(&l.j);
        head_json(&l.j, &head);
        json_object_end(&l.j);
        buf_add_text(&l.b, "\n");
    } else if (query->newest > 0 && l.count == query->newest && l.count < head.count) {
        remark(l.common, "the last %lld of %lld entries; --last 0 prints all", (long long)l.count,
               (long long)head.count);
    }
    return print_result(l.common, &l.b, l.count > 0 ? EXIT_YES : EXIT_NO);
}

static enum exit_code list_entries(const struct audit_call *c, lk_store *store) {
    const lk_audit_query query = {
        .newest = c->s->last, .kind = c->s->kind, .subject = c->s->subject};
    return print_entries(c, store, &query, false);
}

static enum exit_code show_entry(const struct audit_call *c, lk_store *store) {
    char *end;
    long long seq = strtoll(c->name, &end, 10);
    if (*end || end == c->name || seq < 1) {
        return report_usage(&c->s->common, &command_audit, "show wants the number of an entry");
    }
    const lk_audit_query query = {.first = seq, .last = seq};
    lk_audit_head head;
    lk_error err = {0};
    if (lk_audit_head_get(&head, store, &err) == LK_OK && seq > head.count) {
        err = (lk_error){.status = LK_E_IO};
        snprintf(err.input, sizeof err.input, "entry %lld", seq);
        snprintf(err.text, sizeof err.text, "the log has %lld entries", (long long)head.count);
        return report_error(&c->s->common, &err);
    }
    return print_entries(c, store, &query, true);
}

/* -- Verifying -- */

/* A head, or a file whose first line is one. */
static lk_status read_head(lk_audit_head *out, const char *text, lk_error *err) {
    enum { HEAD_FILE_MAX = 4096 };
    lk_bytes file;
    if (lk_audit_head_parse(out, text, err) == LK_OK) {
        return LK_OK;
    }
    lk_status status = file_read(&file, text, HEAD_FILE_MAX, NULL, err);
    if (status == LK_E_IO && access(text, F_OK) != 0) {
        error_set(err, LK_E_IO,
                  "no file, and no head of a log either, which is COUNT:HASH or HASH, of 64 "
                  "hexadecimal digits");
        return error_input(err, LK_E_IO, text);
    }
    if (status != LK_OK) {
        return status;
    }
    file.data[strcspn((char *)file.data, " \t\r\n")] = '\0';
    status = lk_audit_head_parse(out, (const char *)file.data, err);
    lk_bytes_release(&file);
    if (status != LK_OK) {
        snprintf(err->input, sizeof err->input, "%.500s", text);
    }
    return status;
}

static lk_status save_head(const char *path, const lk_audit_head *head, lk_error *err) {
    char text[96];
    lk_audit_head_text(text, sizeof text - 1, head);
    strcat(text, "\n");
    return file_write(path, text, strlen(text), err);
}

static enum exit_code print_check(const struct audit_command *s, const char *where,
                                  const lk_audit_check *check, const lk_audit_head *kept) {
    struct buf b;
    struct json j;
    char head[96];
    buf_init(&b, 1 << 20);
    json_init(&j, &b, 0);
    lk_audit_head_text(head, sizeof head, &check->head);
    if (s->common.json) {
        document_begin(&j, where);
        check_json(&j, check, kept != NULL);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    } else if (check->good) {
        buf_printf(&b, "ok: %lld entries, head %s\n", (long long)check->count, head);
    } else {
        buf_printf(&b, "ALTERED: %s\n", check->text);
    }
    if (check->good && !kept) {
        remark(
            &s->common,
            "a log whose end was cut off or written anew can look whole: keep the head elsewhere "
            "(--save-head FILE) and give it with --head");
    }
    return print_result(&s->common, &b, check->good ? EXIT_YES : EXIT_NO);
}

static lk_status verify_where(lk_audit_check *out, const struct audit_call *c, char *where,
                              size_t size, const lk_audit_head *kept, lk_error *err) {
    if (c->name) {
        snprintf(where, size, "%s", c->name);
        return lk_audit_verify_file(out, c->name, kept, err);
    }
    lk_store *store = store_open(&c->s->common, c->s->db, LK_STORE_READ);
    if (!store) {
        err->status = LK_OK; /* said already */
        return LK_E_IO;
    }
    snprintf(where, size, "%s", lk_store_folder(store));
    lk_status status = lk_audit_verify(out, store, kept, err);
    lk_store_close(store);
    return status;
}

static enum exit_code verify_log(const struct audit_call *c) {
    const struct common *common = &c->s->common;
    lk_audit_head kept;
    lk_audit_check check;
    lk_error err = {0};
    char where[4096];
    if (c->name && c->s->db) {
        return report_usage(common, &command_audit, "verify takes a file or --db, not both");
    }
    if (c->s->head && read_head(&kept, c->s->head, &err) != LK_OK) {
        return report_error(common, &err);
    }
    err = (lk_error){0};
    if (verify_where(&check, c, where, sizeof where, c->s->head ? &kept : NULL, &err) != LK_OK) {
        return err.status != LK_OK ? report_error(common, &err) : EXIT_TROUBLE;
    }
    if (check.good && c->s->save_head && save_head(c->s->save_head, &check.head, &err) != LK_OK) {
        return report_error(common, &err);
    }
    return print_check(c->s, where, &check, c->s->head ? &kept : NULL);
}

static enum exit_code export_log(const struct audit_call *c, lk_store *store) {
    const struct common *common = &c->s->common;
    lk_audit_head head;
    lk_error err = {0};
    if (lk_audit_export(&head, store, common->output ? common->output : "-", &err) != LK_OK ||
        (c->s->save_head && save_head(c->s->save_head, &head, &err) != LK_OK)) {
        return report_error(common, &err);
    }
    return EXIT_YES;
}

/* -- The table of verbs -- */

struct verb {
    const char *name;
    size_t least, most;
    enum exit_code (*run)(const struct audit_call *c, lk_store *store); /* NULL: verify */
    const char *options; /* beside --db, with spaces around each */
};

static const struct verb verbs[] = {
    {"list", 0, 0, list_entries, " last kind subject "},
    {"show", 1, 1, show_entry, " "},
    {"verify", 0, 1, NULL, " head save-head "},
    {"export", 0, 0, export_log, " save-head "},
};

static void audit_defaults(void *settings) {
    struct audit_command *s = settings;
    s->last = -1;
}

static const char *idle_option(const struct audit_command *s, const struct verb *verb) {
    for (const struct option *row = audit_options; row->name; row++) {
        const void *at = (const char *)s + row->offset;
        bool given =
            row->kind == OPTION_INT ? *(const int32_t *)at >= 0 : *(const char *const *)at != NULL;
        char word[40];
        snprintf(word, sizeof word, " %s ", row->name);
        if (given && !strstr(verb->options, word) && strcmp(row->name, "db") != 0) {
            return row->name;
        }
    }
    return NULL;
}

static void add_words(struct buf *b) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        buf_printf(b, "%s%s", i > 0 ? " " : "", verbs[i].name);
    }
}

static enum exit_code run_verb(struct audit_command *s, const struct verb *verb) {
    const struct audit_call call = {s, s->common.args.count > 1 ? s->common.args.items[1] : NULL};
    size_t names = s->common.args.count - 1;
    const char *idle = idle_option(s, verb);
    char text[96];
    if (names < verb->least || names > verb->most || idle) {
        snprintf(text, sizeof text,
                 idle                  ? "audit %s takes no --%s"
                 : names < verb->least ? "audit %s wants the number of an entry"
                                       : "audit %s takes no name",
                 verb->name, idle);
        return report_usage(&s->common, &command_audit, text);
    }
    s->last = s->last < 0 ? LAST_USUAL : s->last;
    if (!verb->run) {
        return verify_log(&call);
    }
    lk_store *store = store_open(&s->common, s->db, LK_STORE_READ);
    enum exit_code code = store ? verb->run(&call, store) : EXIT_TROUBLE;
    lk_store_close(store);
    return code;
}

static enum exit_code audit_command_run(void *settings, lk_engine *engine) {
    struct audit_command *s = settings;
    (void)engine;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, s->common.args.items[0]) == 0) {
            return run_verb(s, &verbs[i]);
        }
    }
    return report_usage(&s->common, &command_audit, "the verbs are list, show, verify and export");
}

const struct command command_audit = {
    .name = "audit",
    .summary = "the store's log, whose entries are chained by SHA-256: list, show, verify, export",
    .arguments = "list | show N | verify [FILE] | export",
    .details =
        "Everything that changes the store, and every verdict, is an entry; each holds the hash of "
        "the one before. verify follows\n"
        "the chain and names the first entry that was inserted, deleted, changed or moved; it ends "
        "with 0 when all are good,\n"
        "with 1 when one is not. With a file that export wrote it needs no store.\n"
        "A chain that only its owner holds proves nothing against its owner: he could write it "
        "anew, or cut off its end. Keep\n"
        "heads (--save-head) where he cannot write, and verify against them.",
    .examples = "  likeness audit list --last 10\n"
                "  likeness audit list --subject cap-1001 --kind ref\n"
                "  likeness audit show 412\n"
                "  likeness audit verify --save-head /media/usb/head-2026-11\n"
                "  likeness audit verify --head /media/usb/head-2026-11\n"
                "  likeness audit export -o log.jsonl\n",
    .least_args = 1,
    .most_args = 2,
    .add_words = add_words,
    .options = audit_options,
    .settings_size = sizeof(struct audit_command),
    .defaults = audit_defaults,
    .no_engine = true,
    .run = audit_command_run,
};
