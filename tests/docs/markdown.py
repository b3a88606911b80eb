"""The pages of the project as the tests read them: blocks of code, code within lines, links, headings."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "alerting/**/*.md", "grafana/**/*.md")
    for path in ROOT.glob(pattern)
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"(?<!\\)\]\(([^()\s]+)\)")


def codes(text: str) -> list[str]:
    """What stands as code in a text, which may go over the end of a line."""
    return [" ".join(code.split()) for code in _CODE.findall(text)]


class Block(NamedTuple):
    """A block of code: in which page, of which language, and its text."""

    page: str
    language: str
    text: str


class Page(NamedTuple):
    """A page: its name below the project's folder, its text, and that without blocks of code."""

    name: str
    text: str
    prose: str

    @property
    def blocks(self):
        return [
            Block(self.name, language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
            for indent, language, text in _FENCE.findall(self.text)
        ]

    @property
    def codes(self):
        return codes(self.prose)

    def rows(self, head):
        """The cells of each row of the table whose first column has this head."""
        _, found, rest = self.text.partition(f"\n| {head} |")
        assert found, f"{self.name} has no table with {head}"
        body, _, _ = rest.partition("\n\n")
        return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in body.splitlines()[2:]]

    @property
    def links(self):
        return _LINK.findall(_CODE.sub("", self.prose))

    @property
    def anchors(self):
        """What a link may lead to: the headings, as GitHub makes anchors of them."""
        found = []
        for heading in re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE):
            plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
            anchor = plain.replace(" ", "-")
            found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
        return found


@cache
def page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    return Page(str(path.relative_to(ROOT)), text, _FENCE.sub("", text))


def pages():
    return [page(path) for path in PAGES]


def blocks(*languages):
    """Every block of code in one of the languages."""
    return [block for each in pages() for block in each.blocks if block.language in languages]
