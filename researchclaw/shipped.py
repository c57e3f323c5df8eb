"""Where the files that travel with the program are: in an installed wheel or in a checkout."""

from pathlib import Path

from stages.errors import SettingsError

SHIPPED = ("templates", "configs", "sandbox", "config.arc.yaml")


def shipped(name: str) -> Path:
    """The folder or file of that name: below researchclaw/_shipped/ in a wheel, beside researchclaw/ in a checkout.

    (A single file cannot be moved by the build's `sources`; in a wheel config.arc.yaml also lies beside the package.)

    Raises:
        SettingsError: no such name, or the installation lacks it.
    """
    if name not in SHIPPED:
        raise SettingsError(f"nothing named {name!r} is shipped; there are: {', '.join(SHIPPED)}")
    package = Path(__file__).resolve().parent
    places = (package / "_shipped" / name, package.parent / name)
    for place in places:
        if place.exists():
            return place
    raise SettingsError(f"this installation lacks {name!r} (looked for {' and '.join(map(str, places))}); install researchclaw again")
