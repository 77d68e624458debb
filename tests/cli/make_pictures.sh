#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The pictures of the case files, drawn into the current folder: a.ppm (96 x 64), b.ppm (a with a changed square), gray.pgm,
# bomb.png (69 bytes that claim 30,000 x 30,000), cut.png and cut.jpg (the samples, cut off), text.png (no picture).
set -eu
draw() { # a square of side $1 at 40,20 is painted over
    awk -v side="$1" 'BEGIN {
        print "P3 96 64 255"
        for (y = 0; y < 64; y++)
            for (x = 0; x < 96; x++)
                if (x >= 40 && x < 40 + side && y >= 20 && y < 20 + side) print 250, 20, 20
                else print (x * 5 + y * 3) % 256, (x * y) % 256, (y * 7 + 40) % 256
    }'
}
draw 0 >a.ppm
draw 12 >b.ppm
awk 'BEGIN { print "P2 16 16 255"; for (i = 0; i < 256; i++) print i }' >gray.pgm
# Signature, IHDR of 30000 x 30000 RGB 8 bits, an IDAT of 12 bytes, IEND.
printf '\211PNG\r\n\032\n\000\000\000\015IHDR\000\000\165\060\000\000\165\060\010\002\000\000\000\351\105\157\355' >bomb.png
printf '\000\000\000\014IDAT\170\234\143\140\140\140\000\000\000\004\000\001\366\027\070\125\000\000\000\000IEND\256\102\140\202' >>bomb.png
head -c 1204 "$ROOT/samples/original.png" >cut.png
head -c 20000 "$ROOT/samples/photo.jpg" >cut.jpg
echo 'this is no picture' >text.png
cp "$ROOT/samples/original.png" original.png
cp "$ROOT/samples/photo.jpg" photo.jpg
