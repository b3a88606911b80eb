"""Links lead somewhere, pictures are shown, and every page can be reached from the README."""

import re

import pytest

from tests.docs.markdown import ROOT, page, pages

each_page = pytest.mark.parametrize("each", pages(), ids=lambda each: each.name)


def targets(each):
    """The files that a page links to, with the anchors."""
    for link in each.links:
        if not link.startswith(("http://", "https://", "mailto:")):
            name, _, anchor = link.partition("#")
            yield (ROOT / each.name).parent.joinpath(name).resolve() if name else ROOT / each.name, anchor


@each_page
def test_links_lead_somewhere(each):
    for path, anchor in targets(each):
        assert path.exists(), path
        if anchor:
            assert anchor in page(path).anchors, f"{path}#{anchor}"


@each_page
def test_files_that_are_named_are_there(each):
    """Of the names in code, those that are paths below one of the project's folders."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"data"}
    for code in each.codes:
        name, _, version = code.partition(":")
        folder, slash, _ = name.partition("/")
        if slash and folder in folders and re.fullmatch(r"[\w./-]+", name) and not version[:1].isdigit():
            assert (ROOT / name).exists() or "NAME" in name or name.startswith("alerting/secrets/"), code


def test_every_picture_is_shown():
    shown = {path for each in pages() for path, _ in targets(each)}
    assert {path.resolve() for path in (ROOT / "docs/images").iterdir()} <= shown


def test_every_page_can_be_reached_from_the_readme():
    waiting, reached = [ROOT / "README.md"], set()
    while waiting:
        path = waiting.pop()
        if path not in reached and path.suffix == ".md":
            reached.add(path)
            waiting += [target for target, _ in targets(page(path))]
    unlinked = {each.name for each in pages()} - {str(path.relative_to(ROOT)) for path in reached}
    assert unlinked <= {"alerting/secrets/README.md"}, "it is there to keep the folder"
