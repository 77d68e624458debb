#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stop.py SIGNAL...: starts `likeness info - ...` with a picture that never comes, sends the signals, prints how it ended."""
import signal
import subprocess
import sys
import time

p = subprocess.Popen(["likeness", "compare", "a.ppm", "-", "-j", "1", "-o", "out.txt"], stdin=subprocess.PIPE,
                     stderr=subprocess.PIPE, stdout=subprocess.PIPE)
time.sleep(0.3)  # until it waits in read(); a signal before that would only be answered by the next
for name in sys.argv[1:]:
    try:
        p.send_signal(getattr(signal, "SIG" + name))
        time.sleep(0.2)
    except ProcessLookupError:
        pass
print(p.wait(timeout=10))
print(p.stderr.read().decode(), end="")
