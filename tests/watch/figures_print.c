/* SPDX-License-Identifier: Apache-2.0 */
/* figures_print: the figures of three cameras, for a parser that is not ours. */
#include <math.h>
#include <stdio.h>

#include "watch/figures.h"

int main(int argc, char **argv) {
    (void)argv;
    static const struct camera_figures cameras[] = {
        {.camera = "gate",
         .state = LK_VIEW_MOVED,
         .score = 0.41,
         .enabled = true,
         .latched = true,
         .frames = 9007199254740,
         .failures = 3,
         .alarms = 2,
         .look_seconds = 0.1 + 0.2,
         .last_frame_ms = 1763658211250},
        {.camera = "a \"b\" \\n c\nd, {e}=\xe4", .state = LK_VIEW_LOST, .score = NAN},
        {.camera = "h\xc3\xb6her", .state = LK_VIEW_OK, .score = 1, .enabled = true},
    };
    static const struct notify_counts receivers[] = {{"mqtt", 5, 4, 3, 2}, {"exec", 0, 0, 0, 0}};
    struct buf out;
    bool some = argc == 1; /* with any argument: nobody is watched */
    buf_init(&out, 1 << 20);
    figures_write(&out, cameras, some ? 3 : 0, receivers, some ? 2 : 0);
    bool written = out.status == LK_OK && fwrite(out.data, 1, out.size, stdout) == out.size;
    buf_release(&out);
    return written ? 0 : 1;
}
