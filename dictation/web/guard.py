"""Lets in only what the page itself asks for.

Any web site can make a browser send requests to 127.0.0.1, and by a name of its own that it lets
point there (DNS rebinding) read the answers. Such requests name a foreign Host or Origin. Streamlit
checks these for its WebSocket only.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_NAMES = ("127.0.0.1", "localhost")

_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's page compiles schemas and components in the browser.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' {sockets} data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class Guard:
    """Refuses foreign hosts and origins, and forbids the page to ask for anything elsewhere."""

    def __init__(self, app: Application, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in _NAMES}
        self._origins = {b"http://" + host for host in self._hosts}
        sockets = " ".join(f"ws://{name}:{port}" for name in _NAMES)
        self._headers = [
            (b"content-security-policy", _POLICY.format(sockets=sockets).encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a stranger, else pass the request on (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if not self._is_ours(scope["headers"]):
            await _refuse(scope, receive, send)
            return

        async def send_with_policy(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_policy)

    def _is_ours(self, headers: list[tuple[bytes, bytes]]) -> bool:
        hosts = [value.lower() for name, value in headers if name == b"host"]
        origins = [value.lower() for name, value in headers if name == b"origin"]
        return len(hosts) == 1 and hosts[0] in self._hosts and self._origins.issuperset(origins)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    body = b"This page answers to http://127.0.0.1 and http://localhost only.\n"
    await send({"type": "http.response.body", "body": body})
