/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/file.h"
#include "cli/policy_choice.h"
#include "cli/stop.h"
#include "cli/store_place.h"
#include "cli/verifier.h"

struct verify_settings {
    struct common common;
    const char *reference, *ref, *db, *policy, *evidence, *actor, *note;
    bool identify, no_store, batch, csv, jsonl, resume;
    struct model_settings model;
    struct text_list ignore, ignore_poly, report;
};

#define AT(member) offsetof(struct verify_settings, member)

static const struct option verify_options[] = {
    {"ref", 0, OPTION_TEXT, "ID[@VERSION]", NULL, NULL, "the original, one of the store", AT(ref)},
    {"identify", 0, OPTION_FLAG, NULL, NULL, NULL, "find the original among those of the store",
     AT(identify)},
    {"reference", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "the original, a picture file; nothing is recorded then", AT(reference)},
    STORE_OPTION(AT(db)),
    {"no-store", 0, OPTION_FLAG, NULL, NULL, NULL, "record nothing in the store's log",
     AT(no_store)},
    {"policy", 0, OPTION_TEXT, "NAME|FILE", NULL, NULL,
     "what decides: a policy by name or as a file (photos)", AT(policy)},
    {"ignore", 'i', OPTION_LIST, "X,Y,W,H", NULL, NULL,
     "leave a rectangle of the original out, px or %; may be given again", AT(ignore)},
    {"ignore-poly", 0, OPTION_LIST, "'x,y x,y ...'", NULL, NULL,
     "leave a polygon of the original out; may be given again", AT(ignore_poly)},
    {"report", 0, OPTION_LIST, "FILE", NULL, NULL, "write evidence: .html, .json or .png",
     AT(report)},
    {"evidence", 0, OPTION_TEXT, "FILE.lkev", NULL, NULL,
     "write all that the verdict was made from (likeness evidence check)", AT(evidence)},
    {"actor", 0, OPTION_TEXT, "NAME", NULL, NULL, "who verifies, for the record", AT(actor)},
    {"note", 0, OPTION_TEXT, "TEXT", NULL, NULL, "why, for the record", AT(note)},
    {"batch", 0, OPTION_FLAG, NULL, NULL, NULL,
     "many photos, or a table with the columns photo and reference or reference_id; a line each",
     AT(batch)},
    {"csv", 0, OPTION_FLAG, NULL, NULL, NULL, "batch: rows of CSV", AT(csv)},
    {"jsonl", 0, OPTION_FLAG, NULL, NULL, NULL, "batch: a JSON object a line", AT(jsonl)},
    {"resume", 0, OPTION_FLAG, NULL, NULL, NULL,
     "batch with --csv and --output: keep the rows that are there, but try errors again",
     AT(resume)},
    MODEL_OPTIONS(struct verify_settings, model),
    OPTION_END,
};

static lk_status write_report(const lk_verification *v, lk_engine *engine, const char *path,
                              lk_error *err) {
    char extension[16];
    lk_bytes bytes = {0};
    lk_status status;
    file_extension(extension, sizeof extension, path);
    if (strcmp(extension, "json") == 0) {
        status = lk_report_verify_json(&bytes, v, true, err);
    } else if (strcmp(extension, "png") == 0) {
        lk_image picture;
        status = lk_report_picture(&picture, &v->comparison, LK_PICTURE_DIFFERENCES, err);
        status =
            status == LK_OK ? lk_image_encode(&bytes, &picture, engine, "png", 0, err) : status;
        lk_image_release(&picture);
    } else {
        status = lk_report_verify_html(&bytes, engine, v, err);
    }
    status = status == LK_OK ? file_write(path, bytes.data, bytes.size, err) : status;
    lk_bytes_release(&bytes);
    return status;
}

static enum exit_code print(const lk_verification *v, const struct verify_settings *s) {
    lk_bytes text = {0};
    lk_error err = {0};
    lk_status status = s->common.json
                           ? lk_report_verify_json(&text, v, false, &err)
                           : lk_report_verify_text(&text, v, wants_colour(&s->common), &err);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    enum exit_code code = write_result(&s->common, &text, verification_code(v));
    lk_bytes_release(&text);
    return code;
}

