"""`loralab release`: what students get, written to a folder."""

from __future__ import annotations

import argparse

from graders.run import CallError, GraderError


def release(options: argparse.Namespace) -> int:
    """Write the kit of an assignment. Exit status 0, or 2 where the call cannot be followed."""
    from graders.kit.release import ReleaseError  # takes seconds: a wrong call is told before
    from graders.kit.release import release as write

    try:
        files = write(options.assignment, options.output)
    except ReleaseError as error:
        raise CallError(str(error)) from error
    except OSError as error:
        raise GraderError(f"the kit could not be written: {error}") from error
    size = sum(path.stat().st_size for path in files)
    print(f"{options.output}: {len(files)} files, {size / 1e6:.1f} MB")
    return 0
