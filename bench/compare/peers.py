"""kseek's peers: how each is built, called and named, and why one is left out."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ALL = ["lucene", "lucene-merged", "tantivy", "sqlite", "sqlite-trigram", "xapian", "scan"]
NO_NETWORK = ["sqlite", "sqlite-trigram", "xapian", "scan"]
_RUST = (1, 88)  # tantivy's rust-version
_JAVA_OPTIONS = ["-Xmx1g", "-XX:+UseParallelGC"]  # "HotSpot Virtual Machine Garbage Collection Tuning Guide": throughput


class Missing(Exception):
    """A peer can't be built or run here; the text says why."""


@dataclass
class Peer:
    name: str
    version: str
    command: list
    rule: str = "words"  # bench/compare/full_scan.h
    environment: dict = field(default_factory=dict)
    threads: bool = True  # more threads change something
    mixed: bool = False  # searches while it indexes
    note: str = ""


def _output(command):
    """The command's output; the reason why not, as Missing."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Missing(f"{command[0]} is not installed") from error
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise Missing((lines or ["no reason given"])[-1].strip()[:200])
    return done.stdout


class Builder:
    """Builds peers in `work`/peers, or finds them in the C++ build directory."""

    def __init__(self, repository, build, work):
        self.repository, self.build, self.work = Path(repository), Path(build), Path(work) / "peers"

    def get(self, name) -> Peer:
        return getattr(self, "_" + name.replace("-", "_"))()

    def kseek(self) -> Peer:
        program = self.build / "bench/peers/kseek_peer"
        version = _output(["git", "-C", self.repository, "describe", "--always", "--dirty"]).strip()
        return Peer("kseek", version, [program], mixed=True)

    def _cpp(self, program):
        path = self.build / "bench/peers" / program
        if not path.exists():
            raise Missing(f"{program} was not built: its library is missing")
        return path

    def _sqlite(self) -> Peer:
        version = _output(["pkg-config", "--modversion", "sqlite3"]).strip()
        return Peer("sqlite", f"SQLite FTS5 {version}", [self._cpp("sqlite_peer")], threads=False,
                    note="unicode61, detail=full, external content")

    def _sqlite_trigram(self) -> Peer:
        peer = self._sqlite()
        peer.name, peer.note = "sqlite-trigram", "trigram, detail=full, external content"
        peer.environment = {"KSEEK_BENCH_TRIGRAM": "1"}
        return peer

    def _xapian(self) -> Peer:
        version = _output(["pkg-config", "--modversion", "xapian-core"]).strip()
        return Peer("xapian", f"Xapian {version}", [self._cpp("xapian_peer")], threads=False,
                    note="a document a message, positions")

    def _lucene(self) -> Peer:
        source = self.repository / "bench/peers/lucene"
        jars, classes = self.work / "lucene/jars", self.work / "lucene/classes"
        version = re.search(r"<version>(\d+\.\d+\.\d+)</version>", (source / "pom.xml").read_text()).group(1)
        if not (jars / f"lucene-core-{version}.jar").exists():
            shutil.rmtree(jars, ignore_errors=True)
            _output(["mvn", "-B", "-q", "-f", source / "pom.xml", "dependency:copy-dependencies",
                     f"-DoutputDirectory={jars}", "-DincludeScope=runtime"])
        classes.mkdir(parents=True, exist_ok=True)
        _output(["javac", "-cp", f"{jars}/*", "-d", classes, *sorted(source.glob("*.java"))])
        command = ["java", *_JAVA_OPTIONS, "-cp", f"{classes}:{jars}/*", "LucenePeer"]
        return Peer("lucene", f"Lucene {version}", command, rule="uax29", mixed=True,
                    note="StandardAnalyzer, index sorted newest first, merges as they come")

    def _lucene_merged(self) -> Peer:
        peer = self._lucene()
        peer.name, peer.mixed, peer.note = "lucene-merged", False, "the same, forceMerge(1) at the end"
        peer.environment = {"KSEEK_BENCH_FORCE_MERGE": "1"}
        return peer

    def _tantivy(self) -> Peer:
        found = re.search(r"rustc (\d+)\.(\d+)", _output(["rustc", "--version"]))
        if not found or tuple(int(part) for part in found.groups()) < _RUST:
            raise Missing(f"tantivy needs Rust {_RUST[0]}.{_RUST[1]} (rustc here: {found.group(0) if found else '?'})")
        manifest = self.repository / "bench/peers/tantivy/Cargo.toml"
        target = self.work / "tantivy"
        _output(["cargo", "build", "--quiet", "--release", "--jobs", "2", "--manifest-path", manifest, "--target-dir",
                 target])
        version = re.search(r'tantivy = "=([^"]+)"', manifest.read_text()).group(1)
        return Peer("tantivy", f"Tantivy {version}", [target / "release/tantivy_peer"], mixed=True,
                    note="index sorted newest first, merges as they come")

    def _scan(self) -> Peer:
        found = re.search(r"Version (\S+)", _output(["kcat", "-V"]))
        version = found.group(1) if found else "of an unknown version"
        return Peer("scan", f"kcat {version} and grep", [self.repository / "bench/peers/scan/scan_peer.py"])
