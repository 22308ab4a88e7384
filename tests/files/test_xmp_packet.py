"""XMP packets: prefixes that belong to the packet, equal bytes in every thread, hostile XML."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from llflow_photo.files.metadata.xmp_packet import NAMESPACES, Packet, qualified
from llflow_photo.files.metadata.xmp_photo import PhotoXmp
from llflow_photo.files.metadata.xmp_settings import settings_of, with_settings_packet

RDF = NAMESPACES["rdf"]
SECRET = "urn:not-to-be-read"


def upright_packet(packet: bytes, notes: list[str]) -> bytes | None:
    """A packet as a photo that was upright already carries it."""
    return PhotoXmp(packet, None, notes).packet(1, 64, 48)


def _packet(attributes: str = "", body: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" {attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def _foreign(prefix: str, uri: str) -> bytes:
    return _packet(f'xmlns:{prefix}="{uri}" {prefix}:Pick="2"')


def test_threads_get_the_bytes_that_one_thread_gets() -> None:
    """Photos whose packets use one prefix for different namespaces, and one namespace under many prefixes."""
    packets = [_foreign("mine", f"urn:one-of-many:{number}/") for number in range(4)]
    packets += [_foreign(f"p{number}", "urn:shared/") for number in range(4)]

    def told(packet: bytes) -> bytes:
        upright = upright_packet(packet, [])
        return with_settings_packet(upright, {"seed": 1}, "llflow-photo")

    alone = [told(packet) for packet in packets]
    for packet, expected in zip(packets, alone, strict=True):
        prefix = packet.split(b":Pick")[0].rsplit(b" ", 1)[1]
        assert prefix + b':Pick="2"' in expected
        assert b"<rdf:RDF" in expected and b"ns0" not in expected and b"ns1" not in expected
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(told, packets * 150))
    finally:
        sys.setswitchinterval(before)
    assert results == alone * 150


def test_a_packet_does_not_depend_on_the_packets_before_it() -> None:
    packet = _foreign("b", "urn:second/")
    first = upright_packet(packet, [])
    assert upright_packet(_foreign("b", "urn:first/"), []) != first
    assert upright_packet(_foreign("a", "urn:second/"), []) != first
    assert upright_packet(packet, []) == first


def test_writing_again_changes_nothing() -> None:
    once = with_settings_packet(_packet('xmlns:u="urn:u/" u:a="1"'), {"seed": 1}, "tool")
    assert with_settings_packet(once, {"seed": 1}, "tool") == once
    assert Packet.parse(once) is not None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_unicode(encoding: str) -> None:
    packet = _packet('xmlns:dc="http://purl.org/dc/elements/1.1/"', "<dc:source>Größe Ω</dc:source>")
    upright = upright_packet(packet.decode().encode(encoding), [])
    assert upright is not None and "Größe Ω".encode() in upright


def _hostile() -> dict[str, bytes]:
    entities = '<!DOCTYPE x [<!ENTITY a "boo">]>'
    nested = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(8))
    inner = _packet(body="<a>&a;</a>").decode()
    whole = entities + inner
    return {
        "entity": whole.encode(),
        "entity in UTF-16": whole.encode("utf-16"),
        "entity in UTF-16 that says so": ('<?xml version="1.0" encoding="UTF-16"?>' + whole).encode("utf-16"),
        "entity in UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>' + whole.encode("utf-7"),
        "many laughs": f'<!DOCTYPE x [<!ENTITY e0 "ha">{nested}]>{inner.replace("&a;", "&e8;")}'.encode(),
        "external": f'<!DOCTYPE x SYSTEM "{SECRET}">{inner}'.encode(),
        "external in UTF-16": f'<!DOCTYPE x SYSTEM "{SECRET}">{_packet().decode()}'.encode("utf-16"),
        "deep": _packet(body="<a>" * 100_000 + "</a>" * 100_000),
        "no XML": b"<broken",
        "no XMP": b"<html/>",
        "nothing": b"",
        "zeros": bytes(100),
        "unknown encoding": b'<?xml version="1.0" encoding="no-such"?>' + _packet(),
    }


@pytest.mark.parametrize("name", _hostile())
def test_hostile_packets_are_left_out_with_a_note(name: str) -> None:
    notes: list[str] = []
    assert upright_packet(_hostile()[name], notes) is None
    assert notes == ["the XMP packet is broken and was left out"]
    assert settings_of(_hostile()[name]) == {}


def test_external_entities_are_not_read_from_files(tmp_path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    uri = (tmp_path / "secret.txt").as_uri()
    packet = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{uri}">]>'.encode() + _packet(body="<a>&a;</a>")
    assert b"secret" not in with_settings_packet(packet, {"seed": 1}, "tool")


def test_settings_are_found_after_another_program_wrote_them_as_attributes() -> None:
    packet = _packet(f'xmlns:llflowphoto="{NAMESPACES["llflowphoto"]}" llflowphoto:seed="3"')
    assert settings_of(packet) == {"seed": "3"}
    assert settings_of(with_settings_packet(packet, {"seed": 4}, "tool")) == {"seed": "4"}


def test_properties_as_attributes_and_elements() -> None:
    xmp = f'xmlns:xmp="{NAMESPACES["xmp"]}"'
    first = Packet.parse(_packet(f'{xmp} xmp:Rating="5"', "<xmp:Label>red</xmp:Label>"))
    second = Packet.parse(_packet(xmp, "<xmp:Rating>1</xmp:Rating><xmp:Nickname>n</xmp:Nickname>"))
    assert first is not None and second is not None
    first.add_missing(second)
    names = ("xmp:Rating", "xmp:Label", "xmp:Nickname")
    assert [first.value(qualified(name)) for name in names] == ["5", "red", "n"]
    assert first.to_bytes().count(b"Rating") == 1
    assert first.set_where_present(qualified("xmp:Label"), "blue")
    assert not first.set_where_present(qualified("tiff:Orientation"), "1")
    again = Packet.parse(first.to_bytes())
    assert again is not None and again.value(qualified("xmp:Label")) == "blue"
    assert again.remove(lambda name: name == qualified("xmp:Nickname"))
    assert again.value(qualified("xmp:Nickname")) is None
    assert not again.remove(lambda name: False)


def test_declarations_that_nothing_uses_are_left_out() -> None:
    packet = _packet('xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="1"')
    assert b"camera-raw-settings" not in (upright_packet(packet, []) or b"")
