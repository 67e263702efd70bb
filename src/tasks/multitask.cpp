#include "glid/tasks/multitask.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "glid/core/format.h"

namespace glid {
namespace {

// Modules have no dots in their names.
std::string head_name(const std::string& task, const std::string& head) { return task + "_" + head; }
std::string full_name(const std::string& task, const std::string& name) { return task + "." + name; }

// What a later task knows beside what is known.
void add_to(Targets& all, const Targets& more) {
  if (all.instances.empty()) all.instances = more.instances;
  if (all.semantic.empty()) all.semantic = more.semantic;
  if (all.panoptic.ids.empty()) all.panoptic = more.panoptic;
}

void add_to(Prediction& all, Prediction more) {
  if (all.detections.empty()) all.detections = std::move(more.detections);
  for (Detection& detection : all.detections) detection.query.reset();  // each task asks queries of its own
  if (all.semantic.empty()) all.semantic = std::move(more.semantic);
  if (all.panoptic.ids.empty()) all.panoptic = std::move(more.panoptic);
}

PreparedImage with_names(PreparedImage image, const std::string& task) {
  std::map<std::string, Array> named;
  for (auto& [name, array] : image.arrays) named[full_name(task, name)] = std::move(array);
  image.arrays = std::move(named);
  return image;
}

// What another task knows of the same views.
void merge(std::vector<PreparedImage>& all, std::vector<PreparedImage> more) {
  TORCH_CHECK(all.size() == more.size(), "tasks of one model see an image in the same views");
  for (size_t i = 0; i < all.size(); ++i) {
    TORCH_CHECK(all[i].placement == more[i].placement, "tasks of one model see an image in the same way");
    add_to(all[i].targets, more[i].targets);
    all[i].arrays.merge(more[i].arrays);
  }
}

auto shared_of(const MultitaskConfig::Part& part) {
  return std::visit([](const auto& config) { return config.set.shared(); }, part);
}

}  // namespace

std::vector<MultitaskConfig::Part> MultitaskConfig::parts() const {
  const std::map<std::string, Part> all{{"semantic", semantic}, {"instance", instance}, {"panoptic", panoptic}};
  std::vector<Part> parts;
  for (const std::string& task : tasks) parts.push_back(all.at(task));
  return parts;
}

void MultitaskConfig::check(config::Problems& problems) const {
  std::vector<std::string> sorted = tasks;
  std::ranges::sort(sorted);
  if (tasks.size() < 2 || std::ranges::adjacent_find(sorted) != sorted.end())
    problems.add("tasks", "must be two or three different ones");
  const std::vector<Part> trained = parts();
  for (size_t i = 1; i < tasks.size(); ++i)
    if (shared_of(trained[i]) != shared_of(trained[0]))
      problems.add(tasks[i], "must see pictures and start queries as task." + tasks[0] + " does");
}

void MultitaskConfig::check_metric(const MetricSettings& metric, config::Problems& problems) const {
  const auto* several = std::get_if<MultitaskSettings>(&metric);
  if (several == nullptr) return;
  for (const std::string& measured : several->tasks)
    if (std::ranges::find(tasks, measured) == tasks.end()) problems.add("eval.tasks", "must be among task.tasks", measured);
}

Multitask::Multitask(std::vector<Part> parts, QueryTable table, const TaskContext& context)
    : parts_(std::move(parts)), table_(table), viewer_(context.model.encoder) {
  for (const Part& part : parts_) specs_.push_back(part.task->spec());
  for (const TaskSpec& spec : specs_)
    TORCH_CHECK(spec.supervised_layers == specs_[0].supervised_layers && spec.queries.init == specs_[0].queries.init,
                "tasks of one model have the same supervised layers and the same start of the queries");
}

int64_t Multitask::first_row(int64_t t) const {
  int64_t row = 0;
  for (int64_t i = 0; i < t && table_ == QueryTable::kOwn; ++i) row += specs_[static_cast<size_t>(i)].queries.num_learned();
  return row;
}

TaskSpec Multitask::spec() const {
  TaskSpec all{.queries = specs_[0].queries, .supervised_layers = specs_[0].supervised_layers};
  all.queries.learned.clear();
  int64_t most = 0;
  for (size_t t = 0; t < parts_.size(); ++t) {
    for (HeadSpec head : specs_[t].heads) {
      head.name = head_name(parts_[t].name, head.name);
      all.heads.push_back(std::move(head));
    }
    all.features = all.features || specs_[t].features;
    most = std::max(most, specs_[t].queries.num_learned());
    if (table_ == QueryTable::kOwn) std::ranges::copy(specs_[t].queries.learned, std::back_inserter(all.queries.learned));
  }
  if (table_ == QueryTable::kShared) all.queries.learned = {most};
  return all;
}

std::function<bool(const Targets&)> Multitask::filter() const {
  std::vector<std::function<bool(const Targets&)>> filters;
  for (const Part& part : parts_)
    if (auto filter = part.task->filter()) filters.push_back(std::move(filter));
  if (filters.empty()) return {};
  return [filters](const Targets& targets) {
    return std::ranges::all_of(filters, [&](const auto& wants) { return wants(targets); });
  };
}

std::vector<PreparedImage> Multitask::prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                              bool training) const {
  if (!training) return prepare_all(sample, key, position);
  const auto t = static_cast<size_t>((position.position + position.step) % std::ssize(parts_));
  std::vector<PreparedImage> images;
  for (PreparedImage& image : parts_[t].task->prepare(sample, key, position, training)) {
    images.push_back(with_names(std::move(image), parts_[t].name));
    images.back().group = static_cast<int64_t>(t);
  }
  return images;
}

