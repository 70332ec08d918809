#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The style of the house as a test (standard library only, a few seconds).

    tools/tidy.py             checks the working tree; prints `path:line: what is wrong`; exit 1 if any
    tools/tidy.py --diagram   rewrites the arrow diagram in ARCHITECTURE.md

What is checked stands in STYLE.md. Every message says what to write instead. A finding that has to
stay goes into EXCEPTIONS below, with its number; the numbers may only shrink.
"""

import argparse
import bisect
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

# --- the exceptions: they may only shrink ------------------------------------------------------

# (rule, path) -> the largest value allowed: lines of a file ("file-lines") or a folder's files
# ("folder-files"); of all functions in a file, the longest ("function-lines"), the deepest
# ("nesting"), the most parameters ("parameters"). Smaller by now? The check asks to lower it.
EXCEPTIONS = {
}

# (rule, path) pairs whose findings are wanted, each with its reason.
PERMITTED = {
    ("print", "src/base/result.cpp"): "CHECK must not depend on the log",
    ("clock", "src/base/clock.h"): "the place where time enters",
    ("clock", "src/base/clock.cpp"): "the place where time enters",
}

# --- the house ---------------------------------------------------------------------------------

LADDER = ["base", "stats", "vectors", "records", "tasks", "ports", "rooms", "loop", "gateway", "app"]
SOURCE_ROOTS = ("src", "tests", "bench", "tools", "examples", "python")
FORBIDDEN_NAME_WORDS = {"util", "helper", "common", "misc", "manager", "handler", "processor", "data", "info"}
LIMITS = {"function-lines": 70, "nesting": 3, "parameters": 5, "folder-files": 30}

# Vendor header (a prefix of what stands in the include) -> folders below src/ that may see it.
VENDORS = {
    "boost/": ("gateway/http", "ports/notify/slack", "ports/vault/s3", "ports/sources/web"),
    "openssl/": ("base", "gateway/http", "ports/notify/slack", "ports/vault/s3", "ports/sources/web"),
    "simdjson": ("base", "gateway"),
    "nlohmann/": ("base/json.h", "base/json_value.h"),
    "sqlite3.h": ("ports/ledger/sqlite", "ports/sources/sql"),
    "libpq": ("ports/ledger/postgres", "ports/sources/sql"),
    "arrow/": ("ports/columns/parquet",),
    "parquet/": ("ports/columns/parquet",),
    "torch/": ("ports/engine/torch",),
    "ATen/": ("ports/engine/torch",),
    "c10/": ("ports/engine/torch",),
    "openvino/": ("ports/engine/openvino",),
    "spdlog/": ("base", "app"),
    "toml++/": ("base", "app"),
    "CLI/": ("app",),
    "date/": ("base",),
    "xxhash.h": ("base",),
    "utf8proc.h": ("base",),
    "re2/": ("rooms/capture/privacy",),
    "unicode/": ("base",),
    "sodium": ("base", "ports"),
    "zlib.h": ("base", "ports", "gateway/http"),
    "zstd.h": ("base", "ports"),
    "hnswlib/": ("vectors",),
    "jpeglib.h": ("tasks/image",),
    "turbojpeg.h": ("tasks/image",),
    "spng.h": ("tasks/image",),
    "webp/": ("tasks/image",),
    "concurrentqueue": ("rooms/serving", "rooms/capture"),
    "readerwriterqueue": ("rooms/serving", "rooms/capture"),
    "immintrin.h": ("vectors", "ports/engine/linear", "gateway/infer"),
    "arm_neon.h": ("vectors", "ports/engine/linear"),
}
# What stands like an adapter, but is what the adapters beside it are made of.
SHARED_BY_ADAPTERS = ("ports/engine/worker",)
TEST_VENDORS = ("gtest/", "gmock/", "rapidcheck", "benchmark/")
HEAVY = ("boost/", "nlohmann/json.hpp", "simdjson", "arrow/", "parquet/", "torch/", "CLI/", "toml++/", "spdlog/", "fmt/")

# rule, pattern in code (comments and literals blanked), what to write instead, where it is at home.
FORBIDDEN_CODE = [
    ("clock", r"\bsystem_clock\b|\bgettimeofday\s*\(", "system time; take a Clock (base/clock.h)", ()),
    ("random", r"\bmt19937\w*|\brandom_device\b|(?<![\w.>])s?rand\s*\(|\b\w+_distribution\s*<|#\s*include\s*<random>",
     "std randomness; take an Rng (base/rng.h)", ()),
    ("print", r"\bstd::(?:cout|cerr|clog)\b|\b(?:std|fmt)::print(?:ln)?\s*\(|(?<![\w.>:])(?:std::)?(?:f?printf|f?puts|putchar)\s*\(",
     "output outside app; use log_event (base/log.h)", ("src/app/", "bench/", "tools/", "examples/")),
    ("throw", r"\bthrow\b", "throw outside an adapter; return an Error (base/result.h)",
     ("src/ports/*/*/", "src/gateway/http/", "tests/")),
    ("new", r"(?<!operator )\bnew\b(?=\s*[\w:(\[])", "naked new; use std::make_unique", ()),
    ("delete", r"(?<!operator )\bdelete\b(?:\s*\[\s*\])?\s*[\w:(*]", "naked delete; use std::unique_ptr", ()),
    ("regex", r"\bstd::w?s?c?regex\w*|#\s*include\s*<regex>", "std::regex is slow and throws; write a small parser", ()),
    ("assert", r"(?<![\w.>])assert\s*\(", "assert vanishes in release builds; use CHECK (base/result.h)", ()),
    ("number", r"\bstd::sto(?:i|l|ll|ul|ull|f|d|ld)\s*\(", "std::sto* throws; use std::from_chars", ()),
    ("pickle", r"\bpickle\b", "pickle runs code when it is loaded; use safetensors or JSON", ()),
]
MACHINE_TRACES = [
    ("machine-path", re.compile(r"(?<![\w.~/-])/(?:work|root|home/\w+)/"), "a path of one machine; write it relative"),
    ("registry", re.compile(r"https?://(?:[\w-]+\.)*(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)"),
     "a registry's address; use the client as it is configured"),
]
DIAGRAM_BEGIN = "<!-- diagram:begin -->"
DIAGRAM_END = "<!-- diagram:end -->"


@dataclass
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}  [{self.rule}]"


# --- reading C++ without a parser --------------------------------------------------------------

TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | (?P<include>^[ \t]*\#[ \t]*include[^\n]*)
      | (?P<raw>\bR"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>(?<![\w])\.?[0-9](?:'?[\w.])*)
      | (?P<char>'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


@dataclass
class Source:
    """One file, and its code with comments and literals blanked; offsets and lines stay the same."""

    path: str
    text: str
    code: str = ""
    comments: list = field(default_factory=list)  # (offset, text)
    newlines: list = field(default_factory=list)

    def __post_init__(self):
        self.newlines = [m.start() for m in re.finditer("\n", self.text)]
        self.code = TOKEN.sub(self._replace, self.text)

    def _replace(self, match):
        token = match.group(0)
        if match.group("comment"):
            self.comments.append((match.start(), token))
            return _blank(token)
        if match.group("include"):
            return token.split("//")[0].ljust(len(token))
        if match.group("number"):
            return token.replace("'", "0")
        return token[0] + _blank(token[1:-1]) + token[-1]

    def line_of(self, offset):
        return bisect.bisect_left(self.newlines, offset) + 1

    def line_count(self):
        return self.text.count("\n") + (not self.text.endswith("\n") and bool(self.text))


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes_of(source):
    """(line, name, is_quoted) of each include."""
    return [(source.line_of(m.start()), m.group(2), m.group(1) == '"') for m in INCLUDE.finditer(source.code)]


TEST_HEADERS = set()  # headers that only tests include; filled by check_tree


def test_headers_of(sources):
    """Headers below src/ that tests include and nothing else does: fixtures."""
    by_tests, by_others = set(), set()
    for source in sources:
        for _, name, quoted in includes_of(source):
            if quoted and source.path != "src/" + name:
                (by_tests if is_test_code(source.path) else by_others).add("src/" + name)
    return by_tests - by_others


def is_test_code(path):
    return path in TEST_HEADERS or bool(re.search(r"_(?:test|bench|fuzz)\.(?:cpp|h)$", path)) or path.startswith(("tests/", "bench/", "examples/"))


def rung_of(path):
    """'rooms' for src/rooms/release/gate.cpp or rooms/release/gate.h; '' when it is on no rung."""
    first = path.removeprefix("src/").split("/")[0]
    return first if first in LADDER else ""


def place_of(path):
    """The room, port or adapter a file stands in: its folder below src/."""
    return os.path.dirname(path.removeprefix("src/"))


# --- functions: where they begin and end, how deep, how many parameters ------------------------


@dataclass
class Function:
    line: int
    lines: int
    nesting: int
    parameters: int
    name: str


CONTROL = re.compile(r"^(?:\}?\s*else\b\s*)?(?:if|for|while|switch|do|try|catch)\b|^\}?\s*else\b")
CONTINUES = re.compile(r"^(?:\}\s*)?(?:else|catch)\b")
TYPE_OR_SPACE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern|concept)\b")
LABELS = re.compile(r"^(?:\s|public\s*:|private\s*:|protected\s*:|case\b[^:{}]*(?:::[^:{}]*)*:(?!:)|default\s*:)*")
ATTRIBUTES = re.compile(r"\[\[[^\]]*\]\]")


def strip_template(head):
    """Without leading `template <...>` and `requires ...` before the declaration."""
    while (match := re.match(r"\s*template\s*<", head)) is not None:
        depth, at = 1, match.end()
        while at < len(head) and depth:
            depth += (head[at] == "<") - (head[at] == ">" and head[at - 1] != "-")
            at += 1
        head = head[at:]
    return head


def parameter_list(head):
    """(name, parameters) of a function's declarator; None when there is none."""
    for match in re.finditer(r"(operator\s*(?:\(\s*\)|[^\s\w(]+|\w+)|~?[A-Za-z_]\w*)\s*\(", head):
        name = match.group(1)
        if name in ("requires", "noexcept", "decltype", "alignas", "explicit", "__attribute__", "sizeof"):
            continue
        depth, angle, commas, at = 1, 0, 0, match.end()
        begin = at
        while at < len(head) and depth:
            char = head[at]
            depth += (char in "([{") - (char in ")]}")
            if char == "<" and head[at - 1] != "<":
                angle += 1
            elif char == ">" and head[at - 1] != "-":
                angle = max(0, angle - 1)
            elif char == "," and depth == 1 and angle == 0:
                commas += 1
            at += 1
        inside = head[begin : at - 1].strip()
        return name, (commas + 1 if inside and inside != "void" else 0)
    return None


