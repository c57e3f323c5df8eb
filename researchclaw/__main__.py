"""`python -m researchclaw`, and the entry point of the `researchclaw` command."""

import sys


def main() -> None:
    from researchclaw.cli import main as command_line

    code = command_line(sys.argv[1:])
    if "researchclaw.server" in sys.modules:
        sys.modules["researchclaw.server"].leave(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
