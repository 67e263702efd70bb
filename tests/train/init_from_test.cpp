#include "glid/train/init_from.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/config/write.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/model/write_weights.h"
#include "glid/train/architecture.h"
#include "support/every_task.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

RunConfig config_of(const TaskConfig& task) {
  RunConfig config;
  config.model.encoder.size = TinySwin();
  config.model.bifpn.width = config.model.decoder.width = 32;
  config.model.decoder.heads = 2;
  config.data.dataset = Scenes::Config();
  config.data.image_size = 48;
  config.task = task;
  return config;
}

RunConfig mae_of_heads(int64_t heads) {
  MaeConfig task;
  task.decoder = {.blocks = 1, .width = 32, .heads = heads};
  return config_of(task);
}

std::unique_ptr<Task> task_of(const RunConfig& config) { return make_task(config.task, config.task_context({})); }

// How a model of other shapes of attention is refused; empty: it isn't.
class InitFrom : public testing::Test {
 protected:
  fs::path written(const RunConfig& config) const {
    const fs::path file = folder_.path() / "model.safetensors";
    const auto task = task_of(config);
    Glid model(config.model.shape(), task->spec());
    initialise(model, 1);
    write_weights(file, file, {.tensors = named_parameters(model)});
    return file;
  }
  // As the model of a run.
  fs::path written_run(const RunConfig& config) const {
    const fs::path file = written(config);
    write_file(file.parent_path() / "config.yaml", config::write(config));
    write_file(file.parent_path() / "state.json", "{}");
    return file;
  }
  // Of one part, or of those that are taken where nobody says.
  static std::string error_of(RunConfig config, const fs::path& from, const std::string& part = {}) {
    config.init.from = from.string();
    if (!part.empty()) config.init.parts = {part};
    const auto task = task_of(config);
    Glid model(config.model.shape(), task->spec());
    try {
      initialise_from(model, config);
    } catch (const UsageError& error) {
      return error.what();
    }
    return {};
  }

  TemporaryFolder folder_;
};

TEST_F(InitFrom, TakesNoPartWhoseAttentionIsDividedOtherwise) {
  const RunConfig four = mae_of_heads(4);
  const fs::path file = written(four);
  EXPECT_EQ(error_of(mae_of_heads(8), file, "unit_decoder"), "") << "nobody says what it is";
  write_file(fs::path(file).replace_extension(".json"), architecture_of(four, *task_of(four), {}).dump());
  EXPECT_EQ(error_of(four, file, "unit_decoder"), "");
  EXPECT_EQ(error_of(mae_of_heads(8), file, "encoder"), "");
  EXPECT_THAT(error_of(mae_of_heads(8), file, "unit_decoder"),
              HasSubstr("has unit_decoder of another model (got task.decoder.heads: 4 there, 8 here); init.parts leaves "
                        "unit_decoder out"));
}

TEST_F(InitFrom, TakesNoHeadsThatReadSomethingElse) {
  const RunConfig mae = mae_of_heads(4);
  const fs::path file = written(mae);
  write_file(fs::path(file).replace_extension(".json"), architecture_of(mae, *task_of(mae), {}).dump());
  EXPECT_THAT(error_of(config_of(MaskedImageConfig()), file, "heads"), HasSubstr("reads: unit_decoder there, queries here"));
}

// By the configuration that lies beside a checkpoint.
TEST_F(InitFrom, KnowsTheDecoderOfARun) {
  RunConfig run = config_of(MaskedImageConfig());
  const fs::path file = written_run(run);
  EXPECT_EQ(error_of(run, file, "decoder"), "");
  run.model.decoder.heads = 4;
  EXPECT_THAT(error_of(run, file, "decoder"), HasSubstr("model.decoder.heads: 2 there, 4 here"));
}

// Its configuration has a model.decoder all the same.
TEST_F(InitFrom, TakesTheEncoderOfARunWithoutThatDecoder) {
  const fs::path file = written_run(mae_of_heads(4));
  RunConfig other = config_of(MaskedImageConfig());
  other.model.decoder.heads = 4;
  EXPECT_EQ(error_of(other, file), "");
  EXPECT_THAT(error_of(other, file, "heads"), HasSubstr("reads: unit_decoder there, queries here"));
  EXPECT_THAT(error_of(mae_of_heads(8), file, "unit_decoder"), HasSubstr("task.decoder.heads: 4 there, 8 here"));
}

TEST_F(InitFrom, IsNotKeptFromWeightsByAFileBesideThem) {
  const fs::path file = written(config_of(MaskedImageConfig()));
  for (const char* content : {"{", "[1]", R"({"reads": "encoder"})", R"({"format": "glid architecture 1", "decoder": 3})"}) {
    write_file(fs::path(file).replace_extension(".json"), content);
    EXPECT_EQ(error_of(config_of(MaskedImageConfig()), file, "heads"), "") << content;
    EXPECT_EQ(error_of(config_of(MaskedImageConfig()), file, "decoder"), "") << content;
  }
}

}  // namespace
}  // namespace glid
