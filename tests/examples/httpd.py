# SPDX-License-Identifier: MIT
"""The HTTP server that the examples talk to, on loopback, with a log.

    with httpd.Server() as server:         # answers from here on
        example.run(server.url)
    server.log                             # of each request: path, status, began, ended
    server.busiest(1.0)                    # most requests that came within a second

    /text/WORDS         200, WORDS
    /item/N             200, "item N"; 503 where N ends in 13
    /status/CODE        CODE
    /wait/MS/WORDS      200, WORDS, after MS milliseconds
    /meet/N/WORDS       200, WORDS, once N such requests have come
    /fail/N             500, once N requests to /hang are waiting
    /hang               no answer

A client that goes away before it has its answer stands in the log with the status LEFT, which is looked for
while the server waits. Run by itself, with a port, it prints its log: python3 -B httpd.py 8080
"""
import select
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEFT = "left"


class Entry:
    def __init__(self, path):
        self.path, self.status = path, None
        self.began, self.ended = time.monotonic(), None

    def __repr__(self):
        return f"{self.path} -> {self.status}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        entry = Entry(self.path)
        self.server.owner._add(entry)
        status, body = self._answer(entry.path.strip("/").split("/"))
        try:
            if status != LEFT:
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())
        except OSError:
            status = LEFT
        self.close_connection |= status == LEFT
        self.server.owner._end(entry, status)

    def _answer(self, parts):
        if parts[0] == "text" and len(parts) == 2:
            return 200, parts[1]
        if parts[0] == "item" and len(parts) == 2:
            return (503, "busy") if parts[1].endswith("13") else (200, "item " + parts[1])
        if parts[0] == "status" and len(parts) == 2:
            return int(parts[1]), ""
        if parts[0] == "wait" and len(parts) == 3:
            return (LEFT, "") if self._left(int(parts[1]) / 1000) else (200, parts[2])
        if parts[0] == "meet" and len(parts) == 3:
            met = self.server.owner.wait_for(lambda log: self._of(log, "/meet/") >= int(parts[1]))
            return (200, parts[2]) if met else (504, "")
        if parts[0] == "fail" and len(parts) == 2:
            met = self.server.owner.wait_for(lambda log: self._of(log, "/hang") >= int(parts[1]))
            return (500 if met else 504), ""
        if parts[0] == "hang":
            self._left(None)
            return LEFT, ""
        return 404, "no such page"

    @staticmethod
    def _of(log, path):
        """How many such requests have come; of those to /hang, how many wait."""
        return sum(1 for e in log if e.path.startswith(path) and (path == "/meet/" or not e.ended))

    def _left(self, seconds):
        """Waits so long (None: without end) for the client to go away."""
        readable = select.select([self.connection], [], [], seconds)[0]
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def log_message(self, *args):
        pass


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    disable_nagle_algorithm = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # else: the client went away between two requests
            super().handle_error(request, client_address)


class Server:
    def __init__(self, port=0, echo=False):
        self.log, self.echo = [], echo
        self._changed = threading.Condition()
        self._listener = _Listener(("127.0.0.1", port), _Handler)
        self._listener.owner = self
        self.url = "http://127.0.0.1:%d" % self._listener.server_address[1]
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def _add(self, entry):
        with self._changed:
            self.log.append(entry)
            self._changed.notify_all()

    def _end(self, entry, status):
        with self._changed:
            entry.status, entry.ended = status, time.monotonic()
            self._changed.notify_all()
        if self.echo:
            print(entry, flush=True)

    def wait_for(self, what, seconds=30):
        """Waits until what(log) is true; False if it never becomes so."""
        with self._changed:
            return self._changed.wait_for(lambda: what(self.log), seconds)

    def statuses(self):
        """Path and status of each request, once all have ended."""
        self.wait_for(lambda log: all(e.ended for e in log))
        return [(e.path, e.status) for e in self.log]

    def busiest(self, seconds):
        """The most requests that began within any span of so many seconds."""
        times = sorted(e.began for e in self.log)
        return max((sum(1 for t in times[i:] if t < first + seconds) for i, first in enumerate(times)), default=0)


if __name__ == "__main__":
    with Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0, echo=True) as server:
        print(server.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
