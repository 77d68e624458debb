# SPDX-License-Identifier: Apache-2.0
"""A real broker of our own: Debian's mosquitto on a free port of the loopback, with a folder of its own."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

from telling import check, started, wait_for

MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
CLIENTS = [shutil.which(name) for name in ("mosquitto_sub", "mosquitto_pub", "mosquitto_passwd")]


def skip_without():
    if not MOSQUITTO or not all(CLIENTS):
        print("SKIPPED: mosquitto or mosquitto-clients is not installed (tools/setup servers)")
        sys.exit(77)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """What it keeps (retained values, what waits for those who come back) lies on the disk only if `keeps`."""

    def __init__(self, name, *settings, keeps=False):
        self.folder, self.port, self.process = os.path.abspath(name), free_port(), None
        os.mkdir(self.folder)
        lines = [f"listener {self.port} 127.0.0.1", *settings]
        lines += [] if any(line.startswith("allow_anonymous") for line in settings) else ["allow_anonymous true"]
        if keeps:
            lines += ["persistence true", f"persistence_location {self.folder}/",
                      "autosave_on_changes true", "autosave_interval 1"]
        lines += ["user root"] if os.geteuid() == 0 else []
        self.config = os.path.join(self.folder, "mosquitto.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as log:
            self.process = started(subprocess.Popen([MOSQUITTO, "-v", "-c", self.config], stdout=log, stderr=log))
        wait_for(lambda: self.process.poll() is not None or is_open(self.port), "the broker's port")
        check(self.process.poll() is None, f"mosquitto did not start: {self.log()}")

    def log(self):
        return open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace").read()

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait()

    def freeze(self, frozen):
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def command(self, program, *args):
        return [program, "-h", "127.0.0.1", "-p", str(self.port), *args]

    def publish(self, topic, text, *args):
        subprocess.run(self.command(CLIENTS[1], "-t", topic, "-m", text, "-q", "1", *args), check=True)

    def retained(self, topic):
        """The bytes kept under a topic, b"" when there are none."""
        done = subprocess.run(self.command(CLIENTS[0], "-t", topic, "-C", "1", "-W", "2", "-N", "--retained-only"),
                              capture_output=True, check=False)
        return done.stdout

    def wait_retained(self, topic, wanted):
        wait_for(lambda: self.retained(topic) == wanted, f"{wanted} under {topic}")


class Listener:
    """mosquitto_sub: `messages` is what came, as (topic, retained, qos, payload)."""

    def __init__(self, broker, topic, *args):
        self.path = os.path.join(broker.folder, f"heard-{id(self)}")
        with open(self.path, "w", encoding="utf-8") as out:
            self.process = started(subprocess.Popen(
                broker.command(CLIENTS[0], "-t", topic, "-q", "1", "-F", "%t %r %q %p", *args), stdout=out))
        wait_for(lambda: broker.log().count("SUBACK") > 0, "the subscription")

    def messages(self):
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return [tuple(line.rstrip("\n").split(" ", 3)) for line in f if line.endswith("\n")]

    def of(self, topic):
        return [m for m in self.messages() if m[0] == topic]

    def end(self):
        self.process.kill()
        self.process.wait()


class Withholder:
    """Between a client and the broker: all goes on at once but receipts of QoS 1 (PUBACK, MQTT 3.1.1, 3.4), which it keeps while it is
    told to. The connection lives on meanwhile, since answers to pings pass."""

    PUBACK = 0x40

    def __init__(self, broker):
        self.broker, self.withholds, self.kept = broker, threading.Event(), []
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client = self.server.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.broker.port))
            threading.Thread(target=self.copy, args=(client, server), daemon=True).start()
            threading.Thread(target=self.sift, args=(server, client), daemon=True).start()

    @staticmethod
    def copy(client, server):
        with contextlib.suppress(OSError):  # the other direction has closed it
            while data := client.recv(1 << 16):
                server.sendall(data)
        server.close()

    @staticmethod
    def packet(stream):
        """The next whole packet; empty at the end."""
        head = stream.read(1)
        shift = length = 0
        while head:
            head += stream.read(1)
            length |= (head[-1] & 0x7F) << shift
            shift += 7
            if head[-1] < 0x80:
                return head + stream.read(length)
        return b""

    def sift(self, server, client):
        stream = server.makefile("rb")
        while packet := self.packet(stream):
            with self.lock:
                if packet[0] == self.PUBACK and self.withholds.is_set():
                    self.kept.append((client, packet))
                else:
                    client.sendall(packet)
        client.close()

    def release(self):
        """What was kept goes on, and nothing more is kept."""
        with self.lock:
            self.withholds.clear()
            for client, packet in self.kept:
                client.sendall(packet)
            self.kept = []
