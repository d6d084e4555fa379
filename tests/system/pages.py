"""Pages whose commands are run as they stand, on a machine of their own: a view of this one in which nothing it writes stays.

A block of commands is fenced with ```sh, and each must succeed; ```sh (fails) must not; ```sh (on another machine) is run
on a second one, with what the shell exports; ```sh (not run: WHY) is left out.
A block ```text right behind one is what it prints, line by line; `…` stands for anything, within a line or for lines.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^```(sh|text)(?: \((fails|on another machine|not run: [^)\n]+)\))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
SEAM = "--8<-- end of block"
LIMIT_S = 120
# What a page writes goes to memory and is gone with the machine. Of /run nothing is seen: nothing runs there yet.
MACHINE = """set -eu
mount -t tmpfs tmpfs /run
mkdir /run/written
for folder in /etc /var/lib "$1"; do
    mine=/run/written/$(echo "$folder" | tr / -)
    mkdir "$mine" "$mine.work"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$mine,workdir=$mine.work" "$folder"
done
rm -rf /etc/hydria /var/lib/hydria
echo ready
read -r _ || true
"""


@dataclass(frozen=True)
class Block:
    """Commands of a page, and what is said of them."""

    line: int
    commands: str
    said: str = ""
    """"", "fails", "on another machine", or "not run: …"."""
    prints: str | None = None

    @property
    def is_run(self) -> bool:
        return not self.said.startswith("not run")

    def script(self, other: str) -> str:
        """For a shell that ends at the first command that fails; `other` enters the other machine."""
        body = self.commands
        if self.said == "fails":
            body = f"if (\n{body}); then exit 97; fi\n"
        elif self.said:
            body = f"{other} sh -ec {shlex.quote(body)}\n"
        return f"{body}echo '{SEAM}'\n"

    def differs(self, output: str) -> str:
        """The first line of what it should print that it did not; "" when all is as told."""
        rest = output.splitlines()
        for wanted in (self.prints or "").splitlines():
            pattern = ".*".join(map(re.escape, wanted.rstrip().split("…")))
            if wanted.strip() == "…":
                continue
            here = next((n for n, one in enumerate(rest) if re.fullmatch(pattern, one.rstrip())), None)
            if here is None:
                return wanted
            rest = rest[here + 1 :]
        return ""


def blocks(page: Path) -> list[Block]:
    """The blocks of commands of a page, in order."""
    found: list[Block] = []
    text, end = page.read_text(), -1
    for match in FENCE.finditer(text):
        if match[1] == "sh":
            found.append(Block(text[: match.start()].count("\n") + 1, match[3], match[2] or ""))
        elif found and not text[end : match.start()].strip():
            last = found.pop()
            found.append(Block(last.line, last.commands, last.said, match[3]))
        end = match.end()
    return found


class Machine:
    """A shell on the machine, as root in the project's folder; `home` may be that of other machines too."""

    def __init__(self, pid: int, home: Path) -> None:
        self.enter = ("nsenter", f"--mount=/proc/{pid}/ns/mnt", f"--wdns={ROOT}")
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self._clean = ("env", "-i", f"PATH={path}", f"HOME={home}", "LANG=C.UTF-8", "COLUMNS=200")

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """What a script prints, errors too, and its end. What it leaves running must not hold its output."""
        line = (*self.enter, *self._clean, "sh", "-ec", f"exec 2>&1\n{script}")
        return subprocess.run(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False
        )

    def follow(self, page: Path, first: str = "", other: "Machine | None" = None) -> str:
        """Run the blocks of a page in one shell, after other commands; what is wrong, "" when all is as the page says."""
        todo = [block for block in blocks(page) if block.is_run]
        enter = shlex.join(other.enter) if other else "false"
        done = self.run(f"{first}\necho '{SEAM}'\n" + "".join(block.script(enter) for block in todo))
        _, *outputs = done.stdout.split(f"{SEAM}\n")
        for block, output in zip(todo, outputs, strict=False):
            is_last = output is outputs[-1]
            if is_last and done.returncode:
                return f"{page.name}:{block.line}: ended with {done.returncode}:\n{output}"
            if line := block.differs(output):
                return f"{page.name}:{block.line}: does not print {line!r}:\n{output}"
        return done.stdout if done.returncode else ""


@contextmanager
def machine(home: Path) -> Iterator[Machine]:
    """A machine, gone at the end with all that was written; what runs there must have ended."""
    line = ("unshare", "--mount", "sh", "-c", MACHINE, "machine", str(ROOT))
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout
        assert keeper.stdin
        assert keeper.stdout.readline() == "ready\n"
        yield Machine(keeper.pid, home)
        keeper.stdin.close()
        assert keeper.wait(10) == 0
