#include "attention_output.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "evaluated_classes.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/nn/transfer.h"
#include "glid/viz/attention_picture.h"
#include "prediction_output.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostDigits = 9;

std::optional<int64_t> chosen_query(const std::string& choice) {
  if (choice == "top") return std::nullopt;
  if (choice.empty() || choice.size() > kMostDigits || choice.find_first_not_of("0123456789") != std::string::npos)
    throw UsageError("--attention", "must be top or the number of a query, from 0", choice);
  return std::stoll(choice);
}

// Of the classes that queries of the task tell; 0 where they tell none.
int64_t num_classes_of_queries(const AskedModel& asked) {
  if (std::ranges::none_of(asked.task->spec().heads, [](const HeadSpec& head) { return head.name == "class"; })) return 0;
  return std::visit(
      [&]<class Config>(const Config&) -> int64_t {
        if constexpr (Config::kMetrics.empty()) return 0;
        else return std::ssize(classes_of(Config::kMetrics.front(), asked.vocabulary()));
      },
      asked.config.task);
}

const Decoder& decoder_of(const AskedModel& asked) {
  if (!asked.model->decoder)
    throw UsageError("--attention", "shows the decoder's cross-attention, and the model has no such decoder",
                     std::string(config::name_of(asked.config.task)));
  return *asked.model->decoder;
}

// The unit or the box that query q is about, in pixels of the picture.
std::optional<Box> asked_about(const AnsweredBatch& answered, int64_t b, int64_t q) {
  const Query& query = answered.question.queries.at(0);
  const BatchImage& image = answered.batch.images[static_cast<size_t>(b)];
  if (const auto* hidden = std::get_if<HiddenUnits>(&query.asked)) {
    if (q == 0) return std::nullopt;  // [CLS]
    const auto unit_px = static_cast<double>(answered.batch.units.size(1));
    const int64_t cell = hidden->cells[b][q - 1].item<int64_t>();
    const auto x = static_cast<double>(cell % image.grid.width), y = static_cast<double>(cell / image.grid.width);
    return Box{x * unit_px, y * unit_px, (x + 1) * unit_px, (y + 1) * unit_px};
  }
  const auto box = answered.answers[0].heads.find("box");
  if (box == answered.answers[0].heads.end()) return std::nullopt;
  const std::vector<double> part = to_doubles(box->second[-1][b][q].sigmoid());
  return to_corners(BoxCxcywh{part[0], part[1], part[2], part[3]}, static_cast<double>(image.placement.height()),
                    static_cast<double>(image.placement.width()));
}

}  // namespace

AttentionOutput::AttentionOutput(const std::string& choice, const AskedModel& asked, const ImageList& images,
                                 fs::path folder)
    : query_(chosen_query(choice)),
      num_classes_(num_classes_of_queries(asked)),
      images_(images),
      folder_(std::move(folder)),
      attention_(decoder_of(asked)) {
  if (!query_ && num_classes_ == 0)
    throw UsageError("--attention", "top is the query that is surest of a class, and the task's queries know none",
                     std::string(config::name_of(asked.config.task)), "give the number of a query");
}

int64_t AttentionOutput::query_of(const AnsweredBatch& answered, int64_t b) const {
  if (!query_) return surest_query(answered.answers[0], b, num_classes_);
  if (*query_ >= attention_.num_queries())
    throw UsageError("--attention", "is no query of the task, which asks fewer", std::to_string(*query_),
                     format("from 0 to {}", attention_.num_queries() - 1));
  return *query_;
}

fs::path AttentionOutput::file_of(const BatchImage& image) const {
  const bool is_person = image.truth && image.truth->person;
  const int64_t of_list = is_person ? image_of_sample(image.key.id, *image.truth) : image.key.id;
  const std::string number = is_person ? format("_{}", image.key.id) : "";
  return folder_ / "attention" / (images_.stem(of_list) + number + ".jpg");
}

void AttentionOutput::add(const AnsweredBatch& answered) {
  for (const ImageRange& sample : answered.batch.samples()) {
    const int64_t b = sample.first, q = query_of(answered, b);
    const Image picture =
        attention_picture(picture_of_units(answered.batch, b), asked_about(answered, b, q), attention_.maps(answered, b, q));
    put_picture(file_of(answered.batch.images[static_cast<size_t>(b)]), picture);
  }
  attention_.forget();
}

}  // namespace glid
