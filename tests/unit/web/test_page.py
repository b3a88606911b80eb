"""The page's files: what the browser's rules (content security policy) and our own ask of them."""

import re
from pathlib import Path

import pytest

import exporter.web
from exporter.exchanges.base import PUBLISHES
from exporter.feeds.status import State
from exporter.signals.readings import LEVEL_NAMES

STATIC = Path(exporter.web.__file__).parent / "static"
HTML = (STATIC / "index.html").read_text(encoding="utf-8")
SCRIPTS = {file.name: file.read_text(encoding="utf-8") for file in STATIC.glob("*.js")}
STYLE = (STATIC / "page.css").read_text(encoding="utf-8")


def test_everything_the_page_asks_for_is_its_own_and_is_there():
    wanted = re.findall(r'(?:src|href)="([^"]+)"', HTML)
    assert "/static/page.js" in wanted
    for path in wanted:
        assert path.startswith("/")
        if path.startswith("/static/"):
            assert (STATIC / path.removeprefix("/static/")).is_file()
    for name, script in SCRIPTS.items():
        for path in re.findall(r'from "([^"]+)"', script):
            assert path.removeprefix("./") in SCRIPTS, f"{name} imports {path}"


def test_nothing_is_inline():
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|javascript:", HTML)
    assert not re.search(r"url\(\s*[\"']?(?!#)|@import", STYLE.replace('url("#', "url(#"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_write_text_and_never_markup(name):
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\(\"style"
    assert not re.search(forbidden, SCRIPTS[name])


def test_every_element_that_a_script_names_is_on_the_page():
    ids = set(re.findall(r'\sid="([^"]+)"', HTML))
    used = {name for script in SCRIPTS.values() for name in re.findall(r'\$\("([^"]+)"\)', script)}
    assert used
    assert used <= ids


def test_every_level_has_a_look():
    assert all(re.search(rf"\.level\.{name}\b", STYLE) for name in LEVEL_NAMES.values())


def test_every_state_and_completeness_has_a_word():
    words = SCRIPTS["format.js"]
    for name in State:
        assert re.search(rf"^\s+{name}: \"", words, re.MULTILINE), name
    for name, text in PUBLISHES.items():
        assert f'{name}: "{text}"' in words, "the same words as in the terminal and on the boards"
