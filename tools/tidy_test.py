# SPDX-License-Identifier: Apache-2.0
"""Tests of tidy.py on small pieces of code: what must be found, and what must not."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy

HEAD = "#pragma once\n// SPDX-License-Identifier: Apache-2.0\n// What this is.\n"


def rules(path, text):
    """The rules that `text` breaks when it stands at `path`."""
    source = tidy.Source(path, text)
    found = [f.rule for f in [*tidy.check_source(source), *tidy.check_name(path)]]
    found += [f.rule for f in tidy.check_sizes([(r, path, *rest) for r, *rest in tidy.sizes_of(source)], {})]
    return found


def rules_of_code(code, path="src/base/thing.cpp"):
    return rules(path, "// SPDX-License-Identifier: Apache-2.0\n" + code)


def function_of(code):
    (function,) = tidy.functions_of(tidy.Source("src/base/x.cpp", code))
    return function


class Reading(unittest.TestCase):
    def test_blanks_comments_and_literals_and_keeps_lines(self):
        text = 'a; // new\n/* new\n new */ "new" \'n\' R"x(new\n")x" 1\'000\'000 u8\'x\' b;'
        code = tidy.Source("x.cpp", text).code
        self.assertNotIn("new", code)
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertEqual(len(code), len(text))
        self.assertTrue(code.endswith("b;"))

    def test_strings_do_not_begin_comments(self):
        self.assertEqual(rules_of_code('auto a = "http://x"; auto b = new X();\n'), ["new"])
        self.assertEqual(rules_of_code('auto a = "\\"//"; auto b = new X();\n'), ["new"])

    def test_functions_are_found_with_lines_nesting_and_parameters(self):
        rows = [
            ("void f() {}", "f", 0, 0, 0),
            ("int f(int a, std::map<int, int> b) {\n  return 1;\n}", "f", 1, 0, 2),
            ("void A::f(std::function<void(int, int)> g, int h) const noexcept {\n}", "f", 0, 0, 2),
            ("A::A(int x) : a_(x), b_{x, 1}, c_(g(x, 2)) {\n}", "A", 0, 0, 1),
            ("template <class T, class U>\n    requires std::is_enum_v<T>\nT f(U u) {\n}", "f", 0, 0, 1),
            ("bool operator()(int a, int b) const {\n}", "operator()", 0, 0, 2),
            ("bool operator==(const A& b) const {\n}", "operator==", 0, 0, 1),
            ("Result<A> f(const W<A>& w = {}, int b = 1) const {\n g(); }", "f", 0, 0, 2),
            ("[[nodiscard]] std::string f(B b) {\n}", "f", 0, 0, 1),
            ("TEST(Room, DoesIt) {\n  EXPECT_TRUE(1);\n}", "TEST", 1, 0, 2),
            ("void f() {\n if (a) {\n for (;;) {\n if (b) {\n }\n }\n }\n}", "f", 6, 3, 0),
            ("void f() {\n if (a) {\n } else if (b) {\n } else {\n }\n}", "f", 4, 1, 0),
            ("void f() {\n g([&](int x) {\n if (x) {\n }\n });\n}", "f", 4, 1, 0),
            ("void f() {\n switch (a) {\n case B::C: {\n if (d) {\n }\n }\n }\n}", "f", 6, 2, 0),
            ("auto f(A a, B b) -> Result<C> {\n}", "f", 0, 0, 2),
        ]
        for code, name, lines, nesting, parameters in rows:
            with self.subTest(code=code):
                got = function_of(code)
                self.assertEqual((got.name, got.lines, got.nesting, got.parameters), (name, lines, nesting, parameters))

    def test_what_is_no_function_is_none(self):
        for code in ("struct A { int a = 1; };", "enum class E { A, B };", "namespace a { int b; }",
                     "constexpr std::array<int, 2> kA = {1, 2};", "auto a = f(1) + g{2};", "class A : public B<C> { };",
                     "const Row rows[] = {{1, 2}, {f(3), 4}};", "int a{3};"):
            with self.subTest(code=code):
                self.assertEqual(tidy.functions_of(tidy.Source("x.cpp", code)), [])


class Ladder(unittest.TestCase):
    def test_includes_go_down(self):
        for path, name, wanted in [
            ("src/base/a.cpp", "records/example.h", ["ladder"]),
            ("src/stats/a.cpp", "vectors/dot.h", ["ladder"]),
            ("src/ports/vault/vault.h", "rooms/release/release.h", ["ladder"]),
            ("src/rooms/release/a.cpp", "loop/conductor.h", ["ladder"]),
            ("src/loop/a.cpp", "gateway/routes.h", ["ladder"]),
            ("src/records/example.h", "base/clock.h", []),
            ("src/loop/a.cpp", "rooms/release/release.h", []),
            ("src/ports/recorder.h", "ports/columns/columns.h", []),
            ("src/app/main.cpp", "gateway/routes.h", []),
        ]:
            with self.subTest(path=path, name=name):
                head = HEAD if path.endswith(".h") else "// SPDX-License-Identifier: Apache-2.0\n"
                self.assertEqual(rules(path, head + f'#include "{name}"\n'), wanted)

    def test_rooms_never_include_each_other(self):
        self.assertEqual(rules_of_code('#include "rooms/labeling/labeling.h"\n', "src/rooms/datasets/a.cpp"), ["rooms"])
        self.assertEqual(rules_of_code('#include "rooms/labeling/labeling.h"\n', "src/rooms/datasets/a_test.cpp"), ["rooms"])
        self.assertEqual(rules_of_code('#include "rooms/datasets/cut.h"\n', "src/rooms/datasets/a.cpp"), [])

    def test_only_app_and_tests_name_adapters(self):
        include = '#include "ports/ledger/sqlite/sqlite_ledger.h"\n'
        self.assertEqual(rules_of_code(include, "src/rooms/datasets/a.cpp"), ["adapter"])
        self.assertEqual(rules_of_code(include, "src/loop/a.cpp"), ["adapter"])
        self.assertEqual(rules_of_code(include, "src/rooms/datasets/a_test.cpp"), [])
        self.assertEqual(rules_of_code(include, "src/ports/ledger/sqlite/a.cpp"), [])
        self.assertEqual(rules_of_code(include, "src/app/a.cpp"), [])

    def test_only_capture_sees_the_journal(self):
        include = '#include "ports/journal/journal.h"\n'
        self.assertEqual(rules_of_code(include, "src/rooms/serving/a.cpp"), ["writer"])
        self.assertEqual(rules_of_code(include, "src/rooms/capture/a.cpp"), [])

    def test_includes_in_comments_do_not_count(self):
        self.assertEqual(rules_of_code('// #include "loop/conductor.h"\n/*\n#include "app/x.h"\n*/\n'), [])


    def test_a_header_that_only_tests_include_is_test_code(self):
        desk = tidy.Source("src/rooms/x/desk.h", '#include "base/a.h"\n')
        test = tidy.Source("src/rooms/x/x_test.cpp", '#include "rooms/x/desk.h"\n#include "rooms/x/x.h"\n')
        room = tidy.Source("src/rooms/x/x.cpp", '#include "rooms/x/x.h"\n')
        self.assertEqual(tidy.test_headers_of([desk, test, room]), {"src/rooms/x/desk.h"})


class Vendors(unittest.TestCase):
    def test_headers_stay_in_their_folders(self):
        for path, name, wanted in [
            ("src/rooms/capture/a.cpp", "sqlite3.h", ["vendor"]),
            ("src/ports/ledger/sqlite/a.cpp", "sqlite3.h", []),
            ("src/gateway/a.cpp", "boost/asio.hpp", ["vendor"]),
            ("src/gateway/http/a.cpp", "boost/asio.hpp", []),
            ("src/ports/columns/parquet/a.cpp", "arrow/api.h", []),
            ("src/ports/columns/columns.cpp", "arrow/api.h", ["vendor"]),
            ("src/loop/a.cpp", "nlohmann/json.hpp", ["vendor"]),
            ("src/loop/a.cpp", "fmt/format.h", []),
            ("src/app/a.cpp", "CLI/CLI.hpp", []),
            ("src/base/a.cpp", "gtest/gtest.h", ["vendor"]),
            ("src/base/a_test.cpp", "rapidcheck/gtest.h", []),
            ("src/base/a_bench.cpp", "benchmark/benchmark.h", []),
            ("src/base/a.cpp", "vector", []),
        ]:
            with self.subTest(path=path, name=name):
                self.assertEqual(rules_of_code(f"#include <{name}>\n", path), wanted)

    def test_heavy_headers_stay_out_of_headers_that_others_include(self):
        door = tidy.Source("src/gateway/http/server.h", HEAD + "#include <boost/asio.hpp>\n")
        self.assertEqual([f.rule for f in tidy.check_source(door)], ["heavy"])
        inside = tidy.Source("src/gateway/http/server.cpp", '#include "gateway/http/server.h"\n')
        outside = tidy.Source("src/gateway/routes.cpp", '#include "gateway/http/server.h"\n')
        findings = list(tidy.check_source(door))
        self.assertEqual(tidy.without_private_headers(findings, [door, inside]), [])
        self.assertEqual(len(tidy.without_private_headers(findings, [door, inside, outside])), 1)
        self.assertEqual(rules("src/loop/a.h", HEAD + '#include "base/json_value.h"\n'), ["heavy"])
        self.assertEqual(rules("src/base/json_value.h", HEAD + "#include <nlohmann/json.hpp>\n"), [])


class Words(unittest.TestCase):
    def test_forbidden_code_is_found(self):
        for code, wanted in [
            ("auto t = std::chrono::system_clock::now();", "clock"),
            ("std::mt19937_64 g(1);", "random"),
            ("std::random_device d;", "random"),
            ("int a = rand();", "random"),
            ("std::uniform_int_distribution<int> d(1, 2);", "random"),
            ("#include <random>", "random"),
            ("std::cout << 1;", "print"),
            ('std::fprintf(stderr, "x");', "print"),
            ('printf("x");', "print"),
            ('fmt::print("x");', "print"),
            ("throw 1;", "throw"),
            ("auto* a = new A();", "new"),
            ("delete a;", "delete"),
            ("delete[] a;", "delete"),
            ("std::regex r;", "regex"),
            ("assert(a);", "assert"),
            ("int a = std::stoi(s);", "number"),
            ("using namespace std;", "using"),
            ("// TODO: later", "todo"),
            ("/* FIXME */", "todo"),
        ]:
            with self.subTest(code=code):
                self.assertEqual(rules_of_code(code + "\n"), [wanted])

    def test_what_only_looks_like_it_is_not(self):
        for code in [
            "A(const A&) = delete;",
            "A& operator=(const A&) = delete;",
            "void* operator new(std::size_t size);",
            "void operator delete(void* p) noexcept;",
            "auto a = std::unique_ptr<A>(new A(1));",
            "std::unique_ptr<A> a(new A(1));",
            "std::snprintf(buffer, 3, f);",
            "log.print(1);",
            "bool throws = false; int renew = 1; int newest = 2;",
            "static_assert(sizeof(int) == 4);",
            "int operand(int x);",
            "using namespace std::chrono_literals;",
            "// see TODO(#12)",
            'log_info("TODO: new delete throw std::cout");',
            "auto my_rand(int x);",
            'mkdtemp("flywheel-XXXXXX");',
        ]:
            with self.subTest(code=code):
                self.assertEqual(rules_of_code(code + "\n"), [])

    def test_words_are_allowed_where_they_are_at_home(self):
        self.assertEqual(rules_of_code("std::cout << 1;\n", "src/app/main.cpp"), [])
        self.assertEqual(rules_of_code("throw 1;\n", "src/ports/ledger/sqlite/a.cpp"), [])
        self.assertEqual(rules_of_code("throw 1;\n", "src/gateway/http/a.cpp"), [])
        self.assertEqual(rules_of_code("throw 1;\n", "src/ports/ledger/a.cpp"), ["throw"])
        self.assertEqual(rules_of_code("throw 1;\n", "src/loop/a_test.cpp"), [])

    def test_a_property_that_nobody_asks_cannot_fail(self):
        self.assertEqual(rules_of_code("TEST(A, B) {\n  rc::check([] {});\n}\n", "src/base/a_test.cpp"), ["property"])
        self.assertEqual(rules_of_code("TEST(A, B) {\n  EXPECT_TRUE(rc::check([] {}));\n}\n", "src/base/a_test.cpp"), [])
        self.assertEqual(rules_of_code("TEST(A, B) {\n  ASSERT_TRUE(\n    rc::check([] {}));\n}\n", "src/base/a_test.cpp"), [])

    def test_using_literals_stays_out_of_headers(self):
        self.assertEqual(rules("src/base/a.h", HEAD + "using namespace std::literals;\n"), ["using"])


class Names(unittest.TestCase):
    def test_names_that_attract_strangers(self):
        for path, bad in [("src/base/string_util.cpp", True), ("src/base/helpers.cpp", True), ("src/loop/row_data.cpp", True),
                          ("src/base/dataset.cpp", False), ("src/loop/metadata_route.cpp", False), ("src/base/Clock.cpp", True),
                          ("src/base/utility_curve.cpp", False)]:
            with self.subTest(path=path):
                self.assertEqual(bool(list(tidy.check_name(path))), bad)

    def test_last_words_of_types(self):
        self.assertEqual(rules_of_code("class ModelManager {};\n"), ["name"])
        self.assertEqual(rules_of_code("struct RowInfo final : Base {};\n"), ["name"])
        self.assertEqual(rules_of_code("enum class LogLevel { Info };\nclass Metadata {};\nclass InfoPage {};\n"), [])

    def test_headers_begin_as_they_should(self):
        self.assertEqual(rules("src/base/a.h", HEAD), [])
        self.assertEqual(rules("src/base/a.h", "// x\n"), ["pragma", "paragraph", "spdx"])
        self.assertEqual(rules("src/base/a.cpp", "int a;\n"), ["spdx"])


class Sizes(unittest.TestCase):
    def test_limits(self):
        body = "  g();\n"
        self.assertEqual(rules_of_code("void f() {\n" + body * 70 + "}\n"), [])
        self.assertEqual(rules_of_code("void f() {\n" + body * 71 + "}\n"), ["function-lines"])
        self.assertEqual(rules_of_code("void f(int a, int b, int c, int d, int e, int f) {\n}\n"), ["parameters"])
        self.assertEqual(rules_of_code("Room::Room(A a, B b, C c, D d, E e, F f) {\n}\n", "src/rooms/x/a.cpp"), [])
        self.assertEqual(rules_of_code("void f() {\nif (a) {\nif (b) {\nif (c) {\nif (d) {\n}}}}}\n"), ["nesting"])
        self.assertEqual(rules_of_code("int a;\n" * 400), ["file-lines"])
        self.assertEqual(rules_of_code("int a;\n" * 500, "src/base/a_test.cpp"), [])
        self.assertEqual(rules("src/base/a.h", HEAD + "int a;\n" * 198), ["file-lines"])

    def test_exceptions_may_only_shrink(self):
        measured = [("file-lines", "a.cpp", 1, 450, 400, "lines")]
        check = lambda allowed: [f.rule for f in tidy.check_sizes(measured, {("file-lines", "a.cpp"): allowed})]
        self.assertEqual(check(450), [])
        self.assertEqual(check(449), ["file-lines"])
        self.assertEqual(check(451), ["ratchet"])
        gone = list(tidy.check_sizes([], {("file-lines", "gone.cpp"): 450}))
        self.assertEqual([f.rule for f in gone], ["ratchet"])

    def test_folders(self):
        found = list(tidy.check_sizes(tidy.folder_sizes([f"src/loop/a{i}.cpp" for i in range(31)]), {}))
        self.assertEqual([f.rule for f in found], ["folder-files"])


class Writers(unittest.TestCase):
    RECORD = tidy.Source("src/records/example.h", "// Example: one input. Written by the room\n// collection only.\n"
                         'struct Example {\n static constexpr std::string_view kTable = "example";\n};\n')

    def found(self, *sources):
        return [f.rule for f in tidy.check_writers([self.RECORD, *(tidy.Source(p, t) for p, t in sources)])]

    def test_owner_comes_from_the_records_header(self):
        self.assertEqual(tidy.owners_of([self.RECORD])["Example"][0], "rooms/collection")

    def test_one_room_writes(self):
        own = ("src/rooms/collection/collection.h", "Collection(Writer<Example> examples);")
        self.assertEqual(self.found(own), [])
        self.assertEqual(self.found(own, ("src/rooms/labeling/labeling.h", "Writer<Example> w_;")), ["writer"])
        self.assertEqual(self.found(own, ("src/loop/loop.h", "Writer<Example> w_;")), ["writer"])
        self.assertEqual(self.found(own, ("src/app/compose.cpp", "Writer<Example>(ledger)")), [])
        self.assertEqual(self.found(own, ("src/rooms/labeling/a_test.cpp", "Writer<Example> w;")), [])
        self.assertEqual(self.found(own, ("src/rooms/labeling/a.h", "Reader<Example> r_; // Writer<Example>")), [])

    def test_the_owner_does_write(self):
        self.assertEqual(self.found(("src/rooms/collection/collection.h", "class Collection;")), ["writer"])
        self.assertEqual(self.found(), [])

    def test_a_header_names_its_writer(self):
        self.RECORD_WITHOUT = tidy.Source("src/records/x.h", 'struct X {\n static constexpr auto kTable = "x";\n};\n')
        self.assertEqual([f.rule for f in tidy.check_writers([self.RECORD_WITHOUT])], ["writer"])

    def test_rooms_do_not_hold_the_ledger(self):
        self.assertEqual(rules_of_code("Room(Ledger& ledger);\n", "src/rooms/x/x.cpp"), ["ledger"])
        self.assertEqual(rules_of_code("Room(Ledger& ledger);\n", "src/app/x.cpp"), [])


class Documents(unittest.TestCase):
    def test_traces_of_one_machine(self):
        self.assertEqual([f.rule for f in tidy.check_traces("a.md", "see /" + "root/x/y")], ["machine-path"])
        self.assertEqual([f.rule for f in tidy.check_traces("a.md", "https://" + "pypi.org/simple")], ["registry"])
        self.assertEqual(list(tidy.check_traces("a.md", "POST /v1/" + "work/ and src/" + "work/x, ../" + "work/")), [])

    def test_links_lead_somewhere(self):
        exists = {"docs/a.md", "README.md"}.__contains__
        text = "[a](a.md) [b](../README.md#x) [c](gone.md) [d](https://x.y) `[e](no.md)`\n```\n[f](no.md)\n```\n"
        self.assertEqual([f.text[-7:] for f in tidy.check_links("docs/b.md", text, exists)], ["gone.md"])

    def test_a_room_has_its_readme(self):
        self.assertEqual(len(list(tidy.check_readmes({"src/rooms/a/a.h", "src/rooms/b/b.h", "src/rooms/b/README.md"}))), 1)
        good = "# A\n" + "".join(f"## {h}\nx\n" for h in ("Takes", "Makes", "Promises", "Fails when", "Files"))
        self.assertEqual(list(tidy.check_readme_form("src/rooms/a/README.md", good)), [])
        self.assertEqual(len(list(tidy.check_readme_form("src/rooms/a/README.md", good.replace("Makes", "Gives")))), 1)
        self.assertEqual(len(list(tidy.check_readme_form("src/rooms/a/README.md", good + "x\n" * 40))), 1)


class Diagram(unittest.TestCase):
    SOURCES = [tidy.Source("src/loop/a.cpp", '#include "rooms/x/x.h"\n#include "base/a.h"\n'),
               tidy.Source("src/rooms/x/x.h", '#include "records/r.h"\n#include "base/a.h"\n'),
               tidy.Source("src/records/r.h", '#include "base/a.h"\n'),
               tidy.Source("src/rooms/x/x_test.cpp", '#include "ports/ledger/sqlite/s.h"\n')]

    def test_leaves_out_what_a_longer_way_says(self):
        arrows = tidy.reduced(tidy.arrows_of(self.SOURCES))
        self.assertEqual(arrows, {"loop": {"rooms/x"}, "rooms/x": {"records"}, "records": {"base"}, "base": set()})
        self.assertIn("loop --> rooms_x", tidy.diagram(self.SOURCES))

    def test_is_checked_between_its_marks(self):
        wanted = tidy.diagram(self.SOURCES)
        text = f"# A\n{tidy.DIAGRAM_BEGIN}\n{wanted}\n{tidy.DIAGRAM_END}\n"
        self.assertEqual(list(tidy.check_diagram(text, wanted)), [])
        self.assertEqual(len(list(tidy.check_diagram(text.replace("loop", "pool"), wanted))), 1)
        self.assertEqual(len(list(tidy.check_diagram("# A\n", wanted))), 1)

    def test_is_written_between_its_marks(self):
        with tempfile.TemporaryDirectory() as root:
            path = os.path.join(root, "ARCHITECTURE.md")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"# A\n{tidy.DIAGRAM_BEGIN}\nold\n{tidy.DIAGRAM_END}\nend\n")
            self.assertEqual(tidy.write_diagram(root, "new"), 0)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), f"# A\n{tidy.DIAGRAM_BEGIN}\nnew\n{tidy.DIAGRAM_END}\nend\n")


class Tree(unittest.TestCase):
    def test_finds_what_is_wrong_and_ends_with_one(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "src/base"))
            with open(os.path.join(root, "src/base/a.cpp"), "w", encoding="utf-8") as file:
                file.write("// SPDX-License-Identifier: Apache-2.0\nint* a = new int;\n")
            findings, count = tidy.check_tree(root, {})
            self.assertEqual(([str(f).split(":")[:2] for f in findings], count), ([["src/base/a.cpp", "2"]], 1))
            done = subprocess.run([sys.executable, tidy.__file__, "--root", root], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
