/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/event.h"

#include <string.h>

#include "base/compiler.h"

static const char *const names[] = {
    [LK_VIEW_OK] = "ok",           [LK_VIEW_MOVED] = "moved",
    [LK_VIEW_COVERED] = "covered", [LK_VIEW_DEFOCUSED] = "defocused",
    [LK_VIEW_DARK] = "dark",       [LK_VIEW_REPLACED] = "replaced",
    [LK_VIEW_FROZEN] = "frozen",   [LK_VIEW_LOST] = "lost",
};
_Static_assert(ARRAY_COUNT(names) == LK_VIEW_STATES, "every state has a name");

const char *lk_view_state_name(lk_view_state state) {
    size_t i = (size_t)state;
    return i < ARRAY_COUNT(names) ? names[i] : "unknown";
}

lk_view_state view_state_find(const char *name) {
    size_t i = 0;
    while (i < ARRAY_COUNT(names) && strcmp(names[i], name) != 0) {
        i++;
    }
    return (lk_view_state)i;
}
