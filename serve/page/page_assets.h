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
    asset_viewer_parts_mjs, asset_start_mjs, asset_login_html, asset_login_mjs, asset_verify_html,
    asset_verify_mjs, asset_verification_html, asset_verification_mjs, asset_verification_css,
    asset_verification_pictures_mjs, asset_verifications_html, asset_verifications_mjs,
    asset_audit_html, asset_audit_mjs;
extern const struct asset asset_duplicates_html, asset_duplicates_mjs, asset_job_follow_mjs,
    asset_jobs_css, asset_jobs_html, asset_jobs_mjs, asset_training_html, asset_training_mjs;

extern const struct asset asset_maps_html, asset_maps_mjs, asset_search_css, asset_search_html,
    asset_search_mjs, asset_similarity_map_css, asset_similarity_map_html, asset_similarity_map_mjs;

extern const struct asset asset_camera_html, asset_camera_mjs, asset_camera_aim_mjs,
    asset_camera_parts_mjs, asset_camera_series_mjs, asset_camera_timeline_mjs, asset_cameras_html,
    asset_cameras_mjs, asset_care_css, asset_mask_editor_mjs, asset_reference_html,
    asset_reference_mjs, asset_reference_parts_mjs, asset_references_html, asset_references_mjs;

#endif
