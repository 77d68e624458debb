/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/video_input.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/codec.h"
#include "image/engine.h"
#include "image/image.h"
#include "image/orient.h"

/* What cameras and their recorders write. Playlists (HLS, concat) are not among them: they name other files and hosts. */
static const char formats[] = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ivf,"
                              "ogg,mjpeg,h264,hevc,m4v,rtsp,rtp,sdp";
static const char protocols_live[] = "rtsp,rtsps,rtp,srtp,udp,tcp,tls";
static const char protocols_file[] = "file";

/* The decoder of each codec by its name. */
static const struct {
    enum AVCodecID id;
    const char *name;
} decoders[] = {
    {AV_CODEC_ID_H264, "h264"},    {AV_CODEC_ID_HEVC, "hevc"},
    {AV_CODEC_ID_MJPEG, "mjpeg"},  {AV_CODEC_ID_MPEG4, "mpeg4"},
    {AV_CODEC_ID_AV1, "libdav1d"}, {AV_CODEC_ID_VP8, "vp8"},
    {AV_CODEC_ID_VP9, "vp9"},      {AV_CODEC_ID_MPEG2VIDEO, "mpeg2video"},
    {AV_CODEC_ID_H263, "h263"},    {AV_CODEC_ID_MPEG1VIDEO, "mpeg1video"},
};
static const char decoder_names[] =
    "h264,hevc,mjpeg,mpeg4,libdav1d,vp8,vp9,mpeg2video,h263,mpeg1video";

static int ask_interrupt(void *context) {
    const struct video_input *v = context;
    bool stopped = v->stop && __atomic_load_n(v->stop, __ATOMIC_RELAXED) != 0;
    return stopped || clock_s() > v->end_s;
}

static void begin_wait(struct video_input *v) {
    v->end_s = clock_s() + v->source->timeout_s;
}

/* What a call that waited gave: who ended it, or why it failed. */
static lk_status input_failed(const struct video_input *v, int code, const char *what,
                              lk_error *err) {
    if (v->stop && __atomic_load_n(v->stop, __ATOMIC_RELAXED) != 0) {
        return error_set(err, LK_E_CANCELLED, "asked to stop");
    }
    if (clock_s() > v->end_s || code == AVERROR(ETIMEDOUT)) {
        return error_set(err, LK_E_IO, "%s: nothing came within %g s", what, v->source->timeout_s);
    }
    return ffmpeg_error(v->lib, code, what, err);
}

/* -- The address with its credentials, for FFmpeg alone -- */

/* Percent-encodes all but what RFC 3986 calls unreserved. */
static void add_encoded(struct buf *b, const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("-._~", *c);
        buf_printf(b, plain ? "%c" : "%%%02X", *c);
    }
}

static lk_status make_address(lk_bytes *out, const struct source *s, bool live, lk_error *err) {
    enum { AUTH_MOST = 127 }; /* bytes that FFmpeg keeps of "user:password", encoded */
    const struct credentials *c = &s->credentials;
    const char *rest = strstr(s->address, "://");
    struct buf b;
    buf_init(&b, 4 * ADDRESS_MAX);
    if (!live) {
        buf_add_text(&b, "file:"); /* whatever stands before a colon in the name */
    }
    if (!live || c->kind == CREDENTIALS_NONE) {
        buf_add_text(&b, s->address);
    } else {
        buf_add(&b, s->address, (size_t)(rest + 3 - s->address));
        size_t before = b.size;
        add_encoded(&b, c->user);
        buf_add_text(&b, ":");
        add_encoded(&b, c->secret);
        if (b.size - before > AUTH_MOST) {
            explicit_bzero(b.data, b.size);
            buf_release(&b);
            return error_set(err, LK_E_USAGE,
                             "user and password are too long for RTSP (127 bytes, encoded)");
        }
        buf_add_text(&b, "@");
        buf_add_text(&b, rest + 3);
    }
    return buf_finish(&b, out, err);
}

/* -- Opening -- */

static lk_status open_format(struct video_input *v, bool live, lk_error *err) {
    const struct ffmpeg *lib = v->lib;
    lk_bytes address;
    lk_status status = make_address(&address, v->source, live, err);
    if (status != LK_OK) {
        return status;
    }
    v->format = lib->format.avformat_alloc_context();
    if (!v->format) {
        lk_bytes_release(&address);
        return error_memory(err, 0);
    }
    v->format->interrupt_callback = (AVIOInterruptCB){ask_interrupt, v};
    AVDictionary *o = NULL;
    lib->util.av_dict_set(&o, "protocol_whitelist", live ? protocols_live : protocols_file, 0);
    lib->util.av_dict_set(&o, "format_whitelist", formats, 0);
    lib->util.av_dict_set(&o, "codec_whitelist", decoder_names, 0);
    if (live) {
        lib->util.av_dict_set(&o, "rtsp_transport", "tcp", 0);
        lib->util.av_dict_set(&o, "allowed_media_types", "video", 0);
        lib->util.av_dict_set(&o, "user_agent", "likeness/" LIKENESS_VERSION, 0);
        lib->util.av_dict_set_int(&o, "timeout", (int64_t)(v->source->timeout_s * 1e6), 0);
    }
    begin_wait(v);
    int code = lib->format.avformat_open_input(&v->format, (const char *)address.data, NULL, &o);
    lib->util.av_dict_free(&o);
    explicit_bzero(address.data, address.size);
    lk_bytes_release(&address);
    return code < 0 ? input_failed(v, code, live ? "cannot connect" : "cannot open as video", err)
                    : LK_OK;
}

