/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_ANSWER_FIELDS_H
#define LK_ANSWER_FIELDS_H

#include "serve/server.h"

extern const struct field answer_camera_keys[], answer_cameras[], answer_camera_event[],
    answer_camera_events[], answer_baselines[], answer_image[], answer_images[],
    answer_reference_keys[], answer_references[], answer_versions[], answer_verifications[],
    answer_job_keys[], answer_jobs[], answer_collections[], answer_session[], answer_tokens[];

#endif
