"""The command line of pairlens: parses arguments, calls the library, prints results."""

import sys

if sys.platform == "win32":
    sys.stderr.write("error: pairlens runs on Linux and macOS; on Windows, install it in WSL\n")
    raise SystemExit(2)
