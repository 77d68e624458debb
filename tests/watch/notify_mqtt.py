#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""notify_mqtt.py NOTIFY_TOOL: events, retained values, orders and losses of connection at a real broker."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from broker import CLIENTS, Broker, Listener, Withholder, free_port, skip_without
from telling import Tool, check, wait_for

TOOL = os.path.abspath(sys.argv[1])
GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "howto", "cameras.md")


def tool_at(broker, *options, prefix=""):
    return Tool(TOOL, f"mqtt=mqtt://127.0.0.1:{broker.port}{prefix}", "retry=0.1", *options)


def test_event_and_figures(folder):
    """An event once, with QoS 1, not retained; state, score and picture retained, as they were last."""
    broker = Broker(folder)
    listener = Listener(broker, "likeness/#")
    tool = tool_at(broker)
    picture = bytes(range(256)) * 800  # more than a packet, and no text
    with open(f"{folder}/shot.jpg", "wb") as f:
        f.write(picture)
    tool.ok("camera gate 1")
    tool.ok(f"send 7 gate moved 0.41 {folder}/shot.jpg")
    tool.ok("flush 30")
    check(tool.starting("delivered") == ["delivered 7"], tool.lines)
    heard = wait_for(lambda: listener.of("likeness/gate/event"), "the event")
    check(len(heard) == 1 and heard[0][1:3] == ("0", "1"), heard)
    document = json.loads(heard[0][3])
    check(document["id"] == 7 and document["state"] == "moved" and document["camera"] == "gate", document)
    broker.wait_retained("likeness/available", b"online")
    broker.wait_retained("likeness/gate/state", b"moved")
    broker.wait_retained("likeness/gate/score", b"0.4100")
    broker.wait_retained("likeness/gate/enabled/state", b"ON")
    check(broker.retained("likeness/gate/snapshot") == picture, "the picture differs")
    for event in range(100):  # only the newest counts; the last one arrives in any case
        tool.ok(f"send 0 gate ok 0.{event:02}")
    tool.ok("send 0 gate lost")
    tool.ok("flush 30")
    broker.wait_retained("likeness/gate/state", b"lost")
    broker.wait_retained("likeness/gate/score", b"None")
    check(broker.retained("likeness/gate/snapshot") == picture, "the picture is gone")
    check(len(listener.of("likeness/gate/event")) == 1, "figures are no events")
    tool.ok("send 0 nobody ok 1")  # not announced: nothing is said
    tool.end()
    broker.wait_retained("likeness/available", b"offline")
    check(not listener.of("likeness/nobody/state"), listener.messages())
    listener.end()
    broker.kill()


def test_last_will(folder):
    broker = Broker(folder)
    first, second = tool_at(broker), tool_at(broker)
    for tool in (first, second):
        tool.ok("flush 30")
    broker.wait_retained("likeness/available", b"online")
    first.kill()  # its will is wrong as long as somebody else is there
    wait_for(lambda: "offline" not in broker.log() and broker.log().count("Socket error on client likeness") >= 1
             or "closed its connection" in broker.log(), "the loss")
    time.sleep(0.5)
    broker.wait_retained("likeness/available", b"online")
    second.kill()
    broker.wait_retained("likeness/available", b"offline")
    broker.kill()


def test_discovery(folder):
    """Every document is one, names topics that are ours, and all are of one device a camera."""
    broker = Broker(folder)
    listener = Listener(broker, "homeassistant/#")
    tool = tool_at(broker, "ha=1", prefix="/home/watch")
    tool.ok("camera gate 1")
    tool.ok("camera yard.2 0")
    tool.ok("flush 30")
    wait_for(lambda: len(listener.messages()) >= 12, "12 documents")
    listener.end()
    documents = {m[0]: json.loads(m[3]) for m in listener.messages()}
    check(len(documents) == 12, list(documents))
    kinds = {}
    for topic, d in documents.items():
        root, component, node, entity, config = topic.split("/")
        check((root, config) == ("homeassistant", "config"), topic)
        camera = {"home_2fwatch_gate": "gate", "home_2fwatch_yard_2e2": "yard.2"}[node]
        kinds.setdefault(camera, set()).add((component, entity))
        check(d["unique_id"] == f"{node}_{entity}" and d["device"]["identifiers"] == [node], d)
        check(d["device"]["name"] == camera and d["availability_topic"] == "home/watch/available", d)
        for key, value in d.items():
            if key.endswith("topic") and key != "availability_topic":
                check(value.startswith(f"home/watch/{camera}/"), f"{key} {value}")
    wanted = {("binary_sensor", "tamper"), ("sensor", "state"), ("sensor", "score"), ("camera", "snapshot"),
              ("button", "ack"), ("switch", "enabled")}
    check(kinds == {"gate": wanted, "yard.2": wanted}, kinds)
    tamper = documents["homeassistant/binary_sensor/home_2fwatch_gate/tamper/config"]
    check(tamper["device_class"] == "tamper" and tamper["state_topic"] == "home/watch/gate/state", tamper)
    check(len({d["unique_id"] for d in documents.values()}) == 12, "an id twice")
    broker.wait_retained("homeassistant/button/home_2fwatch_gate/ack/config", json.dumps(
        documents["homeassistant/button/home_2fwatch_gate/ack/config"], separators=(",", ":")).encode())
    broker.wait_retained("home/watch/yard.2/enabled/state", b"OFF")
    tool.end()
    broker.kill()


