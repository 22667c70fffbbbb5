"""XMP, a picture's description in XML (ISO 16684-1), without what is not true of a result.

Left out are pictures of the photo, and what is said of its size, its turn and its colour space.
"""

from __future__ import annotations

from xml.dom import Node
from xml.dom.minidom import Attr, Document, Element, parseString
from xml.parsers.expat import ExpatError

MAX_BYTES = 65_504  # that fit in a segment of a JPEG, all that most programs write
MAX_DEPTH = 100  # elements in each other
_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
# Namespaces of pictures and maps beside or inside the photo: thumbnails, depth, motion photos, maps of the light
_PICTURES = {
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/image/",
    "http://ns.google.com/photos/1.0/audio/",
    "http://ns.adobe.com/xmp/note/",  # names the rest of a description that did not fit, which is not kept
}
_DROPPED = {
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
    *((_TIFF, name) for name in ("Orientation", "ImageWidth", "ImageLength", "BitsPerSample", "SamplesPerPixel")),
    *((_EXIF, name) for name in ("PixelXDimension", "PixelYDimension", "ColorSpace")),
    ("http://ns.adobe.com/photoshop/1.0/", "ICCProfile"),
}


def portable_xmp(packet: bytes | None) -> bytes | None:
    """What of an XMP ``packet`` is true of any file with this picture upright; None: nothing, or it is damaged.

    Packets over `MAX_BYTES`, with a document type or of more than `MAX_DEPTH` levels count as damaged.
    """
    if packet is None or len(packet) > MAX_BYTES or b"<!DOCTYPE" in packet:
        return None
    try:
        document = parseString(packet.strip(b"\0 \r\n\t"))
    except (ExpatError, ValueError, LookupError):  # the latter two for its encoding
        return None
    if not _clean(document):
        return None
    kept = "".join(node.toxml() for node in document.childNodes).encode("utf-8", "replace")
    return kept if len(kept) <= MAX_BYTES else None


def _clean(document: Document) -> bool:
    """Remove what is to be dropped; returns False if the elements are too deep in each other."""
    pending: list[tuple[Element, int]] = [
        (node, 1) for node in document.childNodes if node.nodeType == Node.ELEMENT_NODE
    ]
    while pending:
        element, depth = pending.pop()
        if depth > MAX_DEPTH:
            return False
        for attribute in _attributes(element):
            if _is_dropped(attribute):
                element.removeAttributeNode(attribute)
        for node in list(element.childNodes):
            if node.nodeType != Node.ELEMENT_NODE:
                continue
            if _is_dropped(node):
                element.removeChild(node)
            else:
                pending.append((node, depth + 1))
    return True


def _attributes(element: Element) -> list[Attr]:
    found = (element.attributes.item(number) for number in range(element.attributes.length))
    return [attribute for attribute in found if isinstance(attribute, Attr)]


def _is_dropped(node: Attr | Element) -> bool:
    return node.namespaceURI in _PICTURES or (node.namespaceURI, node.localName) in _DROPPED
