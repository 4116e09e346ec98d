#!/usr/bin/env python3
"""Does kseek stay as it is for hours? A real Kafka with a short retention, `kseek serve`, a steady stream of messages, and
everything that people do meanwhile: searches, pages of them, open streams, pauses, reindexing. A line a minute: memory,
threads, file descriptors, disk, lag, latency. Searches ask for single messages that were sent, or have expired: a wrong
answer that does not say that it lags behind fails the run, and so does one that says that it is incomplete for anything else
than messages of the last seconds (unless the topic was paused), and a curve that rises. By hand:

    bench/soak.py --build build/dev --minutes 120
"""

import argparse
import collections
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "compare"))

import kafka  # noqa: E402
from measure import die_with_parent, disk_bytes, empty, percentile  # noqa: E402

RETENTION_S = 60
BROKER_SETTINGS = f"""log.retention.ms={RETENTION_S * 1000}
log.roll.ms=10000
log.segment.bytes=8000000
log.retention.check.interval.ms=5000
log.initial.task.delay.ms=1000
log.segment.delete.delay.ms=1000
"""
FINDABLE_S = 20       # kcat has delivered a message so soon, even on a busy machine
SEARCHES_A_SECOND = 20
WORDS = [f"word{n}" for n in range(5000)]


class Server:
    """`kseek serve` and what of it can be seen from outside."""

    def __init__(self, kseek, broker, directory):
        self.directory = directory / "data"
        self.log = open(directory / "serve.log", "wb")
        self.process = subprocess.Popen(
            [kseek, "serve", "--brokers", broker, "--data-dir", self.directory, "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, preexec_fn=die_with_parent, text=True)
        line = self.process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("http://")).rstrip("/.,")

    def ask(self, path, method="GET", body=None, timeout=60):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode() if body else None,
                                         headers={"Content-Type": "application/json"} if body else {})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")

    def sample(self):
        proc = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        kib = {name: int(status[name].split()[0]) for name in ("VmRSS", "VmHWM", "RssAnon")}
        return {"rss_mb": kib["VmRSS"] / 1024, "anon_mb": kib["RssAnon"] / 1024, "threads": int(status["Threads"]),
                "files": len(os.listdir(proc / "fd")), "disk_mb": disk_bytes(self.directory) / 1e6}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Stream:
    """Sends messages of about 300 bytes at a steady rate through kcat; remembers the newest ones' names."""

    def __init__(self, broker, a_second):
        self.a_second = a_second
        self.recent = collections.deque(maxlen=a_second * RETENTION_S * 3 // 100)  # (when, name): each hundredth
        self.sent = 0
        self.stopped = threading.Event()
        self.kcat = subprocess.Popen(["kcat", "-P", "-b", broker, "-t", kafka.TOPIC, "-K", "\t", "-X", "linger.ms=20"],
                                     stdin=subprocess.PIPE, preexec_fn=die_with_parent)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        source = random.Random(1)
        due = time.monotonic()
        while not self.stopped.is_set():
            lines, named = [], []
            for _ in range(self.a_second // 10):
                name = f"{self.sent:09d}x{source.getrandbits(48):012x}"
                words = " ".join(source.choices(WORDS, k=28))
                lines.append(f'key-{self.sent % 5000}\t{{"id":"{name}","text":"{words}"}}\n')
                if self.sent % 100 == 0:
                    named.append(name)
                self.sent += 1
            self.kcat.stdin.write("".join(lines).encode())
            self.kcat.stdin.flush()
            now = time.monotonic()
            self.recent.extend((now, name) for name in named)
            due = max(due + 0.1, now)  # no burst after a halt
            time.sleep(max(0.0, due - now))

    def stop(self):
        self.stopped.set()
        self.thread.join()
        self.kcat.stdin.close()
        self.kcat.wait(60)


class Searcher:
    """Asks for messages by their names, and for common words page by page."""

    def __init__(self, server, stream):
        self.server, self.stream = server, stream
        self.took_ms, self.wrong, self.asked, self.behind = [], 0, 0, 0
        self.paused_until = time.monotonic() + FINDABLE_S  # it has been opened just now
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _complain(self, what):
        self.wrong += 1
        if self.wrong <= 20:
            print("wrong:", what, flush=True)

    def _search(self, query, cursor=None):
        parameters = {"topic": kafka.TOPIC, "q": query, **({"cursor": cursor} if cursor else {})}
        began = time.monotonic()
        answer = self.server.ask("/api/v1/search?" + urllib.parse.urlencode(parameters))
        self.took_ms.append((time.monotonic() - began) * 1000)
        self.asked += 1
        if not answer["complete"]:
            self.behind += 1
            if began > self.paused_until:
                self._check_lag(query, answer)
        return answer

    def _check_lag(self, query, answer):
        """Messages come all the time, so some may be on their way; nothing else is a reason."""
        lag = sum(row["lag"] or 0 for row in answer["coverage"])  # none: it isn't known where the partition ends
        others = [reason for reason in answer["incomplete_because"] if "not indexed yet" not in reason]
        if others or lag > self.stream.a_second * FINDABLE_S:
            self._complain(f"{query}: incomplete, {lag} messages behind: {answer['incomplete_because']}")

    def _check(self, name, age):
        answer = self._search(name)
        hits = len(answer["hits"])
        if hits > 1:
            self._complain(f"{name}: {hits} hits")
        elif hits == 0 and age < RETENTION_S / 2 and answer["complete"]:
            self._complain(f"{name}: not found, {age:.1f} s after it was sent")
        elif hits == 1 and age > RETENTION_S * 2.5:
            self._complain(f"{name}: still found, {age:.1f} s after it was sent")

    def _run(self):
        source = random.Random(2)
        while not self.stopped.is_set():
            began = time.monotonic()
            known = list(self.stream.recent)
            if known:
                when, name = source.choice(known)
                age = began - when
                if age > FINDABLE_S and (began > self.paused_until or age > RETENTION_S * 2.5):
                    self._check(name, age)
            if source.random() < 0.1:
                query = " ".join(source.choices(WORDS, k=2))
                cursor = self._search(query)["cursor"]
                for _ in range(3):
                    cursor = self._search(query, cursor)["cursor"] if cursor else None
            time.sleep(max(0.0, 1 / SEARCHES_A_SECOND - (time.monotonic() - began)))

    def stop(self):
        self.stopped.set()
        self.thread.join()


class Streams:
    """Opens a live search, reads for a while, hangs up, again and again."""

    def __init__(self, server):
        self.server, self.events = server, 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        source = random.Random(3)
        while not self.stopped.is_set():
            asked = urllib.parse.urlencode({"topic": kafka.TOPIC, "q": source.choice(WORDS), "follow": 1})
            with urllib.request.urlopen(f"{self.server.url}/api/v1/search?{asked}", timeout=60) as answer:
                for _ in range(source.randrange(1, 200)):
                    self.events += answer.readline().startswith(b"event:")

    def stop(self):
        self.stopped.set()
        self.thread.join()


def disturb(server, searcher, minute):
    """What operators do: a pause now and then, a reindex now and then."""
    topic = f"/api/v1/topics/{kafka.TOPIC}"
    if minute % 7 == 3:
        searcher.paused_until = time.monotonic() + 3600
        server.ask(topic + "/pause", "POST")
        time.sleep(10)
        server.ask(topic + "/resume", "POST")
        searcher.paused_until = time.monotonic() + FINDABLE_S
    if minute % 10 == 5:
        server.ask(topic + "/reindex", "POST", {"source": "store" if minute % 20 == 5 else "kafka"})


def flat(samples, name, allowance):
    """The last third's median is no more than `allowance` times the second third's."""
    values = [sample[name] for sample in samples]
    third = len(values) // 3
    before, after = statistics.median(values[third:2 * third]), statistics.median(values[2 * third:])
    print(f"{name}: {before:.1f}, then {after:.1f}")
    return after <= allowance * before


def run(arguments, work):
    broker = kafka.start_real(Path(__file__).resolve().parents[1], work, BROKER_SETTINGS)
    with broker:
        server = Server(Path(arguments.build).resolve() / "cli/kseek", broker.address, work)
        server.ask("/api/v1/topics", "POST", {"topic": kafka.TOPIC})
        stream = Stream(broker.address, arguments.rate)
        searcher, streams = Searcher(server, stream), Streams(server)
        samples = []
        print("minute  rss MB  anon MB  threads  files  disk MB    lag  messages  p50 ms  p99 ms  asked  wrong", flush=True)
        for minute in range(1, arguments.minutes + 1):
            ends = time.monotonic() + 60
            if minute > 3:
                disturb(server, searcher, minute)
            time.sleep(max(0.0, ends - time.monotonic()))
            took, searcher.took_ms = searcher.took_ms, []
            details = server.ask(f"/api/v1/topics/{kafka.TOPIC}")
            sample = {**server.sample(), "p50_ms": percentile(took, 0.5) or 0.0, "p99_ms": percentile(took, 0.99) or 0.0}
            samples.append(sample)
            print(f"{minute:6} {sample['rss_mb']:7.0f} {sample['anon_mb']:8.0f} {sample['threads']:8} {sample['files']:6} "
                  f"{sample['disk_mb']:8.1f} {details['lag']:6} {details['messages']:9} {sample['p50_ms']:7.1f} "
                  f"{sample['p99_ms']:7.1f} {searcher.asked:6} {searcher.wrong:6}", flush=True)
        searcher.stop()
        streams.stop()
        stream.stop()
        print(f"sent {stream.sent}, searches {searcher.asked} ({searcher.behind} said that they lag), events of streams {streams.events}, "
              f"ended with {server.stop()}")
    steady = [flat(samples, name, 1.2) for name in ("anon_mb", "threads", "files", "disk_mb")]
    return 0 if all(steady) and searcher.wrong == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--rate", type=int, default=3000, help="messages a second")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="kseek-soak"))
    try:
        return run(arguments, work)
    finally:
        empty(work)


if __name__ == "__main__":
    sys.exit(main())