/* Looks at the first packets; their decoders keep to the limits as well. */
static lk_status probe_streams(struct video_input *v, lk_error *err) {
    const struct ffmpeg *lib = v->lib;
    unsigned count = v->format->nb_streams;
    AVDictionary **options = mem_calloc(count + 1, sizeof *options);
    if (!options) {
        return error_memory(err, count * sizeof *options);
    }
    for (unsigned i = 0; i < count; i++) {
        lib->util.av_dict_set_int(&options[i], "max_pixels", v->source->engine->limits.pixels, 0);
    }
    begin_wait(v);
    int code = lib->format.avformat_find_stream_info(v->format, count ? options : NULL);
    for (unsigned i = 0; i < count; i++) {
        lib->util.av_dict_free(&options[i]);
    }
    mem_free(options);
    return code < 0 ? input_failed(v, code, "cannot read the stream", err) : LK_OK;
}

static int find_video(const struct video_input *v) {
    return v->lib->format.av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
}

/* A camera's description (SDP) mostly says all there is to know: looking at packets besides would cost a second, and the
 * pictures of that second would be given late. */
static lk_status find_streams(struct video_input *v, bool live, lk_error *err) {
    v->stream = live ? find_video(v) : -1;
    bool known =
        v->stream >= 0 && v->format->streams[v->stream]->codecpar->codec_id != AV_CODEC_ID_NONE;
    lk_status status = known ? LK_OK : probe_streams(v, err);
    if (status != LK_OK) {
        return status;
    }
    v->stream = find_video(v);
    return v->stream < 0 ? error_set(err, LK_E_FORMAT, "there is no video in it") : LK_OK;
}

/* How a phone was held (a matrix of the container), as EXIF has it. */
static int32_t find_orientation(const struct video_input *v) {
    size_t size = 0;
    const uint8_t *matrix = v->lib->format.av_stream_get_side_data(
        v->format->streams[v->stream], AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (!matrix || size < 9 * sizeof(int32_t)) {
        return 1;
    }
    double angle = v->lib->util.av_display_rotation_get((const int32_t *)(const void *)matrix);
    if (!isfinite(angle)) {
        return 1;
    }
    long quarter = lround(angle / 90) & 3; /* counterclockwise */
    return quarter == 1 ? 8 : quarter == 2 ? 3 : quarter == 3 ? 6 : 1;
}

static lk_status check_size(const struct video_input *v, int width, int height, lk_error *err) {
    enum { BYTES_PER_PIXEL = 12 }; /* a frame of 4:4:4 and its reference, RGB twice */
    return codec_check_size(&v->source->engine->limits, width, height, BYTES_PER_PIXEL, err);
}

static lk_status open_decoder(struct video_input *v, lk_error *err) {
    const struct ffmpeg *lib = v->lib;
    const AVCodecParameters *p = v->format->streams[v->stream]->codecpar;
    const char *name = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(decoders); i++) {
        name = decoders[i].id == p->codec_id ? decoders[i].name : name;
    }
    const AVCodec *codec = name ? lib->codec.avcodec_find_decoder_by_name(name) : NULL;
    if (!codec) {
        return error_set(err, LK_E_FORMAT, "the video is of a kind that is not decoded (%s)",
                         decoder_names);
    }
    lk_status status = p->width > 0 ? check_size(v, p->width, p->height, err) : LK_OK;
    if (status != LK_OK) {
        return status;
    }
    v->decoder = lib->codec.avcodec_alloc_context3(codec);
    v->frame = lib->util.av_frame_alloc();
    v->spare = lib->util.av_frame_alloc();
    if (!v->decoder || !v->frame || !v->spare) {
        return error_memory(err, 0);
    }
    int code = lib->codec.avcodec_parameters_to_context(v->decoder, p);
    v->decoder->thread_count = 1;
    v->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    v->decoder->max_pixels = v->source->engine->limits.pixels;
    code = code < 0 ? code : lib->codec.avcodec_open2(v->decoder, codec, NULL);
    return code < 0 ? ffmpeg_error(lib, code, "cannot decode the video", err) : LK_OK;
}

lk_status video_input_open(struct video_input *out, const struct ffmpeg *lib,
                           const struct source *source, bool live, const int *stop, lk_error *err) {
    *out = (struct video_input){.lib = lib, .source = source, .stop = stop, .orientation = 1};
    lk_status status = open_format(out, live, err);
    status = status == LK_OK ? find_streams(out, live, err) : status;
    status = status == LK_OK ? open_decoder(out, err) : status;
    if (status != LK_OK) {
        video_input_close(out);
        return status;
    }
    out->orientation = find_orientation(out);
    return LK_OK;
}

