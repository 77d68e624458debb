/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/map_labels.h"
#include "cli/map_source.h"
#include "cli/progress.h"

struct map_settings {
    struct common common;
    struct model_settings model;
    const char *out, *labels;
    int32_t method, colour_by, seed, thumb, neighbours, epochs;
    double min_dist;
    bool plain;
};

#define AT(member) offsetof(struct map_settings, member)
#define COLOURINGS "cluster|folder|label|score|time"

static const char *const colouring_names[] = {"cluster", "folder", "label", "score", "time"};
enum { COLOUR_BY_CLUSTER, COLOUR_BY_LABEL = 2, COLOUR_BY_USUAL = -1 };

static const struct option map_options[] = {
    {"out", 'O', OPTION_TEXT, "FILE.html", NULL, NULL,
     "where the map goes: one file, opened offline", AT(out)},
    {"method", 0, OPTION_CHOICE, "NAME", "umap|pca", NULL,
     "how places are found; pca is quick and coarse (umap)", AT(method)},
    {"color-by", 0, OPTION_CHOICE, "WHAT", COLOURINGS, "colour-by",
     "what dots are coloured by at first (label, where there are labels, or cluster)",
     AT(colour_by)},
    {"labels", 0, OPTION_TEXT, "folders|none|FILE.csv", NULL, NULL,
     "labels: the folders, or a table with path and label, score or both (folders)", AT(labels)},
    {"thumb", 0, OPTION_INT, "PIXELS", NULL, NULL,
     "side of the thumbnails, 16 to 256 (48; fewer pictures than 10,000: 64, 96 or 128)",
     AT(thumb)},
    {"plain", 0, OPTION_FLAG, NULL, NULL, NULL,
     "print path, x, y, cluster, label, tab separated, a line a picture", AT(plain)},
    MODEL_OPTIONS(struct map_settings, model),
    {"seed", 0, OPTION_INT, "N", NULL, NULL, "of the layout: the same seed, the same map (1)",
     AT(seed)},
    {"neighbours", 0, OPTION_INT, "K", NULL, "neighbors",
     "neighbours that each picture is tied to, and that the map shows (15)", AT(neighbours)},
    {"min-dist", 0, OPTION_NUMBER, "D", NULL, NULL,
     "umap: how near alike ones may come, 0 to 1 (0.01)", AT(min_dist)},
    {"epochs", 0, OPTION_INT, "N", NULL, NULL, "umap: rounds (500; above 10,000 pictures 300)",
     AT(epochs)},
    OPTION_END,
};

static void map_defaults(void *settings) {
    struct map_settings *s = settings;
    const lk_map_options usual = lk_map_options_default();
    s->labels = "folders";
    s->colour_by = COLOUR_BY_USUAL;
    s->seed = (int32_t)usual.seed;
    s->neighbours = usual.neighbours;
    s->min_dist = usual.min_dist;
}

/* -- How far it is -- */

struct map_progress {
    const struct common *common;
    double last_s, every_s, told_s;
    bool terminal, shown;
};

static void show_progress(void *arg, const char *what, double share) {
    struct map_progress *p = arg;
    double now_s = clock_s();
    progress_tell_due(&p->told_s, p->common, what, (int64_t)(1000 * share), 1000, 0);
    if (!progress_is_shown(p->common) || now_s - p->last_s < p->every_s) {
        return;
    }
    p->last_s = now_s;
    p->shown = p->terminal;
    p->every_s = p->terminal ? 0.1 : 10;
    fprintf(stderr, "%s%s %.0f %%%s", p->terminal ? "\r" : "", what, 100 * share,
            p->terminal ? "\x1b[K" : "\n");
    fflush(stderr);
}

