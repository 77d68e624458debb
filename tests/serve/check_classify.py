#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_classify.py LIKENESS SAMPLES ROOT: classes over HTTP by a real network, MobileNetV2 of the shared data: against the command, beside all other
measures of a comparison, and in an index of its embeddings. Skips (77) where the data is not there."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from service import Service, check

LIKENESS, SAMPLES, ROOT = [os.path.abspath(a) for a in sys.argv[1:4]]
MODELS = os.path.join(os.environ.get("LIKENESS_DATA") or os.path.join(ROOT, "..", "shared"), "models")
NETWORK = os.path.join(MODELS, "mobilenet_v2_1.0_224.onnx")
SHOWN = {"zebra.png": "n02391049_zebra.png", "mug.png": "n03063599_coffee_mug.png"}
CLASSIFY = "/api/v1/classify"


def likeness(folder, *arguments):
    run = subprocess.run([LIKENESS, *arguments], cwd=folder, capture_output=True, check=False)
    check(run.returncode in (0, 1), f"{arguments}: {run.returncode} {run.stderr.decode()}")
    return run.stdout


def names(models):
    return {m["name"]: m["installed"] for m in models}


def measures(s):
    status, _, found = s.ask("POST", "/api/v1/compare", {"a": "zebra.png", "b": "mug.png", "measures": "all"})
    check(status == 200, f"{found}")
    return found


def check_without(s, folder):
    """No model is installed: that is said, and a comparison does without classes."""
    s.problem(404, "no-model", "POST", CLASSIFY, {"image": "zebra.png"})
    check(not names(s.ask("GET", "/api/v1/models")[2]["models"])["mobilenet-v2"], "it is installed already")
    check(not [m for m in measures(s)["measures"] if m["name"] == "category" and m.get("score") is not None], "classes without a network")


def check_with(s, folder):
    """The service finds the model that was installed meanwhile."""
    listed = s.ask("GET", "/api/v1/models")[2]
    expected = json.loads(likeness(folder, "model", "list", "--json"))
    check(listed["models"] == expected["models"] and listed["folder"] == "" and names(listed["models"])["mobilenet-v2"], f"{listed}")
    for name, label in (("zebra.png", "zebra"), ("mug.png", "coffee mug")):
        status, _, found = s.ask("POST", CLASSIFY, {"image": name, "top": 3})
        check(status == 200 and found == json.loads(likeness(folder, "classify", name, "--top", "3", "--json")), f"{found} is not the command's")
        check(found["model"] == "mobilenet-v2" and found["results"][0]["top"][0]["label"] == label, f"{found}")
    check(len(s.ask("POST", CLASSIFY, {"image": "mug.png"})[2]["results"][0]["top"]) == 5, "five are usual")
    s.problem(404, "not-found", "POST", CLASSIFY, {"image": "never"})
    s.problem(400, "bad-field", "POST", CLASSIFY, {"image": "mug.png", "top": 0})
    s.problem(400, "unknown-field", "POST", CLASSIFY, {"image": "mug.png", "model": "/etc/passwd"})


def check_compare(s, folder):
    found = measures(s)
    category = [m for m in found["measures"] if m["name"] == "category"]
    check(len(category) == 1 and "zebra" in json.dumps(category) and "coffee mug" in json.dumps(category), f"{category}")
    expected = json.loads(likeness(folder, "compare", "zebra.png", "mug.png", "--measures", "all", "--json"))
    check(found == expected, f"{found} is not {expected}")


def check_index(s, folder, place):
    """An index whose embeddings are of the installed network is searched by it."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    likeness(folder, "index", folder, "--index", place, "--model", "mobilenet-v2")
    expected = json.loads(likeness(folder, "search", "mug.png", "--index", place, "--by", "embedding", "--json"))
    status, _, found = s.ask("POST", "/api/v1/search", {"image": "mug.png", "collection": "pics", "by": "embedding"})
    check(status == 200 and json.dumps(found) == json.dumps(expected).replace(folder, "pics"), f"{found} is not {expected}")


def main():
    if not os.path.exists(NETWORK):
        print(f"skipped: {NETWORK} is not there")
        sys.exit(77)
    work = os.path.realpath(tempfile.mkdtemp())
    folder = os.path.join(work, "pictures")
    os.environ["LIKENESS_MODELS"] = os.path.join(work, "models")
    try:
        os.mkdir(folder)
        for name, kept in SHOWN.items():
            shutil.copy(os.path.join(MODELS, "golden", kept), os.path.join(folder, name))
        s = Service(LIKENESS, "--collection", f"pics={folder}")
        try:
            for name in SHOWN:
                with open(os.path.join(folder, name), "rb") as f:
                    check(s.upload(name, f.read())[0] == 201, name)
            check_without(s, folder)
            likeness(folder, "model", "add", NETWORK)
            check_with(s, folder)
            check_compare(s, folder)
            check_index(s, folder, os.path.join(s.store, "work", "indexes", "pics.lki"))
        finally:
            s.stop()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("ok")


main()
