/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/ffmpeg.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/error.h"

#define TEXT_OF(number) #number
#define SONAME_OF(name, number) name ".so." TEXT_OF(number)

static const char *const format_names[] = {LIBRARY_NAMES(FORMAT_CALLS)};
static const char *const codec_names[] = {LIBRARY_NAMES(CODEC_CALLS)};
static const char *const util_names[] = {LIBRARY_NAMES(UTIL_CALLS)};
static const char *const scale_names[] = {LIBRARY_NAMES(SCALE_CALLS)};

lk_status ffmpeg_open(struct ffmpeg *out, lk_error *err) {
    const struct {
        const char *soname;
        void *calls;
        const char *const *names;
        size_t count;
    } parts[] = {
        {SONAME_OF("libavutil", LIBAVUTIL_VERSION_MAJOR), &out->util, util_names,
         ARRAY_COUNT(util_names)},
        {SONAME_OF("libavcodec", LIBAVCODEC_VERSION_MAJOR), &out->codec, codec_names,
         ARRAY_COUNT(codec_names)},
        {SONAME_OF("libavformat", LIBAVFORMAT_VERSION_MAJOR), &out->format, format_names,
         ARRAY_COUNT(format_names)},
        {SONAME_OF("libswscale", LIBSWSCALE_VERSION_MAJOR), &out->scale, scale_names,
         ARRAY_COUNT(scale_names)},
    };
    *out = (struct ffmpeg){0};
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(parts); i++) {
        status = library_open(&out->libraries[i], parts[i].calls, parts[i].names, parts[i].count,
                              parts[i].soname, err);
    }
    if (status != LK_OK) {
        ffmpeg_close(out);
        return status;
    }
    out->util.av_log_set_level(AV_LOG_QUIET); /* it would print, and addresses with passwords */
    out->format.avformat_network_init();
    return LK_OK;
}

void ffmpeg_close(struct ffmpeg *f) {
    for (size_t i = 0; i < ARRAY_COUNT(f->libraries); i++) {
        library_close(f->libraries[i]);
        f->libraries[i] = NULL;
    }
}

lk_status ffmpeg_error(const struct ffmpeg *f, int code, const char *what, lk_error *err) {
    char text[128] = "unknown error";
    f->util.av_strerror(code, text, sizeof text);
    if (code == AVERROR(ENOMEM)) {
        return error_memory(err, 0);
    }
    bool damaged = code == AVERROR_INVALIDDATA;
    return error_set(err, damaged ? LK_E_CORRUPT : LK_E_IO, "%s: %s", what, text);
}

static lk_status version_of_ffmpeg(char *out, size_t size, lk_error *err) {
    struct ffmpeg f;
    lk_status status = ffmpeg_open(&f, err);
    if (status == LK_OK) {
        snprintf(out, size, "%s", f.util.av_version_info());
        ffmpeg_close(&f);
    }
    return status;
}

/* All four are opened; the one that needs the others gives the name. */
const struct library_row library_ffmpeg = {
    .soname = SONAME_OF("libavformat", LIBAVFORMAT_VERSION_MAJOR),
    .task = "cameras by RTSP, videos",
    .version = version_of_ffmpeg,
};
