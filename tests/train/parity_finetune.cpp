// Writes down one training step for scripts/parity/finetune.py, which repeats it in PyTorch, and what the model answers for
// scripts/parity/check_answers.py:
//
//   parity_finetune CONFIG OUT.safetensors float|double [a.b=value ...]
//
// The model, the task, its losses and the first batch are what glid_train makes of the configuration. OUT has
// "parameter.<name>" and "gradient.<name>", "loss" and "terms" (the metadata names them), "units" as the batch has them,
// "pictures" [B, 3] (group, height, width in pixels), the task's arrays "array.<name>" with the numbers of each picture in
// "lengths.<name>", and "placed.<name>": labels, segments and masks of the pictures, from which the task made its own.
// Of the same batch in evaluation: "asked.<i>" [2] (the first picture of question i and how many), "answer.<i>.<head>", and
// "features.<i>" [cells, d] where the task has them.
// Then every line of the input asks for one more update on the same batch, which is answered by its CPU time in
// milliseconds (float only).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/config/write.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/eval/answer.h"
#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "glid/train/session.h"

namespace glid {
namespace {

RunConfig read_config(const std::string& file, const std::vector<std::string>& overrides) {
  RunConfig config;
  config::read(config::load_tree(file, overrides), config);
  if (config.train.accumulate != 1) throw UsageError("train.accumulate", "must be 1: one batch is written");
  return config;
}

// What the file will hold; names are kept in order.
using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

at::Tensor int64s(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

void add_batch(Tensors& tensors, const Batch& batch) {
  tensors.emplace_back("units", batch.units);
  std::vector<int64_t> pictures;
  for (const BatchImage& image : batch.images)
    for (const int64_t number : {image.group, image.placement.height(), image.placement.width()}) pictures.push_back(number);
  tensors.emplace_back("pictures", int64s(pictures).view({-1, 3}));
  for (const auto& [name, array] : batch.arrays) {
    tensors.emplace_back("array." + name, array.values);
    tensors.emplace_back("lengths." + name, int64s(array.lengths));
  }
}

// What is known of the pixels of the batch's pictures, end to end.
struct PlacedPixels {
  std::vector<int64_t> semantic, panoptic;            // a number a pixel
  std::vector<int64_t> segments, num_segments;        // (id, category) of those that aren't crowds
  std::vector<int64_t> masks, categories, num_masks;  // a number a pixel of each object that is no crowd

  void add(const Targets& placed) {
    semantic.insert(semantic.end(), placed.semantic.begin(), placed.semantic.end());
    panoptic.insert(panoptic.end(), placed.panoptic.ids.begin(), placed.panoptic.ids.end());
    num_segments.push_back(0);
    for (const SegmentInfo& segment : placed.panoptic.segments)
      if (!segment.is_crowd) ++num_segments.back(), segments.insert(segments.end(), {segment.id, segment.category});
    num_masks.push_back(0);
    for (const Instance& instance : placed.instances) {
      if (instance.is_crowd || instance.mask.counts.empty()) continue;
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      masks.insert(masks.end(), mask.begin(), mask.end());
      categories.push_back(instance.category);
      ++num_masks.back();
    }
  }
};

void add_placed(Tensors& tensors, const Batch& batch, const Dataset& data) {
  PlacedPixels pixels;
  for (const BatchImage& image : batch.images) {
    Targets targets = data.get(image.key.id).targets;
    for (Instance& instance : targets.instances) instance.keypoints.clear();
    pixels.add(place_targets(targets, image.placement, {}));
  }
  const std::map<std::string, const std::vector<int64_t>*> named{
      {"semantic", &pixels.semantic},         {"panoptic", &pixels.panoptic}, {"segments", &pixels.segments},
      {"num_segments", &pixels.num_segments}, {"masks", &pixels.masks},       {"categories", &pixels.categories},
      {"num_masks", &pixels.num_masks}};
  for (const auto& [name, values] : named) tensors.emplace_back("placed." + name, int64s(*values));
}

void add_gradients(Tensors& tensors, const Learner& learner) {
  for (const auto& [name, parameter] : named_parameters(learner.model))
    tensors.emplace_back("parameter." + name, parameter.detach());
  const GradientReducer& gradients = learner.gradients;
  for (size_t i = 0; i < gradients.gradients().size(); ++i)
    tensors.emplace_back("gradient." + gradients.parameters()[i].first, gradients.gradients()[i]);
}

// What the heads say of the batch in evaluation.
void add_answers(Tensors& tensors, const Learner& learner, const Batch& batch) {
  const at::NoGradGuard no_grad;
  learner.model.eval();
  const Question question = learner.task.ask(batch, /*training=*/false);
  const std::vector<Answer> answers = answer(learner.model, question, learner.precision);
  learner.model.train();
  for (size_t i = 0; i < answers.size(); ++i) {
    const ImageRange& images = question.queries[i].images;
    tensors.emplace_back(format("asked.{}", i), int64s({images.first, images.count}));
    for (const auto& [head, answer] : answers[i].heads) tensors.emplace_back(format("answer.{}.{}", i, head), answer);
    if (learner.model.spec.features) tensors.emplace_back(format("features.{}", i), answers[i].features.cells);
  }
}

// The names of the terms: [name, layer] each.
Json add_losses(Tensors& tensors, const StepResult& result) {
  Json::Array names;
  std::vector<at::Tensor> values;
  for (const TermShare& term : result.terms) {
    names.push_back(Json::Array{term.name, term.layer});
    values.push_back(term.value.to(at::kDouble));
  }
  tensors.emplace_back("terms", at::stack(values));
  tensors.emplace_back("loss", result.loss.to(at::kDouble));
  return names;
}

void write(const std::string& file, Tensors& tensors, const std::map<std::string, std::string>& metadata) {
  SafetensorsWriter::Tensors infos;
  for (auto& [name, tensor] : tensors) {
    tensor = tensor.contiguous();
    infos.emplace_back(name, tensor_info(tensor));
  }
  write_safetensors(file, infos, metadata);
}

double cpu_ms() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void update_on_demand(Session& session, const std::vector<Batch>& batches) {
  for (std::string line; std::getline(std::cin, line);) {
    const double begin = cpu_ms();
    (void)train_step(session.learner, batches, session.config.optim.lr)->loss.item<float>();
    std::cout << cpu_ms() - begin << std::endl;
  }
}

// Computes the gradients of the batch and writes everything.
void write_step(const Session& session, Learner& learner, const std::vector<Batch>& batches, const std::string& out) {
  const StepResult result = accumulate_gradients(learner, batches, agree(learner, batches).counts);
  Tensors tensors;
  add_batch(tensors, batches.at(0));
  add_placed(tensors, batches.at(0), *session.data);
  add_gradients(tensors, learner);
  const Json names = add_losses(tensors, result);
  add_answers(tensors, learner, batches.at(0));
  write(out, tensors, {{"config", config::write(session.config)}, {"terms", names.dump()}});
}

void run(const RunConfig& config, const std::string& out, bool in_double) {
  at::set_num_threads(static_cast<int>(config.train.threads.value_or(1)));
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  Session session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone, at::kCPU);
  const std::vector<Batch> batches = session.loader.next();
  if (!in_double) {
    write_step(session, session.learner, batches, out);
    return update_on_demand(session, batches);
  }
  session.model->to(at::kDouble);
  GradientReducer gradients(session.gradients.parameters(), *alone);
  Learner learner{*session.model, *session.task, *alone, gradients, *session.optimizer, session.scaler};
  write_step(session, learner, batches, out);
}

}  // namespace
}  // namespace glid

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3 || (arguments[2] != "float" && arguments[2] != "double"))
    return std::cerr << "usage: parity_finetune CONFIG OUT.safetensors float|double [a.b=value ...]\n", 2;
  return glid::run_program("parity_finetune", [&] {
    glid::run(glid::read_config(arguments[0], {arguments.begin() + 3, arguments.end()}), arguments[1],
              /*in_double=*/arguments[2] == "double");
    return glid::ExitCode::kDone;
  });
}
