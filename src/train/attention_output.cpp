#include "attention_output.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "evaluated_classes.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/eval/prediction_files.h"
#include "glid/nn/transfer.h"
#include "glid/viz/attention_picture.h"
#include "glid/viz/label.h"
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

// That tells the classes of queries; none where none does. Of several tasks the first one's, whose queries are drawn.
std::optional<HeadSpec> head_of_classes(const TaskSpec& spec) {
  const auto head = std::ranges::find_if(
      spec.heads, [](const HeadSpec& head) { return head.name == "class" || head.name.ends_with("_class"); });
  return head == spec.heads.end() ? std::nullopt : std::optional(*head);
}

template <class Config>
std::vector<Vocabulary::Class> classes_of_task(const Config& config, const Vocabulary& vocabulary) {
  if constexpr (requires { config.parts(); })
    return std::visit([&](const auto& first) { return classes_of_task(first, vocabulary); }, config.parts().at(0));
  else if constexpr (Config::kMetrics.empty()) return {};
  else return classes_of(Config::kMetrics.front(), vocabulary);
}

// That queries of the task tell; none where they tell none.
std::vector<Vocabulary::Class> classes_of_queries(const RunConfig& config, const TaskSpec& spec,
                                                  const Vocabulary& vocabulary) {
  if (!head_of_classes(spec)) return {};
  return std::visit([&](const auto& task) { return classes_of_task(task, vocabulary); }, config.task);
}

// What single queries are for, by their numbers, where that is known.
std::vector<std::string> names_of_queries(const TaskConfig& task, const Vocabulary& vocabulary) {
  if (std::holds_alternative<PoseConfig>(task)) return vocabulary.joints;
  if (std::holds_alternative<MaskedImageConfig>(task)) return {"[CLS]"};
  return {};
}

// That are asked of a picture when nothing is trained. Where several tasks share them no more than that: the first may ask
// fewer.
int64_t num_queries_of(const RunConfig& config, const TaskSpec& spec) {
  if (const auto* hiding = std::get_if<MaskedImageConfig>(&config.task)) {
    const int64_t side = config.data.image_size / config.model.shape().encoder.unit_px();
    const UnitGrid grid{side, side};
    return 1 + grid.size() - num_visible_units(grid, hiding->hiding.mask_ratio);
  }
  return spec.queries.learned.empty() ? 1 : spec.queries.learned.front();
}

void require_asked(int64_t query, int64_t num_queries) {
  if (query >= num_queries)
    throw UsageError("--attention", "is no query of the task, which asks fewer", std::to_string(query),
                     format("from 0 to {}", num_queries - 1));
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

void require_query(const std::string& choice, const RunConfig& config, const Vocabulary& vocabulary) {
  if (choice.empty()) return;
  const std::optional<int64_t> query = chosen_query(choice);
  const TaskSpec spec = make_task(config.task, config.task_context(vocabulary))->spec();
  if (spec.reads != HeadInput::kQueries)
    throw UsageError("--attention", "shows the query decoder's cross-attention, and the model of this task has none",
                     std::string(config::name_of(config.task)));
  if (query) require_asked(*query, num_queries_of(config, spec));
  else if (classes_of_queries(config, spec, vocabulary).empty())
    throw UsageError("--attention", "top is the query that is surest of a class, and the task's queries know none",
                     std::string(config::name_of(config.task)), "give the number of a query");
}

AttentionOutput::AttentionOutput(const std::string& choice, const AskedModel& asked, const ImageList& images,
                                 fs::path folder)
    : query_(chosen_query(choice)),
      head_(head_of_classes(asked.task->spec())),
      classes_(classes_of_queries(asked.config, asked.task->spec(), asked.vocabulary())),
      names_(names_of_queries(asked.config.task, asked.vocabulary())),
      images_(images),
      folder_(std::move(folder)),
      attention_(*asked.model->decoder) {}

ClassOfQuery AttentionOutput::query_of(const AnsweredBatch& answered, int64_t b) const {
  if (!query_) return surest_query(answered.answers[0], head_.value(), b, std::ssize(classes_));
  require_asked(*query_, attention_.num_queries());
  if (classes_.empty()) return {.query = *query_};
  return class_of_query(answered.answers[0], *head_, b, *query_, std::ssize(classes_));
}

std::string AttentionOutput::file_of(const BatchImage& image) {
  const bool is_person = image.truth && image.truth->person;
  const int64_t of_list = is_person ? image_of_sample(image.key.id, *image.truth) : image.key.id;
  if (of_list != image_) person_ = 0;
  image_ = of_list;
  return "attention/" + images_.stem(of_list) + (is_person ? format("_{}", person_++) : "") + ".jpg";
}

std::string AttentionOutput::title_of(const ClassOfQuery& asked) const {
  if (asked.query < std::ssize(names_)) return format("query {}: {}", asked.query, names_[static_cast<size_t>(asked.query)]);
  if (classes_.empty()) return format("query {}", asked.query);
  const Vocabulary::Class& found = classes_.at(static_cast<size_t>(asked.category));
  return format("query {}: {} {:.2f}", asked.query, class_label(found.name, found.id), asked.score);
}

Json AttentionOutput::record_of(const ClassOfQuery& asked) const {
  if (asked.query < std::ssize(names_))
    return Json::object().set("query", asked.query).set("name", names_[static_cast<size_t>(asked.query)]);
  if (classes_.empty()) return Json::object().set("query", asked.query);
  return class_record(classes_.at(static_cast<size_t>(asked.category))).set("score", asked.score).set("query", asked.query);
}

std::vector<Json> AttentionOutput::add(const AnsweredBatch& answered) {
  std::vector<Json> records;
  for (const ImageRange& sample : answered.batch.samples()) {
    const int64_t b = sample.first;
    const ClassOfQuery asked = query_of(answered, b);
    const std::string file = file_of(answered.batch.images[static_cast<size_t>(b)]);
    put_picture(folder_ / file,
                attention_picture(picture_of_units(answered.batch, b), title_of(asked),
                                  asked_about(answered, b, asked.query), attention_.maps(answered, b, asked.query)));
    records.push_back(record_of(asked).set("picture", file));
  }
  attention_.forget();
  return records;
}

}  // namespace glid
