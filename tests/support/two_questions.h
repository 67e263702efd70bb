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

  explicit TwoQuestions(const EncoderShape& shape) : shape_(shape), viewer_(shape) {}

  TaskSpec spec() const override {
    return {.heads = {{.name = "colour", .outputs = 3}, {.name = "object", .outputs = 2}},
            .queries = {.learned = {kQueries}},
            .supervised_layers = {1, 3},
            .features = true};
  }

  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& at,
                                     bool training) const override {
    PreparedImage image{.image = sample.image, .placement = Placement(sample.image.height, sample.image.width)};
    image.group = (at.step + at.position) % 2;
    Targets truth;
    if (image.group == 0) truth.semantic = {static_cast<uint16_t>(key.id % 3)};
    if (!training) image.truth = std::make_shared<const Targets>(std::move(truth));
    const int64_t objects = image.group == 1 ? num_objects(key.id) : 0;
    Array array{{objects, 2}, std::vector<float>{}};
    for (int64_t i = 0; i < 2 * objects; ++i)
      std::get<std::vector<float>>(array.values).push_back(static_cast<float>(key.id) * 0.1F + static_cast<float>(i));
    image.arrays["objects"] = std::move(array);
    return {std::move(image)};
  }

  LossCounts counts(const Batch& batch) const override {
    LossCounts counts{{"pictures", {}}, {"objects", {}}};
    for (const BatchImage& image : batch.images) counts["pictures"].push_back(image.group == 0 ? 1 : 0);
    for (const int64_t length : batch.arrays.at("objects").lengths) counts["objects"].push_back(static_cast<double>(length));
    return counts;
  }

  Question ask(Batch batch, bool /*training*/) const override {
    Question question = viewer_.look_at(std::move(batch));
    question.queries = {{.asked = LearnedQueries{2}, .images = question.batch.range_of(0), .heads = {"colour"}},
                        {.asked = LearnedQueries{kQueries}, .images = question.batch.range_of(1), .heads = {"object"}}};
    question.targets["owners"] = owners(question.batch);
    return question;
  }

  // Colours: the answers' distance from the mean pixel of f^b. Objects: each compared with its picture's first query.
  Losses losses(std::span<const Answer> answers, const Question& question) const override {
    const at::Tensor colour = answers[0].at("colour"), object = answers[1].at("object");
    const at::Tensor features = answers[0].features.cells;
    const at::Tensor &owner = question.targets.at("owners"), &target = question.batch.arrays.at("objects").values;
    const ImageRange with_colour = question.queries[0].images, with_objects = question.queries[1].images;
    const int64_t pictures = with_colour.count + with_objects.count;
    const auto by_image = [&](const at::Tensor& values, const at::Tensor& pictures_of_values) {
      return at::zeros({pictures}, values.options()).index_add(0, pictures_of_values, values.detach());
    };
    const at::Tensor coloured = at::arange(with_colour.first, with_colour.first + with_colour.count);
    Losses losses;
    for (int64_t layer = 0; layer < 2; ++layer) {
      const int64_t number = layer == 0 ? 1 : 0;  // the second is the last
      const at::Tensor off = (colour[layer] - 0.5).square().sum(at::IntArrayRef{1, 2});
      losses.terms.push_back({"colour", off.sum(), 1, "pictures", number, by_image(off, coloured)});
      const at::Tensor asked = object[layer].select(1, 0).index_select(0, owner);
      const at::Tensor missed = (asked - target).square().sum(1);
      losses.terms.push_back({"object", missed.sum(), 5, "objects", number, by_image(missed, owner + with_objects.first)});
    }
    const at::Tensor cells = features.square().mean(1).sum();
    losses.terms.push_back({"smooth", cells, 0.01, "pictures", 0, (cells.detach() / pictures).expand(pictures)});
    return losses;
  }

  // The colour's largest value, one "pixel" a picture; objects have none. The truth is the picture's id modulo 3.
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override {
    const ImageRange images = answered.question.queries[0].images;
    const at::Tensor largest = answered.answers[0].at("colour")[-1].select(1, 0).argmax(1);
    std::vector<Prediction> predictions;
    for (const ImageRange& views : answered.batch.samples()) {
      predictions.emplace_back();
      const int64_t first = views.first - images.first;
      if (first >= 0 && first < images.count)
        predictions.back().semantic = {static_cast<uint16_t>(largest[first].item<int64_t>())};
    }
    return predictions;
  }
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

  EncoderShape shape_;
  Viewer viewer_;
};

}  // namespace glid
