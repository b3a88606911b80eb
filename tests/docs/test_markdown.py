"""What the other tests of the pages rely on."""

from tests.docs.markdown import Page, pages

TEXT = """\
# One thing

See [a](b.md#c-d), `code over
two lines`, ``not ` this``, `[no](link)`.

## `key` of **two** things: x_y

1. In a list:

   ```sh
   make run
     more
   ```

```yaml
a: 1
```

## One thing
"""
PAGE = Page("x.md", TEXT, TEXT.partition("1. In")[0] + "\n## One thing\n")


def test_blocks_lose_their_indent():
    assert [(block.language, block.text) for block in PAGE.blocks] == [("sh", "make run\n  more\n"), ("yaml", "a: 1\n")]


def test_code_links_and_anchors():
    assert PAGE.codes == ["code over two lines", "[no](link)", "key"]
    assert PAGE.links == ["b.md#c-d"]
    assert PAGE.anchors == ["one-thing", "key-of-two-things-x_y", "one-thing-1"]


def test_every_kind_of_page_is_read():
    names = {page.name for page in pages()}
    assert {"README.md", "METRICS.md", "docs/storage.md", "docs/decisions/README.md", "alerting/runbooks.md"} <= names
