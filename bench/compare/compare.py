#!/usr/bin/env python3
"""kseek and its peers, on the same messages, asked the same questions, in one run. bench/run.sh calls it; bench/README.md
explains what is measured and how. Writes OUT.md and OUT.json. Ends with 1 when kseek gives a wrong answer."""

import argparse
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import kafka
import report
from measure import Failed, TooLong, disk_bytes, empty, percentile, run
from peers import ALL, NO_NETWORK, Builder, Missing

SEED = 1


def parse_count(text):
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower())
    return int(float(text[:-1]) * factor) if factor else int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--messages", type=parse_count, default=1_000_000, help="1M (default), 10M, 30M …")
    parser.add_argument("--peers", default="all", help="all, none, offline (those that need no network), or names: "
                        + ",".join(ALL))
    parser.add_argument("--real", help="a directory of logs and NDJSON instead of synthetic messages")
    parser.add_argument("--runs", type=int, default=1, help="how often each index is made; medians are told")
    parser.add_argument("--repeat-minutes", type=float, default=5, help="an index that took longer is not made again")
    parser.add_argument("--rounds", type=int, default=3, help="how often each question is asked")
    parser.add_argument("--seconds", type=float, default=10, help="at most so long for a kind of question")
    parser.add_argument("--minutes", type=float, default=60, help="a peer that indexes longer is stopped")
    parser.add_argument("--kafka", choices=["real", "test", "none"], default="real")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--work", default="build/bench", help="for messages, peers and indexes; large")
    parser.add_argument("--out", required=True)
    return parser.parse_args()


