/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a camera as JSON in the store: a table of keys, each with what it may be. */
#ifndef LK_CAMERA_SETTINGS_H
#define LK_CAMERA_SETTINGS_H

#include "base/buf.h"
#include "likeness/watch.h"

enum setting_kind { SETTING_TEXT, SETTING_NUMBER, SETTING_INTEGER, SETTING_BOOLEAN };

/* One key a row; least and most are of numbers, and of a text its bytes. */
struct setting {
    const char *key;
    enum setting_kind kind;
    size_t offset; /* in lk_camera */
    double least, most;
};
extern const struct setting settings[];
extern const size_t setting_count;

void settings_write(struct buf *out, const lk_camera *camera);
/* The same as members of an object, without `id` and the texts: where frames come from may be nobody else's business. */
struct json;
void settings_members(struct json *j, const lk_camera *camera);
/* LK_E_CORRUPT where it is not what settings_write wrote; `id` is of the row. Keys of a newer likeness are passed over. */
LK_MUST_CHECK lk_status settings_read(lk_camera *out, const char *id, const char *text,
                                      lk_error *err);
/* LK_E_USAGE names the setting that is out of its range. */
LK_MUST_CHECK lk_status settings_check(const lk_camera *camera, lk_error *err);

/* What of a frame of that size counts: gray, 255; 0 in the areas to leave out. */
LK_MUST_CHECK lk_status settings_mask(lk_image *out, const lk_camera *camera, int32_t width,
                                      int32_t height, lk_error *err);

/* "sat,sun 22:00-06:00", as lk_quiet_parse reads it; 48 characters. */
void quiet_text(char *out, size_t size, const lk_quiet *quiet);

#endif
