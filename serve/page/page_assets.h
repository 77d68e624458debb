/* SPDX-License-Identifier: Apache-2.0 */
/* Files of this folder that are built into the command (tools/embed_assets.sh). */
#ifndef LK_PAGE_ASSETS_H
#define LK_PAGE_ASSETS_H

#include <stddef.h>
#include <stdint.h>

struct asset {
    const uint8_t *data;
    size_t size;
};

extern const struct asset asset_shell_html, asset_site_css, asset_site_mjs, asset_start_html,
    asset_compare_html, asset_compare_mjs, asset_compare_measures_mjs, asset_likeness_viewer_css,
    asset_likeness_viewer_mjs, asset_viewer_gestures_mjs, asset_viewer_math_mjs,
    asset_viewer_parts_mjs;

#endif
