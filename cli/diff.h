/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of `likeness diff`: two pictures (cmd_diff.c), two folders (diff_folders.c). */
#ifndef LK_DIFF_H
#define LK_DIFF_H

#include "cli/area.h"
#include "cli/command.h"

struct diff_settings {
    struct common common;
    int32_t like, style, shift, max_pixels;
    double threshold, max_ratio;
    bool aa, no_aa, fail_on_size, diff_mask;
    const char *mask, *colour;
    struct text_list ignore;
    /* Folders. */
    const char *html, *junit;
    bool github, fail_on_new, fail_on_missing, update, yes;
    struct text_list only;
};

/* What the settings ask of the library, masks aside. */
lk_diff_options diff_options_of(const struct diff_settings *s);

/* Both arguments are folders: diffs them, writes the reports, updates A when asked to. */
enum exit_code diff_folders(const struct diff_settings *s, lk_engine *engine);

#endif
