/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/decoder.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "serve/memory_file.h"

/* What stands at the head of the file that the work writes; pixels without gaps, or a picture file, follow. */
struct decode_head {
    uint32_t is_whole; /* written last */
    lk_error err;      /* status LK_OK: a picture follows */
    lk_image_info info;
    int32_t width, height, channels, bit_depth;
    int64_t bytes; /* that follow */
};

/* -- In the confined process -- */

/* Formats that the service reads: those that browsers send. */
static bool format_is_served(const uint8_t *b, size_t size) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return size >= 12 &&
           ((b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff) || memcmp(b, png, 8) == 0 ||
            (memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "WEBP", 4) == 0));
}

static bool write_pixels(struct decode_head *h, int out, const lk_image *image) {
    size_t row = (size_t)image->width * (size_t)image->channels * (size_t)image->bit_depth / 8;
    bool ok = true;
    for (int32_t y = 0; ok && y < image->height; y++) {
        ok = memory_file_write(out, image->data + (size_t)y * image->stride, row,
                               (int64_t)(sizeof *h + (size_t)y * row));
    }
    h->bytes = (int64_t)row * image->height;
    return ok;
}

static lk_status write_encoded(struct decode_head *h, const struct decoder *d,
                               const struct decode_ask *ask, int out, const lk_image *image,
                               lk_error *err) {
    lk_bytes file = {0};
    bool jpeg = !ask->as_png && image->channels != 4 && image->bit_depth == 8;
    lk_status status =
        lk_image_encode(&file, image, d->engine, jpeg ? "jpeg" : "png", jpeg ? 92 : 0, err);
    if (status == LK_OK && !memory_file_write(out, file.data, file.size, sizeof *h)) {
        status = error_set(err, LK_E_WRITE, "the picture is too large to be sent");
    }
    h->bytes = (int64_t)file.size;
    snprintf(h->info.format, sizeof h->info.format, "%s", jpeg ? "jpeg" : "png");
    lk_bytes_release(&file);
    return status;
}

static lk_status decode_into(struct decode_head *h, const struct decoder *d,
                             const struct decode_ask *ask, const uint8_t *bytes, size_t size,
                             int out) {
    const lk_load_options options = {.max_side = ask->max_side, .no_digest = true};
    lk_image image;
    memset(&image, 0, sizeof image);
    if (!format_is_served(bytes, size)) {
        lk_status status = error_set(&h->err, LK_E_FORMAT, "not a JPEG, PNG or WebP picture");
        return error_input(&h->err, status, ask->name);
    }
    lk_status status =
        lk_image_decode(&image, &h->info, d->engine, bytes, size, ask->name, &options, &h->err);
    if (status == LK_OK && ask->width > 0) {
        lk_image whole = image;
        status = lk_image_shrink(&image, d->engine, &whole, ask->width, &h->err);
        lk_image_release(&whole);
    }
    h->width = image.width;
    h->height = image.height;
    h->channels = image.channels;
    h->bit_depth = image.bit_depth;
    if (status == LK_OK && ask->encode) {
        status = write_encoded(h, d, ask, out, &image, &h->err);
    } else if (status == LK_OK && !write_pixels(h, out, &image)) {
        status = error_set(&h->err, LK_E_WRITE, "the pixels are too many to be handed over");
    }
    lk_image_release(&image);
    return status;
}

static void decode_work(void *arg, const void *ask_bytes, int in, int out) {
    const struct decoder *d = arg;
    struct decode_head *h = mem_calloc(1, sizeof *h);
    struct decode_ask ask;
    memcpy(&ask, ask_bytes, sizeof ask);
    int64_t size = memory_file_size(in);
    if (!h || size < 0) {
        return;
    }
    const uint8_t *bytes =
        size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, in, 0) : (const uint8_t *)"";
    if (bytes == MAP_FAILED) {
        h->err.status = error_memory(&h->err, (size_t)size);
    } else {
        h->err.status = decode_into(h, d, &ask, bytes, (size_t)size, out);
    }
    h->is_whole = 1;
    if (!memory_file_write(out, h, sizeof *h, 0)) {
        _exit(1);
    }
}

