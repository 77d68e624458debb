/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ref.h"
#include "cli/store_place.h"

#define AT(member) offsetof(struct ref_command, member)

static const struct option ref_options[] = {
    STORE_OPTION(AT(db)),
    {"id", 0, OPTION_TEXT, "ID", NULL, NULL,
     "add: what it is called (the file's name without extension)", AT(id)},
    {"name", 0, OPTION_TEXT, "TEXT", NULL, NULL, "add: the name for people", AT(name)},
    {"tag", 0, OPTION_LIST, "TAG", NULL, NULL,
     "add: a tag, may be given again; list: only those with it", AT(tags)},
    {"ignore", 'i', OPTION_LIST, "X,Y,W,H", NULL, NULL,
     "add: leave this rectangle out (px or %); may be given again", AT(ignore)},
    {"ignore-poly", 0, OPTION_LIST, "POINTS", NULL, NULL,
     "add: leave this polygon out, \"x,y x,y ...\" (px or %)", AT(ignore_poly)},
    {"no-ignore", 0, OPTION_FLAG, NULL, NULL, NULL,
     "add: leave nothing out, though the version before did", AT(no_ignore)},
    {"note", 0, OPTION_TEXT, "TEXT", NULL, NULL, "add, rm: why, for the history", AT(note)},
    {"actor", 0, OPTION_TEXT, "NAME", NULL, NULL,
     "add, rm, import: who (LIKENESS_ACTOR, or the user)", AT(actor)},
    {"prefix", 0, OPTION_TEXT, "TEXT", NULL, NULL, "list: only ids that begin so", AT(prefix)},
    {"removed", 0, OPTION_FLAG, NULL, NULL, NULL, "list: removed ones too", AT(removed)},
    {"purge", 0, OPTION_FLAG, NULL, NULL, NULL,
     "rm: erase the pictures; refused when a verdict needs them", AT(purge)},
    {"out", 'O', OPTION_TEXT, "DIR", NULL, NULL, "export: a new or empty folder", AT(out)},
    {"yes", 'y', OPTION_FLAG, NULL, NULL, NULL, "rm: do not ask", AT(yes)},
    OPTION_END,
};

/* -- Printing lists -- */

struct listing {
    const struct common *common;
    struct buf b;
    struct json j;
    size_t count;
    int id_width; /* of the column */
};

enum { ID_WIDTH = 24 }; /* at least */

static bool note_width(void *arg, const lk_reference *r) {
    struct listing *l = arg;
    int width = (int)strlen(r->id);
    l->id_width = width > l->id_width ? width : l->id_width;
    return true;
}

static bool list_one(void *arg, const lk_reference *r) {
    struct listing *l = arg;
    l->count++;
    if (l->common->json) {
        ref_json(&l->j, r, NULL);
        return true;
    }
    buf_printf(&l->b, "%-*s @%-3d %5d x %-5d  ", l->id_width, r->id, r->version, r->width,
               r->height);
    add_path(&l->b, l->common, r->name);
    for (size_t i = 0; i < r->tag_count; i++) {
        buf_add_text(&l->b, i == 0 ? "  [" : " ");
        add_path(&l->b, l->common, r->tags[i]);
    }
    buf_printf(&l->b, "%s%s\n", r->tag_count > 0 ? "]" : "", r->removed ? "  removed" : "");
    return true;
}

static bool list_version(void *arg, const lk_reference *r) {
    struct listing *l = arg;
    if (l->common->json) {
        return list_one(arg, r);
    }
    buf_printf(&l->b, "%s@%-3d %s  %-12s %.12s  %5d x %-5d  ", r->id, r->version, r->added,
               r->actor, r->sha256, r->width, r->height);
    add_path(&l->b, l->common, *r->note ? r->note : r->file_name);
    buf_printf(&l->b, "%s%s\n", r->purged ? "  picture erased" : "",
               r->newest ? r->removed ? "  removed" : "  in use" : "");
    return true;
}

static void listing_begin(struct listing *l, const struct common *common, const lk_store *store) {
    *l = (struct listing){.common = common, .id_width = ID_WIDTH};
    buf_init(&l->b, 1 << 30);
    json_init(&l->j, &l->b, 0);
    if (common->json) {
        ref_json_begin(&l->j, lk_store_folder(store));
        json_array_begin(&l->j, "references");
    }
}