std::vector<PreparedImage> Multitask::prepare_all(const Sample& sample, const SampleKey& key,
                                                  const BatchPosition& position) const {
  std::vector<PreparedImage> all;
  Targets truth;
  for (const Part& part : parts_) {
    std::vector<PreparedImage> images = part.task->prepare(sample, key, position, /*training=*/false);
    for (PreparedImage& image : images) image = with_names(std::move(image), part.name);
    add_to(truth, *images.at(0).truth);
    if (all.empty()) all = std::move(images);
    else merge(all, std::move(images));
  }
  const auto shared = std::make_shared<const Targets>(std::move(truth));
  for (PreparedImage& image : all) {
    image.truth = shared;
    image.group = std::ssize(parts_);  // of all
  }
  return all;
}

ImageRange Multitask::range_of(const Batch& batch, int64_t t) const {
  const ImageRange of_all = batch.range_of(std::ssize(parts_));
  return of_all.count > 0 ? of_all : batch.range_of(t);
}

Batch Multitask::batch_of(const Batch& batch, int64_t t) const {
  Batch part = batch.part(range_of(batch, t));
  const std::string beginning = full_name(parts_[static_cast<size_t>(t)].name, "");
  std::map<std::string, BatchArray> own;
  for (auto& [name, array] : part.arrays)
    if (name.starts_with(beginning)) own[name.substr(beginning.size())] = std::move(array);
  part.arrays = std::move(own);
  return part;
}

LossCounts Multitask::counts(const Batch& batch) const {
  const auto zeros = [&] { return std::vector<double>(batch.images.size()); };
  LossCounts all{{kPictures, zeros()}};
  for (int64_t t = 0; t < std::ssize(parts_); ++t) {
    const Part& part = parts_[static_cast<size_t>(t)];
    const ImageRange range = range_of(batch, t);
    LossCounts own = part.task->counts(batch_of(batch, t));
    own[kPictures] = std::vector<double>(static_cast<size_t>(range.count), 1.0);
    for (const auto& [name, counts] : own) {
      std::vector<double>& of_batch = all[full_name(part.name, name)] = zeros();
      std::ranges::copy(counts, of_batch.begin() + range.first);
    }
    for (int64_t i = range.first; i < range.first + range.count; ++i) all[kPictures][static_cast<size_t>(i)] += 1;
  }
  return all;
}