def kind_of_brace(head, inside_function):
    """What a `{` opens, from the text since the last `;`, `{` or `}`."""
    head = LABELS.sub("", ATTRIBUTES.sub(" ", head)).strip()
    if inside_function:
        if CONTROL.match(head):
            return "continues" if CONTINUES.match(head) and not re.match(r"\}?\s*else\s+if", head) else "control"
        return "other"
    declaration = strip_template(head).strip()
    if not declaration.startswith("(") and TYPE_OR_SPACE.search(declaration.split("(")[0]):
        return "scope"
    flat = declaration
    while (flatter := re.sub(r"\([^()]*\)", " ", flat)) != flat:
        flat = flatter  # default arguments are no initialisers
    if re.search(r"(?<![=!<>])=", flat) and not re.search(r"\boperator\s*[-+*/%^&|=<>!]", flat):
        return "other"
    return "function" if parameter_list(declaration) is not None else "other"


def _is_initialiser(head):
    """`: member_{value}, other_(x)`: a brace that initialises a member, not the body."""
    colon = re.search(r"\)\s*(?:noexcept\s*)?:(?!:)", head)
    return colon is not None and re.search(r"[\w>]\s*$", head) is not None


def functions_of(source):
    """The functions with a body, outermost only (what lambdas and local types hold counts as theirs)."""
    found, stack, begin = [], [], 0
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: _blank(m.group(0)), source.code, flags=re.MULTILINE)
    depth, deepest, open_function, parens = 0, 0, None, 0
    for match in re.finditer(r"[{};()]", code):
        char, at = match.group(0), match.start()
        if char in "()":
            parens += 1 if char == "(" else -1
            continue
        if char == ";":
            begin = begin if parens > 0 else at + 1  # `for (;;)`
            continue
        if char == "{":
            head = code[begin:at]
            if open_function is None and (parens > 0 or _is_initialiser(head)):
                stack.append(("initialiser", parens))
                continue
            kind = kind_of_brace(head, open_function is not None)
            if kind == "function":
                lead = len(head) - len(LABELS.sub("", head).lstrip())
                open_function = (len(stack), at, begin + lead, strip_template(LABELS.sub("", ATTRIBUTES.sub(" ", head))))
                deepest = 0
            stack.append((kind, parens))
            parens = 0
            if kind in ("control", "continues"):
                depth = sum(1 for k, _ in stack if k in ("control", "continues"))
                deepest = max(deepest, depth)
            begin = at + 1
            continue
        if not stack:
            continue
        kind, parens = stack.pop()
        if kind != "initialiser":
            begin = at + 1
        if open_function is not None and len(stack) == open_function[0]:
            _, brace, _, head = open_function
            name, parameters = parameter_list(head) or ("", 0)
            lines = source.line_of(at) - source.line_of(brace) - 1
            found.append(Function(source.line_of(brace), max(lines, 0), deepest, parameters, name))
            open_function = None
    return found


