// What classes of label files are called.
#include <gtest/gtest.h>

#include "glid/eval/evaluate_files.h"
#include "glid/formats/label_map.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

TEST(SemanticFiles, HaveTheNamesThatAreGiven) {
  const TemporaryFolder folder;
  for (const char* of : {"truth", "result"}) {
    std::filesystem::create_directories(folder.path() / of);
    write_label_png(folder.path() / of / "a.png", {2, 2, {0, 1, 2, 1}});
  }
  SemanticFileSettings settings;
  settings.num_classes = 3;
  EvalRequest request{.settings = {settings}, .results = folder.path() / "result", .annotations = folder.path() / "truth"};
  EXPECT_EQ(evaluate_files(request).per_class.at(2).name, "2");
  request.class_names = {"sky", "sea", "sand"};
  EXPECT_EQ(evaluate_files(request).per_class.at(2).name, "sand");
  request.class_names.pop_back();
  EXPECT_EQ(evaluate_files(request).per_class.at(2).name, "2") << "names of other classes";
}

}  // namespace
}  // namespace glid
