/* SPDX-License-Identifier: Apache-2.0 */
/* FFmpeg's libraries, loaded when the first video or RTSP source is asked for a frame: they bring some 200 others. The versions
 * are those that the headers were compiled against, since fields of their structs are read: their numbers are in the names. */
#ifndef LK_FFMPEG_H
#define LK_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/display.h>
#include <libavutil/parseutils.h>
#include <libswscale/swscale.h>

#include "base/library.h"

#define FORMAT_CALLS(X)                                                                            \
    X(avformat_alloc_context)                                                                      \
    X(avformat_open_input)                                                                         \
    X(avformat_find_stream_info)                                                                   \
    X(avformat_close_input)                                                                        \
    X(avformat_network_init)                                                                       \
    X(av_find_best_stream)                                                                         \
    X(av_stream_get_side_data)                                                                     \
    X(av_read_frame)

#define CODEC_CALLS(X)                                                                             \
    X(avcodec_alloc_context3)                                                                      \
    X(avcodec_free_context)                                                                        \
    X(avcodec_parameters_to_context)                                                               \
    X(avcodec_find_decoder_by_name)                                                                \
    X(avcodec_open2)                                                                               \
    X(avcodec_send_packet)                                                                         \
    X(avcodec_receive_frame)                                                                       \
    X(avcodec_flush_buffers)                                                                       \
    X(av_packet_alloc)                                                                             \
    X(av_packet_clone)                                                                             \
    X(av_packet_unref)                                                                             \
    X(av_packet_free)

#define UTIL_CALLS(X)                                                                              \
    X(av_version_info)                                                                             \
    X(av_dict_get)                                                                                 \
    X(av_dict_set)                                                                                 \
    X(av_dict_set_int)                                                                             \
    X(av_dict_free)                                                                                \
    X(av_display_rotation_get)                                                                     \
    X(av_frame_alloc)                                                                              \
    X(av_frame_free)                                                                               \
    X(av_log_set_level)                                                                            \
    X(av_parse_time)                                                                               \
    X(av_strerror)

#define SCALE_CALLS(X)                                                                             \
    X(sws_getCachedContext)                                                                        \
    X(sws_freeContext)                                                                             \
    X(sws_getCoefficients)                                                                         \
    X(sws_setColorspaceDetails)                                                                    \
    X(sws_scale)

struct ffmpeg {
    struct {
        LIBRARY_POINTERS(FORMAT_CALLS)
    } format;
    struct {
        LIBRARY_POINTERS(CODEC_CALLS)
    } codec;
    struct {
        LIBRARY_POINTERS(UTIL_CALLS)
    } util;
    struct {
        LIBRARY_POINTERS(SCALE_CALLS)
    } scale;
    void *libraries[4];
};

/* LK_E_FORMAT when the machine lacks one of them in this version. */
LK_MUST_CHECK lk_status ffmpeg_open(struct ffmpeg *out, lk_error *err);
void ffmpeg_close(struct ffmpeg *f);

/* The error behind a negative number of theirs: `what` failed, and why in their words. */
lk_status ffmpeg_error(const struct ffmpeg *f, int code, const char *what, lk_error *err);

extern const struct library_row library_ffmpeg;

#endif