static enum exit_code listing_end(struct listing *l, lk_status status, const lk_error *err,
                                  enum exit_code code) {
    if (status != LK_OK) {
        buf_release(&l->b);
        return report_error(l->common, err);
    }
    if (l->common->json) {
        json_array_end(&l->j);
        json_object_end(&l->j);
        buf_add_text(&l->b, "\n");
    }
    return print_result(l->common, &l->b, code);
}

/* -- Verbs that read -- */

static enum exit_code list_refs(const struct ref_call *c, lk_store *store) {
    const lk_reference_query query = {.prefix = c->s->prefix,
                                      .tag = c->s->tags.count > 0 ? c->s->tags.items[0] : NULL,
                                      .removed = c->s->removed};
    struct listing l;
    lk_error err = {0};
    listing_begin(&l, &c->s->common, store);
    lk_status status =
        c->s->common.json ? LK_OK : lk_reference_list(store, &query, note_width, &l, &err);
    status = status == LK_OK ? lk_reference_list(store, &query, list_one, &l, &err) : status;
    return listing_end(&l, status, &err, l.count > 0 ? EXIT_YES : EXIT_NO);
}

static enum exit_code show_ref(const struct ref_call *c, lk_store *store) {
    struct listing l;
    lk_reference r;
    lk_error err = {0};
    listing_begin(&l, &c->s->common, store);
    lk_status status = lk_reference_find(&r, store, c->names[0], &err);
    if (status == LK_OK && c->s->common.json) {
        ref_json(&l.j, &r, NULL);
    } else if (status == LK_OK) {
        ref_text(&l.b, &c->s->common, &r);
    }
    lk_reference_release(&r);
    return listing_end(&l, status, &err, EXIT_YES);
}

/* The note of a removal's payload, {"id":"...","note":"..."} as store/removal.c writes it, with its escapes of quotes and
 * backslashes undone. */
static void add_note(struct buf *b, const struct common *common, const char *payload) {
    static const char key[] = "\"note\":\"";
    char note[2 * LK_NOTE_MAX + 1];
    size_t n = 0;
    const char *at = strstr(payload, key);
    for (at = at ? at + strlen(key) : ""; *at && *at != '"' && n + 1 < sizeof note; at++) {
        at += at[0] == '\\' && (at[1] == '"' || at[1] == '\\');
        note[n++] = *at;
    }
    note[n] = '\0';
    if (n > 0) {
        buf_add_text(b, "  ");
        add_path(b, common, note);
    }
}

static bool list_removal(void *arg, const lk_audit_entry *e) {
    struct listing *l = arg;
    buf_printf(&l->b, "%s %s %s  %-12s", e->subject,
               strcmp(e->kind, "ref.purge") == 0 ? "purged " : "removed", e->at, e->actor);
    add_note(&l->b, l->common, e->payload);
    buf_add_text(&l->b, "\n");
    return true;
}

static enum exit_code show_history(const struct ref_call *c, lk_store *store) {
    static const char *const kinds[] = {"ref.rm", "ref.purge"};
    struct listing l;
    lk_error err = {0};
    listing_begin(&l, &c->s->common, store);
    lk_status status = lk_reference_history(store, c->names[0], list_version, &l, &err);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !l.common->json; i++) {
        const lk_audit_query query = {.kind = kinds[i], .subject = c->names[0]};
        status = status == LK_OK ? lk_audit_list(store, &query, list_removal, &l, &err) : status;
    }
    return listing_end(&l, status, &err, EXIT_YES);
}

/* -- Verbs that end in one line -- */

