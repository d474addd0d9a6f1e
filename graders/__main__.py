"""`python -m graders` is `loralab`."""

import sys

from graders.doors.cli import main

if __name__ == "__main__":
    sys.exit(main())
