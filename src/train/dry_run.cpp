#include "glid/train/dry_run.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/train/device.h"
#include "glid/train/progress.h"
#include "glid/train/session.h"

namespace glid {
namespace {

constexpr int64_t kImageNetImages = 1281167;
constexpr int64_t kLargestMicroBatch = 4;

struct DataCount {
  int64_t images = 0;
  std::string origin;
};

DataCount count_images(const RunConfig& config) {
  try {
    return {make_dataset(config.data, Split::kTrain)->size(), "images in data.root"};
  } catch (const DataError&) {
    return {kImageNetImages, "images assumed: ImageNet-1K's, as data.root can't be read"};
  }
}

std::string grouped(int64_t number) {  // 86,745,016
  std::string digits = std::to_string(number);
  for (int64_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string parameters_text(const NamedTensors& parameters) {
  std::vector<std::pair<std::string, int64_t>> parts;
  int64_t total = 0;
  for (const auto& [name, tensor] : parameters) {
    const std::string part = name.substr(0, name.find('.'));
    if (parts.empty() || parts.back().first != part) parts.emplace_back(part, 0);
    parts.back().second += tensor.numel();
    total += tensor.numel();
  }
  std::string text = "parameters\n";
  for (const auto& [part, count] : parts) text += format("  {:<10}{:>14}\n", part, grouped(count));
  return text + format("  {:<10}{:>14}\n", "total", grouped(total));
}

std::string groups_text(const Session& session) {
  std::string text = "parameter groups\n";
  for (const ParamGroup& group : make_param_groups(session.gradients.parameters(), session.config.optim.weight_decay))
    text += format("  {:<30} weight decay {:<6} {:>5} tensors {:>14} values\n", group.rule, group.weight_decay,
                   group.members.size(), grouped(group.num_values(session.gradients.parameters())));
  return text;
}

std::string schedule_text(const RunConfig& config, const DataCount& data) {
  const int64_t steps_per_epoch = data.images / config.train.batch_size;
  if (steps_per_epoch == 0)
    throw UsageError("train.batch_size", "is larger than the dataset", std::to_string(config.train.batch_size),
                     format("{} {}", data.images, data.origin));
  const Schedule schedule = config.schedule(steps_per_epoch);
  std::string text =
      format("schedule\n  {} {}\n  {} steps an epoch, {} steps in all, warm-up {} steps\n", grouped(data.images),
             data.origin, grouped(steps_per_epoch), grouped(schedule.total_steps), grouped(schedule.warmup_steps));
  for (const int percent : {0, 5, 25, 50, 75, 100}) {
    const int64_t step = schedule.total_steps * percent / 100;
    text += format("  lr after {:>3} % of the steps ({:>9}): {:.4g}\n", percent, grouped(step), schedule.at(step));
  }
  return text;
}

// The same run on a few generated images.
RunConfig shrunken(const RunConfig& config) {
  RunConfig small = config;
  small.data.name = DataName::kScenes;
  small.data.workers = 0;
  small.train.batch_size = std::min(kLargestMicroBatch, config.train.batch_size);
  small.train.accumulate = 1;
  return small;
}

struct Cost {
  int64_t images = 0;
  double seconds = 0, weights_mib = 0, peak_mib = 0;
};

// The second update is measured: the first also allocates.
Cost measure(Session& session, const std::vector<Batch>& batches) {
  Cost cost;
  for (const Batch& batch : batches) cost.images += batch.size();
  cost.weights_mib = memory_mib(session.device);
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    (void)train_step(session.learner, batches, 0.0)->grad_norm.item<float>();
    cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  cost.peak_mib = std::max(memory_mib(session.device), cost.weights_mib);
  return cost;
}

std::string cost_text(const RunConfig& config, const Cost& cost, const DataCount& data, int world_size) {
  const int64_t micro = std::max<int64_t>(1, config.train.batch_size / (world_size * config.train.accumulate));
  const int64_t steps = config.total_steps(data.images / config.train.batch_size);
  const double an_image_s = cost.seconds / static_cast<double>(cost.images);
  const double an_image_mib = (cost.peak_mib - cost.weights_mib) / static_cast<double>(cost.images);
  const double local_images = static_cast<double>(config.train.batch_size) / world_size;
  std::string text = format(
      "measured: one micro-batch of {} generated images\n  {:.2f} s, memory {:.0f} MiB, of which {:.0f} MiB before it\n",
      cost.images, cost.seconds, cost.peak_mib, cost.weights_mib);
  text += format("EXTRAPOLATED in proportion to images (large batches are usually faster an image)\n");
  text += format("  memory with micro-batches of {}: {:.0f} MiB a rank\n", grouped(micro),
                 cost.weights_mib + an_image_mib * static_cast<double>(micro));
  text +=
      format("  a step of {} images on {} rank(s): {:.1f} s; the run: {}\n", grouped(config.train.batch_size), world_size,
             an_image_s * local_images, duration_text(an_image_s * local_images * static_cast<double>(steps)));
  return text;
}

}  // namespace

std::string dry_run(const RunConfig& config, Communicator& communicator, const c10::Device& device) {
  const DataCount data = count_images(config);
  const RunConfig small = shrunken(config);
  std::string text = schedule_text(config, data);
  Session session(small, make_dataset(small.data, Split::kTrain),
                  {.global_batch = small.train.batch_size * communicator.size(),
                   .rank = communicator.rank(),
                   .world_size = communicator.size()},
                  communicator, device);
  text = parameters_text(session.gradients.parameters()) + groups_text(session) + text;
  const std::vector<Batch> batches = session.loader.next();
  return text + cost_text(config, measure(session, batches), data, communicator.size()) + "dry run: nothing was written\n";
}

}  // namespace glid