def test_orders(folder):
    """ack/set and enabled/set come back; what is retained, of no camera of ours or no word, does not."""
    broker = Broker(folder)
    broker.publish("likeness/gate/ack/set", "PRESS", "-r")
    tool = tool_at(broker)
    tool.ok("camera gate 1")
    tool.ok("flush 30")
    broker.publish("likeness/other/ack/set", "PRESS")
    broker.publish("likeness/gate/enabled/set", "perhaps")
    broker.publish("likeness/gate/enabled/set", "OFF")
    broker.publish("likeness/gate/ack/set", "PRESS")
    broker.publish("likeness/gate/enabled/set", "on")
    tool.wait("enabled gate 1")
    orders = tool.starting("enabled") + tool.starting("acknowledged")
    check(orders == ["enabled gate 0", "enabled gate 1", "acknowledged gate"], orders)
    tool.ok("camera gate 0")
    tool.ok("flush 30")
    broker.wait_retained("likeness/gate/enabled/state", b"OFF")
    tool.end()
    broker.kill()


def heard_ids(broker, name, count):
    """The events that waited at the broker for the listener of that name."""
    done = subprocess.run(broker.command(CLIENTS[0], "-c", "-i", name, "-q", "1", "-t", "likeness/+/event",
                                         "-C", str(count), "-W", "20"), capture_output=True, text=True, check=False)
    return [json.loads(line)["id"] for line in done.stdout.splitlines()]


def test_broker_killed(folder):
    """What was queued while there was no broker arrives, in order and once; what is retained is there again."""
    broker = Broker(folder, keeps=True)
    Listener(broker, "likeness/+/event", "-c", "-i", "archive", "-C", "1", "-W", "1").process.wait()
    tool = tool_at(broker)
    tool.ok("camera gate 1")
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    time.sleep(1.5)  # the broker saves once a second
    broker.kill()
    for event in range(2, 7):
        tool.ok(f"send {event} gate covered 0.{event}")
    check(tool.do("flush 0.3").startswith("error 9 127.0.0.1: 5 events not delivered"), tool.lines[-1])
    check(tool.starting("delivered") == ["delivered 1"], tool.lines)
    os.remove(f"{folder}/mosquitto.db")  # it forgets what was retained, and who listens
    broker.start()
    Listener(broker, "likeness/+/event", "-c", "-i", "later", "-C", "1", "-W", "1").process.wait()
    tool.ok("flush 60")
    check([int(line.split()[1]) for line in tool.starting("delivered")] == [1, 2, 3, 4, 5, 6], tool.lines)
    broker.wait_retained("likeness/gate/state", b"covered")
    broker.wait_retained("likeness/available", b"online")
    tool.end()
    broker.kill()


def test_broker_killed_with_listener(folder):
    """The same seen by one who listens: nothing twice, nothing out of order."""
    broker = Broker(folder, keeps=True)
    Listener(broker, "likeness/+/event", "-c", "-i", "archive", "-C", "1", "-W", "1").process.wait()
    tool = tool_at(broker)
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    broker.kill(signal.SIGTERM)  # this time it keeps everything
    for event in range(2, 22):
        tool.ok(f"send {event} gate covered 0.5")
    broker.start()
    tool.ok("flush 60")
    check(heard_ids(broker, "archive", 21) == list(range(1, 22)), "events")
    tool.end()
    broker.kill()


