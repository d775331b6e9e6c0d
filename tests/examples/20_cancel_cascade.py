# SPDX-License-Identifier: MIT
"""20: the tree; then clients of the server: one is answered, one leaves, one is there when the server is told to stop."""
import socket

from example import end_of, equal, expect, line_of, lines, start

server = start()
equal([line_of(server) for _ in range(5)], [
    "user: ada",
    "user: grace",
    "at first: [parent] [left] [right] [below left] [below right] live",
    "left cancelled: [parent] [right] [below right] live",
    "parent cancelled: live",
], "tree")
(port,), = lines(line_of(server), r"port (\d+)")


def ask(path):
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    return client


def answer(client):
    with client:
        head, _, body = b"".join(iter(lambda: client.recv(4096), b"")).decode().partition("\r\n\r\n")
        return head, body


def ended():
    return lines(line_of(server), r"(\d+) of (\d+) steps: (.*)")[0]


equal(answer(ask("/query/3")), ("HTTP/1.0 200 OK", "3 steps\n"), "answer")
equal(ended(), (3, 3, "answered"), "end of the query")

MANY = 100_000_000
stays, leaves = ask(f"/query/{MANY}"), ask(f"/query/{MANY - 1}")
leaves.close()
done, of, why = ended()
equal((of, why), (MANY - 1, "the client left"), "end of the query whose client left")
expect(done < of, "the query stops")

equal(answer(ask("/stop"))[0], "HTTP/1.0 503 Stopped", "answer to /stop")
equal(answer(stays)[0], "HTTP/1.0 503 Stopped", "answer of a query that was stopped")
rest = end_of(server).splitlines()
equal(rest[-1], "left behind: 0", "last line")
stopped = lines("\n".join(rest[:-1]), r"(\d+) of (\d+) steps: (.*)")
equal(sorted((of, why) for _, of, why in stopped), [(0, "the server stops"), (MANY, "the server stops")], "ends")
