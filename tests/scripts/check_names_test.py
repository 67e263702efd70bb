"""What scripts/check_names.py finds, and what it lets pass."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_names  # noqa: E402


def complaints(**texts):
    """Of files of namespace glid: a_h is include/glid/a.h, b_cpp is src/b.cpp."""
    names = []
    for name, text in texts.items():
        path = pathlib.Path(("include/glid/" if name.endswith("_h") else "src/") + name.replace("_h", ".h").replace("_cpp", ".cpp"))
        names += check_names.names_in(path, "namespace glid {\n" + text + "\n}  // namespace glid\n")
    return check_names.complaints_about(names)


class CheckNamesTest(unittest.TestCase):
    def test_two_types_of_one_name(self):
        for other in ("struct Decoder : Base {};", "class Decoder final {};", "enum class Decoder : int { kA };",
                      "template <class T> struct Decoder {};", "namespace x { union Decoder {}; }"):
            found = complaints(a_h="struct Decoder { int x; };", b_h="\n" + other)
            self.assertEqual(len(found), 1, other)
            self.assertEqual(found[0], "include/glid/b.h:3: the type Decoder has the name of the one in include/glid/a.h:2")

    def test_a_type_of_a_source_file_may_not_have_the_name_of_a_public_one(self):
        self.assertEqual(len(complaints(a_h="class Decoder {};", b_cpp="namespace { class Decoder {}; }")), 1)
        self.assertEqual(len(complaints(a_h="using Decoder = int;", b_cpp="struct Decoder {};")), 1)
        self.assertEqual(len(complaints(a_cpp="struct Decoder {};", b_cpp="struct Decoder {};")), 1)

    def test_what_is_local_to_two_files_passes(self):
        self.assertEqual(complaints(a_cpp="namespace { struct Row {}; int f(int x) { return x; } }",
                                    b_cpp="namespace { struct Row {}; int f(int y) { return y; } }"), [])

    def test_functions_of_the_same_parameters(self):
        for one, two in (("int f(int x) { return x; }", "int f(int y) { return y; }"),
                         ("inline int f(const A& a, B b = {}) { return 1; }", "int f(const A& other, B) { return 2; }"),
                         ("std::vector<int> f() { return {}; }", "template <class T> int f() { return 1; }"),
                         ("int f(int x) { return x; }", "namespace { int f(int x) { return x; } }")):
            self.assertEqual(len(complaints(a_cpp=one, b_cpp=two)), 1, (one, two))

    def test_overloads_and_members_pass(self):
        self.assertEqual(complaints(a_cpp="int f(int x) { return x; }", b_cpp="int f(double x) { return 1; }"), [])
        self.assertEqual(complaints(a_cpp="int A::f() { return 1; } A::A() : x(1) {}", b_cpp="int B::f() { return 2; }"), [])
        self.assertEqual(complaints(a_h="struct A { struct Config {}; void f() { g(); } };", b_h="struct B { struct Config {}; };"), [])

    def test_declarations_calls_and_specialisations_pass(self):
        self.assertEqual(complaints(a_h="struct A; int f(int x, B b = {}); template <> struct V<int> {};",
                                    b_h="struct A {}; template <> struct V<bool> {};",
                                    a_cpp="int f(int x, B b) { if (x) { return 2; } return g([] { return 1; }); }",
                                    b_cpp="TEST(A, b) {} const std::array kRows = {1, 2}; bool operator==(A, A) { return true; }"), [])

    def test_comments_literals_and_the_preprocessor_are_not_code(self):
        text = '''// struct A {};
/* struct A {}; */ const char* kText = "struct A {};"; const char* kRaw = R"(struct A { " )"; constexpr int kBig = 1'000'000;
#define MAKE(A) \\
  struct A {};
const char kQuote = '"', kBrace = '{';
'''
        self.assertEqual(complaints(a_h=text, b_h="struct A {};"), [])

    def test_twins_of_an_optional_dependency_pass(self):
        self.assertEqual(complaints(nccl_cpp="int f() { return 1; }", no_nccl_cpp="int f() { return 2; }"), [])
        self.assertEqual(len(complaints(nccl_cpp="int f() { return 1; }", no_gloo_cpp="int f() { return 2; }")), 1)

    def test_other_namespaces_do_not_count(self):
        names = check_names.names_in(pathlib.Path("src/a.cpp"), "namespace other { struct A {}; }")
        self.assertEqual(names, [])

    def test_a_tree_without_sources_is_a_complaint(self):
        with tempfile.TemporaryDirectory() as folder:
            found, _ = check_names.check_tree(pathlib.Path(folder))
            self.assertEqual(len(found), 1)


if __name__ == "__main__":
    unittest.main()
