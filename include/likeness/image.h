/* SPDX-License-Identifier: Apache-2.0 */
/* The engine (threads, limits, instruction set) and images: reading, describing and writing them. */
#ifndef LIKENESS_IMAGE_H
#define LIKENESS_IMAGE_H

#include <likeness/status.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits on what a picture may ask for; every decoder checks them before it allocates. */
typedef struct lk_limits {
    int64_t pixels;         /* width x height; 100 million */
    int64_t side;           /* the longer side in pixels; 16,384 */
    int64_t file_bytes;     /* 64 MiB */
    int64_t memory_bytes;   /* what one decode may allocate; 1 GiB */
    int64_t metadata_bytes; /* one inflated EXIF, ICC or text chunk; 1 MiB */
    double cpu_s;           /* processor seconds of one decode; 10 */
} lk_limits;

/* The limits that hold when nothing else is said. */
LK_API lk_limits lk_limits_default(void);

/* One row a limit, for options and help: name ("pixels"), unit, default, what it bounds. */
typedef struct lk_limit_info {
    const char *name;
    const char *unit;
    const char *summary;
} lk_limit_info;

LK_API size_t lk_limit_count(void);
LK_API const lk_limit_info *lk_limit_at(size_t i);

/* Sets the limit called name; LK_E_USAGE for an unknown name or a value that is not positive. */
LK_API LK_MUST_CHECK lk_status lk_limits_set(lk_limits *limits, const char *name, double value,
                                             lk_error *err);

/* The value of the limit called name; 0 for an unknown name. */
LK_API double lk_limits_get(const lk_limits *limits, const char *name);

typedef struct lk_engine_options {
    lk_limits limits;
    int32_t threads; /* 0: one a core; at most 256 */
    const char *cpu; /* "c", "avx2", "avx512" or NULL for the best this machine has */
    const int
        *stop; /* not 0 (stored atomically; a signal handler may): calls in progress end soon with
                        LK_E_CANCELLED. Borrowed; NULL for none */
} lk_engine_options;

LK_API lk_engine_options lk_engine_options_default(void);

/* Threads, limits and kernels shared by all calls. Results never depend on threads or cpu. */
typedef struct lk_engine lk_engine;

/* Creates an engine; LK_E_USAGE when options->cpu names a level this machine lacks. options may be NULL. */
LK_API LK_MUST_CHECK lk_status lk_engine_new(lk_engine **out, const lk_engine_options *options,
                                             lk_error *err);
LK_API void lk_engine_free(lk_engine *engine);

/* The instruction set in use: "c", "avx2" or "avx512". */
LK_API const char *lk_engine_cpu(const lk_engine *engine);
LK_API int32_t lk_engine_threads(const lk_engine *engine);
/* The limits in force. */
LK_API lk_limits lk_engine_limits(const lk_engine *engine);

/* Calls run(arg, i) for i in 0..count-1 on the engine's threads, in any order; returns when all are done. A call from inside
 * run works on its own thread alone. */
LK_API void lk_engine_for(lk_engine *engine, int32_t count, void (*run)(void *arg, int32_t i),
                          void *arg);

/* Pixels in memory: rows top to bottom, samples interleaved, sRGB encoded, alpha not premultiplied.
 * Samples are uint8_t (bit_depth 8) or uint16_t in native order (bit_depth 16). */
typedef struct lk_image {
    int32_t width;
    int32_t height;
    int32_t channels;  /* 1 gray, 3 RGB, 4 RGBA */
    int32_t bit_depth; /* 8 or 16 */
    size_t stride;     /* bytes from one row to the next */
    uint8_t *data;     /* owned by the image; NULL in an empty one */
} lk_image;

LK_API LK_MUST_CHECK lk_status lk_image_new(lk_image *out, int32_t width, int32_t height,
                                            int32_t channels, int32_t bit_depth, lk_error *err);
LK_API void lk_image_release(lk_image *image);

/* An area of a picture, in its pixels: a polygon of 3 or more points. */
typedef struct lk_polygon {
    int32_t count;
    double *xy; /* count pairs; owned by whoever filled the struct */
} lk_polygon;
LK_API void lk_polygon_release(lk_polygon *polygon);

typedef enum lk_area_kind { LK_AREA_ANY, LK_AREA_RECTANGLE, LK_AREA_POLYGON } lk_area_kind;

/* Reads an area of a width x height picture as people write it: "X,Y,W,H" (or "X:Y-X:Y", both corners inside), a rectangle, or
 * "x,y x,y x,y ...", a polygon; any is told by the space. Numbers are pixels, or per cent of the picture where a % follows.
 * LK_E_USAGE (also without memory). The caller releases out. */
