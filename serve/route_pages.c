/* SPDX-License-Identifier: Apache-2.0 */
/* The pages and what they load, all from the binary. A page is what its file says, within the shell: shell.html, in whose places
 * <!--title-->, <!--head-->, <!--nav--> and <!--main--> the rows below are written; <!--cards--> in a page are all pages,
 * <!--map--> the elements of a similarity map. */
#include <likeness/map_page.h>

#include <string.h>

#include "serve/page/page_assets.h"
#include "serve/server.h"

static void answer_asset(struct request *r, struct bench *bench) {
    const struct asset *a = r->route->asset;
    (void)bench;
    buf_add(&r->out, a->data, a->size);
    answer_written(r, 200);
}

/* Of the map's own page, which it shares. */
static void answer_map_part(struct request *r, struct bench *bench) {
    lk_bytes part;
    lk_error err = {0};
    bool script = strncmp(r->route->type, "text/javascript", 15) == 0;
    (void)bench;
    if (lk_map_page_part(&part, script ? LK_MAP_MODULE : LK_MAP_STYLE, &err) == LK_OK) {
        answer_bytes(r, 200, &part);
    } else {
        answer_error(r, &err);
    }
}

static void write_map(struct buf *out) {
    lk_bytes body;
    if (lk_map_page_part(&body, LK_MAP_BODY, NULL) == LK_OK) {
        buf_add(out, body.data, body.size);
        lk_bytes_release(&body);
    }
}

/* Links to the pages that have a name there; the one that is shown says so. */
static void write_nav(struct buf *out, const struct route *shown) {
    for (const struct route *row = page_routes; row->method; row++) {
        if (row->nav) {
            buf_printf(out, "<li><a href=\"%s\"%s>%s</a></li>\n", row->path,
                       row == shown ? " aria-current=\"page\"" : "", row->nav);
        }
    }
}

/* The same with what each is for. */
static void write_cards(struct buf *out) {
    for (const struct route *row = page_routes; row->method; row++) {
        if (row->nav) {
            buf_printf(out, "<li><a href=\"%s\">%s</a><p>%s</p></li>\n", row->path, row->nav,
                       row->summary);
        }
    }
}

static void write_filled(struct buf *out, const struct asset *asset, const struct route *page);

static void write_place(struct buf *out, const char *name, size_t size, const struct route *page) {
    if (strncmp(name, "title", size) == 0) {
        buf_add_text(out, page->summary);
    } else if (strncmp(name, "head", size) == 0 && page->script) {
        buf_printf(out, "<script type=\"module\" src=\"%s\"></script>\n", page->script);
    } else if (strncmp(name, "nav", size) == 0) {
        write_nav(out, page);
    } else if (strncmp(name, "cards", size) == 0) {
        write_cards(out);
    } else if (strncmp(name, "map", size) == 0) {
        write_map(out);
    } else if (strncmp(name, "main", size) == 0 && page->asset) {
        write_filled(out, page->asset, page);
    } else if (strncmp(name, "main", size) == 0) {
        problems_write(out);
    }
}

/* Other comments are left out. */
static void write_filled(struct buf *out, const struct asset *asset, const struct route *page) {
    const char *at = (const char *)asset->data;
    const char *end = at + asset->size;
    const char *place;
    while ((place = memmem(at, (size_t)(end - at), "<!--", 4))) {
        const char *name = place + 4;
        const char *behind = memmem(name, (size_t)(end - name), "-->", 3);
        buf_add(out, at, (size_t)(place - at));
        write_place(out, name, (size_t)(behind - name), page);
        at = behind + 3;
    }
    buf_add(out, at, (size_t)(end - at));
}

static void answer_page(struct request *r, struct bench *bench) {
    (void)bench;
    write_filled(&r->out, &asset_shell_html, r->route);
    answer_written(r, 200);
}

