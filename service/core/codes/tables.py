"""The reference tables in `data/`.

`core/` takes no input, and these files are none: they ship inside the package and cannot differ
between two runs of one version. They are literals too long to be written as code.
"""

import gzip
from importlib.resources import files


def read_rows(name: str, package: str | None = __package__) -> list[list[str]]:
    """Cells of each row of a tab-separated file, without its heading row."""
    packed = files(package or __name__).joinpath("data", name).read_bytes()
    plain = gzip.decompress(packed) if name.endswith(".gz") else packed
    return [line.split("\t") for line in plain.decode().splitlines()[1:]]