static enum exit_code say_done(const struct ref_call *c, const lk_store *store, const char *done,
                               const char *about, const lk_store_counts *counts) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    json_init(&j, &b, 0);
    if (c->s->common.json) {
        ref_json_begin(&j, lk_store_folder(store));
        json_text(&j, "done", done);
        json_text(&j, counts ? "folder" : "id", about);
        if (counts) {
            json_object_begin(&j, "counts");
            json_int(&j, "references", counts->references);
            json_int(&j, "versions", counts->versions);
            json_int(&j, "present", counts->present);
            json_object_end(&j);
        }
        json_object_end(&j);
    } else if (counts) {
        buf_printf(&b, "%s %lld reference%s, %lld version%s", done, (long long)counts->references,
                   counts->references == 1 ? "" : "s", (long long)counts->versions,
                   counts->versions == 1 ? "" : "s");
        if (counts->present > 0) {
            buf_printf(&b, "; %lld were here already", (long long)counts->present);
        }
    } else {
        buf_printf(&b, "%s %s", done, about);
    }
    buf_add_text(&b, "\n");
    return print_result(&c->s->common, &b, EXIT_YES);
}

static enum exit_code remove_ref(const struct ref_call *c, lk_store *store) {
    char user[LK_ACTOR_MAX + 1];
    const lk_reference_removal how = {.actor = store_actor(user, sizeof user, c->s->actor),
                                      .note = c->s->note,
                                      .purge = c->s->purge};
    lk_error err = {0};
    if (!store_agreed(c->s->yes, c->s->purge ? "erase the pictures of" : "take out of use",
                      c->names[0])) {
        return report_usage(&c->s->common, &command_ref,
                            "rm takes a reference out of use: say --yes");
    }
    if (lk_reference_remove(store, c->names[0], &how, &err) != LK_OK) {
        return report_error(&c->s->common, &err);
    }
    return say_done(c, store, c->s->purge ? "purged" : "removed", c->names[0], NULL);
}

static enum exit_code export_refs(const struct ref_call *c, lk_store *store) {
    lk_store_counts counts;
    lk_error err = {0};
    if (!c->s->out) {
        return report_usage(&c->s->common, &command_ref, "export wants --out DIR");
    }
    if (lk_store_export(&counts, store, c->engine, c->s->out, c->names, c->count, &err) != LK_OK) {
        return report_error(&c->s->common, &err);
    }
    return say_done(c, store, "exported", c->s->out, &counts);
}

static enum exit_code import_refs(const struct ref_call *c, lk_store *store) {
    char user[LK_ACTOR_MAX + 1];
    lk_store_counts counts;
    lk_error err = {0};
    if (lk_store_import(&counts, store, c->engine, c->names[0],
                        store_actor(user, sizeof user, c->s->actor), &err) != LK_OK) {
        return report_error(&c->s->common, &err);
    }
    return say_done(c, store, "imported", c->names[0], &counts);
}

/* -- The table of verbs -- */

struct verb {
    const char *name;
    size_t least, most; /* of what stands behind it */
    lk_store_mode mode;
    enum exit_code (*run)(const struct ref_call *c, lk_store *store); /* NULL: add */
    const char *options; /* of the table that it takes beside --db, with spaces around each */
};

/* A folder that is none of `ref export` makes no store. */
static bool can_import(const struct ref_call *c) {
    char path[4096 + 16];
    lk_error err = {.status = LK_E_IO};
    snprintf(path, sizeof path, "%s/manifest.json", c->names[0]);
    if (access(path, R_OK) == 0) {
        return true;
    }
    snprintf(err.input, sizeof err.input, "%.500s", path);
    snprintf(err.text, sizeof err.text, "no folder of `ref export`: %s", strerror(errno));
    report_error(&c->s->common, &err);
    return false;
}

static const struct verb verbs[] = {
    {"add", 1, 100000, LK_STORE_WRITE, NULL,
     " id name tag ignore ignore-poly no-ignore note actor "},
    {"list", 0, 0, LK_STORE_READ, list_refs, " prefix tag removed "},
    {"show", 1, 1, LK_STORE_READ, show_ref, " "},
    {"history", 1, 1, LK_STORE_READ, show_history, " "},
    {"rm", 1, 1, LK_STORE_WRITE, remove_ref, " purge note actor yes "},
    {"export", 0, 100000, LK_STORE_READ, export_refs, " out "},
    {"import", 1, 1, LK_STORE_WRITE, import_refs, " actor "},
};

static bool was_given(const struct ref_command *s, const struct option *row) {
    const void *at = (const char *)s + row->offset;
    return row->kind == OPTION_FLAG   ? *(const bool *)at
           : row->kind == OPTION_LIST ? ((const struct text_list *)at)->count > 0
                                      : *(const char *const *)at != NULL;
}