class Comparison:
    def __init__(self, arguments):
        self.arguments = arguments
        self.repository = Path(__file__).resolve().parents[2]
        self.build = Path(arguments.build).resolve()
        self.work = Path(arguments.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.tool = self.build / "bench/bench_messages"
        self.results = {"indexing": {}, "warm": {}, "cold": {}, "mixed": {}, "absent": {}, "peers": {}}
        self.wrong = False

    # --- the messages ------------------------------------------------------------------------------------------------

    def make_data(self):
        name = "real" if self.arguments.real else f"{self.arguments.messages}-{SEED}"
        self.data = self.work / f"messages-{name}"
        if not (self.data / "facts.json").exists():
            say(f"making the messages: {self.data.name}")
            what = ["real", self.arguments.real] if self.arguments.real else [
                "make", "--messages", self.arguments.messages, "--seed", SEED]
            subprocess.run([str(part) for part in [self.tool, *what, self.data]], check=True)
        self.facts = json.loads((self.data / "facts.json").read_text())
        self.expected = {"words": {}, "uax29": {}}
        for line in (self.data / "expected.tsv").read_text(encoding="utf-8").splitlines():
            question, rule, hits = line.split("\t")
            self.expected[rule][question] = [[int(part) for part in hit.split(":")] for hit in hits.split()]
        read = run([self.tool, "read", self.data / "messages.bin"], self.work / "log.read")
        self.results["data"] = {**self.facts, "name": name, "read_cpu_s": read.cpu_s}

    # --- indexing ----------------------------------------------------------------------------------------------------

    def measure_index(self, name, make_command, cores, environment=None):
        """make_command(directory) → the command that indexes into it. The last run's directory stays."""
        runs = []
        directory = self.work / f"index-{name}"
        for _ in range(self.arguments.runs):
            measured = run(make_command(empty(directory)), self.work / f"log.index-{name}", cores,
                           self.arguments.minutes * 60, {**self.environment, **(environment or {})})
            printed = re.search(r'"findable_s": ([\d.]+)', measured.output)
            runs.append({"wall_s": measured.wall_s, "cpu_s": measured.cpu_s, "peak_bytes": measured.peak_bytes,
                         "disk_bytes": disk_bytes(directory),
                         "findable_s": float(printed.group(1)) if printed else None})
            if measured.wall_s > self.arguments.repeat_minutes * 60:
                break
        figures = {key: statistics.median(one[key] for one in runs) for key in runs[0] if runs[0][key] is not None}
        self.results["indexing"].setdefault(name, {})[str(cores)] = {**figures, "runs": runs}
        say(f"  {name}, {cores} cores: {figures['wall_s']:.1f} s, CPU {figures['cpu_s']:.1f} s, "
            f"{figures['disk_bytes'] / self.facts['raw_bytes']:.2f} of the raw bytes")
        return directory

    def index_peer(self, peer):
        for cores in (1, 2) if peer.threads else (2,):
            directory = self.measure_index(
                peer.name,
                lambda into, threads=cores: [*peer.command, "index", self.data / "messages.bin", into, "--threads", threads],
                cores, peer.environment)
        return directory

    def index_import(self):
        dump = self.work / "dump.jsonl"
        with open(dump, "wb") as out:
            subprocess.run([self.tool, "json", self.data / "messages.bin"], stdout=out, check=True)
        for cores in (1, 2):
            empty(self.measure_index(
                "kseek import",
                lambda into, workers=cores: [self.build / "cli/kseek", "import", "--data-dir", into, "--workers", workers,
                                             "bench", dump], cores))
        dump.unlink()

    # --- searching ---------------------------------------------------------------------------------------------------

    def search(self, peer, command, how):
        """Asks everything; figures a kind, and how many answers were not the expected ones."""
        measured = run(command, self.work / f"log.{how}-{peer.name}", environment={**self.environment, **peer.environment})
        kinds = {}
        for line in measured.output.splitlines():
            answer = json.loads(line)
            kind = kinds.setdefault(answer["kind"], {"ms": [], "asked": 0, "wrong": []})
            if "cannot" in answer:
                kind["cannot"] = answer["cannot"]
                continue
            kind["asked"] += 1
            kind["ms"] += answer["ms"]
            if answer["hits"] != self.expected[peer.rule][answer["id"]]:
                kind["wrong"].append(answer["id"])
        for name, kind in kinds.items():
            times = kind.pop("ms")
            kind.update(samples=len(times), p50_ms=percentile(times, 0.5), p99_ms=percentile(times, 0.99))
            if kind["wrong"]:
                say(f"  {peer.name}: {len(kind['wrong'])} of {kind['asked']} answers differ: {name}: {kind['wrong'][0]}")
                self.wrong |= peer.name == "kseek"
        self.results[how][peer.name] = kinds

    def search_peer(self, peer, directory):
        asked = [*peer.command, "search", directory, self.data / "questions.tsv", "--seconds", self.arguments.seconds]
        self.search(peer, [*asked, "--rounds", self.arguments.rounds], "warm")
        self.search(peer, [*asked, "--cold"], "cold")

    def measure_mixed(self, peer):
        directory = self.work / f"mixed-{peer.name}"
        measured = run([*peer.command, "mixed", self.data / "messages.bin", empty(directory), self.data / "questions.tsv",
                        "--threads", 2, "--rate", 100], self.work / f"log.mixed-{peer.name}", 2,
                       self.arguments.minutes * 60, self.environment)
        times = json.loads(measured.output.splitlines()[-1])["ms"]
        self.results["mixed"][peer.name] = {
            "wall_s": measured.wall_s, "cpu_s": measured.cpu_s, "searches": len(times),
            "p50_ms": percentile(times, 0.5), "p99_ms": percentile(times, 0.99), "max_ms": max(times, default=None)}
        empty(directory)

    # --- Kafka -------------------------------------------------------------------------------------------------------

    def start_broker(self):
        if self.arguments.kafka == "real":
            return kafka.start_real(self.repository, self.work)
        if self.arguments.kafka == "none" or self.facts["messages"] > kafka.TEST_BROKER_MESSAGES:
            raise OSError("no real Kafka was asked for, and the test broker keeps too little")
        return kafka.start_test(self.build / "cli/kseek", self.work)

    def compare_with_kafka(self, scan):
        """What needs a broker: kseek from Kafka to durable and searchable; the scan that people do."""
        try:
            broker = self.start_broker()
        except OSError as error:
            for name in ["kseek from Kafka"] + ([scan.name] if scan else []):
                self.absent(name, str(error))
            return
        with broker:
            say(f"{broker.name}: sending the messages")
            self.results["broker"] = broker.name
            subprocess.run([self.tool, "send", self.data / "messages.bin", broker.address, kafka.TOPIC], check=True)
            tail = [self.build / "bench/peers/kseek_peer", "tail", broker.address, kafka.TOPIC]
            for cores in (1, 2):
                empty(self.measure_index("kseek from Kafka", lambda into: [
                    *tail, into, "--messages", self.facts["messages"]], cores))
            if scan:
                real = self.arguments.kafka == "real"
                asked = [*scan.command, "search", broker.address, kafka.TOPIC, self.data / "questions.tsv",
                         "--times", "real" if real else "none"]
                self.search(scan, asked, "warm")
                if real:
                    self.search(scan, [*asked, "--asked", 1, "--cold", "--logs", broker.directory / "data"], "cold")

    # --- all ---------------------------------------------------------------------------------------------------------

    def absent(self, name, why):
        say(f"  {name} is left out: {why}")
        self.results["absent"][name] = why

    def measure_peer(self, peer):
        say(f"{peer.name} ({peer.version})")
        self.results["peers"][peer.name] = {"version": peer.version, "note": peer.note, "rule": peer.rule,
                                            "threads": peer.threads}
        try:
            directory = self.index_peer(peer)
            self.search_peer(peer, directory)
            empty(directory)
            if peer.mixed:
                self.measure_mixed(peer)
        except (Failed, TooLong) as error:
            if peer.name == "kseek":
                raise
            self.absent(peer.name, str(error))

    def compare(self):
        names = {"all": ALL, "none": [], "offline": NO_NETWORK}.get(self.arguments.peers, self.arguments.peers.split(","))
        unknown = set(names) - set(ALL)
        if unknown:
            sys.exit(f"unknown peers: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        self.environment = {"KSEEK_BENCH_DROP": str(self.tool)}
        self.make_data()
        builder = Builder(self.repository, self.build, self.work)
        self.measure_peer(builder.kseek())
        self.index_import()
        scan = None
        for name in names:
            try:
                peer = builder.get(name)
            except Missing as why:
                self.absent(name, str(why))
                continue
            if name == "scan":
                scan = peer
                self.results["peers"]["scan"] = {"version": peer.version, "note": "", "rule": peer.rule, "threads": False}
            else:
                self.measure_peer(peer)
        self.compare_with_kafka(scan)


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    arguments = parse_arguments()
    comparison = Comparison(arguments)
    comparison.compare()
    results = {"machine": report.machine(), "command": "bench/run.sh " + " ".join(sys.argv[1:]), **comparison.results}
    out = Path(arguments.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    text = report.markdown(results)
    out.with_suffix(".md").write_text(text)
    print(text)
    if comparison.wrong:
        sys.exit("kseek gave a wrong answer (above)")


if __name__ == "__main__":
    main()
