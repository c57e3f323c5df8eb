"""The page in a real browser: seen, walked through with the keyboard, on a telephone, in the dark, under attack."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from researchclaw.run_store import RunStore

pytestmark = pytest.mark.slow

CONTRAST = """(() => {
  const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = parse(c); return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return getComputedStyle(e).backgroundColor; } return 'rgb(255,255,255)'; };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(e.tagName + ' ' + e.className + ' ' + ratio.toFixed(2));
  }
  return [...new Set(bad)];
})()"""
"""Text below the contrast of 4.5 to 1 (WCAG 2.2, 1.4.3)."""

FOCUSED = """(e => [e.tagName, e.innerText, getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)])(
    document.activeElement)"""


def colours(png: bytes) -> int:
    """Different colours of a picture; a blank page has one."""
    found = Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 24)
    assert found is not None
    return len(found)


def ink(png: bytes) -> float:
    """Share of the picture that is not its commonest colour."""
    found = Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 24)
    assert found is not None
    return 1 - max(count for count, _ in found) / sum(count for count, _ in found)


def test_the_page_is_not_blank_and_the_console_is_silent(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run))
    picture = browser.screenshot()
    assert colours(picture) > 50
    assert ink(picture) > 0.03
    assert browser.ask("document.title").startswith(honest_run.run_id)
    browser.ask("document.querySelector('#figures').scrollIntoView()")
    assert browser.ask("[...document.images].every(one => one.complete && one.naturalWidth > 300)")
    assert browser.noise == []


@pytest.mark.parametrize("run", ["honest_run", "hostile_run"])
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_sticks_out_at_the_width_of_a_telephone(
    browser: Any, run: str, width: int, write_page: Callable[[RunStore], Path], request: pytest.FixtureRequest
) -> None:
    browser.open(write_page(request.getfixturevalue(run)), width=width, height=844)
    browser.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert browser.ask("document.documentElement.scrollWidth") <= width
    wide = """[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
        && !e.closest('.scroll, pre, nav')).map(e => e.tagName + '.' + e.className)"""
    assert browser.ask(wide) == []
    assert (
        browser.ask("Math.min(...[...document.querySelectorAll('p, dd, li, td')].map(e => parseFloat(getComputedStyle(e).fontSize)))")
        >= 12
    )
    assert ink(browser.screenshot()) > 0.03


@pytest.mark.parametrize("dark", [False, True])
def test_every_word_can_be_read_in_the_light_and_in_the_dark(
    browser: Any, dark: bool, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run), dark=dark)
    browser.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert browser.ask(CONTRAST) == []
    red, _, _ = Image.open(io.BytesIO(browser.screenshot())).convert("RGB").getpixel((2, 600))
    assert (red < 60) == dark


def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run))
    browser.press("Tab")
    assert browser.ask("document.activeElement.className") == "skip"
    assert browser.ask("document.activeElement.getBoundingClientRect().left") >= 0
    reached = set()
    for _ in range(60):
        browser.press("Tab")
        tag, text, outline, width = browser.ask(FOCUSED)
        assert outline == "solid", (tag, text)
        assert width >= 2, (tag, text)
        reached.add((tag, text.strip()[:30]))
    assert ("A", "Timeline") in reached
    assert ("SUMMARY", "The debate: 4 turns") in reached
    assert any(tag == "DIV" for tag, _ in reached), "a table that scrolls must be reachable"
    everything = "document.querySelectorAll('a[href], summary, [tabindex=\"0\"]').length"
    hidden = "[...document.querySelectorAll('a[href], summary')].filter(e => e.tabIndex < 0).length"
    assert browser.ask(everything) > 60
    assert browser.ask(hidden) == 0


def test_who_hears_the_page_is_told_the_name_of_everything(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run))
    browser.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    browser.command("Accessibility.enable")
    nodes = [node for node in browser.command("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    named = ("link", "image", "region", "navigation", "article", "heading", "DisclosureTriangle")
    roles = [node["role"]["value"] for node in nodes]
    assert {"banner", "navigation", "main", "contentinfo", "link", "table", "image"} <= set(roles)
    nameless = [node for node in nodes if node["role"]["value"] in named and not node["name"]["value"].strip()]
    assert [(node["role"]["value"], node.get("properties")) for node in nameless] == []


def test_enter_on_a_number_leads_to_its_value_and_on_to_the_open_log_of_a_run(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run))
    browser.ask("document.querySelector('#results a.number').focus()")
    browser.press("Enter")
    anchor = browser.ask("location.hash")
    assert anchor.startswith("#value-")
    assert browser.ask(f"(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector('{anchor}').getBoundingClientRect())")
    browser.ask(f"document.querySelector('{anchor}').closest('dl').previousElementSibling.querySelector('a').focus()")
    browser.press("Enter")
    assert browser.ask("location.hash").startswith("#run-")
    assert browser.ask("document.querySelector(':target').closest('details').open"), "the box of the run must open by itself"
    assert browser.ask("document.querySelector(':target pre').innerText").startswith("trained")
    assert browser.noise == []


def test_a_space_opens_the_paper_and_its_numbers_are_links(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run))
    browser.ask("document.querySelector('#paper summary').focus()")
    browser.press(" ")
    assert browser.ask("document.querySelector('#paper details').open")
    assert browser.ask("document.querySelector('#paper-tbl-main td a.number').getClientRects().length") == 1


def test_a_hostile_record_runs_nothing_asks_for_nothing_and_hides_nothing(
    browser: Any, hostile_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(hostile_run))
    browser.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert browser.ask("document.querySelectorAll('script, iframe, object, [onerror], [onload], [onmouseover], [style]').length") == 0
    assert browser.ask("document.querySelectorAll('main > section').length") == 12
    assert browser.ask("document.querySelectorAll('svg').length === document.querySelectorAll('.bar svg').length")
    assert browser.noise == []


def test_the_policy_stops_what_would_slip_through(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path], tmp_path: Path
) -> None:
    """A page into which markup was put by hand still runs no script and loads nothing: the last line of defence holds."""
    page = tmp_path / "changed.html"
    added = '<script>document.title = "taken"</script><img src="https://example.org/x.png" onerror="document.title=\'taken\'">'
    page.write_text(write_page(honest_run).read_text(encoding="utf-8").replace("</main>", f"{added}</main>"), encoding="utf-8")
    browser.open(page)
    assert browser.ask("document.title").startswith(honest_run.run_id)
    assert any("Content Security Policy" in one for one in browser.noise)
    assert not any(one.startswith("request: ") and "example.org" not in one for one in browser.noise)


def test_on_paper_the_text_is_there_and_the_logs_are_not(
    browser: Any, honest_run: RunStore, write_page: Callable[[RunStore], Path]
) -> None:
    browser.open(write_page(honest_run))
    browser.command("Emulation.setEmulatedMedia", media="print", features=[])
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.ask("document.querySelector('#paper .paper').getBoundingClientRect().height") > 200
    assert browser.ask("document.querySelector('.run-body').checkVisibility({contentVisibilityAuto: true})") is False
    assert browser.pdf().startswith(b"%PDF")
