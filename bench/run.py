"""Every program of bench/, one after the other: `python -m bench.run [NAME ...]`."""

import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def programs() -> list[str]:
    """The names of the programs: what can be run as `python -m bench.<name>`."""
    return sorted(
        path.stem
        for path in FOLDER.glob("*.py")
        if path.stem != "run"
        and not path.stem.startswith("_")
        and '__name__ == "__main__"' in path.read_text()
    )


def main(names: list[str]) -> int:
    """Run them; 1 where one of them failed to measure or missed its goal, after all have run."""
    known = programs()
    if unknown := [name for name in names if name not in known]:
        print(f"There is no bench {', '.join(unknown)}; there are: {', '.join(known)}.")
        return 2
    ends = {}
    for name in names or known:
        print(f"\n=== {name} ===", flush=True)
        started = time.monotonic()
        ends[name] = subprocess.run(
            [sys.executable, "-m", f"bench.{name}"], cwd=FOLDER.parent, check=False
        ).returncode
        print(f"=== {name}: {time.monotonic() - started:.0f} s ===", flush=True)
    missed = [name for name, code in ends.items() if code]
    print(f"\nMissed or failed: {', '.join(missed)}." if missed else "\nAll goals were met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
