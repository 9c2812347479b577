"""The protocol's rules of order: every request is answered, with an error where it cannot be."""

from __future__ import annotations

from typing import Any

from cattrs import transform_error
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol

from taxon.semantics.values import shortened

_LONGEST = 300  # characters of what is wrong with a message


class Protocol(LanguageServerProtocol):
    """pygls's protocol drops a message that it cannot read, or that comes after `shutdown`, without a word: an editor
    would wait for the answer for ever."""

    _initialized = False

    @property
    def finished(self) -> bool:
        """Whether the editor has asked the server to shut down."""
        return bool(self._shutdown)

    def structure_message(self, data: Any) -> Any:
        """Leave each JSON object as it is: only the outermost is a message, and `handle_message` reads that."""
        return data

    def handle_message(self, message: Any) -> None:
        """Read a message and pass it on, or answer with what is wrong with it."""
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(message, JsonRpcInvalidRequest("no message of JSON-RPC 2.0"))
            return
        reason = self._refusal(message) if "method" in message else None
        if reason is not None:
            self._refuse(message, reason)
            return
        try:
            read = super().structure_message(message)
        except JsonRpcException as error:
            causes = transform_error(error.__cause__, path="message") if error.__cause__ is not None else [str(error)]
            self._refuse(message, JsonRpcInvalidParams(" ".join("; ".join(causes)[:_LONGEST].split())))
            return
        if message.get("method") == types.INITIALIZE:
            self._initialized = True
        super().handle_message(read)

    def _refusal(self, message: dict[str, Any]) -> JsonRpcException | None:
        """Why a request or notification may not be handled now."""
        method = message["method"]
        if "id" in message and not _is_id(message["id"]):
            return JsonRpcInvalidRequest("an id is a number or a string")
        if method == types.EXIT:
            return None
        if self.finished:
            return JsonRpcInvalidRequest("the server is shutting down")
        if not self._initialized and method != types.INITIALIZE:
            return JsonRpcServerNotInitialized("the server is not initialized")
        if self._initialized and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("the server is initialized already")
        if "id" in message and not (isinstance(method, str) and self._known(method)):
            return JsonRpcMethodNotFound(f"there is no method {shortened(str(method))}")
        return None

    def _known(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _refuse(self, message: Any, reason: JsonRpcException) -> None:
        """Answer a request. A notification, or the answer to a request of ours, has no answer."""
        if isinstance(message, dict) and "id" in message and ("method" in message or "jsonrpc" not in message):
            answerable = message["id"] if _is_id(message["id"]) else None
            self._send_data(types.ResponseErrorMessage(id=answerable, error=reason.to_response_error()))

    def refuse_text(self, reason: JsonRpcException) -> None:
        """Answer what is no JSON, and so has no id."""
        self._send_data(types.ResponseErrorMessage(id=None, error=reason.to_response_error()))


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)
