"""The tables of a comparison, in Markdown, and what machine it was."""

import os
import platform
import re
import subprocess
from pathlib import Path


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1)) / 2**20
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()[:1] \
        if any((Path(folder) / "java").exists() for folder in os.environ["PATH"].split(":")) else []
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(memory), "system": system.group(1) if system else "", "kernel": platform.release(),
            "java": java[0] if java else None, "load_at_end": os.getloadavg()[1]}


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def _ms(value):
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def _times(ratio):
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.2g}×"


def _indexing(results):
    raw = results["data"]["raw_bytes"] / 1e6
    names = list(results["indexing"])
    base = results["indexing"]["kseek"]["1"]
    rows = []
    for name in names:
        one, two = results["indexing"][name].get("1"), results["indexing"][name].get("2")
        some = two or one
        slow = (one or some)["cpu_s"] / base["cpu_s"]
        rows.append([
            name, f"{raw / one['cpu_s']:.1f}" if one else f"{raw / two['cpu_s']:.1f}", _times(slow),
            f"{raw / one['wall_s']:.1f}" if one else f"{raw / two['wall_s']:.1f} (one writer)",
            f"{raw / two['wall_s']:.1f}" if two and one else "the same", f"{some['disk_bytes'] / raw / 1e6:.2f}",
            f"{max(each['peak_bytes'] for each in results['indexing'][name].values()) / 1e6:.0f}",
            f"{some['findable_s']:.1f} s" if "findable_s" in some else ""])
    return _table(["", "MB/s a CPU second", "CPU against kseek's", "MB/s on one core", "on two", "disk / raw",
                   "peak MB (VmHWM)", "all findable after"], rows)


def _cell(kind, base):
    if kind is None:
        return "–"
    if "cannot" in kind:
        return "can't"
    wrong = f" ({len(kind['wrong'])} of {kind['asked']} answers differ)" if kind["wrong"] else ""
    if kind["p50_ms"] is None:
        return "–"
    ratio = ""
    if base is not None and base is not kind and base.get("p50_ms"):
        ratio = f" ({_times(kind['p50_ms'] / base['p50_ms'])})"
    return f"{_ms(kind['p50_ms'])} / {_ms(kind['p99_ms'])}{ratio}{wrong}"


def _latencies(answers):
    names = list(answers)
    kinds = list(answers["kseek"])
    rows = [[kind] + [_cell(answers[name].get(kind), answers["kseek"].get(kind)) for name in names] for kind in kinds]
    return _table(["ms, p50 / p99 (p50 against kseek's)", *names], rows)


def _mixed(results):
    raw = results["data"]["raw_bytes"] / 1e6
    rows = []
    for name, mixed in results["mixed"].items():
        alone = results["indexing"][name]["2"]
        rows.append([name, f"{raw / alone['wall_s']:.1f}", f"{raw / mixed['wall_s']:.1f}",
                     f"{mixed['searches'] / mixed['wall_s']:.0f}",
                     f"{_ms(mixed['p50_ms'])} / {_ms(mixed['p99_ms'])} / {_ms(mixed['max_ms'])}"])
    return _table(["", "MB/s on two cores, alone", "with 100 searches a second", "searches a second answered",
                   "ms of a search meanwhile: p50 / p99 / max"], rows)


def _reasons(results):
    reasons = {(name, kind["cannot"]) for name, kinds in results["warm"].items() for kind in kinds.values()
               if "cannot" in kind}
    return [f"* can't: {name} {why}" for name, why in sorted(reasons)]


def markdown(results):
    of = results["machine"]
    data = results["data"]
    parts = [
        f"## {data['messages']:,} messages, {data['raw_bytes'] / 1e6:.0f} MB\n",
        f"{of['cpu']}, {of['cores']} cores, {of['memory_gib']} GiB; {of['system']}. Load at the end: "
        f"{of['load_at_end']:.1f}. Reading the file of messages: {data['read_cpu_s']:.2f} CPU s, counted in. "
        f"Command: `{results['command']}`\n",
        "\n".join(f"* {name}: {peer['version']}" + (f" ({peer['note']})" if peer["note"] else "")
                  for name, peer in results["peers"].items()) + "\n",
        "\n".join(f"* {name} is left out: {why}" for name, why in results["absent"].items()),
        "### Indexing, to durable and searchable\n", _indexing(results),
        "### The newest ten, files in the page cache\n", _latencies(results["warm"]),
        "### The newest ten, index just opened, files not in the page cache\n", _latencies(results["cold"]),
        "### Searching while indexing at full speed\n", _mixed(results),
        "\n".join(_reasons(results)),
    ]
    return "\n".join(part for part in parts if part) + "\n"
