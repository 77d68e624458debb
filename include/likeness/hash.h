/* SPDX-License-Identifier: Apache-2.0 */
/* Perceptual hashes: a few bits that stay nearly the same when a picture is resized, recompressed or slightly edited. */
#ifndef LIKENESS_HASH_H
#define LIKENESS_HASH_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The descriptor of a hash. The names are the keys of `likeness hash --json`. */
typedef struct lk_hash_info {
    const char *name;    /* "phash" */
    const char *synonym; /* another name the command accepts; NULL for none */
    const char *title;
    const char *summary;
    int32_t bits;   /* of the default size; of each area where segmented */
    int32_t side;   /* default hash_size: bits are side x side for the square ones */
    bool sizes;     /* hash_size may be chosen: 8, 16 or 32 */
    bool segmented; /* several hashes, one an area; distances count areas */
    int32_t
        match_bits; /* at most this distance of the default size is a match; of each area where segmented */
} lk_hash_info;

LK_API size_t lk_hash_count(void);
LK_API const lk_hash_info *lk_hash_at(size_t i);
/* By name or synonym; NULL when there is none. */
LK_API const lk_hash_info *lk_hash_find(const char *name);

/* No picture has more segments: 300 x 300 pixels hold 179 areas of more than 500. */
enum { LK_HASH_BITS_MAX = 1024, LK_HASH_SEGMENTS_MAX = 179 };

/* One hash: bits in the order they are printed, most significant first. Crop-resistant hashes are several of 64 bits. */
typedef struct lk_hash {
    const lk_hash_info *info;
    int32_t bits;     /* of one segment */
    int32_t segments; /* 1 but for crop-resistant ones */
    int32_t quality;  /* PDQ: 0..100; -1 for the others */
    uint8_t data[LK_HASH_SEGMENTS_MAX * 8 > LK_HASH_BITS_MAX / 8 ? LK_HASH_SEGMENTS_MAX * 8
                                                                 : LK_HASH_BITS_MAX / 8];
} lk_hash;

/* Computes the hash called info->name of image; side 0 is the default size. Equal to ImageHash 4.3.2 and to PDQ's reference on
 * the same pixels: alpha is dropped, not blended, as Pillow's conversion does. LK_E_USAGE for a side that the hash does not
 * have, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_hash_compute(lk_hash *out, lk_engine *engine,
                                               const lk_image *image, const lk_hash_info *info,
                                               int32_t side, lk_error *err);

/* The hash as text, as ImageHash and PDQ print it, zero-terminated; crop-resistant segments with commas between. size at least
 * LK_HASH_TEXT_MAX. */
enum { LK_HASH_TEXT_MAX = 17 * LK_HASH_SEGMENTS_MAX };
LK_API void lk_hash_text(char *out, size_t size, const lk_hash *hash);

/* The hash that lk_hash_text() printed; for PDQ the quality is not known then (-1). LK_E_USAGE for other digits or another
 * number of them than this kind of hash has. */
LK_API LK_MUST_CHECK lk_status lk_hash_parse(lk_hash *out, const lk_hash_info *info,
                                             const char *text, lk_error *err);

/* Bits that differ. For segmented hashes: the segments of a that have no partner in b within match_bits.
 * LK_E_USAGE when the two are of different kinds or sizes. */
LK_API LK_MUST_CHECK lk_status lk_hash_distance(int32_t *out, const lk_hash *a, const lk_hash *b,
                                                lk_error *err);
/* The largest distance from a to another hash: its bits, or its segments. */
LK_API int32_t lk_hash_distance_max(const lk_hash *a);
/* Whether a hash at this distance from a is usually taken for the same picture: within match_bits, in proportion to the size of
 * the hash; for segmented ones, as ImageHash's matches(), when one segment or more has a partner. */
LK_API bool lk_hash_is_near(const lk_hash *a, int32_t distance);

#ifdef __cplusplus
}
#endif
#endif