static bool is_report_name(const char *path) {
    static const char *const endings[] = {"html", "htm", "json", "png"};
    char extension[16];
    file_extension(extension, sizeof extension, path);
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++) {
        if (strcmp(extension, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_table(const struct verify_settings *s) {
    char extension[16];
    file_extension(extension, sizeof extension, s->common.args.items[0]);
    return !s->reference && !s->ref && s->common.args.count == 1 &&
           (!s->identify || strcmp(extension, "csv") == 0);
}

static const char *batch_mistake(const struct verify_settings *s) {
    int32_t asked = !!s->reference + !!s->ref + s->identify;
    if (s->common.args.count == 0 || asked > 1 || (asked == 0 && s->common.args.count != 1)) {
        return "likeness verify --batch wants PHOTO... and one of --ref ID, --identify and "
               "--reference FILE, or PAIRS.csv";
    }
    if (s->report.count > 0 || s->evidence || s->common.json || (s->csv && s->jsonl)) {
        return "--batch writes --csv or --jsonl, or lines; no --json, --report or --evidence";
    }
    if (s->resume && (!s->csv || !s->common.output)) {
        return "--resume goes on with the file of --csv --output FILE";
    }
    return NULL;
}

static const char *argument_mistake(const struct verify_settings *s) {
    if (s->batch) {
        return batch_mistake(s);
    }
    if (s->common.args.count != 1 || !s->reference + !s->ref + !s->identify != 2) {
        return "likeness verify wants PHOTO and one of --ref ID, --identify and --reference FILE";
    }
    if (s->csv || s->jsonl || s->resume) {
        return "--csv, --jsonl and --resume belong to --batch";
    }
    bool piped = s->reference && strcmp(s->reference, "-") == 0;
    if (s->evidence && (s->model.model || piped)) {
        return "--evidence takes an original that is a file, and the network of likeness";
    }
    if (piped && strcmp(s->common.args.items[0], "-") == 0) {
        return "standard input (-) can be one picture only";
    }
    for (size_t i = 0; i < s->report.count; i++) {
        if (!is_report_name(s->report.items[i])) {
            return "--report takes a name that ends in .html, .json or .png";
        }
    }
    return NULL;
}

static void remark_warning(const struct verify_settings *s, const lk_image_info *info) {
    if (info->warning[0]) {
        remark(&s->common, "%s: %s", info->path, info->warning);
    }
}

/* -- One photo -- */

struct verifying {
    const struct verify_settings *s;
    const struct verifier *v;
    lk_store *store; /* NULL with --reference */
    lk_bytes file;   /* of the photo */
    lk_image photo;
    lk_image_info info;
    lk_original original;
    lk_verification result;
};

static void verifying_release(struct verifying *r) {
    lk_verification_release(&r->result);
    lk_original_release(&r->original);
    lk_image_release(&r->photo);
    lk_bytes_release(&r->file);
}

static lk_status read_photo(struct verifying *r, lk_error *err) {
    const char *path = r->s->common.args.items[0];
    int64_t most = lk_engine_limits(r->v->engine).file_bytes;
    lk_status status = file_read(&r->file, path, most, stop_flag(), err);
    return status == LK_OK ? lk_image_decode(&r->photo, &r->info, r->v->engine, r->file.data,
                                             r->file.size, path, &photo_size, err)
                           : status;
}

static lk_status answer(struct verifying *r, lk_error *err) {
    const struct verify_settings *s = r->s;
    lk_contest *c = r->v->contest;
    const lk_photo photo = {&r->photo, &r->info, NULL};
    if (s->identify) {
        return lk_contest_identify(&r->result, &r->original, c, r->store, &photo, err);
    }
    if (s->ref) {
        lk_status status = lk_original_find(&r->original, c, r->store, s->ref, err);
        return status == LK_OK
                   ? lk_contest_verify(&r->result, c, r->store, &r->original, &photo, err)
                   : status;
    }
    lk_status status = lk_original_load(&r->original, c, s->reference, err);
    return status == LK_OK ? lk_contest_alone(&r->result, c, &r->original, &photo, err) : status;
}

static lk_status record(struct verifying *r, lk_error *err) {
    char user[LK_ACTOR_MAX + 1];
    lk_recorded recorded;
    if (!r->store || r->s->no_store) {
        return LK_OK;
    }
    const char *actor = store_actor(user, sizeof user, r->s->actor);
    lk_hash mark;
    const lk_reference *shown = r->result.reference_id[0] ? &r->original.stored : NULL;
    lk_status status = lk_verification_mark(&mark, r->v->engine, &r->photo, err);
    return status == LK_OK ? lk_verification_record(&recorded, r->store, &r->result, shown, &mark,
                                                    actor, r->s->note, err)
                           : status;
}

/* What its verdict was made from: the bytes at hand. */
static lk_status write_evidence(const struct verifying *r, lk_error *err) {
    const struct verify_settings *s = r->s;
    const lk_original *o = &r->original;
    lk_bytes bundle = {0};
    const lk_bundle b = {.photo = r->file.data,
                         .photo_bytes = r->file.size,
                         .photo_name = s->common.args.items[0],
                         .reference = o->file.data,
                         .reference_bytes = o->file.size,
                         .reference_name = o->info.path,
                         .policy = &r->v->policy,
                         .ignore = o->ignore,
                         .ignore_count = o->ignore_count,
                         .rivals = r->result.rivals,
                         .rival_count = r->result.rival_count,
                         .reference_id = r->result.reference_id,
                         .reference_version = r->result.reference_version,
                         .entry = r->result.log_entry,
                         .entry_hash = r->result.log_hash,
                         .actor = r->result.log_entry > 0 ? r->result.actor : s->actor,
                         .note = s->note,
                         .decided = &r->result};
    lk_status status = lk_bundle_write(&bundle, r->v->engine, &b, err);
    status = status == LK_OK ? file_write(s->evidence, bundle.data, bundle.size, err) : status;
    lk_bytes_release(&bundle);
    return status;
}

static void say_warnings(const struct verifying *r) {
    const lk_comparison *c = &r->result.comparison;
    remark_warning(r->s, &r->original.info);
    remark_warning(r->s, &r->info);
    for (int32_t i = 0; i < c->warning_count; i++) {
        remark(&r->s->common, "%s: %s", c->warnings[i].code, c->warnings[i].text);
    }
}

/* Before there is a verdict to be recorded that nobody would get to see. */
static lk_status check_outputs(const struct verify_settings *s, lk_error *err) {
    lk_status status = s->evidence ? file_can_write(s->evidence, err) : LK_OK;
    if (status == LK_OK && s->common.output) {
        status = file_can_write(s->common.output, err);
    }
    for (size_t i = 0; status == LK_OK && i < s->report.count; i++) {
        status = file_can_write(s->report.items[i], err);
    }
    return status;
}

static enum exit_code verify_one(const struct verify_settings *s, const struct verifier *v,
                                 lk_store *store) {
    struct verifying r = {.s = s, .v = v, .store = store};
    lk_error err = {0};
    lk_status status = check_outputs(s, &err);
    status = status == LK_OK ? read_photo(&r, &err) : status;
    status = status == LK_OK ? answer(&r, &err) : status;
    status = status == LK_OK ? record(&r, &err) : status;
    for (size_t i = 0; status == LK_OK && i < s->report.count; i++) {
        status = write_report(&r.result, v->engine, s->report.items[i], &err);
    }
    if (status == LK_OK && s->evidence) {
        status = write_evidence(&r, &err);
    }
    if (status == LK_OK) {
        say_warnings(&r);
    }
    enum exit_code code = status == LK_OK ? print(&r.result, s) : report_error(&s->common, &err);
    verifying_release(&r);
    return code;
}

static enum exit_code verify_many(const struct verify_settings *s, const struct verifier *v) {
    char user[LK_ACTOR_MAX + 1];
    const struct verify_batch batch = {.common = &s->common,
                                       .verifier = v,
                                       .reference = s->reference,
                                       .ref = s->ref,
                                       .identify = s->identify,
                                       .table = is_table(s),
                                       .db = s->db,
                                       .actor = store_actor(user, sizeof user, s->actor),
                                       .note = s->note,
                                       .no_store = s->no_store,
                                       .csv = s->csv,
                                       .jsonl = s->jsonl,
                                       .resume = s->resume};
    return verify_batch_run(&batch);
}

/* Once policy and network are there. */
static enum exit_code verify_all(const struct verify_settings *s, const struct verifier *v) {
    if (s->batch) {
        return verify_many(s, v);
    }
    bool stored = s->ref || s->identify;
    lk_store *store = stored ? store_open_kept(&s->common, s->db,
                                               s->no_store ? LK_STORE_UNTOUCHED : LK_STORE_WRITE)
                             : NULL;
    if (stored && !store) {
        return EXIT_TROUBLE;
    }
    enum exit_code code = verify_one(s, v, store);
    lk_store_close(store);
    return code;
}

static enum exit_code verify_run(void *settings, lk_engine *engine) {
    struct verify_settings *s = settings;
    struct verifier v = {.common = &s->common,
                         .engine = engine,
                         .ignore = s->ignore,
                         .ignore_poly = s->ignore_poly,
                         .want_evidence = s->report.count > 0,
                         .tell_all = s->report.count > 0 || s->common.json || s->jsonl,
                         .keeps = !s->no_store};
    lk_error err = {0};
    const char *mistake = argument_mistake(s);
    if (mistake) {
        return report_usage(&s->common, &command_verify, mistake);
    }
    lk_status status = policy_choose(&v.policy, s->policy, &err);
    status =
        status == LK_OK ? model_for_measures(&v.model, engine, &s->model, "latent", &err) : status;
    status = status == LK_OK ? verifier_open(&v, &err) : status;
    enum exit_code code = status == LK_OK ? verify_all(s, &v) : report_error(&s->common, &err);
    verifier_close(&v);
    lk_model_free(v.model);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .screen_options = 8,
    .summary = "does a photo show the thing whose original is kept, and is it unchanged?",
    .arguments = "PHOTO...",
    .details = "Two answers: whether it is the same thing, by the rules of compare and the "
               "probability of a policy, which must agree;\n"
               "and whether it is unchanged, by the regions that differ after alignment. Exit 0 "
               "means the same and not altered,\n"
               "1 different or altered, 3 that it cannot be told: the text says how to take the "
               "photo again.",
    .examples =
        "  likeness verify phone.jpg --reference original.png\n"
        "  likeness verify phone.jpg --reference original.png --report out.html\n"
        "  likeness verify phone.jpg --reference original.png --policy mine.json --json\n"
        "  likeness verify --batch photos/ --reference original.png --csv -o all.csv --resume\n"
        "  likeness verify --batch photos/ --identify --csv -o found.csv\n",
    .most_args = 1000000,
    .options = verify_options,
    .settings_size = sizeof(struct verify_settings),
    .run = verify_run,
};