Question Multitask::ask(Batch batch, bool training) const {
  Question question;
  for (int64_t t = 0; t < std::ssize(parts_); ++t) {
    const Part& part = parts_[static_cast<size_t>(t)];
    question.parts.push_back(part.task->ask(batch_of(batch, t), training));
    const int64_t first = range_of(batch, t).first;
    for (Query query : question.parts.back().queries) {
      query.images.first += first;
      std::get<LearnedQueries>(query.asked).first += first_row(t);
      if (query.heads.empty())
        for (const HeadSpec& head : specs_[static_cast<size_t>(t)].heads) query.heads.push_back(head.name);
      for (std::string& head : query.heads) head = head_name(part.name, head);
      if (query.masked) query.masked->head = head_name(part.name, query.masked->head);
      question.queries.push_back(std::move(query));
    }
  }
  Question seen = viewer_.look_at(std::move(batch));
  seen.queries = std::move(question.queries);
  seen.parts = std::move(question.parts);
  return seen;
}

std::vector<Answer> Multitask::answers_of(std::span<const Answer> answers, const Question& question, int64_t t) const {
  size_t first = 0;
  for (int64_t i = 0; i < t; ++i) first += question.parts[static_cast<size_t>(i)].queries.size();
  const std::string beginning = head_name(parts_[static_cast<size_t>(t)].name, "");
  std::vector<Answer> own;
  for (const Answer& answer : answers.subspan(first, question.parts[static_cast<size_t>(t)].queries.size())) {
    own.push_back({.features = answer.features});
    for (const auto& [name, output] : answer.heads) own.back().heads[name.substr(beginning.size())] = output;
  }
  return own;
}

Losses Multitask::losses(std::span<const Answer> answers, const Question& question) const {
  Losses all;
  for (int64_t t = 0; t < std::ssize(parts_); ++t) {
    const std::string& name = parts_[static_cast<size_t>(t)].name;
    const Question& part = question.parts[static_cast<size_t>(t)];
    const int64_t first = range_of(question.batch, t).first, after = question.batch.size() - first - part.batch.size();
    Losses own = parts_[static_cast<size_t>(t)].task->losses(answers_of(answers, question, t), part);
    for (LossTerm& term : own.terms) {
      term.name = full_name(name, term.name);
      term.count = full_name(name, term.count);
      term.share = full_name(name, kPictures);
      term.by_image = at::constant_pad_nd(term.by_image, {first, after});
      all.terms.push_back(std::move(term));
    }
    for (Diagnostic& diagnostic : own.diagnostics) {
      diagnostic.name = full_name(name, diagnostic.name);
      all.diagnostics.push_back(std::move(diagnostic));
    }
  }
  return all;
}

std::vector<Prediction> Multitask::predict(const AnsweredBatch& answered) const {
  std::vector<Prediction> all;
  for (int64_t t = 0; t < std::ssize(parts_); ++t) {
    const std::vector<Answer> own = answers_of(answered.answers, answered.question, t);
    std::vector<Prediction> predictions = parts_[static_cast<size_t>(t)].task->predict(
        {batch_of(answered.batch, t), answered.question.parts[static_cast<size_t>(t)], own});
    if (t == 0) all = std::move(predictions);
    else
      for (size_t i = 0; i < all.size(); ++i) add_to(all[i], std::move(predictions.at(i)));
  }
  return all;
}

std::vector<std::string> Multitask::picture_titles() const {
  std::vector<std::string> titles;
  for (const Part& part : parts_)
    for (const std::string& title : part.task->picture_titles()) titles.push_back(format("{} {}", part.name, title));
  return titles;
}

std::vector<std::vector<Image>> Multitask::pictures(std::span<const Answer> answers, const Question& question) const {
  std::vector<std::vector<Image>> rows(static_cast<size_t>(question.batch.size()));
  for (int64_t t = 0; t < std::ssize(parts_); ++t) {
    const std::vector<Answer> own = answers_of(answers, question, t);
    auto columns = parts_[static_cast<size_t>(t)].task->pictures(own, question.parts[static_cast<size_t>(t)]);
    for (size_t i = 0; i < rows.size(); ++i) std::ranges::move(columns.at(i), std::back_inserter(rows[i]));
  }
  return rows;
}

}  // namespace glid
