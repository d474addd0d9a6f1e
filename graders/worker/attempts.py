"""A worker that runs hostile code which the judge sends: how it finds out what the box really stops.

Used by the judge's self-test at start, and by the tests. Request {"code": "...", "arguments": {...}}; the
code leaves what it wants to say in the name `result`. Reply {"result": ..., "raised": "PermissionError" |
"", "oserror": bool}.
Whatever this process says may be a lie, as with every worker: the judge looks for traces on its own side.
"""

from typing import Any

from . import wire


def serve(read_fd: int, write_fd: int) -> None:
    """Answer requests until the judge closes the pipe."""
    while True:
        try:
            request = wire.read_message(read_fd)
        except EOFError:
            return
        wire.write_message(write_fd, _attempt(request["code"], request["arguments"]))


def _attempt(code: str, arguments: dict[str, Any]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "attempt", **arguments}
    try:
        exec(compile(code, "<attempt>", "exec"), names)
    except BaseException as error:
        return {"result": None, "raised": type(error).__name__, "oserror": isinstance(error, OSError)}
    return {"result": names.get("result"), "raised": "", "oserror": False}
