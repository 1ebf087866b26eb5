#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The machine that guests talk to outside: TCP in both directions, with the contents checked.

	peer.py MIB ADDRESS...

listens at these addresses and writes one line of JSON: the ports `take` (reads all, answers with its MD5 sum)
and `give` (sends MIB, whose sum is `md5`). Goes on until it is killed.
"""
import hashlib
import json
import random
import socket
import socketserver
import sys

CHUNK = 1 << 16


class Take(socketserver.BaseRequestHandler):
    def handle(self):
        digest = hashlib.md5()
        while data := self.request.recv(CHUNK):
            digest.update(data)
        self.request.sendall(digest.hexdigest().encode() + b"\n")


class Give(socketserver.BaseRequestHandler):
    content = b""

    def handle(self):
        self.request.sendall(self.content)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address, port, handler):
        if ":" in address:
            self.address_family = socket.AF_INET6
        super().__init__((address, port), handler)


def listen(addresses, handler):
    """One port, free at the first address, at all of them."""
    port = 0
    for address in addresses:
        server = Server(address, port, handler)
        port = server.server_address[1]
        yield server


def main():
    mib, *addresses = sys.argv[1:]
    Give.content = random.Random(int(mib)).randbytes(int(mib) << 20)
    servers = {name: list(listen(addresses, handler))
               for name, handler in (("take", Take), ("give", Give))}
    ports = {name: each[0].server_address[1] for name, each in servers.items()}
    print(json.dumps({**ports, "md5": hashlib.md5(Give.content).hexdigest()}), flush=True)
    *others, last = (server for each in servers.values() for server in each)
    for server in others:
        socketserver.threading.Thread(target=server.serve_forever, daemon=True).start()
    last.serve_forever()


if __name__ == "__main__":
    main()
