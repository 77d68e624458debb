/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes are those of torchvision's Resize(side) and CenterCrop: the longer side becomes int(side * longer / shorter), the cut
 * begins at round((size - crop) / 2), halves to even. tests/oracle/preprocess holds it against Pillow. */
#include "model/preprocess.h"

#include <math.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/image.h"
#include "image/resize.h"

int32_t preprocess_channels(const lk_model_card *card) {
    return card->colour == LK_MODEL_GRAY ? 1 : 3;
}

/* The size before the cut. */
static void resized_size(int32_t *width, int32_t *height, const lk_model_card *card,
                         const lk_image *image) {
    *width = card->width;
    *height = card->height;
    if (card->resize == LK_RESIZE_CROP) {
        int64_t shorter = MIN(image->width, image->height);
        *width = (int32_t)((int64_t)card->side * image->width / shorter);
        *height = (int32_t)((int64_t)card->side * image->height / shorter);
    }
}

/* Where the cut begins: Python's round((size - crop) / 2). */
static int32_t cut_at(int32_t size, int32_t crop) {
    return (int32_t)nearbyint((size - crop) / 2.0);
}

/* What a level becomes, a channel of the input. */
struct levels {
    float of[3][256];
};

static void levels_init(struct levels *l, const lk_model_card *card) {
    for (int c = 0; c < 3; c++) {
        for (int v = 0; v < 256; v++) {
            l->of[c][v] = (float)((v - card->mean[c]) / card->scale[c]);
        }
    }
}

static void fill(float *out, const lk_image *image, const lk_model_card *card) {
    struct levels l;
    levels_init(&l, card);
    int32_t channels = preprocess_channels(card);
    int32_t x0 = cut_at(image->width, card->width), y0 = cut_at(image->height, card->height);
    bool turned = card->colour == LK_MODEL_BGR;
    for (int32_t y = 0; y < card->height; y++) {
        const uint8_t *row =
            image->data + (size_t)(y + y0) * image->stride + (size_t)x0 * (size_t)image->channels;
        for (int32_t x = 0; x < card->width; x++, row += image->channels) {
            for (int32_t c = 0; c < channels; c++) {
                *out++ = l.of[c][row[turned ? 2 - c : c]];
            }
        }
    }
}

/* A strip so thin that resizing its shorter side would make it longer than any picture we read. */
static lk_status check_shape(const lk_image *image, const lk_model_card *card, lk_error *err) {
    int64_t shorter = MIN(image->width, image->height), longer = MAX(image->width, image->height);
    if (card->resize == LK_RESIZE_CROP && card->side * longer / shorter > 65536) {
        return error_limit(err, "side", "%d x %d pixels: too thin to be cut for a network",
                           image->width, image->height);
    }
    return LK_OK;
}

lk_status preprocess(float *out, lk_engine *engine, const lk_image *image,
                     const lk_model_card *card, lk_error *err) {
    lk_image plain = {0}, resized = {0};
    int32_t width, height;
    lk_status status = check_shape(image, card, err);
    if (status == LK_OK) {
        status = card->colour == LK_MODEL_GRAY ? colour_to_gray8(&plain, NULL, image, err)
                                               : colour_to_rgb8(&plain, image, err);
    }
    if (status == LK_OK) {
        resized_size(&width, &height, card, image);
        status = image_resize(&resized, engine, &plain, width, height, RESIZE_BILINEAR, err);
    }
    if (status == LK_OK) {
        fill(out, &resized, card);
    }
    lk_image_release(&plain);
    lk_image_release(&resized);
    return status;
}
