"""Write the Python stubs of every description in proto/, or check that the committed ones are up to date.

Run by `make proto` and `make proto-check`. It uses the protoc of grpcio-tools, so no other tool is needed.
"""

import argparse
import filecmp
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).parent
VENDOR = PROTO / "vendor"
GOOGLE_TYPES = Path(protoc.__file__).parent / "_proto"


def generate(out: Path) -> list[Path]:
    """Write all stubs below `out` and return their paths relative to it."""
    ours = sorted((PROTO / "anomaly").rglob("*.proto"))
    services = [path for path in ours if "\nservice " in path.read_text(encoding="utf-8")]
    messages = [*ours, VENDOR / "buf/validate/validate.proto"]
    # The narrower root first: protoc names a file after the first root that holds it.
    include = [f"-I{VENDOR}", f"-I{PROTO}", f"-I{GOOGLE_TYPES}"]
    calls = (
        [f"--python_out={out}", f"--pyi_out={out}", *map(str, messages)],
        [f"--grpc_python_out={out}", *map(str, services)],
    )
    for arguments in calls:
        if protoc.main(["protoc", *include, *arguments]) != 0:
            sys.exit("protoc failed; its message stands above")
    return sorted(path.relative_to(out) for path in out.rglob("*_pb2*") if path.is_file())


def check() -> list[str]:
    """Return what is wrong with the committed stubs, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = generate(Path(folder))
        committed = {
            path.relative_to(PROTO)
            for pattern in ("anomaly/**/*_pb2*.py*", "buf/**/*_pb2*.py*")
            for path in PROTO.glob(pattern)
            if path.suffix in {".py", ".pyi"}
        }
        faults = [f"{path} has no description any more" for path in committed - set(fresh)]
        for path in fresh:
            if path not in committed:
                faults.append(f"{path} is missing")
            elif not filecmp.cmp(Path(folder) / path, PROTO / path, shallow=False):
                faults.append(f"{path} is out of date")
        return sorted(faults)


def main() -> None:
    """Generate, or with --check compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    if not parser.parse_args().check:
        generate(PROTO)
        return
    faults = check()
    if faults:
        sys.exit("\n".join([*faults, "run `make proto` and commit what it writes"]))


if __name__ == "__main__":
    main()
