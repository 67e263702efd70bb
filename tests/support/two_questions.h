// A task of two questions, made for laws: pictures are dealt to them by their position in the global batch, and the second
// one has as many objects as a picture's id says, often none.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "glid/data/transforms.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

class TwoQuestions : public Task {
 public:
  static constexpr int64_t kSize = 24, kQueries = 3;

  explicit TwoQuestions(const SwinShape& shape) : shape_(shape), viewer_(shape) {}

  TaskSpec spec() const override {
    return {.heads = {{"colour", 3}, {"object", 2}},
            .queries = {.learned = kQueries},
            .supervised_layers = {1, 3},
            .features = true};
  }

  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& at,
                                     bool /*training*/) const override {
    PreparedImage image{.image = sample.image, .placement = Placement(sample.image.height, sample.image.width)};
    image.group = (at.step + at.position) % 2;
    const int64_t objects = image.group == 1 ? num_objects(key.id) : 0;
    Array array{{objects, 2}, std::vector<float>{}};
    for (int64_t i = 0; i < 2 * objects; ++i)
      std::get<std::vector<float>>(array.values).push_back(static_cast<float>(key.id) * 0.1F + static_cast<float>(i));
    image.arrays["objects"] = std::move(array);
    return {std::move(image)};
  }

  std::vector<LossCount> counts(const Batch& batch) const override {
    return {{"pictures", static_cast<double>(batch.range_of(0).count)},
            {"objects", static_cast<double>(batch.arrays.at("objects").values.size(0))}};
  }

  Question ask(const Batch& batch) const override {
    Question question{.view = viewer_.view(batch)};
    question.units = viewer_.pixels(batch, question.view);
    question.queries = {{.asked = LearnedQueries{2}, .images = batch.range_of(0), .heads = {"colour"}},
                        {.asked = LearnedQueries{kQueries}, .images = batch.range_of(1), .heads = {"object"}}};
    question.targets["objects"] = batch.arrays.at("objects").values;
    question.targets["owners"] = owners(batch);
    return question;
  }

  // Colours: the answers' distance from the mean pixel of f^b. Objects: each compared with its picture's first query.
  Losses losses(std::span<const Answer> answers, const Question& question) const override {
    const at::Tensor colour = answers[0].at("colour"), object = answers[1].at("object");
    const at::Tensor features = answers[0].features.cells;
    const at::Tensor &owner = question.targets.at("owners"), &target = question.targets.at("objects");
    Losses losses;
    for (int64_t layer = 0; layer < 2; ++layer) {
      const at::Tensor asked = object[layer].select(1, 0).index_select(0, owner);
      const int64_t number = layer == 0 ? 1 : 0;  // the second is the last
      losses.terms.push_back({"colour", (colour[layer] - 0.5).square().sum(), 1, "pictures", number});
      losses.terms.push_back({"object", (asked - target).square().sum(), 5, "objects", number});
    }
    losses.terms.push_back({"smooth", features.square().mean(1).sum(), 0.01, "pictures"});
    return losses;
  }

  std::vector<Reference> references(const Question&) const override { return {}; }
  std::vector<std::vector<Image>> pictures(std::span<const Answer>, const Question&) const override { return {}; }
  std::vector<std::string> picture_titles() const override { return {}; }

  // 0, 3, 0, 1, 0, 3, ...: pictures of even ids have none.
  static int64_t num_objects(int64_t id) { return id % 2 == 0 ? 0 : id % 4 == 1 ? 3 : 1; }

 private:
  // The picture of every object, counted within the second question's.
  static at::Tensor owners(const Batch& batch) {
    const std::vector<int64_t>& lengths = batch.arrays.at("objects").lengths;
    const int64_t first = batch.range_of(1).first;
    std::vector<int64_t> owners;
    for (int64_t i = first; i < std::ssize(lengths); ++i)
      owners.insert(owners.end(), static_cast<size_t>(lengths[static_cast<size_t>(i)]), i - first);
    return at::tensor(owners, at::kLong);
  }

  SwinShape shape_;
  Viewer viewer_;
};

}  // namespace glid
