#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A camera over RTSP by GStreamer (Debian: gir1.2-gst-rtsp-server-1.0 and plugins): the pictures 00.jpg to 19.jpg of a folder in turn,
ten a second.

rtsp_server.py [--port N] [--auth basic|digest] [--key N] [--codec h264|jpeg] FOLDER: prints its port, serves rtsp://127.0.0.1:PORT/cam
until its standard input ends. --key: a whole (key) picture each N pictures. Its only user is anna, password "se:cret #1".
Exits with 77 where GStreamer or a plugin is missing.
"""
import argparse
import sys
import threading

try:
    import gi
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
except (ImportError, ValueError) as e:
    print(e, file=sys.stderr)
    sys.exit(77)

USER, PASSWORD = "anna", "se:cret #1"
CODECS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bitrate=400 key-int-max=%d ! rtph264pay name=pay0 pt=96",
    "jpeg": "jpegenc quality=90 ! rtpjpegpay name=pay0 pt=26",
}
ELEMENTS = ("multifilesrc", "jpegdec", "jpegenc", "x264enc", "rtph264pay", "rtpjpegpay")


def protect(server, factory, method):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    if method == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(USER, PASSWORD, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--auth", choices=("basic", "digest"))
    parser.add_argument("--key", type=int, default=10)
    parser.add_argument("--codec", choices=sorted(CODECS), default="h264")
    parser.add_argument("folder")
    args = parser.parse_args()
    Gst.init(None)
    missing = [name for name in ELEMENTS if not Gst.ElementFactory.find(name)]
    if missing:
        print("no " + " ".join(missing), file=sys.stderr)
        sys.exit(77)
    codec = CODECS[args.codec]
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch('( multifilesrc location=%s/%%02d.jpg loop=true start-index=0 stop-index=19 '
                       'caps="image/jpeg,framerate=10/1" ! jpegdec ! videoconvert ! video/x-raw,format=I420 ! %s )'
                       % (args.folder, codec % args.key if "%d" in codec else codec))
    factory.set_shared(True)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    server.get_mount_points().add_factory("/cam", factory)
    if args.auth:
        protect(server, factory, args.auth)
    if server.attach(None) == 0:
        sys.exit("cannot listen")
    loop = GLib.MainLoop()

    def wait():
        sys.stdin.read()
        GLib.idle_add(loop.quit)
    threading.Thread(target=wait, daemon=True).start()
    print(server.get_bound_port(), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