def test_killed_in_the_middle(folder):
    """We die while the broker has not answered: the event, told again under its number by the next run, arrives."""
    broker = Broker(folder)
    listener = Listener(broker, "likeness/+/event")
    tool = tool_at(broker)
    tool.ok("flush 30")
    broker.freeze(True)
    tool.ok("send 1 gate moved 0.4")
    check(tool.do("flush 0.5").startswith("error 9 "), tool.lines)
    check(not tool.starting("delivered"), tool.lines)
    tool.kill()
    broker.freeze(False)
    again = tool_at(broker)
    again.ok("send 1 gate moved 0.4")
    again.ok("flush 30")
    check(again.starting("delivered") == ["delivered 1"], again.lines)
    heard = wait_for(lambda: listener.of("likeness/gate/event"), "the event")
    check({json.loads(m[3])["id"] for m in heard} == {1} and len(heard) <= 2, heard)
    again.end()
    listener.end()
    broker.kill()


def test_late_receipt(folder):
    """A broker that has the event, and whose receipt comes only after the try has given up waiting for it: it is not told again."""
    broker = Broker(folder)
    listener = Listener(broker, "likeness/+/event")
    between = Withholder(broker)
    tool = Tool(TOOL, f"mqtt=mqtt://127.0.0.1:{between.port}", "retry=3")
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    between.withholds.set()
    tool.ok("send 2 gate covered 0.3")
    wait_for(lambda: tool.counts("mqtt")[1] == 1, "the end of the first try, after 20 s")
    check(tool.starting("delivered") == ["delivered 1"] and len(between.kept) == 1, f"{tool.lines} {between.kept}")
    between.release()
    tool.ok("flush 30")
    tool.ok("send 3 gate ok 0.9")
    tool.ok("flush 30")
    check(tool.starting("delivered") == ["delivered 1", "delivered 2", "delivered 3"], tool.lines)
    heard = wait_for(lambda: listener.of("likeness/gate/event")[2:] and listener.of("likeness/gate/event"), "the events")
    check([json.loads(m[3])["id"] for m in heard] == [1, 2, 3], heard)
    said = [line for line in broker.log().splitlines() if "Received PUBLISH" in line and "likeness/gate/event'" in line]
    check(len(said) == 3, said)
    tool.end()
    listener.end()
    broker.kill()


def test_lost_broker_holds_up_nothing(folder):
    os.mkdir(folder)
    port = free_port()
    tool = Tool(TOOL, f"mqtt=mqtt://127.0.0.1:{port}", f"exec=tee -a {folder}/taken")
    begun = time.monotonic()
    for event in range(1, 6):
        tool.ok(f"send {event} gate moved 0.4")
    wait_for(lambda: tool.counts("exec")[0] == 5, "the program's five")
    check(time.monotonic() - begun < 10, "it waited for the broker")
    check(not tool.starting("delivered") and tool.counts("mqtt")[3] == 5, tool.lines)
    said = tool.do("flush 0.1")
    check(said.startswith("error 9 ") and "5 events not delivered" in said, said)
    begun = time.monotonic()
    tool.end()
    check(time.monotonic() - begun < 5, "it waited at its end")


def test_credentials(folder):
    os.mkdir(folder)
    for name, text in (("right", "basic anna:secret\n"), ("wrong", "basic anna:guess\n"), ("token", "bearer abc\n")):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(f"{folder}/{name}", 0o600)
    subprocess.run([CLIENTS[2], "-c", "-b", f"{folder}/passwords", "anna", "secret"], check=True)
    os.chmod(f"{folder}/passwords", 0o644)
    broker = Broker(f"{folder}/broker", "allow_anonymous false", f"password_file {os.path.abspath(folder)}/passwords")
    tool = tool_at(broker, f"token={folder}/right")
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    tool.end()
    for options in ([f"token={folder}/wrong"], []):
        tool = tool_at(broker, *options)
        tool.ok("send 1 gate moved 0.4")
        said = wait_for(lambda: [s for s in [tool.do("flush 1")] if "refused" in s], "the refusal")[0]
        check("not authorised" in said and "guess" not in " ".join(tool.lines), said)
        tool.end()
    refused = Tool(TOOL, f"mqtt=mqtt://127.0.0.1:{broker.port}", f"token={folder}/token", fails=True).first
    check("a user and a password only" in refused, refused)
    broker.kill()


