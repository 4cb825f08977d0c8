"""G11: checking a 12-megapixel JPEG of about 3 MB for integrity and blur, against the naive check.

The peer decodes the whole picture, turns it grey and takes the variance of its Laplacian with numpy. Both run
in one sitting, alternating; the ratio of the medians counts. Memory is measured in a process of its own.

    .venv/bin/python bench/document_image.py
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ROUNDS = 9
RATIO_GOAL = 1 / 3
GROWTH_GOAL_MIB = 60


def ours(content: bytes) -> bool:
    from kyc.gate import examine

    return examine(content, filename="front.jpg").is_accepted


def naive(content: bytes) -> bool:
    import numpy
    from PIL import Image

    try:
        grey = numpy.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=numpy.float32)
    except OSError:
        return False
    edges = (
        grey[:-2, 1:-1]
        + grey[2:, 1:-1]
        + grey[1:-1, :-2]
        + grey[1:-1, 2:]
        - numpy.float32(4) * grey[1:-1, 1:-1]
    )
    return float(edges.var()) >= 0


def picture() -> bytes:
    """A synthetic photo of a document: 4000 x 3000, about 3 MB."""
    from PIL import Image, ImageDraw, ImageFilter

    page = Image.effect_noise((4000, 3000), 26).filter(ImageFilter.GaussianBlur(0.7)).convert("RGB")
    pen = ImageDraw.Draw(page)
    for line in range(40):
        pen.text(
            (200, 150 + 65 * line),
            "REPUBLIC OF SOUTH AFRICA  0202086471085  " * 3,
            fill="black",
            font_size=44,
        )
    best = b""
    for quality in range(60, 96, 5):
        out = io.BytesIO()
        page.save(out, "JPEG", quality=quality)
        if len(out.getvalue()) > 3_300_000:
            break
        best = out.getvalue()
    return best


def growth(way: str, path: Path) -> float:
    """MiB that the first check adds to the processes that have their libraries loaded: the portal's, and
    for ours the cell in which the picture is opened."""
    answer = subprocess.run(
        [sys.executable, __file__, way, str(path)], check=True, capture_output=True, text=True
    )
    return float(answer.stdout)


def _measure_growth(way: str, path: Path) -> None:
    _configure()
    content = path.read_bytes()
    small = _small()
    check = {"ours": ours, "naive": naive}[way]
    check(small)  # loads the libraries
    before = _peak_kib()
    check(content)
    grown = _peak_kib() - before
    if way == "ours":
        from kyc.jail.keeper import ask

        grown += ask("picture", content, is_alone=True).grown_kib
    print(grown / 1024)


def _peak_kib() -> int:
    """The peak of this process alone; getrusage's would carry over the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def _small() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "JPEG")
    return out.getvalue()


def _configure() -> None:
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=False)


def main() -> int:
    _configure()
    content = picture()
    print(f"JPEG 4000 x 3000, {len(content) / 1e6:.1f} MB, {ROUNDS} rounds")
    times: dict[str, list[float]] = {"naive": [], "ours": []}
    for check in (naive, ours):
        check(_small())
    for _ in range(ROUNDS):
        for check in (naive, ours):
            started = time.perf_counter()
            assert check(content), f"{check.__name__} refused a good picture"
            times[check.__name__].append((time.perf_counter() - started) * 1000)
    middle = {name: statistics.median(values) for name, values in times.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.jpg"
        path.write_bytes(content)
        grown = {way: growth(way, path) for way in times}
    for name in times:
        print(f"  {name:6} {middle[name]:7.1f} ms (least {min(times[name]):.1f})   +{grown[name]:.0f} MiB")
    ratio = middle["ours"] / middle["naive"]
    refused = [not ours(content[: int(len(content) * share)]) for share in (0.25, 0.5, 0.75, 0.95)]
    goals = {
        f"ours / naive = {ratio:.2f}, goal at most {RATIO_GOAL:.2f}": ratio <= RATIO_GOAL,
        f"growth {grown['ours']:.0f} MiB, goal at most {GROWTH_GOAL_MIB}": grown["ours"] <= GROWTH_GOAL_MIB,
        f"cut to 25, 50, 75, 95 %: {sum(refused)} of {len(refused)} refused": all(refused),
    }
    for text, is_met in goals.items():
        print(f"G11 {'met   ' if is_met else 'MISSED'} {text}")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _measure_growth(sys.argv[1], Path(sys.argv[2]))
    else:
        sys.exit(main())
