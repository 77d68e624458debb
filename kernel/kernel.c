/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel.h"

void kernels_init(struct kernels *k, enum cpu_level level) { /* long: a list */
    kernel_block_init_c(&k->block);
    kernel_blur_init_c(&k->blur);
    kernel_diff_init_c(&k->diff);
    kernel_edge_init_c(&k->edge);
    kernel_feature_init_c(&k->feature);
    kernel_flow_init_c(&k->flow);
    kernel_math_init_c(&k->math);
    kernel_orb_init_c(&k->orb);
    kernel_pair_init_c(&k->pair);
    kernel_pixel_init_c(&k->pixel);
    kernel_plane_init_c(&k->plane);
    kernel_png_init_c(&k->png);
    kernel_quality_init_c(&k->quality);
    kernel_refine_init_c(&k->refine);
    kernel_resize_init_c(&k->resize);
    kernel_scan_init_c(&k->scan);
    kernel_sift_init_c(&k->sift);
    kernel_ssim_init_c(&k->ssim);
    kernel_warp_init_c(&k->warp);
#if defined(__x86_64__)
    if (level >= CPU_AVX2) {
        kernel_block_init_avx2(&k->block);
        kernel_blur_init_avx2(&k->blur);
        kernel_diff_init_avx2(&k->diff);
        kernel_edge_init_avx2(&k->edge);
        kernel_feature_init_avx2(&k->feature);
        kernel_flow_init_avx2(&k->flow);
        kernel_math_init_avx2(&k->math);
        kernel_orb_init_avx2(&k->orb);
        kernel_pair_init_avx2(&k->pair);
        kernel_pixel_init_avx2(&k->pixel);
        kernel_plane_init_avx2(&k->plane);
        kernel_png_init_avx2(&k->png);
        kernel_quality_init_avx2(&k->quality);
        kernel_refine_init_avx2(&k->refine);
        kernel_resize_init_avx2(&k->resize);
        kernel_scan_init_avx2(&k->scan);
        kernel_sift_init_avx2(&k->sift);
        kernel_ssim_init_avx2(&k->ssim);
        kernel_warp_init_avx2(&k->warp);
    }
    if (level >= CPU_AVX512) {
        kernel_blur_init_avx512(&k->blur);
        kernel_diff_init_avx512(&k->diff);
        kernel_feature_init_avx512(&k->feature);
        kernel_math_init_avx512(&k->math);
        kernel_pair_init_avx512(&k->pair);
        kernel_pixel_init_avx512(&k->pixel);
        kernel_plane_init_avx512(&k->plane);
        kernel_quality_init_avx512(&k->quality);
        kernel_refine_init_avx512(&k->refine);
        kernel_resize_init_avx512(&k->resize);
        kernel_scan_init_avx512(&k->scan);
        kernel_sift_init_avx512(&k->sift);
        kernel_ssim_init_avx512(&k->ssim);
    }
#else
    (void)level;
#endif
}