def test_rights(folder):
    """The list of rights in docs/howto/cameras.md is enough, and keeps the porter to his gate."""
    os.mkdir(folder)
    with open(GUIDE, encoding="utf-8") as f:
        guide = f.read()
    rights = [line[4:] for line in guide[guide.index("    user likeness"):].split("\n\n### ")[0].splitlines() if line[:4] == "    "]
    check(len(rights) == 6, rights)
    with open(f"{folder}/rights", "w", encoding="utf-8") as f:
        f.write("\n".join(rights) + "\n")
    for name in ("likeness", "porter"):
        subprocess.run([CLIENTS[2], *([] if name == "porter" else ["-c"]), "-b", f"{folder}/passwords", name, "secret"], check=True)
    with open(f"{folder}/token", "w", encoding="utf-8") as f:
        f.write("basic likeness:secret\n")
    for name in ("token", "rights", "passwords"):
        os.chmod(f"{folder}/{name}", 0o600)
    at = os.path.abspath(folder)
    broker = Broker(f"{folder}/broker", "allow_anonymous false", f"password_file {at}/passwords", f"acl_file {at}/rights")
    tool = tool_at(broker, "ha=1", f"token={folder}/token")
    tool.ok("camera gate 1")
    tool.ok("camera yard 1")
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    porter = ["-u", "porter", "-P", "secret"]
    broker.publish("likeness/yard/ack/set", "PRESS", *porter)
    broker.publish("likeness/gate/enabled/set", "OFF", *porter)
    broker.publish("likeness/gate/ack/set", "PRESS", *porter)
    tool.wait("acknowledged gate")
    check(len(tool.starting("acknowledged") + tool.starting("enabled")) == 1, tool.lines)
    tool.end()
    for user, password, topic, wanted in (("likeness", "secret", "likeness/gate/state", b"moved"),
                                          ("porter", "secret", "likeness/gate/state", b"moved"),
                                          ("porter", "secret", "likeness/yard/enabled/state", b"")):
        done = subprocess.run(broker.command(CLIENTS[0], "-u", user, "-P", password, "-t", topic, "-C", "1", "-W", "2", "-N"),
                              capture_output=True, check=False)
        check(done.stdout == wanted, f"{user} {topic}: {done.stdout}")
    broker.kill()


def certificates(folder):
    """A certificate authority, a broker of it at localhost, and another authority that nobody asked."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2",
                "-subj", f"/CN={name}")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost")
    with open(f"{folder}/names", "w", encoding="utf-8") as f:
        f.write("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "broker.crt",
            "-days", "2", "-extfile", "names")


def test_tls(folder):
    """Told only to whom the given authority vouches for, under the name we asked for."""
    os.mkdir(folder)
    certificates(folder)
    at = os.path.abspath(folder)
    broker = Broker(f"{folder}/broker", f"certfile {at}/broker.crt", f"keyfile {at}/broker.key")
    for host, options, taken in (("localhost", [f"ca={folder}/ca.crt"], True), ("localhost", [f"ca={folder}/other.crt"], False),
                                 ("localhost", [], False), ("127.0.0.1", [f"ca={folder}/ca.crt"], False)):
        tool = Tool(TOOL, f"mqtt=mqtts://{host}:{broker.port}", "retry=0.1", *options)
        tool.ok("send 1 gate moved 0.4")
        said = tool.do(f"flush {30 if taken else 3}")
        check(said == "ok" if taken else said.startswith("error 9 "), f"{host} {options}: {said}")
        check(taken or said.endswith("TLS: certificate verify failed"), f"{host} {options}: {said}")
        check(bool(tool.starting("delivered")) == taken, f"{host} {options}: {tool.lines}")
        tool.end()
    missing = Tool(TOOL, "mqtt=mqtts://localhost", "ca=/no/such/file", fails=True).first
    check("/no/such/file" in missing, missing)
    broker.kill()


def test_refused(folder):
    for url in ("mqtt://anna:secret@hub", "http://hub", "mqtt://", "mqtt://hub:0", "mqtt://hub:65536", "mqtt://hub:1x",
                "mqtt://hub/a/+/b", "mqtt://hub/a//b", "mqtt://hub//", "mqtt://hub/a?b#c", "mqtt://hub/" + "x" * 129,
                "mqtt://[::1", "mqtt://" + "x" * 254):
        said = Tool(TOOL, f"mqtt={url}", fails=True).first
        check(said.startswith("error 1 ") and "secret" not in said, f"{url}: {said}")
    broker = Broker(folder)
    tool = tool_at(broker, prefix="/deep/er/")
    for camera in ("a/b", "a+", "#", "x" * 129, "\u00e9".encode("latin-1").decode("latin-1") * 65):
        check(tool.do(f"camera {camera} 1").startswith("error 1 "), camera)
    tool.ok("camera g\u00e4te 1")
    tool.ok("send 0 g\u00e4te ok 1")
    tool.ok("flush 30")
    broker.wait_retained("deep/er/g\u00e4te/state", b"ok")
    tool.end()
    broker.kill()


def main():
    skip_without()
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.chmod(folder, 0o755)
        for name, test in list(globals().items()):
            if name.startswith("test_") and (not wanted or name in wanted):
                begun = time.monotonic()
                test(name)
                print(f"ok {name} {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