/* An option that the verb would pass over; NULL. */
static const char *idle_option(const struct ref_command *s, const struct verb *verb) {
    for (const struct option *row = ref_options; row->name; row++) {
        char word[40];
        snprintf(word, sizeof word, " %s ", row->name);
        if (!strstr(verb->options, word) && strcmp(row->name, "db") != 0 && was_given(s, row)) {
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

/* What is wrong with the call, in words; an empty text when nothing is. */
static void check_call(char *text, size_t size, const struct ref_call *c, const struct verb *verb) {
    const char *idle = idle_option(c->s, verb);
    text[0] = '\0';
    if (c->count < verb->least) {
        snprintf(text, size, "ref %s wants %s", verb->name,
                 verb->run == import_refs ? "DIR"
                 : verb->run              ? "ID"
                                          : "FILE...");
    } else if (c->count > verb->most) {
        snprintf(text, size, verb->most == 0 ? "ref %s takes no name" : "ref %s: one at a time",
                 verb->name);
    } else if (idle) {
        snprintf(text, size, "ref %s takes no --%s", verb->name, idle);
    } else if (verb->run == list_refs && c->s->tags.count > 1) {
        snprintf(text, size, "ref list takes one --tag");
    }
}

static enum exit_code run_verb(const struct ref_call *c, const struct verb *verb) {
    char text[96];
    check_call(text, sizeof text, c, verb);
    if (*text) {
        return report_usage(&c->s->common, &command_ref, text);
    }
    if (!verb->run) {
        return ref_add(c);
    }
    bool import = verb->run == import_refs;
    if (import && !can_import(c)) {
        return EXIT_TROUBLE;
    }
    lk_store *store = import ? store_open(&c->s->common, c->s->db, verb->mode)
                             : store_open_kept(&c->s->common, c->s->db, verb->mode);
    enum exit_code code = store ? verb->run(c, store) : EXIT_TROUBLE;
    lk_store_close(store);
    return code;
}

static enum exit_code ref_command_run(void *settings, lk_engine *engine) {
    struct ref_command *s = settings;
    const struct ref_call call = {.s = s,
                                  .engine = engine,
                                  .count = s->common.args.count - 1,
                                  .names = s->common.args.items + 1};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, s->common.args.items[0]) == 0) {
            return run_verb(&call, &verbs[i]);
        }
    }
    return report_usage(&s->common, &command_ref,
                        "the verbs are add, list, show, history, rm, export and import");
}

const struct command command_ref = {
    .name = "ref",
    .summary = "stored originals: add, list, show, history, rm, export, import",
    .arguments =
        "add FILE... | list | show ID[@VERSION] | history ID | rm ID | export [ID...] | import DIR",
    .details =
        "The store keeps originals with all their versions, byte for byte as they were added. "
        "Adding to an id that is there\n"
        "makes its next version; nothing is ever overwritten, and the same picture with the same "
        "name, tags and areas is not\n"
        "added twice. Name, tags and areas to leave out are those of the version before unless "
        "they "
        "are given, or --no-ignore is.\n"
        "rm takes a reference out of use and keeps its history; --purge erases its pictures, "
        "unless a verdict in the log needs\n"
        "them. export writes plain files and manifest.json into a folder, import checks all of it "
        "before it writes anything.\n"
        "What changes the store is written into its audit log (likeness audit). list ends with 1 "
        "when nothing is found.",
    .examples = "  likeness ref add --id cap-1001 --name \"Bottle cap, blue\" front.tif --ignore "
                "85%,90%,15%,10%\n"
                "  likeness ref add --tag spring covers/*.jpg\n"
                "  likeness ref list --prefix cap- --json\n"
                "  likeness ref show cap-1001@1\n"
                "  likeness ref rm cap-1001 --note \"no longer sold\" --yes\n"
                "  likeness ref export --out backup/\n",
    .least_args = 1,
    .most_args = 100001,
    .add_words = add_words,
    .options = ref_options,
    .settings_size = sizeof(struct ref_command),
    .run = ref_command_run,
};
