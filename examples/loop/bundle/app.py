"""A small program that is shipped as one compressed file."""

import json


def greeting(name: str) -> str:
    """What is said to somebody."""
    # polite, but short
    return f"Hello, {name}."


def shouted(text: str) -> str:
    """Nobody calls this."""
    return "\n".join(line.upper() + "!" for line in text.splitlines() if line.strip())


def report(names: list[str]) -> str:
    """A JSON list of greetings, in the order of the names."""
    return json.dumps([greeting(name) for name in sorted(names)])


if __name__ == "__main__":
    print(report(["Ada", "Grace"]))