# --- checks of one file ------------------------------------------------------------------------


def check_header(source):
    lines = source.text.split("\n")
    if source.path.endswith(".h"):
        if not lines[0].startswith("#pragma once"):
            yield Finding(source.path, 1, "pragma", "a header's first line is `#pragma once`")
        if len(lines) < 3 or not lines[2].startswith("//"):
            yield Finding(source.path, 3, "paragraph", "a header says in one paragraph what it is, who calls it, which thread may")
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
        yield Finding(source.path, 1, "spdx", "missing `SPDX-License-Identifier: Apache-2.0` in the first lines")


def check_name(path):
    base = os.path.basename(path)
    stem = base.rsplit(".", 1)[0]
    if base in ("CMakeLists.txt",) or not path.endswith((".h", ".cpp", ".py", ".sh")):
        return
    if not re.fullmatch(r"_*[a-z0-9]+(?:_[a-z0-9]+)*_*", stem):
        yield Finding(path, 1, "name", "file names are snake_case")
    for word in stem.split("_"):
        if word in FORBIDDEN_NAME_WORDS or word.removesuffix("s") in FORBIDDEN_NAME_WORDS:
            yield Finding(path, 1, "name", f"'{word}' is no name: it attracts strangers; name the noun it holds")


TYPE_NAME = re.compile(r"\b(?:class|struct|enum\s+class|enum)\s+(?:\[\[\w+\]\]\s*)?([A-Z]\w*)\s*(?:final\s*)?[:{]")


