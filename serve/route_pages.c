/* SPDX-License-Identifier: Apache-2.0 */
/* The pages and what they load, all from the binary. */
#include "serve/page/page_assets.h"
#include "serve/server.h"

static void answer_asset(struct request *r, struct bench *bench) {
    const struct asset *a = r->route->asset;
    (void)bench;
    buf_add(&r->out, a->data, a->size);
    answer_written(r, 200);
}

#define ASSET(where, what, media, of)                                                              \
    {                                                                                              \
        .method = "GET", .path = where, .summary = what, .handle = answer_asset, .asset = &(of),   \
        .type = media "; charset=utf-8", .is_page = true                                           \
    }
#define PAGE(where, what, of) ASSET(where, what, "text/html", of)
#define SCRIPT(where, of) ASSET(where, "a script of the pages", "text/javascript", of)
#define STYLE(where, of) ASSET(where, "a style of the pages", "text/css", of)

const struct route page_routes[] = {
    PAGE("/", "the start page", asset_start_html),
    SCRIPT("/start.mjs", asset_start_mjs),
    STYLE("/start.css", asset_start_css),
    ROUTE_END,
};
