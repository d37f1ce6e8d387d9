"""Whether a part of the stack answers now. Each probe gives None when it does, otherwise the reason."""

import http.client
import socket
import struct

TIMEOUT = 0.5


def http_ready(address, path="/readyz", ok=(200,)):
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace").strip()
        return None if response.status in ok else f"{path} answers {response.status}: {body}"
    except (OSError, http.client.HTTPException) as error:
        return f"{path} on {address}: {error}"
    finally:
        connection.close()


def redis_ready(address):
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), TIMEOUT) as connection:
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
            return None if answer.startswith(b"+PONG") else f"PING is answered {answer!r}"
    except OSError as error:
        return str(error)


def postgres_ready(address):
    """Sends a start-up packet: while PostgreSQL starts, it answers with an error, afterwards it asks for the password."""
    host, port = address.rsplit(":", 1)
    body = struct.pack("!I", 196608) + b"user\0millrace\0database\0millrace\0\0"
    try:
        with socket.create_connection((host, int(port)), TIMEOUT) as connection:
            connection.sendall(struct.pack("!I", len(body) + 4) + body)
            answer = connection.recv(1)
            return None if answer == b"R" else "it is starting"
    except OSError as error:
        return str(error)
