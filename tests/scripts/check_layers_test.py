"""Each rule of scripts/check_layers.py must be able to fail."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_layers  # noqa: E402

LAYERS = ["core", "formats", "nn", "train"]
TORCH_LAYERS = {"nn", "train"}


def complaints(path, text):
    return check_layers.check_file(pathlib.Path(path), text, LAYERS, TORCH_LAYERS)


class CheckLayersTest(unittest.TestCase):
    def test_clean_files_pass(self):
        self.assertEqual(complaints("include/glid/nn/a.h", "// What it is.\n#pragma once\n#include <ATen/core/Tensor.h>\n"), [])
        self.assertEqual(complaints("src/nn/a.cpp", '#include "glid/nn/a.h"\n#include "glid/core/error.h"\n'), [])
        self.assertEqual(complaints("tests/core/a_test.cpp", '#include "glid/train/loop.h"\n#include <ATen/ATen.h>\n'), [])

    def test_a_layer_may_not_look_up(self):
        found = complaints("src/core/a.cpp", '\n#include "glid/nn/a.h"\n')
        self.assertEqual(len(found), 1)
        self.assertIn("line 2", found[0])
        self.assertIn("nn stands above core", found[0])

    def test_unknown_layers_are_named(self):
        self.assertIn("no layer", complaints("src/core/a.cpp", '#include "glid/util/a.h"\n')[0])
        self.assertIn("no layer", complaints("include/glid/util/a.h", "#pragma once\n")[0])

    def test_torch_headers_need_a_torch_layer(self):
        for header in ("ATen/ATen.h", "c10/core/Device.h", "torch/csrc/autograd/autograd.h"):
            self.assertIn("without TORCH", complaints("src/formats/a.cpp", f"#include <{header}>\n")[0])

    def test_umbrella_headers_are_refused_everywhere(self):
        for path in ("src/nn/a.cpp", "tests/nn/a_test.cpp", "tools/a.cpp"):
            for header in ("torch/torch.h", "torch/nn.h"):
                self.assertEqual(len(complaints(path, f"#include <{header}>\n")), 1)

    def test_headers_for_programs_of_others_are_theirs_alone(self):
        self.assertEqual(complaints("include/glid/a.h", '#pragma once\n#include "glid/core/a.h"\n#include "glid/train/b.h"\n'), [])
        self.assertEqual(complaints("tests/core/a_test.cpp", '#include "glid/a.h"\n'), [])
        self.assertIn("programs of others", complaints("src/train/a.cpp", '#include "glid/a.h"\n')[0])

    def test_headers_begin_with_pragma_once(self):
        self.assertIn("#pragma once", complaints("include/glid/core/a.h", "#include <string>\n#pragma once\n")[0])

    def test_long_files_are_refused(self):
        self.assertEqual(complaints("src/core/a.cpp", "\n" * 400), [])
        self.assertIn("401 lines", complaints("src/core/a.cpp", "\n" * 401)[0])

    def test_a_tree_is_read_with_its_layers(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            files = {"cmake/GlidTargets.cmake": "set(GLID_LAYERS core\n  nn)\n", "src/nn/CMakeLists.txt": "glid_layer(nn TORCH\n)",
                     "src/core/CMakeLists.txt": "glid_layer(core SOURCES a.cpp)", "src/nn/a.cpp": "#include <ATen/ATen.h>\n",
                     "src/core/a.cpp": "#include <ATen/ATen.h>\n"}
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            found, num_files = check_layers.check_tree(root)
            self.assertEqual(num_files, 2)
            self.assertEqual(len(found), 1)
            self.assertTrue(found[0].startswith("src/core/a.cpp: line 1"))


if __name__ == "__main__":
    unittest.main()
