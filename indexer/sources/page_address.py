"""Makes a page's public address of the source's `url`, the page's path and what its head says."""

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from indexer.heads.front_matter import FrontMatter
from indexer.sources.base import Entry

if TYPE_CHECKING:  # pydantic takes as long to import as reading a page does
    from bot.config.sources import SourceSettings

# Names of files that stand for their folder.
INDEX_NAMES: Final = {"index", "readme", "_index"}
_PLACE: Final = re.compile(r"\{(path|stem|name)\}")
_SAFE: Final = "/~@!$&'*+,;=:"
# As Docusaurus sorts pages: `01-intro`, and no date or version.
_NUMBERED: Final = re.compile(r"^(?!\d+(?:[-.]\d)+)\d+\s*[-_.]+\s*(?=[^-_.\s])")


def url_of(template: str, entry: Entry, rule: str = "", head: FrontMatter | None = None) -> str:
    """Make a page's public address without an anchor, as each chunk has its own; "" where nothing tells it.

    `template` is the source's `url`, `rule` the software that shows the page. For {stem} or {name} the head's `slug`,
    `permalink` or `url` comes first: an address on the site, never another site's.
    """
    if entry.url or not template:
        return entry.url
    docusaurus = rule == "docusaurus"
    stem = re.sub(r"\.[^./]+$", "", entry.path)
    parts = [_NUMBERED.sub("", part) if docusaurus else part for part in stem.split("/")]
    if docusaurus and head and head.id and "/" not in head.id:
        parts[-1] = head.id
    elif parts[-1].lower() in INDEX_NAMES:
        parts = [*parts[:-1], *_index_file(parts[-1], rule, template)]
    stem = "/".join(parts)
    template = template.replace("#{anchor}", "")
    if head and head.address:
        folder = entry.path.rpartition("/")[0] if not docusaurus else "/".join(parts[: entry.path.count("/")])
        if rule == "hugo" and entry.path.rpartition("/")[2].lower().startswith("index."):
            folder = folder.rpartition("/")[0]  # a bundle's folder is its page
        home = "/".join(_index_file("index", rule, template))
        stem = home if head.address == "/" else _said(head.address, folder, template) or stem
    if not stem:
        template = template.replace("/{stem}/", "/")
    values = {"path": entry.path, "stem": stem, "name": stem.rpartition("/")[2]}
    return _PLACE.sub(lambda match: quote(values[match[1]], safe=_SAFE), template)


def _index_file(name: str, rule: str, template: str) -> list[str]:
    """Name a folder's own page as its address has it; nothing where addresses have no ending."""
    if not template.rpartition("}")[2].startswith("."):
        return []
    return [name if rule == "sphinx" else "index"]


def rule_of(settings: "SourceSettings", entry: Entry) -> str:
    """Name the software whose rule makes the headings' anchors: as set, else by the address or the folder's files."""
    return settings.anchors or rule_of_address(settings.url) or entry.anchors


def rule_of_address(template: str) -> str:
    """Recognise GitHub or GitLab by a template's address: `github`, `gitlab`, or "" for any other."""
    if (
        re.search(r"//(?:www\.)?github\.com/|/(?:blob|tree)/[^/]+/\{path\}", template)
        and "/-/" not in template
    ):
        return "github"
    return "gitlab" if "/-/blob/" in template or "/-/tree/" in template else ""


def _said(address: str, folder: str, template: str) -> str:
    """Make what stands at {stem} of a head's address; "" for another site's, or one with names only a generator knows."""
    parsed = urlsplit(address)
    if parsed.scheme or parsed.netloc:
        site = urlsplit(template)
        if (parsed.scheme, parsed.netloc) != (site.scheme, site.netloc):
            return ""
        address = parsed.path
    if re.search(r"(?:^|/):\w|[{}]", address):
        return ""
    ending = template.rpartition("}")[2]
    path = address if address.startswith("/") else posixpath.join("/", folder, address)
    path = posixpath.normpath(path).strip("/")
    base = urlsplit(template[: template.find("{")]).path.strip("/")
    if address.startswith("/") and base and (path == base or path.startswith(f"{base}/")):
        path = path[len(base) :].strip("/")  # a path on the whole site: the template begins with a part of it
    return path.removesuffix(ending) if ending.startswith(".") else path
