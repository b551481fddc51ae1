"""`make demo`: both servers, a made-up month of payments through them, and where to look.

Starts `anomaly up`, replays simulated payments with fraud against it, and keeps running until
Ctrl-C. Ports and data directory come from the environment, as everywhere.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TRANSACTION_COUNT = 20_000
START_SECONDS_MAX = 240.0
POLL_SECONDS = 0.1
ANOMALY = [sys.executable, "-m", "scoring_server.cli"]


def main() -> int:
    """Run the demo and return the exit code."""
    data_dir = Path(os.environ.get("DATA_DIR") or "data")
    traffic = data_dir / "demo" / "payments.parquet"
    if not traffic.exists():
        traffic.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["simulate", str(traffic), "--transactions", str(TRANSACTION_COUNT)]
        subprocess.run([*ANOMALY, *arguments, "--days", "30"], check=True)
    # The demo stops `anomaly up`; Ctrl-C must not reach it twice.
    with subprocess.Popen([*ANOMALY, "up"], start_new_session=True) as servers:
        try:
            target, url = _addresses(servers, data_dir)
            subprocess.run([*ANOMALY, "replay", str(traffic), "--target", target], check=True)
            _print_what_to_look_at(url)
            return servers.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            if servers.poll() is None:
                servers.send_signal(signal.SIGTERM)


def _addresses(servers: "subprocess.Popen[bytes]", data_dir: Path) -> tuple[str, str]:
    """Wait until both servers run and return target and URL."""
    found = {}
    began_s = time.time()
    deadline_s = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline_s:
        for name in ("scoring_server", "gateway"):
            path = data_dir / f"{name}.json"
            # An older file was left by servers that did not end cleanly.
            if path.exists() and path.stat().st_mtime >= began_s:
                found[name] = json.loads(path.read_text())
        if len(found) == len(("scoring_server", "gateway")):
            target = f"127.0.0.1:{found['scoring_server']['grpc_port']}"
            return target, f"http://127.0.0.1:{found['gateway']['port']}"
        if servers.poll() is not None:
            raise SystemExit("the servers did not start; the lines above say why")
        # Other processes write these files; there is no event to wait for.
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"the servers were not ready within {START_SECONDS_MAX:.0f} s")


def _print_what_to_look_at(url: str) -> None:
    lines = (
        "",
        "The servers keep running; Ctrl-C stops them. Look at:",
        f"  {url}/api/alerts?sort=priority   the analysts' queue",
        f"  {url}/docs                       the API, to be tried out in the browser",
        "",
    )
    sys.stdout.write("\n".join(lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
