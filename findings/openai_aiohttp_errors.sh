#!/bin/sh
# The OpenAI SDK's aiohttp client calls a connection that was closed at once a timeout, and lets aiohttp's own error of
# status 400 out where an answer is no HTTP. Its default client calls both a connection error.
#
# Expected: one behaviour over both transports, since both are the SDK's own.
# Seen: a server that restarts looks like a slow one, and a broken answer like a refusal of the request.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "openai[aiohttp]==3.54.0" "aiohttp==3.14.5" "httpx2==2.16.2"
cat > "$folder/finding.py" <<'PYTHON'
import asyncio
import time
from importlib.metadata import version

from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient, OpenAIError

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"
ANSWERS = {"closed at once": b"", "broken chunk": CHUNKED}
EXPECTED = {
    ("closed at once", "aiohttp"): ("APITimeoutError", True),
    ("closed at once", "default"): ("APIConnectionError", True),
    ("broken chunk", "aiohttp"): ("ClientResponseError", False),
    ("broken chunk", "default"): ("APIConnectionError", True),
}


async def ask(answer, http_client):
    async def serve(reader, writer):
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    client = AsyncOpenAI(base_url=address, api_key="none", http_client=http_client, max_retries=0, timeout=30)
    begun = time.monotonic()
    try:
        await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
        raise SystemExit("it answered")
    except Exception as error:
        return error, time.monotonic() - begun
    finally:
        await client.close()
        server.close()


async def main():
    print("openai", version("openai"), "aiohttp", version("aiohttp"), "httpx2", version("httpx2"))
    same = True
    for name, answer in ANSWERS.items():
        for transport, make in (("aiohttp", DefaultAioHttpClient), ("default", DefaultAsyncHttpxClient)):
            error, seconds = await ask(answer, make())
            seen = (type(error).__name__, isinstance(error, OpenAIError))
            status = getattr(error, "status", None)
            print(f"{name:15} {transport:8} {seen[0]:20} of the SDK: {seen[1]!s:5} status: {status} after {seconds:.2f} s")
            same = same and seen == EXPECTED[name, transport]
    raise SystemExit(0 if same else 1)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
