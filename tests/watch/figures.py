#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""figures.py FIGURES_PRINT: what we write for Prometheus, as its own client's parser reads it."""
import subprocess
import sys

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("SKIPPED: python3-prometheus-client is not installed (tools/setup servers)")
    sys.exit(77)

STATES = ["ok", "moved", "covered", "defocused", "dark", "replaced", "frozen", "lost"]
ODD = 'a "b" \\n c\nd, {e}=\ufffd'


def check(holds, text):
    if not holds:
        print(f"FAILED: {text}")
        sys.exit(1)


def read(*args):
    text = subprocess.run([sys.argv[1], *args], capture_output=True, check=True).stdout.decode()
    families = list(text_string_to_metric_families(text))
    names = [f.name for f in families]
    check(len(names) == len(set(names)), f"a family twice: {names}")
    for f in families:
        check(f.documentation and f.type in ("gauge", "counter"), f"{f.name} {f.type} {f.documentation}")
        check((f.type == "counter") == all(s.name.endswith("_total") for s in f.samples), f.name)
    return families


def main():
    families = read()
    values = {}
    for f in families:
        for s in f.samples:
            key = (s.name, *s.labels.values())
            check(key not in values, f"{key} twice")
            values[key] = s.value
    states = {k[1:]: v for k, v in values.items() if k[0] == "likeness_camera_state"}
    for camera, state in (("gate", "moved"), (ODD, "lost"), ("h\u00f6her", "ok")):
        check([states[camera, s] for s in STATES] == [float(s == state) for s in STATES], f"{camera}: {states}")
    wanted = {"score": 0.41, "enabled": 1, "latched": 1, "frames_total": 9007199254740, "failures_total": 3, "alarms_total": 2,
              "look_seconds_total": 0.3, "last_frame_timestamp_seconds": 1763658211.25}
    for name, value in wanted.items():
        check(values[f"likeness_camera_{name}", "gate"] == value, f"{name}: {values[f'likeness_camera_{name}', 'gate']}")
    check(("likeness_camera_score", ODD) not in values, "a score where there was no frame")
    check(("likeness_camera_last_frame_timestamp_seconds", ODD) not in values, "a moment where there was no frame")
    for name, value in {"delivered_total": 5, "failures_total": 4, "given_up_total": 3, "waiting": 2}.items():
        check(values[f"likeness_notify_{name}", "mqtt"] == value and values[f"likeness_notify_{name}", "exec"] == 0, name)
    check([f.name for f in read("none")] == ["likeness_build_info"], "figures of nobody")
    print(f"{len(values)} figures")


main()
