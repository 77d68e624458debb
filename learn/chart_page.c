/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/chart.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fbfaf8;--ink:#1c1b19;--soft:#5d5a54;--line:#dedad2;"
    "--c0:#14568f;--c1:#a23c00;--c2:#5a4a8c}"
    "@media(prefers-color-scheme:dark){:root{--paper:#161616;--ink:#ecebe7;--soft:#aaa69e;"
    "--line:#383734;--c0:#8fc2f2;--c1:#ff9d66;--c2:#c0b1ee}}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem;"
    "background:var(--paper);color:var(--ink);font-variant-numeric:tabular-nums}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}"
    "h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.25rem 0;max-width:70ch}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.5rem;margin:1rem 0}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    ".panel{overflow-x:auto}.chart{display:block;width:100%;min-width:32rem;height:auto}.chart "
    "text{font-size:13px;fill:var(--soft)}"
    ".grid,.axis{fill:none;stroke:var(--line)}.axis{stroke:var(--soft)}"
    "path.l0,path.l1,path.l2{fill:none;stroke-width:2;stroke-linejoin:round}"
    "path.l0{stroke:var(--c0)}path.l1{stroke:var(--c1);stroke-dasharray:7 4}"
    "path.l2{stroke:var(--c2);stroke-dasharray:2 4;stroke-linecap:round}"
    "rect.l0{fill:var(--c0);opacity:.35}path.guide{fill:none;stroke:var(--soft);stroke-dasharray:4 "
    "4}"
    "circle.l0,.chart text.l0{fill:var(--c0)}circle.l1,.chart text.l1{fill:var(--c1)}"
    "circle.l2,.chart text.l2{fill:var(--c2)}.chart text[class]{font-weight:600}"
    ".note{color:var(--soft);font-size:.875rem}details{margin-top:2rem}summary{cursor:pointer}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;margin-top:.75rem;font-size:.875rem}"
    "th,td{text-align:right;padding:.15rem .9rem .15rem 0;white-space:nowrap}"
    "th{color:var(--soft);font-weight:600;border-bottom:1px solid var(--line)}"
    "@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--c0:#14568f;--c1:#a23c00;"
    "--c2:#5a4a8c}@page{size:A4;margin:14mm}body{max-width:none;padding:0;font-size:10pt}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    ".panel{break-inside:avoid}details{display:none}}";

void chart_page_begin(struct buf *b, const char *title) {
    buf_add_text(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'\"><title>");
    buf_add_html(b, title);
    buf_printf(b, "</title><style>%s</style></head><body><main>\n<h1>", style);
    buf_add_html(b, title);
    buf_add_text(b, "</h1>\n");
}
