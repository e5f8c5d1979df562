"""Looks into one PDF in a process of its own: `python -I pdf_child.py FILE` prints findings as JSON.

It limits its own memory and processor time before it opens the file, so a hostile file kills this process and no other.
Nothing of Django or the portal is imported here.
"""

import json
import resource
import sys
import zlib
from collections.abc import Iterator
from typing import Any

MEMORY = 1024**3
SECONDS = 20
ACTIVE_KEYS = {"/JS", "/JavaScript", "/Launch", "/XFA", "/RichMedia", "/AA"}
ACTIVE_ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition"}
MAX_DEPTH = 64
# A viewer unpacks what the check need not: pages, forms, fonts. No honest document comes near; pictures have their own.
MOST_UNPACKED = 200 * 1024**2
MOST_DOTS = 1_000_000_000
PIECE = 1024**2


def limit() -> None:
    """Bound this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def inspect(path: str) -> dict[str, object]:
    """Return {"ok": true, findings} or {"ok": false, "problem": code, "detail": text}."""
    import pikepdf  # noqa: PLC0415 -- imported under the limits

    try:
        pdf = pikepdf.open(path, attempt_recovery=False)
    except pikepdf.PasswordError:
        return {"ok": False, "problem": "encrypted"}
    except pikepdf.PdfError as error:
        return {"ok": False, "problem": "broken", "detail": str(error)[:300]}
    with pdf:
        if pdf.is_encrypted:
            return {"ok": False, "problem": "encrypted"}
        pages = len(pdf.pages)
        if not pages:
            return {"ok": False, "problem": "no_pages"}
        found = walk(pdf, pikepdf)
        if found["embedded"]:
            return {"ok": False, "problem": "embedded_files"}
        if unpacks_too_far(pdf, pikepdf):
            return {"ok": False, "problem": "too_complex", "detail": "unpacks too far"}
        if found["active"]:
            return {"ok": False, "problem": "active_content", "detail": ", ".join(sorted(found["active"]))}
        return {
            "ok": True,
            "pages": pages,
            "version": str(pdf.pdf_version),
            "signature_fields": found["signatures"],
            "signatures": signatures(path) if found["signatures"] else [],
            "warnings": [str(w)[:200] for w in pdf.get_warnings()[:5]],
        }


def signatures(path: str) -> list[dict[str, Any]]:
    """List the digital signatures: signer, issuer, claimed time, intact or modified. Offline: revocation unknown."""
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 -- slow to import, few files are signed
        from pyhanko.sign.validation import validate_pdf_signature  # noqa: PLC0415
        from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

        rows = []
        with open(path, "rb") as source:
            for item in PdfFileReader(source, strict=False).embedded_signatures[:20]:
                rows.append(signature(item, validate_pdf_signature, ValidationContext(allow_fetching=False)))
        return rows
    except Exception as error:  # noqa: BLE001 -- an unreadable signature is told, the file itself is sound
        return [{"signer": "", "intact": False, "problem": f"{type(error).__name__}"[:100]}]


def signature(item: Any, validate: Any, context: Any) -> dict[str, Any]:
    """Return what one signature says."""
    status = validate(item, context)
    subject, issuer = item.signer_cert.subject.native, item.signer_cert.issuer.native
    claimed = status.signer_reported_dt
    return {
        "signer": str(subject.get("common_name", ""))[:200],
        "organisation": str(subject.get("organization_name", ""))[:200],
        "issuer": str(issuer.get("common_name", ""))[:200],
        "claimed_at": claimed.isoformat() if claimed else "",
        "intact": bool(status.intact and status.valid),
        "modified_after": status.modification_level is not None and status.modification_level.name == "OTHER",
    }


def walk(pdf: Any, pikepdf: Any) -> dict[str, Any]:
    """Look at every object of the file, and at what lies directly in it, for active content and embedded files."""
    found: dict[str, Any] = {"active": set(), "embedded": False, "signatures": 0}
    for thing in pdf.objects:
        look(thing, pikepdf, found, 0)
    return found


def unpacks_too_far(pdf: Any, pikepdf: Any) -> bool:
    """Whether the streams that are no pictures unpack to more than the limit, or a picture has too many dots."""
    room = MOST_UNPACKED
    for thing in pdf.objects:
        if not isinstance(thing, pikepdf.Stream):
            continue
        if str(thing.get("/Subtype", "")) == "/Image":
            if int(thing.get("/Width", 0)) * int(thing.get("/Height", 0)) > MOST_DOTS:
                return True
            continue
        room -= unpacked_size(thing, pikepdf, room)
        if room < 0:
            return True
    return False


def unpacked_size(stream: Any, pikepdf: Any, room: int) -> int:
    """Return how far the Flate filters that come first unpack a stream; stops as soon as it is more than the room."""
    filters = stream.get("/Filter", [])
    names = [str(filters)] if isinstance(filters, pikepdf.Name) else [str(name) for name in filters]
    raw = bytes(stream.read_raw_bytes())
    pieces: Iterator[bytes] = (raw[start : start + PIECE] for start in range(0, len(raw), PIECE))
    for name in names:
        if name not in {"/FlateDecode", "/Fl"}:
            break
        pieces = inflated(pieces)
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > room:
            break
    return size


def inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack piece by piece, at most `PIECE` bytes at once; ends where the data is damaged, as viewers do."""
    unpacker = zlib.decompressobj()
    try:
        for piece in pieces:
            rest = piece
            while rest:
                yield unpacker.decompress(rest, PIECE)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        return


def look(thing: Any, pikepdf: Any, found: dict[str, Any], depth: int) -> None:
    """Look at one object and its direct children; indirect ones are visited by `walk`."""
    if depth > MAX_DEPTH:
        found["active"].add("nesting")
        return
    if isinstance(thing, pikepdf.Array):
        children = list(thing)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        judge(thing, pikepdf, found)
        children = [thing.get(key) for key in thing.keys()]  # noqa: SIM118 -- a pikepdf object is no mapping
    else:
        return
    for child in children:
        if isinstance(child, pikepdf.Object) and not child.is_indirect:
            look(child, pikepdf, found, depth + 1)


def judge(thing: Any, pikepdf: Any, found: dict[str, Any]) -> None:
    """Note what one dictionary holds that evidence must not hold, and filled signature fields."""
    keys = set(thing.keys())
    found["active"].update(keys & ACTIVE_KEYS)
    action = thing.get("/S")
    if isinstance(action, pikepdf.Name) and str(action) in ACTIVE_ACTIONS:
        found["active"].add(str(action))
    if "/EmbeddedFiles" in keys or "/EF" in keys or str(thing.get("/Type", "")) == "/EmbeddedFile":
        found["embedded"] = True
    if str(thing.get("/FT", "")) == "/Sig" and "/V" in keys:
        found["signatures"] += 1


def main() -> int:
    """Inspect the file named on the command line."""
    limit()
    try:
        result = inspect(sys.argv[1])
    except MemoryError:
        result = {"ok": False, "problem": "too_complex"}
    except Exception as error:  # noqa: BLE001 -- whatever a hostile file provokes is a refusal, not a crash
        result = {"ok": False, "problem": "broken", "detail": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.write(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
