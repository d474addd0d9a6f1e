"""A process that has only imported torch and NumPy, and runs each script in a fork of its own: reads and writes JSON lines.

Run by its path, with `-I`: nothing of the project is imported here. A request is {"text": the script, "folder": where the
exercise file lies, "seconds": the limit}; the answer says how the script ended and what it printed.
"""

import json
import os
import resource
import select
import signal
import sys
import time
import traceback

import numpy  # noqa: F401
import torch

MOST_MEMORY = 8 << 30
OURS = ("graders", "lora_reference", "reference_solutions")


def main() -> None:
    """Answer until there are no more requests."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(run(request["text"], request["folder"], request["seconds"])), flush=True)


def run(text: str, folder: str, seconds: float) -> dict[str, str]:
    """How a script ends in a fork, and what it printed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        be_the_script(text, folder, seconds, write)
    os.close(write)
    end, data, closed = time.monotonic() + 4 * seconds, b"", False
    while not closed and (left := end - time.monotonic()) > 0 and select.select([read], [], [], left)[0]:
        part = os.read(read, 65536)
        closed = not part
        data += part
    os.close(read)
    if not closed:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    ended = "still running" if not closed or os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else ""
    if not ended and os.WIFSIGNALED(status):
        ended = "died"
    printed, _, raised = data.decode(errors="replace").partition("\0")
    return {"ended": ended or raised or "printed", "printed": printed}


def be_the_script(text: str, folder: str, seconds: float, write: int) -> None:
    """Become the script; its exception's type follows its output."""
    raised = ""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (round(seconds), round(seconds) + 1))
        os.chdir(folder)
        sys.path.insert(0, folder)
        os.dup2(write, 1)
        os.dup2(write, 2)
        sys.modules.update(dict.fromkeys(OURS))  # importing one raises ImportError
        exec(compile(text, "<replay>", "exec"), {"__name__": "__main__"})
    except BaseException as error:
        raised = type(error).__name__
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(write, f"\0{raised}".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