LK_API LK_MUST_CHECK lk_status lk_area_read(lk_polygon *out, const char *text, lk_area_kind kind,
                                            int32_t width, int32_t height, lk_error *err);
/* Whether each area lies on the picture, in part at least, and all of them leave some of it. LK_E_USAGE. */
LK_API LK_MUST_CHECK lk_status lk_areas_check(const lk_polygon *areas, size_t count, int32_t width,
                                              int32_t height, lk_error *err);

/* What a file says of itself. Sizes are of the upright picture unless they say "stored". */
typedef struct lk_image_info {
    char path[4096]; /* PATH_MAX of Linux: a path that can be opened fits */
    char format[16]; /* "jpeg", "png", "webp", "heif", "avif", "tiff", "pnm" */
    int32_t width, height;
    int32_t stored_width, stored_height;
    int32_t orientation; /* EXIF 1..8 */
    int32_t bit_depth;   /* of the file */
    int32_t channels;    /* of the file: 1, 2 (gray + alpha), 3, 4 (RGBA or CMYK) */
    bool has_alpha;
    bool has_icc;
    bool is_cmyk;
    char icc_name[64]; /* description of the profile, empty if none */
    int64_t file_bytes;
    int64_t trailing_bytes; /* after the end of the picture */
    int32_t frames;
    int32_t jpeg_quality; /* estimate from the quantisation table; 0 when it does not apply */
    char sha256[65];      /* of the file's bytes, hex; empty when only the header was read */
    char warning[160];    /* e.g. the extension disagrees with the content; empty if none */
} lk_image_info;

typedef struct lk_load_options {
    int32_t
        max_side; /* > 0: a JPEG may be decoded at 1/2, 1/4 or 1/8 so long as the longer side stays >= this */
    bool
        gray; /* only luma is wanted; a JPEG then decodes its Y component alone, without its profile */
    bool keep_profile; /* leave colours as stored instead of converting to sRGB */
    bool ignore_orientation;
    bool no_digest; /* leave info->sha256 empty */
} lk_load_options;

/* One row a format that is read: name ("jpeg", what lk_image_info.format says) and extensions with spaces between. */
typedef struct lk_format_info {
    const char *name;
    const char *extensions;
} lk_format_info;

LK_API size_t lk_format_count(void);
LK_API lk_format_info lk_format_at(size_t i);

/* Reads the picture at path ("-" is standard input), upright and in sRGB. options and info may be NULL.
 * LK_E_IO, LK_E_FORMAT, LK_E_CORRUPT (says where), LK_E_LIMIT (names the limit), LK_E_CANCELLED, LK_E_MEMORY.
 * err->input is the path. */
LK_API LK_MUST_CHECK lk_status lk_image_load(lk_image *out, lk_image_info *info, lk_engine *engine,
                                             const char *path, const lk_load_options *options,
                                             lk_error *err);

/* The same from bytes in memory; name stands for the file in messages. */
LK_API LK_MUST_CHECK lk_status lk_image_decode(lk_image *out, lk_image_info *info,
                                               lk_engine *engine, const uint8_t *bytes, size_t size,
                                               const char *name, const lk_load_options *options,
                                               lk_error *err);

/* Reads the header alone: no pixels are decoded. */
LK_API LK_MUST_CHECK lk_status lk_image_probe(lk_image_info *info, lk_engine *engine,
                                              const char *path, lk_error *err);

/* The picture as 8-bit gray: (19595 R + 38470 G + 7471 B + 32768) >> 16, alpha over white. */
LK_API LK_MUST_CHECK lk_status lk_image_to_gray(lk_image *out, const lk_image *image,
                                                lk_error *err);

/* A copy as 8-bit RGB, alpha over white, brought to that width if it is wider, with the height that goes with it. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_image_shrink(lk_image *out, lk_engine *engine,
                                               const lk_image *image, int32_t width, lk_error *err);

/* Writes image as the format of path's extension: .png, .jpg (quality 92), .ppm/.pgm; replaces the file atomically. */
LK_API LK_MUST_CHECK lk_status lk_image_save(const lk_image *image, lk_engine *engine,
                                             const char *path, lk_error *err);

/* Encodes image as "png", "jpeg" (quality 1..100; no alpha) or "pnm". quality is ignored by the others. */
LK_API LK_MUST_CHECK lk_status lk_image_encode(lk_bytes *out, const lk_image *image,
                                               lk_engine *engine, const char *format,
                                               int32_t quality, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