def check_type_names(source):
    for match in TYPE_NAME.finditer(source.code):
        last = re.findall(r"[A-Z][a-z0-9]*", match.group(1))[-1:]
        if last and last[0].lower().removesuffix("s") in FORBIDDEN_NAME_WORDS:
            yield Finding(source.path, source.line_of(match.start()), "name",
                          f"'{last[0]}' is no last word of a type's name; name the noun it is")


def _at_home(path, homes):
    """homes are prefixes; `*` stands for one folder."""
    for home in homes:
        if re.match(re.escape(home).replace(r"\*", "[^/]+"), path):
            return True
    return False


COMPILED = [(rule, re.compile(pattern), instead, homes) for rule, pattern, instead, homes in FORBIDDEN_CODE]
# A private constructor: std::unique_ptr<T>(new T(...)) is owned before anything can fail.
OWNED_AT_ONCE = re.compile(r"\b(?:unique_ptr|shared_ptr)<[^;{}]*>\s*\w*[({]\s*$")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\s*\(#\d+\))")
USING = re.compile(r"\busing\s+namespace\s+([\w:]+)")


def check_words(source):
    for rule, pattern, instead, homes in COMPILED:
        if _at_home(source.path, homes):
            continue
        for match in pattern.finditer(source.code):
            if rule == "print" and is_test_code(source.path) and "_bench" in source.path:
                continue
            if rule in ("throw", "number") and is_test_code(source.path):
                continue
            if rule == "new" and OWNED_AT_ONCE.search(source.code[max(0, match.start() - 200) : match.start()]):
                continue
            if rule == "delete" and re.search(r"=\s*$", source.code[: match.start()]):
                continue
            yield Finding(source.path, source.line_of(match.start()), rule, instead)
    for match in USING.finditer(source.code):
        literals = re.fullmatch(r"std::(?:\w+::)*\w*literals", match.group(1))
        if not literals or source.path.endswith(".h"):
            yield Finding(source.path, source.line_of(match.start()), "using", "`using namespace`; name what you use")
    for offset, comment in source.comments:
        for match in UNFINISHED.finditer(comment):
            yield Finding(source.path, source.line_of(offset + match.start()), "todo",
                          f"{match.group(0)} without an issue; do it now or open one and write (#number)")


def check_properties(source):
    """rc::check only answers whether it held; gtest must be told."""
    for match in re.finditer(r"(?<![(=!\w])\s*\brc::check\s*\(", source.code):
        if not re.search(r"(?:[(=!&|]|\breturn)\s*$", source.code[: match.start()]):
            yield Finding(source.path, source.line_of(match.end()), "property",
                          "rc::check alone cannot fail a test; write EXPECT_TRUE(rc::check(...)) or RC_GTEST_PROP")


def check_ladder(source):
    """The ladder of includes; only for files below src/."""
    own = rung_of(source.path)
    if not source.path.startswith("src/") or not own:
        return
    for line, name, quoted in includes_of(source):
        rung = rung_of(name)
        if not rung or (not quoted and "/" not in name):
            continue
        if not quoted:
            yield Finding(source.path, line, "include", f'our headers stand in quotes: "{name}"')
            continue
        yield from _check_arrow(source.path, own, line, name, rung)


def _check_arrow(path, own, line, name, rung):
    if LADDER.index(rung) > LADDER.index(own):
        yield Finding(path, line, "ladder", f"{own} stands below {rung} and must not include {name}")
    own_parts, parts = path.removeprefix("src/").split("/"), name.split("/")
    if own == rung == "rooms" and own_parts[1] != parts[1]:
        yield Finding(path, line, "rooms", f"a room never includes another ({name}); rooms meet in records and ports")
    adapter = "/".join(parts[:3]) if rung == "ports" and len(parts) >= 4 else ""
    if adapter in SHARED_BY_ADAPTERS and own_parts[:2] == parts[:2]:
        adapter = ""
    if adapter and own != "app" and not is_test_code(path) and "/".join(own_parts[:3]) != adapter:
        yield Finding(path, line, "adapter", f"only app names the adapter {adapter}; take the port {'/'.join(parts[:2])}")
    if own == "rooms" and parts[:2] == ["ports", "journal"] and own_parts[1] != "capture" and not is_test_code(path):
        yield Finding(path, line, "writer", "only the room capture writes the journal; read through CapturedRows (ports/recorder.h)")


def check_vendors(source):
    if not source.path.startswith("src/"):
        return
    below = source.path.removeprefix("src/")
    for line, name, quoted in includes_of(source):
        if quoted and rung_of(name):
            if name == "base/json_value.h" and source.path.endswith(".h"):
                yield Finding(source.path, line, "heavy", "base/json_value.h only in .cpp; base/json.h declares the type")
            continue
        for prefix, homes in VENDORS.items():
            if name.startswith(prefix) and not any(below == home or below.startswith(home + "/") for home in homes):
                yield Finding(source.path, line, "vendor", f"<{name}> is seen only in {', '.join(homes)}")
        if name.startswith(TEST_VENDORS) and not is_test_code(source.path):
            yield Finding(source.path, line, "vendor", f"<{name}> is seen only in tests and benchmarks")
        if source.path.endswith(".h") and name.startswith(HEAVY) and below != "base/json_value.h":
            yield Finding(source.path, line, "heavy",
                          f"<{name}> is heavy: not in a header that other folders include; hide it in the .cpp")


def without_private_headers(findings, sources):
    """Heavy headers may stand in a header that only its own folder includes."""
    included_from = {}
    for source in sources:
        for _, name, quoted in includes_of(source):
            if quoted:
                included_from.setdefault("src/" + name, set()).add(os.path.dirname(source.path))
    return [f for f in findings if f.rule != "heavy" or not f.text.startswith("<")
            or included_from.get(f.path, set()) - {os.path.dirname(f.path)}]


def check_rooms_take_records(source):
    """A room sees the ledger only as Reader<Record> and Writer<Record>."""
    if not source.path.startswith("src/rooms/") or is_test_code(source.path):
        return
    for match in re.finditer(r"\bLedger\s*[&*]", source.code):
        yield Finding(source.path, source.line_of(match.start()), "ledger",
                      "a room takes Reader<Record> and Writer<Record>, never the ledger")


def sizes_of(source):
    """(rule, line, value, limit, text) for what is measured in one file."""
    limit = 600 if is_test_code(source.path) else 200 if source.path.endswith(".h") else 400
    yield "file-lines", 1, source.line_count(), limit, "lines in the file"
    for function in functions_of(source):
        yield ("function-lines", function.line, function.lines, LIMITS["function-lines"],
               f"lines in the function {function.name}")
        yield ("nesting", function.line, function.nesting, LIMITS["nesting"],
               f"control blocks inside each other in {function.name}")
        if function.name[:1].isupper() and source.path.startswith(("src/rooms/", "src/loop/")):
            continue  # a room's constructor is its data-flow diagram: as long as it has to be
        yield ("parameters", function.line, function.parameters, LIMITS["parameters"],
               f"parameters of {function.name}; make them a struct")


def check_sizes(measured, exceptions):
    """measured: (rule, path, line, value, limit, text). Applies limits and the ratchet."""
    worst = {}
    for rule, path, line, value, limit, text in measured:
        allowed = exceptions.get((rule, path), limit)
        worst[rule, path] = max(worst.get((rule, path), 0), value)
        if value > allowed:
            yield Finding(path, line, rule, f"{value} {text}; at most {allowed}")
    for (rule, path), allowed in exceptions.items():
        now = worst.get((rule, path))
        if now is None or now < allowed:
            need = "is not needed" if now is None else f"may shrink to {now} (or go, at the limit)"
            yield Finding("tools/tidy.py", 1, "ratchet", f"the exception ({rule}, {path}): {allowed} {need}")


# --- checks of the whole tree ------------------------------------------------------------------

OWNED_BY = re.compile(r"Written by (?:the room )?(\w+)/? only")


def owners_of(sources):
    """Record -> the folder that writes it, from the sentence in each records header."""
    owners = {}
    for source in sources:
        if not source.path.startswith("src/records/") or not source.path.endswith(".h"):
            continue
        comment = re.sub(r"\s+", " ", " ".join(text.lstrip("/ ") for _, text in source.comments))
        match = OWNED_BY.search(comment)
        folder = match and (match.group(1) if match.group(1) in ("loop", "gateway") else "rooms/" + match.group(1))
        for record in re.finditer(r"\bstruct\s+(\w+)\s*\{", source.code):
            tail = source.code[record.end() :]
            if "kTable" in tail[: tail.find("};") if "};" in tail else None]:
                owners[record.group(1)] = (folder, source.path, source.line_of(record.start()))
    return owners


def check_writers(sources):
    """Each record has exactly one writing room."""
    owners = owners_of(sources)
    for record, (folder, path, line) in owners.items():
        if not folder:
            yield Finding(path, line, "writer", f"the header of {record} does not say 'Written by the room NAME only'")
    folders = {place_of(s.path) for s in sources if s.path.startswith("src/") and not is_test_code(s.path)}
    written = set()
    for source in sources:
        if not source.path.startswith("src/") or is_test_code(source.path):
            continue
        for match in re.finditer(r"\bWriter<\s*(?:flywheel::)?(\w+)\s*>", source.code):
            folder = owners.get(match.group(1), (None,))[0]
            if folder is None:
                continue
            if place_of(source.path) == folder or place_of(source.path).startswith(folder + "/"):
                written.add(match.group(1))
            elif rung_of(source.path) != "app":
                yield Finding(source.path, source.line_of(match.start()), "writer",
                              f"{match.group(1)} is written by {folder} only; take a Reader<{match.group(1)}>")
    for record, (folder, path, line) in owners.items():
        if folder in folders and record not in written:
            yield Finding(path, line, "writer", f"no Writer<{record}> in {folder}, which its header names as its writer")


def folder_sizes(paths):
    counts = {}
    for path in paths:
        if path.startswith("src/") and path.endswith((".h", ".cpp")) and not is_test_code(path):
            counts[os.path.dirname(path)] = counts.get(os.path.dirname(path), 0) + 1
    for folder, count in counts.items():
        yield "folder-files", folder, 1, count, LIMITS["folder-files"], "files in the folder; a noun is missing, make it a folder"


def check_traces(path, text):
    for rule, pattern, instead in MACHINE_TRACES:
        for match in pattern.finditer(text):
            yield Finding(path, text.count("\n", 0, match.start()) + 1, rule, instead)


LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(?:#[^)]*)?\)")


def check_links(path, text, exists):
    """Relative links of a Markdown file lead somewhere. Code blocks are not read."""
    prose = re.sub(r"^```.*?^```", lambda m: _blank(m.group(0)), text, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`\n]*`", lambda m: _blank(m.group(0)), prose)
    for match in LINK.finditer(prose):
        if not exists(os.path.normpath(os.path.join(os.path.dirname(path), match.group(1)))):
            yield Finding(path, text.count("\n", 0, match.start()) + 1, "link", f"the link leads nowhere: {match.group(1)}")


def check_readmes(paths):
    """Each room has a README of five headings."""
    rooms = {"/".join(p.split("/")[:3]) for p in paths if p.startswith("src/rooms/") and p.count("/") >= 3}
    for room in sorted(rooms):
        if room + "/README.md" not in paths:
            yield Finding(room, 1, "readme", "a room has a README.md: Takes, Makes, Promises, Fails when, Files")


def check_readme_form(path, text):
    if not re.fullmatch(r"src/rooms/\w+/README\.md", path):
        return
    headings = [h.strip() for h in re.findall(r"^##+ (.+)$", text, re.MULTILINE)]
    wanted = ["Takes", "Makes", "Promises", "Fails when", "Files"]
    if headings != wanted:
        yield Finding(path, 1, "readme", f"the headings are {', '.join(wanted)}; these are {', '.join(headings) or 'none'}")
    if text.count("\n") > 40:
        yield Finding(path, 41, "readme", f"a room's README has at most 40 lines, this one {text.count(chr(10))}")


# --- the arrow diagram -------------------------------------------------------------------------


def arrows_of(sources):
    """node -> nodes it includes. A node is a rung, a room, a port, or an adapter."""
    arrows = {}
    for source in sources:
        if not source.path.startswith("src/") or not rung_of(source.path) or is_test_code(source.path):
            continue
        here = _node(source.path.removeprefix("src/"))
        arrows.setdefault(here, set())
        for _, name, quoted in includes_of(source):
            if quoted and rung_of(name) and _node(name) != here:
                arrows[here].add(_node(name))
    for there in list(arrows.values()):
        for node in there:
            arrows.setdefault(node, set())
    return arrows


def _node(path):
    parts = path.split("/")[:-1]
    return "/".join(parts[:3]) if parts[0] == "ports" else "/".join(parts[:2])


def reduced(arrows):
    """Without the arrows that a longer way already says (transitive reduction)."""
    def reach_of(node):
        seen, waiting = set(), sorted(arrows.get(node, ()))
        while waiting:
            there = waiting.pop()
            if there not in seen:
                seen.add(there)
                waiting += sorted(arrows.get(there, ()))
        return seen

    reach = {node: reach_of(node) for node in arrows}
    return {node: {there for there in wanted
                   if not any(there in reach.get(other, ()) for other in wanted if other != there)}
            for node, wanted in arrows.items()}


def with_one_app(arrows):
    """The folders of app/ call each other (the demo is a command that composes a project), so they are one node."""
    merged = {}
    for node, wanted in arrows.items():
        name = "app" if node.startswith("app") else node
        merged.setdefault(name, set()).update("app" if there.startswith("app") else there for there in wanted)
    merged.get("app", set()).discard("app")
    return merged


def diagram(sources):
    """Mermaid text: every include arrow between rooms that a longer way does not already say."""
    arrows = reduced(with_one_app(arrows_of(sources)))

    def identifier(node):
        return node.replace("/", "_")

    lines = ["```mermaid", "flowchart BT"]
    for rung in LADDER:
        nodes = sorted(node for node in arrows if node.split("/")[0] == rung)
        if len(nodes) > 1:
            lines.append(f"    subgraph {rung}_rung [{rung}]")
        indent = "        " if len(nodes) > 1 else "    "
        lines += [f"{indent}{identifier(node)}[{node.removeprefix('rooms/').removeprefix('ports/')}]" for node in nodes]
        if len(nodes) > 1:
            lines.append("    end")
    for node in sorted(arrows, key=lambda n: (LADDER.index(n.split("/")[0]), n)):
        lines += [f"    {identifier(node)} --> {identifier(there)}" for there in sorted(arrows[node])]
    return "\n".join([*lines, "```"])


def check_diagram(text, wanted):
    begin, end = text.find(DIAGRAM_BEGIN), text.find(DIAGRAM_END)
    if begin < 0 or end < begin:
        yield Finding("ARCHITECTURE.md", 1, "diagram", f"the lines `{DIAGRAM_BEGIN}` and `{DIAGRAM_END}` are missing")
    elif text[begin + len(DIAGRAM_BEGIN) : end].strip() != wanted:
        line = text.count("\n", 0, begin) + 1
        yield Finding("ARCHITECTURE.md", line, "diagram", "the arrows have changed; run `tools/tidy.py --diagram`")


def write_diagram(root, wanted):
    path = os.path.join(root, "ARCHITECTURE.md")
    if not os.path.exists(path):
        print(wanted)
        return 0
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = text.find(DIAGRAM_BEGIN), text.find(DIAGRAM_END)
    if begin < 0 or end < begin:
        print(f"ARCHITECTURE.md has no lines `{DIAGRAM_BEGIN}` and `{DIAGRAM_END}` to write between", file=sys.stderr)
        return 1
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{text[: begin + len(DIAGRAM_BEGIN)]}\n{wanted}\n{text[end:]}")
    return 0


# --- the tree ----------------------------------------------------------------------------------


def files_below(root):
    """What git tracks or would track; without git, everything outside build folders."""
    try:
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"],
                                cwd=root, capture_output=True, check=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, below, files in os.walk(root):
            below[:] = [b for b in below if b not in ("build", ".git", ".venv", ".cache", "node_modules", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted({n for n in names if os.path.isfile(os.path.join(root, n))})


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def check_source(source):
    yield from check_header(source)
    yield from check_type_names(source)
    yield from check_words(source)
    yield from check_properties(source)
    yield from check_ladder(source)
    yield from check_vendors(source)
    yield from check_rooms_take_records(source)


def read_sources(root, paths):
    """All C++ sources; notes which headers are for tests only, as the arrows leave them out."""
    sources = [Source(p, read(root, p)) for p in paths if p.endswith((".h", ".cpp")) and p.startswith(SOURCE_ROOTS)]
    TEST_HEADERS.clear()
    TEST_HEADERS.update(h for h in test_headers_of(sources) if h.removesuffix(".h") + ".cpp" not in paths)
    return sources


def own_diagram(sources):
    return diagram([source for source in sources if source.path.startswith("src/")])


def check_tree(root, exceptions=None):
    """All findings, and the number of files read."""
    paths = [p for p in files_below(root) if not p.startswith("web/node_modules/")]
    sources = read_sources(root, paths)
    documents = {p: read(root, p) for p in paths if p.endswith((".md", ".sh", ".txt", ".cmake", ".json", ".toml", "Makefile", ".py"))}
    findings, measured = [], list(folder_sizes(paths))
    for source in sources:
        findings += check_source(source)
        findings += check_traces(source.path, source.text)
        measured += [(rule, source.path, *rest) for rule, *rest in sizes_of(source)]
    for path, text in documents.items():
        if path not in ("tools/tidy.py", "tools/tidy_test.py"):
            findings += check_traces(path, text)
        if path.endswith(".md"):
            findings += check_links(path, text, lambda p: os.path.exists(os.path.join(root, p)))
            findings += check_readme_form(path, text)
        if path.endswith((".py", ".sh")) and not any("SPDX-License-Identifier" in line for line in text.split("\n")[:3]):
            findings.append(Finding(path, 1, "spdx", "missing `SPDX-License-Identifier: Apache-2.0` in the first lines"))
    for path in paths:
        if path.startswith(SOURCE_ROOTS):
            findings += check_name(path)
    findings = without_private_headers(findings, sources)
    findings += check_readmes(set(paths))
    findings += check_writers(sources)
    findings += check_sizes(measured, EXCEPTIONS if exceptions is None else exceptions)
    if "ARCHITECTURE.md" in documents:
        findings += check_diagram(documents["ARCHITECTURE.md"], own_diagram(sources))
    findings = [f for f in findings if (f.rule, f.path) not in PERMITTED]
    return sorted(findings, key=lambda f: (f.path, f.line, f.rule)), len(paths)


def main():
    parser = argparse.ArgumentParser(description="Checks the style of the house; see STYLE.md.")
    parser.add_argument("--diagram", action="store_true", help="rewrite the arrow diagram in ARCHITECTURE.md")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options = parser.parse_args()
    root = os.path.normpath(options.root)
    if options.diagram:
        return write_diagram(root, own_diagram(read_sources(root, files_below(root))))
    findings, count = check_tree(root)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings in {count} files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
