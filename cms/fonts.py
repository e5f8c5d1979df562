"""The web fonts: Be Vietnam Pro cut down to Latin and Vietnamese, with tabular figures and a matched fallback."""

from __future__ import annotations

import hashlib
import logging
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.ttLib import TTFont

# The library tells every glyph at the level of information.
logging.getLogger("fontTools").setLevel(logging.WARNING)

FAMILY = "Be Vietnam Portal"
WEIGHTS = {400: "BeVietnamPro-Regular.ttf", 600: "BeVietnamPro-SemiBold.ttf", 700: "BeVietnamPro-Bold.ttf"}
RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x192, 0x192),
    (0x1A0, 0x1A1),
    (0x1AF, 0x1B0),
    (0x2C6, 0x2DD),
    (0x300, 0x309),
    (0x323, 0x323),
    (0x1EA0, 0x1EF9),
    (0x2010, 0x2026),
    (0x2030, 0x203A),
    (0x20AB, 0x20AC),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
    (0x2212, 0x2215),
    (0x2260, 0x2265),
)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FIGURE_BEARING = 20
# Raised when the making of the fonts changes, so that they are made again.
FORMAT_VERSION = "5"
# Ordinary text of the portal, to compare the width of this face with that of the fallback.
SAMPLE = "Chỉ số cải cách hành chính của các bộ, cơ quan ngang bộ và tỉnh, thành phố trực thuộc trung ương năm 2024"
# Mean advance of the sample in Arial, in parts of the em.
FALLBACK_WIDTH = {400: 0.4629, 600: 0.4977, 700: 0.4977}


def source_files() -> dict[int, Path]:
    """The fonts of the package by weight."""
    folder = resources.files("fontpkg_be_vietnam_pro") / "files"
    return {weight: Path(str(folder / name)) for weight, name in WEIGHTS.items()}


def build_fonts(target: Path, *, force: bool = False) -> bool:
    """Write the WOFF2 files, their style sheet and their licence into the folder; return whether anything was made."""
    files = source_files()
    digest = hashlib.sha256(FORMAT_VERSION.encode())
    for path in files.values():
        digest.update(path.read_bytes())
    stamp = target / "fonts.stamp"
    if not force and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    target.mkdir(parents=True, exist_ok=True)
    rules = []
    for weight, path in files.items():
        font = subset_font(path)
        name = f"be-vietnam-{weight}.woff2"
        font.flavor = "woff2"
        font.save(target / name)
        rules.append(face_rules(weight, name, font))
    (target / "fonts.css").write_text("\n".join(rules) + "\n", encoding="utf-8")
    licence = resources.files("fontpkg_be_vietnam_pro") / "LICENSE"
    (target / "OFL.txt").write_text(licence.read_text(encoding="utf-8"), encoding="utf-8")
    stamp.write_text(digest.hexdigest())
    return True


def subset_font(path: Path) -> TTFont:
    """Return the font cut down to Latin and Vietnamese, with figures of equal width behind the feature `tnum`.

    The face has no tabular figures of its own; copies of the ten digits on one advance width are added, so that columns
    of points stand on the decimal comma.
    """
    options = subset.Options(layout_features=["ccmp", "locl", "liga", "kern", "mark", "mkmk", "case"], hinting=False)
    font = TTFont(path, lazy=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    cutter.subset(font)
    _add_tabular_figures(font)
    for record in list(font["name"].names):
        if record.nameID in {1, 4, 16}:
            font["name"].setName(FAMILY, record.nameID, record.platformID, record.platEncID, record.langID)
    return font


def _add_tabular_figures(font: TTFont) -> None:
    glyphs, metrics = font["glyf"], font["hmtx"]
    # As narrow as the widest figure allows: the one of this face is slim and would stand in a hole.
    width = max(glyphs[name].xMax - glyphs[name].xMin for name in DIGITS) + 2 * FIGURE_BEARING
    for name in DIGITS:
        bearing = metrics[name][1]
        drawn = glyphs[name].xMax - glyphs[name].xMin
        shift = (width - drawn) // 2 - bearing
        glyphs[f"{name}.tnum"] = _shifted(glyphs[name], glyphs, shift)
        metrics[f"{name}.tnum"] = (width, bearing + shift)
    font.setGlyphOrder(glyphs.glyphOrder)
    rules = " ".join(f"sub {name} by {name}.tnum;" for name in DIGITS)
    kept = font.get("GSUB")
    addOpenTypeFeaturesFromString(font, f"feature tnum {{ {rules} }} tnum;", tables=["GSUB"])
    if kept is not None:
        _join_feature(kept.table, font["GSUB"].table)
        font["GSUB"] = kept


def _join_feature(table: Any, added: Any) -> None:
    """Append the one lookup and feature of `added` to `table`, for every script and language."""
    lookups, features = table.LookupList, table.FeatureList
    record = added.FeatureList.FeatureRecord[0]
    record.Feature.LookupListIndex = [len(lookups.Lookup)]
    lookups.Lookup.append(added.LookupList.Lookup[0])
    lookups.LookupCount = len(lookups.Lookup)
    index = len(features.FeatureRecord)
    features.FeatureRecord.append(record)
    features.FeatureCount = len(features.FeatureRecord)
    for script in table.ScriptList.ScriptRecord:
        for language in [script.Script.DefaultLangSys, *(item.LangSys for item in script.Script.LangSysRecord)]:
            if language is not None:
                language.FeatureIndex.append(index)
                language.FeatureCount = len(language.FeatureIndex)


def _shifted(glyph: Any, glyphs: Any, shift: int) -> Any:
    copied = deepcopy(glyph)
    copied.expand(glyphs)
    if copied.isComposite():
        for component in copied.components:
            component.x += shift
    else:
        copied.coordinates.translate((shift, 0))
    copied.recalcBounds(glyphs)
    return copied


def mean_width(font: TTFont) -> float:
    """The mean advance of ordinary Vietnamese text, in parts of the em."""
    cmap, metrics = font.getBestCmap(), font["hmtx"]
    return sum(metrics[cmap[ord(letter)]][0] for letter in SAMPLE) / len(SAMPLE) / font["head"].unitsPerEm


def face_rules(weight: int, name: str, font: TTFont) -> str:
    """The font face of one weight and a fallback of matched width and height, so that nothing jumps when it arrives."""
    adjust = mean_width(font) / FALLBACK_WIDTH[weight]
    em = font["head"].unitsPerEm
    ascent, descent = font["hhea"].ascent / em / adjust, -font["hhea"].descent / em / adjust
    locals_ = ("Arial", "Liberation Sans") if weight == 400 else ("Arial Bold", "Liberation Sans Bold")
    source = ", ".join(f'local("{local}")' for local in locals_)
    return (
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; font-display: swap; '
        f'src: url("{name}") format("woff2"); }}\n'
        f'@font-face {{ font-family: "{FAMILY} Fallback"; font-weight: {weight}; src: {source}; '
        f"size-adjust: {adjust * 100:.2f}%; ascent-override: {ascent * 100:.2f}%; "
        f"descent-override: {descent * 100:.2f}%; line-gap-override: 0%; }}"
    )