static lk_status make_map(lk_similarity_map *map, lk_engine *engine, const struct map_settings *s,
                          const struct map_source *source, const lk_map_options *o, lk_error *err) {
    struct map_progress p = {
        .common = &s->common, .last_s = clock_s(), .terminal = isatty(STDERR_FILENO) == 1};
    p.every_s = p.terminal ? 0.5 : 10;
    const lk_map_vectors vectors = {source->vectors, source->count, source->dim};
    lk_status status = lk_map_make(map, engine, &vectors, o, show_progress, &p, err);
    if (p.shown) {
        fputs("\r\x1b[K", stderr);
    }
    return status;
}

/* -- What is shown -- */

/* How like a picture is to the one nearest to it, 0..1: what stands alone is near 0. */
static void score_nearest(double *scores, const lk_similarity_map *map) {
    for (int32_t i = 0; i < map->count; i++) {
        double d = map->neighbours ? (double)map->distances[i * (int64_t)map->neighbours] : 2;
        double cosine = 1 - d * d / 2;
        scores[i] = MIN(MAX(cosine, 0.0), 1.0);
    }
}

static void add_summary(struct buf *b, const struct map_settings *s, const lk_map_page *page,
                        size_t bytes) {
    buf_printf(b, "map of %d pictures in %d groups", page->map->count, page->map->cluster_count);
    if (s->out) {
        buf_add_text(b, ": ");
        add_path(b, &s->common, s->out);
        buf_printf(b, " (%.1f MB)", (double)bytes / 1e6);
    }
    buf_add_text(b, "\n");
}

static enum exit_code write_page(struct map_settings *s, const lk_map_page *page,
                                 enum exit_code code) {
    lk_bytes html = {0}, text = {0};
    lk_error err = {0};
    struct buf b;
    size_t bytes = 0;
    lk_status status = LK_OK;
    if (s->out) {
        status = lk_map_page_html(&html, page, &err);
        bytes = html.size;
        status = status == LK_OK ? file_write(s->out, html.data, html.size, &err) : status;
        lk_bytes_release(&html);
    }
    if (status == LK_OK && (s->common.json || s->plain)) {
        status =
            s->plain ? lk_map_page_plain(&text, page, &err) : lk_map_page_json(&text, page, &err);
        code = status == LK_OK ? write_result(&s->common, &text, code) : code;
        lk_bytes_release(&text);
    } else if (status == LK_OK) {
        buf_init(&b, 1 << 16);
        add_summary(&b, s, page, bytes);
        code = print_result(&s->common, &b, code);
    }
    return status == LK_OK ? code : report_error(&s->common, &err);
}

/* The last part of a path, for the title. */
static const char *last_name(char *out, size_t size, const char *path) {
    snprintf(out, size, "%s", path);
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/') {
        out[--length] = '\0';
    }
    const char *slash = strrchr(out, '/');
    return slash && slash[1] ? slash + 1 : out;
}

static enum exit_code draw(struct map_settings *s, lk_engine *engine,
                           const struct map_source *source, enum exit_code code) {
    lk_map_options o = lk_map_options_default();
    lk_similarity_map map = {0};
    struct map_labels labels = {0};
    lk_error err = {0};
    char title[512];
    o.method = (lk_map_method)s->method;
    o.seed = (uint64_t)s->seed;
    o.neighbours = s->neighbours;
    o.min_dist = s->min_dist;
    o.epochs = s->epochs;
    double *scores = mem_alloc((size_t)source->count, sizeof *scores);
    lk_status status = map_labels_read(&labels, source, &s->common.args, s->labels, &err);
    status = status == LK_OK ? make_map(&map, engine, s, source, &o, &err) : status;
    if (status == LK_OK && !scores) {
        err = (lk_error){.status = LK_E_MEMORY, .text = "the scores do not fit into memory"};
        status = LK_E_MEMORY;
    }
    if (status == LK_OK) {
        int32_t usual = labels.count > 1 ? COLOUR_BY_LABEL : COLOUR_BY_CLUSTER;
        score_nearest(scores, &map);
        const lk_map_page page = {
            .title = last_name(title, sizeof title, s->common.args.items[0]),
            .map = &map,
            .options = &o,
            .model = source->model,
            .dim = source->dim,
            .atlas = source->atlas,
            .paths = source->paths,
            .labels = labels.of,
            .label_names = labels.names,
            .label_count = labels.count,
            .scores = labels.scores ? labels.scores : scores,
            .times = source->times,
            .colour_by = colouring_names[s->colour_by < 0 ? usual : s->colour_by],
            .skipped = source->skipped,
            .skipped_count = source->skipped_count,
        };
        code = write_page(s, &page, code);
    } else {
        code = report_error(&s->common, &err);
    }
    mem_free(scores);
    map_labels_release(&labels);
    lk_map_release(&map);
    return code;
}

