/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: the inner loops that exist once in C and again for each instruction set.
 *
 * One struct of function pointers a topic (kernel_TOPIC.h), one file an instruction set (kernel_TOPIC_avx2.c, ...).
 * kernels_init fills them for a level: C first, then whatever the level does better. Every version gives the same
 * bits as the C one: integer sums, or floating-point sums in the order the C version fixes (no FMA, no
 * reassociation). tests/kernel holds each against the C version at random and extreme inputs. */
#ifndef LK_KERNEL_H
#define LK_KERNEL_H

#include "base/cpu.h"
#include "kernel/kernel_block.h"
#include "kernel/kernel_blur.h"
#include "kernel/kernel_diff.h"
#include "kernel/kernel_edge.h"
#include "kernel/kernel_feature.h"
#include "kernel/kernel_flow.h"
#include "kernel/kernel_math.h"
#include "kernel/kernel_orb.h"
#include "kernel/kernel_pair.h"
#include "kernel/kernel_pixel.h"
#include "kernel/kernel_plane.h"
#include "kernel/kernel_png.h"
#include "kernel/kernel_quality.h"
#include "kernel/kernel_refine.h"
#include "kernel/kernel_resize.h"
#include "kernel/kernel_scan.h"
#include "kernel/kernel_sift.h"
#include "kernel/kernel_ssim.h"
#include "kernel/kernel_warp.h"

struct kernels {
    struct kernel_block block;
    struct kernel_blur blur;
    struct kernel_diff diff;
    struct kernel_edge edge;
    struct kernel_feature feature;
    struct kernel_flow flow;
    struct kernel_math math;
    struct kernel_orb orb;
    struct kernel_pair pair;
    struct kernel_pixel pixel;
    struct kernel_plane plane;
    struct kernel_png png;
    struct kernel_quality quality;
    struct kernel_refine refine;
    struct kernel_resize resize;
    struct kernel_scan scan;
    struct kernel_sift sift;
    struct kernel_ssim ssim;
    struct kernel_warp warp;
};

void kernels_init(struct kernels *k, enum cpu_level level);

#endif
