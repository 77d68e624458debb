/* SPDX-License-Identifier: Apache-2.0 */
/* Files of this folder that are built into the library (tools/embed_assets.sh). */
#ifndef LK_ASSETS_H
#define LK_ASSETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct asset {
    const uint8_t *data;
    size_t size;
};

extern const struct asset asset_dups_css, asset_dups_js, asset_viewer_css, asset_viewer_html,
    asset_viewer_js;
extern const struct asset asset_map_css, asset_map_html, asset_map_model_js, asset_map_draw_js,
    asset_map_camera_js, asset_map_lists_js, asset_map_page_js;

/* report_html.c: 'sha256-...' of an asset, as a content security policy names it. */
void asset_add_hash(struct buf *b, const struct asset *asset);

#endif