/* What is wrong with the settings, before hours of work, not after; NULL for nothing. */
static const char *wrong_settings(const struct map_settings *s) {
    if (!s->out && !s->common.json && !s->plain) {
        return "--out FILE.html says where the map goes (or --json, --plain: coordinates)";
    }
    if (s->common.json && s->plain) {
        return "--json and --plain exclude each other";
    }
    if (s->thumb != 0 && (s->thumb < LK_ATLAS_TILE_MIN || s->thumb > LK_ATLAS_TILE_MAX)) {
        return "--thumb takes 16 to 256 pixels";
    }
    if (s->neighbours < 2 || s->neighbours > LK_MAP_NEIGHBOURS_MAX) {
        return "--neighbours takes 2 to 100";
    }
    if (!(s->min_dist >= 0 && s->min_dist <= 1)) {
        return "--min-dist takes 0 to 1";
    }
    return s->epochs > 100000 ? "--epochs takes at most 100000" : NULL;
}

static enum exit_code map_run(void *settings, lk_engine *engine) {
    struct map_settings *s = settings;
    struct map_source source;
    enum exit_code code = EXIT_YES;
    lk_error err = {0};
    const char *wrong = wrong_settings(s);
    if (wrong) {
        return report_usage(&s->common, &command_map, wrong);
    }
    if (s->out && file_can_write(s->out, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    const struct text_list *args = &s->common.args;
    bool index = args->count == 1 && map_source_is_index(args->items[0]);
    lk_status status =
        index ? map_source_index(&source, &code, engine, args->items[0], s->thumb, &err)
              : map_source_embed(&source, &code, &s->common, engine, &s->model, s->thumb, &err);
    if (status == LK_OK) {
        code = draw(s, engine, &source, code);
    } else {
        code = report_error(&s->common, &err);
    }
    map_source_release(&source);
    return code;
}

const struct command command_map = {
    .name = "map",
    .summary = "a map of many pictures, alike ones side by side, as one HTML file",
    .arguments = "FILE|DIR...|INDEX",
    .details = "Each picture becomes a vector (as likeness embed makes it), each vector a place in "
               "the plane, so that "
               "neighbours stay\nneighbours. The page shows dots that become pictures as one comes "
               "near: drag, wheel or pinch, "
               "hover, click for a\npicture's nearest ones, draw round some and take them along as "
               "CSV, search, colour. It loads "
               "nothing and sends nothing.\n\nA table of labels is CSV with the columns path (or "
               "file, from the table's folder) and "
               "label (or class), score, or both.\nWithout scores, a picture's score is how like "
               "it is to the one nearest to "
               "it. Files that cannot be read are reported and\nleft out (exit code 2).",
    .examples = "  likeness map photos/ --out map.html\n"
                "  likeness map caps/ --model caps.onnx --color-by score --out map.html\n"
                "  likeness map photos.lki --out map.html\n"
                "  likeness map photos/ --method pca --plain | sort -k4n\n",
    .least_args = 1,
    .most_args = 1000000,
    .options = map_options,
    .settings_size = sizeof(struct map_settings),
    .defaults = map_defaults,
    .run = map_run,
};
