"""Opens Office files: zip files of XML parts that refer to each other."""

import io
import posixpath
import re
import zipfile
from typing import Final
from urllib.parse import unquote

from lxml import etree

from indexer.converters.result import Unreadable

# A zip's directory tells what it unpacks to. Real documents are far below both.
_MOST_UNPACKED: Final = 300_000_000
_MOST_RATIO: Final = 300
_SMALL: Final = 5_000_000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DTD: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MAIN_PARTS: Final = ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml")
_PAGE: Final = re.compile(r"/(?:worksheet|slide)$")
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME: Final = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_TRANSITIONAL: Final = rb"http://schemas.openxmlformats.org/\1/2006/"


def check(data: bytes) -> None:
    """Raise Unreadable for what is no Office file, or unpacks to a dangerous size."""
    if data.startswith(_OLE):
        raise Unreadable("it is encrypted, or of an Office older than 2007")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            unpacked = sum(item.file_size for item in items)
            if unpacked > _MOST_UNPACKED or (unpacked > _SMALL and unpacked > _MOST_RATIO * len(data)):
                raise Unreadable(f"it would unpack to {unpacked / 1e6:,.0f} MB")
            if any(item.flag_bits & 1 for item in items):
                raise Unreadable("it is encrypted")
            for item in items:
                # Office writes no DTD; one is there to define entities that grow.
                if item.filename.endswith((".xml", ".rels")) and _has_dtd(archive, item):
                    raise Unreadable("it defines XML entities, which no Office document does")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Unreadable("it is damaged, or no Office file: save it anew, or leave it out") from error


def mended(data: bytes) -> tuple[bytes, list[str]]:
    """Repair a file so that the libraries can read it; list its pages that are missing.

    The libraries know only the usual namespaces, not those of Office's "strict" files, and raise for a part that is
    referred to but isn't there.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        strict = any(_STRICT in archive.read(name) for name in _MAIN_PARTS if name in names)
        missing: list[str] = []
        changed: dict[str, bytes] = {}
        for name in names:
            if name.endswith(".rels") and (root := parsed(archive.read(name))) is not None:
                gone = [one for one in root if _is_missing(one, name, names)]
                for one in gone:
                    root.remove(one)
                missing += [one.get("Target", "") for one in gone if _PAGE.search(one.get("Type", ""))]
                if gone:
                    changed[name] = _written(root)
                    of = _owner(name)
                    if of in _MAIN_PARTS and of in names:
                        changed[of] = _without(archive.read(of), {one.get("Id", "") for one in gone})
        if not (strict or changed):
            return data, []
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as copy:
            for name in archive.namelist():
                part = changed.get(name) or archive.read(name)
                xml = strict and name.endswith((".xml", ".rels"))
                copy.writestr(name, _STRICT_NAME.sub(_TRANSITIONAL, part) if xml else part)
    return packed.getvalue(), sorted(missing)


def _written(root: etree._Element) -> bytes:
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _owner(relations: str) -> str:
    """Find the part whose relationships a `_rels/….rels` lists."""
    folder, name = posixpath.split(relations)
    return posixpath.join(posixpath.dirname(folder), name.removesuffix(".rels"))


def _without(part: bytes, relations: set[str]) -> bytes:
    """Remove sheets, slides and links that aren't there from the main part."""
    root = parsed(part)
    if root is None:
        return part
    for element in list(root.iter()):
        parent = element.getparent()
        if parent is not None and any(
            str(name).endswith("}id") and value in relations for name, value in element.attrib.items()
        ):
            parent.remove(element)
    return _written(root)


def _is_missing(relation: etree._Element, of: str, names: set[str]) -> bool:
    target = relation.get("Target", "")
    if relation.get("TargetMode") == "External" or not target or target.startswith("#"):
        return False
    return _resolved(posixpath.dirname(_owner(of)), target) not in names


def _resolved(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, unquote(target.partition("#")[0]))).lstrip("/")


def _has_dtd(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bool:
    with archive.open(item) as part:
        return _DTD.search(part.read(4096)) is not None


def parsed(data: bytes) -> etree._Element | None:
    """Parse an XML part; None for one without any element."""
    return etree.fromstring(data, etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True))


def is_on(said: str | None) -> bool:
    """Read an XML boolean attribute that is false where it is missing."""
    return said in {"1", "true"}


def related(archive: zipfile.ZipFile, path: str, kind: str) -> list[str]:
    """List the parts that a part refers to by relationships whose type ends with `kind`, if they are there."""
    folder, name = posixpath.split(path)
    names = set(archive.namelist())
    relations = f"{folder}/_rels/{name}.rels"
    root = parsed(archive.read(relations)) if relations in names else None
    targets = [
        _resolved(folder, one.get("Target", ""))
        for one in (root if root is not None else ())
        if one.get("Type", "").endswith(kind) and one.get("TargetMode") != "External"
    ]
    return [target for target in targets if target in names]
