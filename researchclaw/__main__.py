"""`python -m researchclaw`, and the entry point of the `researchclaw` command."""

import sys


def main() -> None:
    from researchclaw.cli import main as command_line

    sys.exit(command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
