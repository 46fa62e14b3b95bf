"""Where a run keeps its files, and its log."""
import pathlib
import time

RUNS = pathlib.Path(__file__).parent / "runs"
RUNS.mkdir(exist_ok=True)
_start = time.time()


def log(text, file="log.txt"):
    line = f"[{(time.time() - _start) / 60:6.1f} min] {text}"
    print(line)
    with open(RUNS / file, "a") as out:
        out.write(line + "\n")
