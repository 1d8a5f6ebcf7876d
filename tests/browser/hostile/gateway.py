"""A gateway that answers with markup, terminal escapes, megabytes and garbage, and a run of brownout against it.

    python3 gateway.py BROWNOUT ARGUMENT...

starts the gateway on a free port of the loopback, gives brownout its address and that of the one backend, and ends with
brownout's exit code. Requests without a tag are passed on, as is every request that does not fall to an attack.
"""

import asyncio
import itertools
import socket
import sys

SCRIPT = b"<script>window.owned=1</script>"
IMAGE = b"\"><img src=x onerror=window.owned=1>"
ESCAPES = b"\x1b[2J\x1b]0;owned\x07\x9b31m"
FORGED = b"X-Brownout-Backend: " + IMAGE + b"\r\nX-Brownout-Attempt: -1\r\nX-Brownout-Tag: " + SCRIPT + b"\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 5\r\n\r\n<svg>"


def answers():
    """Every attack once, again and again; None passes the request on."""
    return itertools.cycle([
        None,
        b"HTTP/1.1 200 " + SCRIPT + b"\r\n" + FORGED + END,
        b"HTTP/1.1 503 " + ESCAPES + b"\r\nServer: " + ESCAPES + b"\r\n" + END,
        HEAD + b"X-Large: " + SCRIPT + b"W" * (1 << 20) + b"\r\n" + END,
        HEAD + b"".join(b"X-%d: %s\r\n" % (number, IMAGE) for number in range(5000)) + END,
        HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + SCRIPT,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + IMAGE,
        b"HTTP/1.1 103 Early Hints\r\nLink: <script>\r\n\r\n" * 200 + HEAD + END,
        b"HTTP/1.1 999 " + IMAGE + b"\r\n" + END,
        bytes(range(256)) * 4096,
        SCRIPT * 100,
        b"",
    ])


async def head_of(reader):
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)


async def pass_on(head, backend, writer):
    """One request to the backend and its answer back, with headers of our own before its own."""
    upstream_reader, upstream = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", backend), 5)
    try:
        line, rest = head.split(b"\r\n", 1)
        upstream.write(line + b"\r\nConnection: close\r\n" + rest)
        answer = await asyncio.wait_for(upstream_reader.read(1 << 22), 5)
        while more := await asyncio.wait_for(upstream_reader.read(1 << 22), 5):
            answer += more
        status, rest = answer.split(b"\r\n", 1)
        writer.write(status + b"\r\nVia: " + SCRIPT + b"\r\n" + rest)
    finally:
        upstream.close()


async def serve(reader, writer, backend, attacks):
    try:
        head = await head_of(reader)
        answer = next(attacks) if b"x-brownout-tag" in head.lower() else None
        if answer is None:
            await pass_on(head, backend, writer)
        else:
            writer.write(answer)
        await asyncio.wait_for(writer.drain(), 5)
    except (OSError, ValueError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        backend = free.getsockname()[1]
    attacks = answers()
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, backend, attacks), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    run = await asyncio.create_subprocess_exec(
        *sys.argv[1:],
        "--set", f'gateway.url.address="http://127.0.0.1:{port}"',
        "--set", f'backend.b-1.listen="127.0.0.1:{backend}"')
    try:
        return await asyncio.wait_for(run.wait(), 60)
    except asyncio.TimeoutError:
        run.kill()
        await run.wait()
        print("the run did not end in 60 s", file=sys.stderr)
        return 70


sys.exit(asyncio.run(main()))
