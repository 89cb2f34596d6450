"""The pictures in the documentation, taken anew: ``PYTHONPATH=.:tests python tests/pictures/screenshots.py``.

It needs chromium (on Debian: ``apt install chromium fonts-noto-core fonts-noto-mono``).
Every file says which document it shows, by its hash, so that a test can tell when
the document has become another; the pixels depend on the fonts of the machine.
"""

import hashlib
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from pictures import browser, samples

from trustlib.inspect import chain, timeline

FOLDER = Path(__file__).parents[2] / "docs" / "_static"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 150_000  # bytes

SHOTS = {  # what is shown, the size of the window, and whether it is night
    "collection.png": (samples.everything, "page.html", (1100, 880), False),
    "collection-night.png": (samples.everything, "page.html", (1100, 880), True),
    "timeline.png": (
        lambda: timeline(samples.facts(), now=samples.TODAY), "timeline.svg", (1000, 330), False,
    ),
    "explanation.png": (
        lambda: chain(samples.binding().explain(), now=samples.TODAY), "chain.svg", (1000, 480), False,
    ),
}  # fmt: skip


def fingerprint(name):
    """Return the hash of what the picture *name* is to show."""
    return hashlib.sha256(SHOTS[name][0]().encode()).hexdigest()


def chunks(png):
    """The chunks of a PNG, by kind."""
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length


def shown(png):
    """Return the hash of what a picture says that it shows."""
    texts = (data.split(b"\0", 1) for kind, data in chunks(png) if kind == b"tEXt")
    return next((value.decode() for key, value in texts if key == b"Source"), None)


def labelled(png, source):
    """Return a PNG that is as small as can be, and says what it shows."""
    every = list(chunks(png))
    pixels = b"".join(data for kind, data in every if kind == b"IDAT")
    kept = [
        next(one for one in every if one[0] == b"IHDR"),
        (b"tEXt", b"Source\0" + source.encode()),
        (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)),
        (b"IEND", b""),
    ]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in kept
    )


def main():
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        browser.opened(Path(folder) / "profile") as opened,
    ):
        for name, (document, file, (width, height), night) in SHOTS.items():
            page, taken = Path(folder) / file, Path(folder) / name
            page.write_text(document(), encoding="utf-8")
            opened.run(
                page,
                f"--window-size={width},{height}",
                f"--screenshot={taken}",
                f"--blink-settings=preferredColorScheme={'0' if night else '1'}",
            )
            png = labelled(taken.read_bytes(), fingerprint(name))
            (FOLDER / name).write_bytes(png)
            print(f"{name}: {len(png)} bytes")


if __name__ == "__main__":
    sys.exit(main())
