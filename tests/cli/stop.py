#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stop.py SIGNAL...: starts `likeness compare a.ppm - ...` with a picture that never ends, sends the signals, prints how it ended."""
import fcntl
import signal
import struct
import subprocess
import sys
import termios
import time

p = subprocess.Popen(["likeness", "compare", "a.ppm", "-", "-j", "1", "-o", "out.txt"], stdin=subprocess.PIPE,
                     stderr=subprocess.PIPE, stdout=subprocess.PIPE)
p.stdin.write(b"P6 9 9")
p.stdin.flush()
while struct.unpack("i", fcntl.ioctl(p.stdin, termios.FIONREAD, b"0123"))[0] > 0:
    time.sleep(0.02)  # until it has read that
time.sleep(0.3)  # and waits for more; a signal before that would only be answered by the next
for name in sys.argv[1:]:
    try:
        p.send_signal(getattr(signal, "SIG" + name))
        time.sleep(0.2)
    except ProcessLookupError:
        pass
print(p.wait(timeout=10))
print(p.stderr.read().decode(), end="")