/* Libraries that are loaded with the first picture of their format cannot be loaded later: a WebP of one pixel, and a JPEG. */
static void decode_prepare(void *arg) {
    static const uint8_t webp[] = {
        'R', 'I', 'F', 'F',  0x1a, 0, 0, 0,    'W',  'E',  'B',  'P',  'V',  'P',  '8',  'L',  0x0d,
        0,   0,   0,   0x2f, 0,    0, 0, 0x10, 0x07, 0x10, 0x11, 0x11, 0x88, 0x88, 0xfe, 0x07, 0};
    struct decoder *d = arg;
    lk_image dot, again;
    lk_bytes file = {0};
    static const char *const formats[] = {"jpeg", "png"};
    signal(SIGPIPE, SIG_IGN);
    if (lk_image_decode(&again, NULL, d->engine, webp, sizeof webp, "dot", NULL, NULL) == LK_OK) {
        lk_image_release(&again);
    }
    if (lk_image_new(&dot, 16, 16, 3, 8, NULL) != LK_OK) {
        return;
    }
    for (size_t y = 0; y < 16; y++) {
        memset(dot.data + y * dot.stride, 128, 48);
    }
    for (int i = 0; i < 2; i++) {
        if (lk_image_encode(&file, &dot, d->engine, formats[i], 90, NULL) == LK_OK &&
            lk_image_decode(&again, NULL, d->engine, file.data, file.size, "dot", NULL, NULL) ==
                LK_OK) {
            lk_image_release(&again);
        }
        lk_bytes_release(&file);
    }
    lk_image_release(&dot);
}

/* Who takes requests goes first, then who compares, then who decodes. */
enum { DECODER_NICE = 10 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_MEMORY_LIMIT = 0 }; /* their shadows are larger than any */
#else
enum { HAS_MEMORY_LIMIT = 1 };
#endif

struct keeper_options decoder_options(struct decoder *d) {
    int64_t pixels_bytes = d->limits.memory_bytes + (int64_t)sizeof(struct decode_head);
    int64_t memory = 2 * d->limits.memory_bytes + d->limits.file_bytes + (1 << 29);
    return (struct keeper_options){.limits = {.memory_bytes = HAS_MEMORY_LIMIT ? memory : 0,
                                              .output_bytes = pixels_bytes,
                                              .cpu_s = 2 * (int32_t)d->limits.cpu_s + 2},
                                   .wall_ms = 2000 * (int32_t)d->limits.cpu_s + 5000,
                                   .nice = DECODER_NICE,
                                   .prepare = decode_prepare,
                                   .work = decode_work,
                                   .arg = d};
}

/* -- In the service -- */

static void end_texts(struct decode_head *h) {
    h->err.input[sizeof h->err.input - 1] = 0;
    h->err.text[sizeof h->err.text - 1] = 0;
    h->err.limit[sizeof h->err.limit - 1] = 0;
    h->info.path[sizeof h->info.path - 1] = 0;
    h->info.format[sizeof h->info.format - 1] = 0;
    h->info.icc_name[sizeof h->info.icc_name - 1] = 0;
    h->info.warning[sizeof h->info.warning - 1] = 0;
    h->info.sha256[0] = 0;
}

/* Runs the work; the head it wrote, which is not to be trusted further than is checked here. */
static enum decode_end run(struct decode_head *h, struct keeper *k, int in, int out,
                           const struct decode_ask *ask, lk_error *err) {
    int32_t number = 0;
    enum keeper_end end = keeper_run(k, ask, sizeof *ask, in, out, &number);
    if (end == KEEPER_LOST) {
        error_set(err, LK_E_IO,
                  "the process that decodes pictures died; another takes its place: try again");
        return DECODE_LOST;
    }
    if (end == KEEPER_LATE) {
        error_set(err, LK_E_LIMIT, "decoding took too long and was stopped");
        return DECODE_STOPPED;
    }
    if (end == KEEPER_KILLED) {
        error_set(err, LK_E_CORRUPT, "decoding was stopped (signal %d)", number);
        return DECODE_STOPPED;
    }
    if (!memory_file_read(out, h, sizeof *h, 0) || h->is_whole != 1) {
        error_set(err, LK_E_CORRUPT, "decoding ended without a picture");
        return DECODE_STOPPED;
    }
    end_texts(h);
    if (h->err.status != LK_OK) {
        *err = h->err;
        return DECODE_REFUSED;
    }
    return DECODE_OK;
}

