#!/usr/bin/env python3
"""Makes docs/images/terminal.svg: what kseek prints in a terminal, from a real run of its demo.

    scripts/terminal_picture.py build/release/cli/kseek docs/images/terminal.svg
"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unicodedata
from html import escape

COLUMNS = 118
COMMANDS = [
    ["topics"],
    ["search", "orders", "order-1043000", "--limit", "4"],
    ["search", "service-logs", '"payment timeout" -cause', "--limit", "3"],
    ["search", "chat", "退款 refund", "--limit", "3"],
    ["search", "orders", "value.customer.id:4691 value.amount:>=100", "--limit", "3", "--explain"],
]
CELL, LINE, LEFT, TOP = 8.4, 20, 16, 44
STYLE = """text{font:14px/1 'DejaVu Sans Mono','Noto Sans Mono','Noto Sans Mono CJK SC',Menlo,Consolas,monospace;
fill:#d6d9e0;white-space:pre}.p{fill:#7fd38b}.c{fill:#fff}.m{fill:#ffd479;font-weight:bold}"""


def run_in_terminal(arguments, server):
    """Standard output of a command that sees a terminal of COLUMNS columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    environment = dict(os.environ, KSEEK_SERVER=server, TERM="xterm-256color")
    environment.pop("NO_COLOR", None)
    child = subprocess.Popen(arguments, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    output = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
    os.close(master)
    if child.wait() != 0:
        sys.exit(f"{arguments}: {output.decode()}")
    return output.decode().replace("\r\n", "\n")


def width(character):
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def spans(line):
    """(column, marked, text) of the line's parts; wide characters stand alone, so that each is put at its column."""
    column, marked = 0, False
    for part in re.split("(\x1b\\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            marked = part != "\x1b[0m"
            continue
        for run in re.findall("[\x00-\u10ff]+|.", part):
            yield column, marked, run
            column += sum(map(width, run))


def svg_line(y, line, css=""):
    out = []
    for column, marked, text in spans(line):
        if not text.strip():
            continue
        css_class = "m" if marked else css
        stretch = f' textLength="{sum(map(width, text)) * CELL:.1f}"' if len(text) > 1 else ""
        name = f' class="{css_class}"' if css_class else ""
        out.append(f'<text x="{LEFT + column * CELL:.1f}" y="{y}"{stretch} xml:space="preserve"{name}>{escape(text)}</text>')
    return "".join(out)


def main():
    program, target = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        demo = subprocess.Popen([program, "demo", "--listen", "127.0.0.1:0", "--data-dir", directory + "/data"],
                                stdout=subprocess.PIPE, text=True)
        try:
            server = next(re.search(r"kseek: (http://\S+)", line).group(1) for line in demo.stdout if "Live traffic" in line)
            lines = []
            for command in COMMANDS:
                typed = " ".join(f"'{word}'" if re.search("[ \"*]", word) else word for word in command)
                lines.append(("$ kseek " + typed, "c"))
                output = run_in_terminal([program] + command, server)
                lines += [(line, "") for line in output.rstrip("\n").split("\n")] + [("", "")]
        finally:
            demo.terminate()
            demo.wait()
    lines.pop()
    height = TOP + len(lines) * LINE + 8
    wide = LEFT * 2 + COLUMNS * CELL
    body = "\n".join(svg_line(TOP + (i + 0.7) * LINE, line, css) for i, (line, css) in enumerate(lines) if line)
    dots = "".join(f'<circle cx="{20 + 20 * i}" cy="18" r="6" fill="{c}"/>' for i, c in enumerate(("#ff5f57", "#febc2e", "#28c840")))
    with open(target, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {height}" width="{wide:.0f}" '
                   f'height="{height}"><title>kseek in a terminal</title><style>{STYLE}</style>'
                   f'<rect width="100%" height="100%" rx="10" fill="#1b1e27"/>{dots}\n{body}\n</svg>\n')


if __name__ == "__main__":
    main()
