"""A load process of its own: `python -m tests.bench.http_load HOST:PORT PATH SECONDS CONNECTIONS RATE [HEADER]…`.

Keep-alive connections, each with one request under way; RATE 0 is as fast as they go, otherwise requests are sent on a
fixed schedule and a late answer counts from when its request was due. Prints one JSON line.
"""

import json
import selectors
import socket
import sys
import time


def main():
    address, path, seconds, connections, rate, *headers = sys.argv[1:]
    host, port = address.split(":")
    lines = [f"GET {path} HTTP/1.1", f"Host: {address}", "Accept: application/json", *headers, "", ""]
    load = Load((host, int(port)), "\r\n".join(lines).encode(), int(connections), float(rate))
    print(json.dumps(load.run(float(seconds))))


class Load:
    def __init__(self, address, request, connections, rate):
        self.request, self.rate = request, rate
        self.selector = selectors.DefaultSelector()
        self.idle = []
        for _ in range(connections):
            one = socket.create_connection(address)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
            self.idle.append(one)
        self.buffers, self.due = {}, {}
        self.took, self.statuses = [], {}

    def run(self, seconds):
        began = time.perf_counter()
        end, sent = began + seconds, 0
        while (now := time.perf_counter()) < end:
            while self.idle and (not self.rate or began + sent / self.rate <= now):
                self._send(self.idle.pop(), began + sent / self.rate if self.rate else now)
                sent += 1
            for key, _events in self.selector.select(0.0005 if self.rate else 0.1):
                self._receive(key.fileobj)
        return self._report(time.perf_counter() - began)

    def _send(self, one, due):
        self.due[one], self.buffers[one] = due, b""
        one.sendall(self.request)

    def _receive(self, one):
        data = one.recv(1 << 18)
        if not data:
            raise SystemExit("the service closed a connection")
        self.buffers[one] += data
        if _is_whole(self.buffers[one]):
            status = int(self.buffers[one][9:12])
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.took.append(time.perf_counter() - self.due[one])
            self.idle.append(one)

    def _report(self, spent):
        took = sorted(self.took)
        quantiles = {f"p{q}_ms": round(1000 * took[min(len(took) - 1, len(took) * q // 100)], 1) for q in (50, 95, 99)}
        return {"requests_per_s": round(len(took) / spent, 1), "statuses": self.statuses, **quantiles}


def _is_whole(buffer):
    head, found, body = buffer.partition(b"\r\n\r\n")
    if not found:
        return False
    if head[9:12] == b"304":
        return True
    at = head.lower().find(b"content-length:")
    return len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0])


if __name__ == "__main__":
    main()
