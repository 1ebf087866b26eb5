# SPDX-License-Identifier: MIT
"""NMIs from QEMU's monitor while a guest runs and while it sleeps, in both isolation modes."""
import os
import socket
import threading

import pytest
from harness.guests import all_guests

SECONDS = 2
STARTED = "ready for NMIs"


class Watch:
    """Takes the machine's output. begun: the guest has a handler (no firmware has)."""

    def __init__(self):
        self.text = ""
        self.begun = threading.Event()

    def __call__(self, data):
        self.text += data if isinstance(data, str) else data.decode("latin-1")
        if STARTED in self.text:
            self.begun.set()


def send_nmis(path, begun, stop):
    while not begun.wait(0.05):
        if stop.is_set():
            return
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(path)
        while not stop.wait(0.05):
            try:
                monitor.sendall(b"nmi\n")
            except OSError:
                return


@pytest.mark.parametrize("mode", ["paging", "segment"])
def test_nmi(bench, mode, tmp_path):
    guest = next(guest for guest in all_guests() if guest.name == "test-nmi")
    guest.wishes["arguments"] = f"wait={SECONDS}"
    path = os.path.join(tmp_path, "monitor")
    watch, stop = Watch(), threading.Event()
    sender = threading.Thread(target=send_nmis, args=(path, watch.begun, stop))
    sender.start()
    try:
        bench.run_guest(guest, hv_options=f"isolation={mode}", sink=watch,
                        extra=["-monitor", f"unix:{path},server,nowait"])
    finally:
        stop.set()
        sender.join()
