/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two pictures through the public header: cc two_pictures.c $(pkg-config --cflags --libs likeness) */
#include <likeness/likeness.h>

#include <stdio.h>

int main(int argc, char **argv) {
    lk_engine *engine = NULL;
    lk_image a = {0}, b = {0};
    lk_comparison result = {0};
    lk_error err = {0};
    if (argc != 3) {
        fprintf(stderr, "usage: %s REFERENCE PHOTO\n", argv[0]);
        return 2;
    }
    lk_status status = lk_engine_new(&engine, NULL, &err);
    status = status == LK_OK ? lk_image_load(&a, NULL, engine, argv[1], NULL, &err) : status;
    status = status == LK_OK ? lk_image_load(&b, NULL, engine, argv[2], NULL, &err) : status;
    status = status == LK_OK ? lk_compare(&result, engine, &a, &b, NULL, &err) : status;
    if (status == LK_OK) {
        printf("%s, score %.3f\n", lk_verdict_name(result.verdict), result.score);
        for (size_t i = 0; i < result.region_count; i++) {
            const lk_region *r = &result.regions[i];
            printf("#%d %dx%d at %d,%d\n", r->id, r->width, r->height, r->x, r->y);
        }
    } else {
        char text[1200];
        lk_error_format(&err, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
    lk_comparison_release(&result);
    lk_image_release(&b);
    lk_image_release(&a);
    lk_engine_free(engine);
    return status == LK_OK ? 0 : 2;
}
