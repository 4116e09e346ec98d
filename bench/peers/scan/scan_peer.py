#!/usr/bin/env python3
"""What people do without an index, in the peers' protocol (bench/README.md): read the topic with kcat, grep, sort by
time, keep the last ten. The pipeline of the kcat manual page and of every answer on how to search Kafka:

    kcat -C -b BROKER -t TOPIC -o beginning -e -q -f '%T %p %o\\t%k\\t%s\\n' | LC_ALL=C grep … | sort -n … | tail -n 10

    scan_peer.py search BROKER TOPIC QUESTIONS [--asked N] [--times real|none] [--logs DIR --cold]

LC_ALL=C, and -F where no pattern is needed, as GNU grep's manual says ("Performance"). A key with a range of time reads
only that range (kcat -o s@…, e@…) where the broker knows offsets by time (--times real).
"""

import argparse
import json
import os
import shlex
import subprocess
import time

NEWEST = 10


def grep(question):
    _, _, form, text, start, end = question
    quoted = shlex.quote(text)
    if form in ("word", "phrase"):
        return f"grep -a -i -w -F -e {quoted}"
    if form == "and":
        return " | ".join(f"grep -a -i -w -F -e {shlex.quote(word)}" for word in text.split(" "))
    if form == "prefix":
        return f"grep -a -i -E -e {shlex.quote(chr(92) + 'b' + text)}"
    if form == "infix":
        return f"grep -a -i -F -e {quoted}"
    key = "grep -a -P -e " + shlex.quote(f"^[0-9]+ [0-9]+ [0-9]+\t{text}\t")
    return key + (f" | awk '$1 >= {start} && $1 <= {end}'" if start else "")


def pipeline(arguments, question):
    start, end = question[4], question[5]
    ranged = "-o beginning"
    if start and arguments.times == "real":
        # A second more on both sides: messages of a partition are not quite in the order of their times.
        ranged = f"-o s@{int(start) - 1000} -o e@{int(end) + 1000}"
    kcat = (f"kcat -C -b {arguments.broker} -t {arguments.topic} {ranged} -e -q "
            r"-f '%T %p %o\t%k\t%s\n'")
    return f"{kcat} | {grep(question)} | sort -k1,1n -k2,2n -k3,3n | tail -n {NEWEST} | cut -f1"


def ask(arguments, question):
    begin = time.monotonic()
    # grep's 1 is no match; pipefail would not tell it from kcat's.
    done = subprocess.run(["bash", "-c", pipeline(arguments, question)], capture_output=True, check=True,
                          env={**os.environ, "LC_ALL": "C"})
    took_ms = (time.monotonic() - begin) * 1e3
    found = [line.split() for line in done.stdout.decode().splitlines()]
    return [[int(partition), int(offset)] for _, partition, offset in reversed(found)], took_ms


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["search"])
    parser.add_argument("broker")
    parser.add_argument("topic")
    parser.add_argument("questions")
    parser.add_argument("--asked", type=int, default=3, help="questions of each kind")
    parser.add_argument("--times", choices=["real", "none"], default="real")
    parser.add_argument("--cold", action="store_true", help="the broker's files leave the page cache before each")
    parser.add_argument("--logs", help="the broker's files")
    arguments = parser.parse_args()
    asked = {}
    with open(arguments.questions, encoding="utf-8") as file:
        for line in file:
            question = line.rstrip("\n").split("\t")
            asked.setdefault(question[1], []).append(question)
    for kind, questions in asked.items():
        for question in questions[:arguments.asked]:
            if arguments.cold:
                subprocess.run([os.environ["KSEEK_BENCH_DROP"], "drop", arguments.logs], check=True)
            hits, took_ms = ask(arguments, question)
            print(json.dumps({"id": question[0], "kind": kind, "hits": hits, "ms": [took_ms]}), flush=True)


if __name__ == "__main__":
    main()
