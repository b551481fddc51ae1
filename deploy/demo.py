"""`make demo`: both servers, a made-up month of payments through them, and where to look.

Starts `anomaly up`, replays simulated payments with fraud and their labels against it, then some
more slowly while a simulated analyst works the queue, and keeps running until Ctrl-C. Ports and
data directory come from the environment, as everywhere.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from demo_analyst import Analyst, labels_of

TRANSACTION_COUNT = 20_000
# The rest comes as it would on a quiet day; chosen by us, to last for half an hour.
HISTORY_COUNT = 14_000
LIVE_RATE = 3.5
LABELS_DELAY_DAYS = 1
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
    # However it is stopped, it takes along what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The analyst and whoever looks on share one address.
    os.environ.setdefault("RATE_LIMIT_REQUESTS", "1000")
    analyst: Analyst | None = None
    # The demo stops `anomaly up`; Ctrl-C must not reach it twice.
    with subprocess.Popen([*ANOMALY, "up"], start_new_session=True) as servers:
        try:
            target, url = _addresses(servers, data_dir)
            replay = [*ANOMALY, "replay", str(traffic), "--target", target]
            replay += ["--labels-delay", str(LABELS_DELAY_DAYS)]
            # A second run goes on where the first was stopped.
            history_sent = traffic.with_suffix(".history_sent")
            if not history_sent.exists():
                subprocess.run([*replay, "--limit", str(HISTORY_COUNT)], check=True)
                history_sent.touch()
            analyst = Analyst(url, labels_of(traffic))
            analyst.start()
            live = [*replay, "--offset", str(HISTORY_COUNT), "--rate", str(LIVE_RATE)]
            live += ["--resume"]
            _print_what_to_look_at(url)
            with subprocess.Popen(
                live, stdout=subprocess.DEVNULL, start_new_session=True
            ) as sender:
                try:
                    return servers.wait()
                finally:
                    sender.terminate()
        except KeyboardInterrupt:
            return 0
        finally:
            if analyst is not None:
                analyst.stopping.set()
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
        f"  {url}/        the analysts' console; payments and decisions keep coming",
        f"  {url}/docs    the API",
        "",
    )
    sys.stdout.write("\n".join(lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