static bool pixels_are_possible(const struct decode_head *h, const lk_limits *limits,
                                int64_t size) {
    bool shape = h->width > 0 && h->height > 0 && h->width <= limits->side &&
                 h->height <= limits->side && (int64_t)h->width * h->height <= limits->pixels &&
                 (h->channels == 1 || h->channels == 3 || h->channels == 4) &&
                 (h->bit_depth == 8 || h->bit_depth == 16);
    if (!shape || h->info.width < h->width || h->info.height < h->height ||
        h->info.width > limits->side || h->info.height > limits->side) {
        return false;
    }
    int64_t bytes = (int64_t)h->width * h->height * h->channels * (h->bit_depth / 8);
    return h->bytes == bytes && size == bytes + (int64_t)sizeof *h;
}

static enum decode_end take_pixels(lk_image *out, const struct decode_head *h, int file,
                                   lk_error *err) {
    size_t row = (size_t)h->width * (size_t)h->channels * (size_t)h->bit_depth / 8;
    if (lk_image_new(out, h->width, h->height, h->channels, h->bit_depth, err) != LK_OK) {
        return DECODE_LOST;
    }
    for (int32_t y = 0; y < h->height; y++) {
        if (!memory_file_read(file, out->data + (size_t)y * out->stride, row,
                              (int64_t)(sizeof *h + (size_t)y * row))) {
            lk_image_release(out);
            error_set(err, LK_E_CORRUPT, "the pixels are not all there");
            return DECODE_STOPPED;
        }
    }
    return DECODE_OK;
}

enum decode_end decoder_pixels(lk_image *out, lk_image_info *info, struct keeper *k,
                               const lk_limits *limits, int in, const struct decode_ask *ask,
                               lk_error *err) {
    enum decode_end end = DECODE_LOST;
    struct decode_head *h = mem_calloc(1, sizeof *h);
    int file = memory_file_new();
    memset(out, 0, sizeof *out);
    if (!h || file < 0) {
        error_memory(err, sizeof *h);
    } else {
        end = run(h, k, in, file, ask, err);
        if (end == DECODE_OK && !pixels_are_possible(h, limits, memory_file_size(file))) {
            error_set(err, LK_E_CORRUPT, "decoding gave what is no picture");
            end = DECODE_STOPPED;
        }
        end = end == DECODE_OK ? take_pixels(out, h, file, err) : end;
        *info = h->info;
    }
    if (file >= 0) {
        close(file);
    }
    mem_free(h);
    return end;
}

/* The picture file behind the head, in a file of its own. */
static enum decode_end take_file(int *out, int64_t size, int from, lk_error *err) {
    uint8_t part[1 << 16];
    *out = memory_file_new();
    bool ok = *out >= 0;
    for (int64_t at = 0; ok && at < size; at += (int64_t)sizeof part) {
        size_t n = size - at < (int64_t)sizeof part ? (size_t)(size - at) : sizeof part;
        ok = memory_file_read(from, part, n, at + (int64_t)sizeof(struct decode_head)) &&
             memory_file_write(*out, part, n, at);
    }
    if (!ok) {
        error_memory(err, (size_t)size);
        return DECODE_LOST;
    }
    return DECODE_OK;
}

enum decode_end decoder_again(int *out, int64_t *size, lk_image_info *info, struct keeper *k,
                              int in, const struct decode_ask *ask, lk_error *err) {
    enum decode_end end = DECODE_LOST;
    struct decode_head *h = mem_calloc(1, sizeof *h);
    int file = memory_file_new();
    *out = -1;
    if (!h || file < 0) {
        error_memory(err, sizeof *h);
    } else {
        end = run(h, k, in, file, ask, err);
        *size = h->bytes;
        if (end == DECODE_OK &&
            (*size <= 0 || memory_file_size(file) != *size + (int64_t)sizeof *h)) {
            error_set(err, LK_E_CORRUPT, "decoding gave what is no picture");
            end = DECODE_STOPPED;
        }
        end = end == DECODE_OK ? take_file(out, *size, file, err) : end;
        *info = h->info;
    }
    if (end != DECODE_OK && *out >= 0) {
        close(*out);
        *out = -1;
    }
    if (file >= 0) {
        close(file);
    }
    mem_free(h);
    return end;
}
