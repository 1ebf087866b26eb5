# SPDX-License-Identifier: MIT
"""An iperf3 server on this machine, for guests on QEMU's user network."""
import contextlib
import socket
import subprocess

# The machine that runs QEMU, as its user network has it.
OUTSIDE = "10.0.2.2"


@contextlib.contextmanager
def iperf_server():
    """An iperf3 server on this machine; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(["iperf3", "--server", "--bind", "127.0.0.1", "--port", str(port)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:
        try:
            yield port
        finally:
            server.kill()
