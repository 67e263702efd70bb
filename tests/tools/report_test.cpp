// glid_report of what glid_train and glid_eval really write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "glid/core/json.h"
#include "support/evaluated_run.h"

namespace glid {
namespace {

using testing::HasSubstr;

TEST(ReportOfARun, HasWhatTheProgramsSaidAndCounted) {
  const TemporaryFolder folder;
  const std::filesystem::path first = folder.path() / "first", second = folder.path() / "second";
  ASSERT_EQ(run("glid_train", small_training(first)).code, 0);
  ASSERT_EQ(
      run("glid_train", small_training(second, {"--set", "init.from=" + first.string(), "--set", "train.steps=6"})).code, 0);
  const std::filesystem::path json = second / "eval.json", page_file = folder.path() / "page.html";
  ASSERT_EQ(run_evaluation(second, {"--json", json.string()}).code, 0);
  const ProgramResult ran = run("glid_report", {first.string(), second.string(), "--out", page_file.string()});
  ASSERT_EQ(ran.code, 0) << ran.output;
  const std::regex breaks("<wbr>|<span class=\"whole\">([^<]*)</span>");  // where names may be broken, and where not
  const std::string page = std::regex_replace(read_file(page_file), breaks, "$1");
  for (const std::filesystem::path& out : {first, second})
    for (const Json& line : lines_of(out / "metrics.jsonl"))
      for (const char* key : {"loss", "val_loss", "lr", "grad_norm"})
        if (const Json* value = line.find(key)) EXPECT_THAT(page, HasSubstr("<data value=\"" + value->dump() + "\"")) << key;
  const Json report = Json::parse(read_file(json), json.string());
  for (const auto& [name, value] : report.at("metrics").as_object())
    EXPECT_THAT(page, HasSubstr("<data value=\"" + value.dump() + "\"")) << name;
  EXPECT_THAT(page, HasSubstr("<td>done</td>"));
  EXPECT_THAT(page, HasSubstr("<data value=\"12\">12</data> of 12"));
  EXPECT_THAT(page, HasSubstr("Initial values from seed 3."));
  EXPECT_THAT(page, HasSubstr("weights from " + first.string()));
  EXPECT_THAT(page, HasSubstr("--out " + second.string() + " --set init.from=" + first.string()));
  EXPECT_THAT(page, HasSubstr("<code>train.steps</code></th><td>12</td><td>6</td>"));
  EXPECT_THAT(page, HasSubstr("64 training images"));
}

}  // namespace
}  // namespace glid