void video_input_close(struct video_input *v) {
    if (v->lib) {
        v->lib->scale.sws_freeContext(v->scaler);
        v->lib->util.av_frame_free(&v->frame);
        v->lib->util.av_frame_free(&v->spare);
        v->lib->codec.avcodec_free_context(&v->decoder);
        begin_wait(v); /* to say good-bye */
        v->lib->format.avformat_close_input(&v->format);
        *v = (struct video_input){0};
    }
}

/* -- Packets and pictures -- */

lk_status video_input_read(AVPacket *out, bool *more, struct video_input *v, lk_error *err) {
    begin_wait(v);
    for (;;) {
        int code = v->lib->format.av_read_frame(v->format, out);
        *more = code != AVERROR_EOF;
        if (code < 0) {
            return *more ? input_failed(v, code, "the stream broke off", err) : LK_OK;
        }
        if (out->stream_index == v->stream) {
            return LK_OK;
        }
        v->lib->codec.av_packet_unref(out);
    }
}

lk_status video_input_send(struct video_input *v, const AVPacket *packet, lk_error *err) {
    int code = v->lib->codec.avcodec_send_packet(v->decoder, packet);
    return code == AVERROR(ENOMEM) ? error_memory(err, 0) : LK_OK;
}

bool video_input_receive(struct video_input *v) {
    while (v->lib->codec.avcodec_receive_frame(v->decoder, v->spare) >= 0) {
        if (!(v->spare->flags & AV_FRAME_FLAG_CORRUPT) && v->spare->decode_error_flags == 0) {
            AVFrame *last = v->frame;
            v->frame = v->spare;
            v->spare = last;
            return true;
        }
    }
    return false;
}

void video_input_flush(struct video_input *v) {
    v->lib->codec.avcodec_flush_buffers(v->decoder);
}

/* The matrix and range of the samples; where the stream does not say, as ITU-R BT.709 has it from 720 lines on. */
static void set_colours(struct video_input *v) {
    const AVFrame *f = v->frame;
    bool full = f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P ||
                f->format == AV_PIX_FMT_YUVJ422P || f->format == AV_PIX_FMT_YUVJ444P;
    bool jpeg = v->decoder->codec_id == AV_CODEC_ID_MJPEG; /* JFIF: always BT.601 */
    int space = f->colorspace == AVCOL_SPC_UNSPECIFIED
                    ? (f->height >= 720 && !jpeg ? SWS_CS_ITU709 : SWS_CS_ITU601)
                    : (int)f->colorspace; /* the same numbers */
    const int *from = v->lib->scale.sws_getCoefficients(space);
    const int *to = v->lib->scale.sws_getCoefficients(SWS_CS_DEFAULT);
    v->lib->scale.sws_setColorspaceDetails(v->scaler, from, full, to, 1, 0, 1 << 16, 1 << 16);
}

/* Into rows with room behind them: swscale writes in blocks. */
static lk_status convert(lk_image *out, struct video_input *v, lk_error *err) {
    enum { ALIGN = 64 };
    const AVFrame *f = v->frame;
    size_t stride = ((size_t)f->width * 3 + ALIGN) / ALIGN * ALIGN + ALIGN;
    v->scaler = v->lib->scale.sws_getCachedContext(
        v->scaler, f->width, f->height, f->format, f->width, f->height, AV_PIX_FMT_RGB24,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
    if (!v->scaler) {
        return error_set(err, LK_E_FORMAT, "the video's pixels are of a kind that is not known");
    }
    set_colours(v);
    uint8_t *rows = mem_alloc_aligned((size_t)f->height + 1, stride);
    if (!rows) {
        return error_memory(err, stride * (size_t)f->height);
    }
    uint8_t *const planes[4] = {rows};
    const int strides[4] = {(int)stride};
    int done = v->lib->scale.sws_scale(v->scaler, (const uint8_t *const *)f->data, f->linesize, 0,
                                       f->height, planes, strides);
    lk_status status = done == f->height
                           ? lk_image_new(out, f->width, f->height, 3, 8, err)
                           : error_set(err, LK_E_CORRUPT, "the picture cannot be converted");
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        memcpy(image_row(out, y), rows + (size_t)y * stride, image_row_bytes(out));
    }
    mem_free(rows);
    return status;
}

lk_status video_input_picture(struct frame *out, struct video_input *v, lk_error *err) {
    lk_status status = check_size(v, v->frame->width, v->frame->height, err);
    status = status == LK_OK ? convert(&out->image, v, err) : status;
    status = status == LK_OK && v->orientation > 1 ? orient_apply(&out->image, v->orientation, err)
                                                   : status;
    struct digest d;
    digest_begin(&d);
    for (int32_t y = 0; status == LK_OK && y < out->image.height; y++) {
        digest_add(&d, image_row(&out->image, y), image_row_bytes(&out->image));
    }
    digest_end(out->digest, &d);
    return status;
}
