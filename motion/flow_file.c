/* SPDX-License-Identifier: Apache-2.0 */
/* The .flo format: "PIEH", width, height, then u and v of every pixel, row by row; all little-endian, numbers float32
 * (docs/formats/flo.md). Its reader of the Middlebury benchmark is the reference for what is unknown (more than 1e9). */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/codec.h"
#include "motion/optical_flow.h"

static const char MAGIC[4] = {'P', 'I', 'E', 'H'}; /* 202021.25f */

enum { HEADER_BYTES = 12, PIXEL_BYTES = 8 };

static uint32_t read_u32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void write_u32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static float read_float(const uint8_t *p) {
    uint32_t bits = read_u32(p);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Checks everything the header claims against the limits and the bytes that are there. */
static lk_status read_header(int32_t *width, int32_t *height, const lk_engine *engine,
                             const uint8_t *bytes, size_t size, lk_error *err) {
    if (size < sizeof MAGIC || memcmp(bytes, MAGIC, sizeof MAGIC) != 0) {
        return error_set(err, LK_E_FORMAT, "not a .flo file");
    }
    if (size < HEADER_BYTES) {
        return error_set(err, LK_E_CORRUPT, "a .flo file cut off after %zu bytes", size);
    }
    *width = (int32_t)read_u32(bytes + 4);
    *height = (int32_t)read_u32(bytes + 8);
    lk_status status = codec_check_size(&engine->limits, *width, *height, PIXEL_BYTES, err);
    if (status != LK_OK) {
        return status;
    }
    uint64_t expected = HEADER_BYTES + (uint64_t)*width * (uint64_t)*height * PIXEL_BYTES;
    if (size != expected) {
        return error_set(err, LK_E_CORRUPT, "a .flo file of %d x %d has %llu bytes, this one %zu",
                         *width, *height, (unsigned long long)expected, size);
    }
    return LK_OK;
}

static lk_status flow_new(lk_flow *out, int32_t width, int32_t height, lk_error *err) {
    size_t pixels = (size_t)width * (size_t)height;
    float *data = mem_alloc_aligned(pixels, PIXEL_BYTES);
    if (!data) {
        return error_memory(err, pixels * PIXEL_BYTES);
    }
    *out = (lk_flow){.width = width, .height = height, .data = data};
    return LK_OK;
}

lk_status lk_flow_decode(lk_flow *out, const lk_engine *engine, const void *data, size_t size,
                         lk_error *err) {
    const uint8_t *bytes = data;
    int32_t width = 0, height = 0;
    *out = (lk_flow){0};
    lk_status status = read_header(&width, &height, engine, bytes, size, err);
    status = status == LK_OK ? flow_new(out, width, height, err) : status;
    for (size_t i = 0; status == LK_OK && i < 2 * (size_t)width * (size_t)height; i++) {
        out->data[i] = read_float(bytes + HEADER_BYTES + 4 * i);
        if (isnan(out->data[i])) {
            size_t pixel = i / 2;
            lk_flow_release(out);
            return error_set(err, LK_E_CORRUPT, "no number at (%zu, %zu)", pixel % (size_t)width,
                             pixel / (size_t)width);
        }
    }
    return status;
}

lk_status lk_flow_load(lk_flow *out, const lk_engine *engine, const char *path, lk_error *err) {
    lk_bytes bytes = {0};
    *out = (lk_flow){0};
    lk_status status = file_read(&bytes, path, engine->limits.file_bytes, engine->stop, err);
    status = status == LK_OK ? lk_flow_decode(out, engine, bytes.data, bytes.size, err) : status;
    lk_bytes_release(&bytes);
    return status == LK_OK ? LK_OK : error_input(err, status, path);
}

lk_status lk_flow_encode(lk_bytes *out, const lk_flow *flow, lk_error *err) {
    size_t numbers = 2 * (size_t)flow->width * (size_t)flow->height;
    size_t size = HEADER_BYTES + 4 * numbers;
    *out = (lk_bytes){0};
    uint8_t *bytes = mem_alloc(size + 1, 1);
    if (!bytes) {
        return error_memory(err, size + 1);
    }
    memcpy(bytes, MAGIC, sizeof MAGIC);
    write_u32(bytes + 4, (uint32_t)flow->width);
    write_u32(bytes + 8, (uint32_t)flow->height);
    for (size_t i = 0; i < numbers; i++) {
        uint32_t bits;
        memcpy(&bits, &flow->data[i], sizeof bits);
        write_u32(bytes + HEADER_BYTES + 4 * i, bits);
    }
    bytes[size] = 0;
    *out = (lk_bytes){.data = bytes, .size = size};
    return LK_OK;
}

lk_status lk_flow_save(const lk_flow *flow, const char *path, lk_error *err) {
    lk_bytes bytes;
    lk_status status = lk_flow_encode(&bytes, flow, err);
    status = status == LK_OK ? file_write(path, bytes.data, bytes.size, err) : status;
    lk_bytes_release(&bytes);
    return status;
}