/* What the script of a page finds in its address. */
static const struct field compare_names[] = {
    {"id", "a comparison that is kept", .kind = FIELD_TEXT},
    {"a", "the reference, a picture that is there", .kind = FIELD_TEXT},
    {"b", "the photo, a picture that is there", .kind = FIELD_TEXT},
    {"a-name", "what the reference is called", .kind = FIELD_TEXT},
    {"b-name", "what the photo is called", .kind = FIELD_TEXT},
    FIELD_END};
static const struct field verify_names[] = {
    {"reference", "an original of the store", .kind = FIELD_TEXT},
    {"photo", "a picture that is there", .kind = FIELD_TEXT},
    {"photo-name", "what it is called", .kind = FIELD_TEXT},
    FIELD_END};
static const struct field verdict_names[] = {
    {"verdict", "only these", .kind = FIELD_TEXT},
    {"decision", "only those with this decision", .kind = FIELD_TEXT},
    {"reference", "only of this original", .kind = FIELD_TEXT},
    {"actor", "only by this one", .kind = FIELD_TEXT},
    {"day", "only of this day", .kind = FIELD_TEXT},
    FIELD_END};
static const struct field login_names[] = {{"to", "the page that is wanted", .kind = FIELD_TEXT},
                                           FIELD_END};
static const struct field search_names[] = {
    {"image", "a picture that is there", .kind = FIELD_TEXT},
    {"name", "what it is called", .kind = FIELD_TEXT},
    {"in", "the collection that is searched", .kind = FIELD_TEXT},
    {"by", "how", .kind = FIELD_TEXT},
    {"k", "how many are wanted", .kind = FIELD_TEXT},
    FIELD_END};
static const struct field audit_names[] = {
    {"kind", "only entries of this kind", .kind = FIELD_TEXT},
    {"subject", "only about this", .kind = FIELD_TEXT},
    FIELD_END};

/* clang-format off */
#define PAGE_OF(where, name, what, of, code, names)                                                \
    {.method = "GET", .path = where, .nav = name, .summary = what, .handle = answer_page,          \
     .asset = &(of), .script = code, .query = names, .type = "text/html; charset=utf-8",           \
     .is_page = true}
#define PAGE(where, name, what, of, code) PAGE_OF(where, name, what, of, code, NULL)
#define PART(where, what, media, of)                                                               \
    {.method = "GET", .path = where, .summary = what, .handle = answer_asset, .asset = &(of),      \
     .type = media "; charset=utf-8", .is_page = true}
#define MAP_PART(where, what, media)                                                              \
    {.method = "GET", .path = where, .summary = what, .handle = answer_map_part,                   \
     .type = media "; charset=utf-8", .is_page = true}
#define SCRIPT(where, of) PART(where, "a script of the pages", "text/javascript", of)
#define STYLE(where, of) PART(where, "a style of the pages", "text/css", of)

