/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/report.h>

#include "base/error.h"

lk_status lk_report_html(lk_bytes *out, lk_engine *engine, const lk_comparison *c, lk_error *err) {
    (void)engine;
    (void)c;
    *out = (lk_bytes){0};
    return error_set(err, LK_E_USAGE, "no HTML yet");
}
