"""`python -m pairlens`: the command line, for an environment whose commands are not on the PATH."""

from pairlens_cli.app import main  # the only import of the command line in the library

if __name__ == "__main__":
    main()