const struct route page_routes[] = {
    PAGE("/", NULL, "start", asset_start_html, "/start.mjs"),
    PAGE_OF("/compare", "Compare", "two pictures: the same thing or not, how alike, and where they differ",
            asset_compare_html, "/compare.mjs", compare_names),
    PAGE_OF("/verify", "Verify", "a photo against a stored original: same, different or altered, on record",
            asset_verify_html, "/verify.mjs", verify_names),
    PAGE_OF("/verifications", "Verdicts", "verdicts on record, and what people decided",
            asset_verifications_html, "/verifications.mjs", verdict_names),
    PAGE("/verifications/{entry}", NULL, "a verdict on record", asset_verification_html, "/verification.mjs"),
    PAGE_OF("/search", "Search", "what is like a picture, in a collection or among the originals",
            asset_search_html, "/search.mjs", search_names),
    PAGE("/references", "References", "the originals that photos are verified against", asset_references_html, "/references.mjs"),
    PAGE("/references/{reference}", NULL, "a reference", asset_reference_html, "/reference.mjs"),
    PAGE("/cameras", "Cameras", "fixed cameras, and whether they still see what they should", asset_cameras_html, "/cameras.mjs"),
    PAGE("/cameras/{camera}", NULL, "a camera", asset_camera_html, "/camera.mjs"),
    PAGE_OF("/audit", "Audit", "the audit log, and whether it is whole", asset_audit_html, "/audit.mjs", audit_names),
    {.method = "GET", .path = "/problems", .summary = "problems", .handle = answer_page,
     .type = "text/html; charset=utf-8", .is_page = true},
    PAGE("/duplicates", "Duplicates", "copies and near copies in a folder of pictures", asset_duplicates_html, "/duplicates.mjs"),
    PAGE("/map", "Map", "a folder of pictures, laid out so that alike ones lie together", asset_maps_html, "/maps.mjs"),
    PAGE("/map/{job}", NULL, "a similarity map", asset_similarity_map_html, "/similarity_map.mjs"),
    PAGE("/training", "Training", "an embedding learnt from your own pictures", asset_training_html, "/training.mjs"),
    PAGE("/jobs", "Jobs", "long work: how far it is, and what it left", asset_jobs_html, "/jobs.mjs"),
    STYLE("/jobs.css", asset_jobs_css),
    SCRIPT("/job_follow.mjs", asset_job_follow_mjs),
    SCRIPT("/duplicates.mjs", asset_duplicates_mjs),
    SCRIPT("/training.mjs", asset_training_mjs),
    SCRIPT("/jobs.mjs", asset_jobs_mjs),
    STYLE("/search.css", asset_search_css),
    SCRIPT("/search.mjs", asset_search_mjs),
    SCRIPT("/maps.mjs", asset_maps_mjs),
    STYLE("/similarity_map.css", asset_similarity_map_css),
    SCRIPT("/similarity_map.mjs", asset_similarity_map_mjs),
    MAP_PART("/map.css", "a style of the pages", "text/css"),
    MAP_PART("/map_view.mjs", "a script of the pages", "text/javascript"),
    STYLE("/site.css", asset_site_css),
    SCRIPT("/site.mjs", asset_site_mjs),
    PAGE_OF("/login", NULL, "log in", asset_login_html, "/login.mjs", login_names),
    SCRIPT("/login.mjs", asset_login_mjs),
    SCRIPT("/start.mjs", asset_start_mjs),
    SCRIPT("/verify.mjs", asset_verify_mjs),
    STYLE("/verification.css", asset_verification_css),
    SCRIPT("/verification.mjs", asset_verification_mjs),
    SCRIPT("/verification_pictures.mjs", asset_verification_pictures_mjs),
    SCRIPT("/verifications.mjs", asset_verifications_mjs),
    SCRIPT("/audit.mjs", asset_audit_mjs),
    SCRIPT("/compare.mjs", asset_compare_mjs),
    SCRIPT("/compare_measures.mjs", asset_compare_measures_mjs),
    STYLE("/likeness_viewer.css", asset_likeness_viewer_css),
    SCRIPT("/likeness_viewer.mjs", asset_likeness_viewer_mjs),
    SCRIPT("/viewer_gestures.mjs", asset_viewer_gestures_mjs),
    SCRIPT("/viewer_math.mjs", asset_viewer_math_mjs),
    SCRIPT("/viewer_parts.mjs", asset_viewer_parts_mjs),
    STYLE("/care.css", asset_care_css),
    SCRIPT("/cameras.mjs", asset_cameras_mjs),
    SCRIPT("/camera.mjs", asset_camera_mjs),
    SCRIPT("/camera_aim.mjs", asset_camera_aim_mjs),
    SCRIPT("/camera_parts.mjs", asset_camera_parts_mjs),
    SCRIPT("/camera_series.mjs", asset_camera_series_mjs),
    SCRIPT("/camera_timeline.mjs", asset_camera_timeline_mjs),
    SCRIPT("/mask_editor.mjs", asset_mask_editor_mjs),
    SCRIPT("/reference.mjs", asset_reference_mjs),
    SCRIPT("/reference_parts.mjs", asset_reference_parts_mjs),
    SCRIPT("/references.mjs", asset_references_mjs),
    ROUTE_END,
};
/* clang-format on */
