#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one C++ source of the files of the built page, for gateway/page.

    tools/pack_web.py FOLDER OUT.cpp

Beside OUT.cpp it writes OUT.bin: every file plain, then compressed where that is shorter; the source brings it in as it is.
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
}

SOURCE = """// Made by tools/pack_web.py.
#include <array>

#include "gateway/page/page_files.h"

__asm__(".section .rodata\\n"
        ".balign 16\\n"
        "flywheel_page_bytes:\\n"
        ".incbin \\"{bin}\\"\\n"
        ".byte 0\\n"
        ".previous\\n");

extern "C" const char flywheel_page_bytes[] __attribute__((visibility("hidden")));

namespace flywheel::gateway {{

namespace {{

std::string_view bytes(std::size_t begin, std::size_t size) {{
    return {{flywheel_page_bytes + begin, size}};
}}

}}  // namespace

std::span<const PageFile> page_files() {{
    static const std::array<PageFile, {count}> files = {{{{
{rows}
    }}}};
    return files;
}}

}}  // namespace flywheel::gateway
"""


def packed(folder):
    """(rows of the table, all bytes)"""
    rows, everything = [], bytearray()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        kind = TYPES.get(file.suffix)
        if kind is None:
            sys.exit(f"pack_web: no content type is known for {file.name}; add it to TYPES")
        plain = file.read_bytes()
        shorter = gzip.compress(plain, 9, mtime=0)
        if len(shorter) >= len(plain) * 0.95:
            shorter = b""
        name = "/" + file.relative_to(folder).as_posix()
        for_ever = name.startswith("/assets/")
        places = []
        for part in (plain, shorter):
            places.append(f"bytes({len(everything)}, {len(part)})")
            everything += part
        tag = hashlib.sha256(plain).hexdigest()[:32]
        path = "/" if name == "/index.html" else name
        rows.append(f'        {{"{path}", "{kind}", {places[0]}, {places[1]}, "\\"{tag}\\"", {str(for_ever).lower()}}},')
    return sorted(rows), bytes(everything)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if not (folder / "index.html").is_file():
        sys.exit(f"pack_web: there is no index.html in {folder}")
    rows, everything = packed(folder)
    binary = out.with_suffix(".bin")
    binary.write_bytes(everything)
    out.write_text(SOURCE.format(bin=binary.as_posix(), count=len(rows), rows="\n".join(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
