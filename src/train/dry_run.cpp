#include "glid/train/dry_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/filtered_dataset.h"
#include "glid/train/device.h"
#include "glid/train/progress.h"
#include "glid/train/session.h"

namespace glid {
namespace {

constexpr int64_t kSmallAreaImages = 2;  // of the smaller area at most
constexpr double kLongestUpdateS = 3;    // no larger micro-batch is measured after one that took longer
constexpr int64_t kScenePx = 640;        // large enough for any task's crops
constexpr int kPlotColumns = 60, kPlotRows = 8;

struct DataCount {
  int64_t images = 0;
  std::string origin;
};

// Of the images that the task trains on.
DataCount count_images(const RunConfig& config) {
  try {
    const auto data = config.dataset(Split::kTrain);
    const auto task = make_task(config.task, config.task_context(data->vocabulary()));
    return {filtered(data, task->filter())->size(), "images in data.root"};
  } catch (const DataError& error) {
    const PublishedSet published = published_set(config.data);
    return {published.images, format("images assumed: {}, as data.root can't be read: {}", published.owner, error.what())};
  }
}

std::string grouped(int64_t number) {  // 86,745,016
  std::string digits = std::to_string(number);
  for (int64_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), 1, ',');
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
  const NamedTensors& parameters = session.gradients.parameters();
  std::string text = "parameter groups\n";
  for (const ParamGroup& group : make_param_groups(parameters, session.config.optim.weight_decay, session.config.lr_scale()))
    text += format("  {:<30} weight decay {:<6} lr x {:<8.4g} {:>5} tensors {:>14} values\n", group.rule, group.weight_decay,
                   group.lr_scale, group.members.size(), grouped(group.num_values(parameters)));
  for (const std::string& part : session.config.optim.freeze) text += format("  {} is frozen\n", part);
  return text;
}

std::string plot(const Schedule& schedule) {
  std::string text;
  for (int row = kPlotRows; row > 0; --row) {
    const double level = schedule.peak * row / kPlotRows;
    text += format("  {:>9.3g} |", level);
    for (int column = 0; column < kPlotColumns; ++column) {
      const double lr = schedule.at(schedule.total_steps * column / kPlotColumns);
      text += lr > level - schedule.peak / (2 * kPlotRows) ? '#' : ' ';
    }
    text += "\n";
  }
  return text + format("  {:>9} +{}\n", "lr", std::string(kPlotColumns, '-'));
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
  const std::string warning = schedule.warning();
  return text + plot(schedule) + (warning.empty() ? "" : "  WARNING: " + warning + "\n");
}

// The same run on a few generated images: all may be looked at before.
RunConfig shrunken(const RunConfig& config, int64_t num_images) {
  RunConfig small = config;
  small.data.fraction = 1;
  small.data.dataset = Scenes::Config{.count = num_images, .size_px = kScenePx, .kind = scenes_for(config.task)};
  small.data.workers = 0;
  small.train.batch_size = 1;
  small.train.accumulate = 1;
  return small;
}

int64_t micro_batch(const RunConfig& config, int num_ranks) {
  return std::max<int64_t>(1, config.train.batch_size / (num_ranks * config.train.accumulate));
}

// One update of so many images of a rank; the area is of all its pictures, as the task cuts them.
struct Cost {
  int64_t images = 0;
  double megapixels = 0, seconds = 0, peak_mib = 0;

  double image_megapixels() const { return megapixels / static_cast<double>(images); }
};

double megapixels_of(const Session& session, const Batch& batch) {
  const auto unit_px = static_cast<double>(session.loader_options().unit_px);
  return static_cast<double>(batch.units.size(0)) * unit_px * unit_px / 1e6;
}

// `images` generated ones as one micro-batch of this rank, prepared by `task`.
std::vector<Batch> generated(const Session& session, const Task& task, int64_t images) {
  const BatchLayout layout{.global_batch = images};
  const Prepare prepare = [&](const Sample& sample, const SampleKey& key, const BatchPosition& position) {
    return task.prepare(sample, key, position, /*training=*/true);
  };
  return Loader(session.data, std::make_shared<TrainingPlan>(session.data->size(), 0, layout), session.loader_options(),
                prepare)
      .next();
}

// The faster of two updates is timed: the first also allocates.
Cost measure(Session& session, const Task& task, int64_t images) {
  const Learner& own = session.learner;
  Learner learner{.model = own.model,
                  .task = task,
                  .communicator = own.communicator,
                  .gradients = own.gradients,
                  .optimizer = own.optimizer,
                  .scaler = own.scaler,
                  .device = own.device,
                  .ema = own.ema,
                  .precision = own.precision,
                  .clip = own.clip,
                  .weight_copies = own.weight_copies,
                  .checkpoints_blocks = own.checkpoints_blocks};
  const std::vector<Batch> batches = generated(session, task, images);
  Cost cost{images, megapixels_of(session, batches.at(0)), std::numeric_limits<double>::infinity()};
  forget_peak_memory(session.device);
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    (void)train_step(learner, batches, 0.0)->grad_norm.item<float>();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    cost.seconds = std::min(cost.seconds, time.count());
  }
  cost.peak_mib = peak_memory_mib(session.device);
  return cost;
}

// A side of about half the configured one that the configuration allows as well; 0: none.
int64_t smaller_side(const RunConfig& config) {
  struct Count : config::Problems {
    void add(std::string_view, const std::string&, const std::string&, const std::string&) override { ++count; }
    int count = 0;
  };
  const int64_t unit = config.model.encoder.shape().unit_px();
  for (int64_t side = (config.data.image_size / 2 + unit - 1) / unit * unit; side < config.data.image_size; side += unit) {
    RunConfig smaller = config;
    smaller.data.image_size = side;
    Count problems;
    smaller.check(problems);
    if (problems.count == 0) return side;
  }
  return 0;
}

// The same task on smaller pictures; none where it cuts them by sizes of its own.
std::unique_ptr<Task> task_of_smaller_area(const Session& session) {
  const RunConfig& config = session.config;
  const int64_t side = smaller_side(config);
  if (side == 0) return nullptr;
  TaskContext context = config.task_context(session.data->vocabulary());
  context.image_size_px = side;
  auto task = make_task(config.task, context);
  const auto area = [&](const Task& cuts) { return megapixels_of(session, generated(session, cuts, 1).at(0)); };
  return area(*task) < area(*session.task) ? std::move(task) : nullptr;
}

// A line through two measurements.
struct Line {
  double slope = 0, intercept = 0;
  double at(double x) const { return intercept + slope * x; }
};

Line line_through(double x0, double y0, double x1, double y1) {
  const double slope = x1 > x0 ? std::max(0.0, (y1 - y0) / (x1 - x0)) : y1 / x1;
  return {slope, y1 - slope * x1};
}

// Over the area of a micro-batch.
Line memory_line(const Cost& a, const Cost& b) { return line_through(a.megapixels, a.peak_mib, b.megapixels, b.peak_mib); }

// On a busy machine the larger one can seem the faster: then time is in proportion to its area.
Line time_line(const Cost& a, const Cost& b) {
  if (b.seconds <= a.seconds) return {b.seconds / b.megapixels, 0};
  return line_through(a.megapixels, a.seconds, b.megapixels, b.seconds);
}

// The side of a square of that area: "96 px".
std::string area_name(double megapixels) { return format("{:.0f} px", std::sqrt(megapixels * 1e6)); }

struct Measurements {
  double before_mib = 0;            // the model and its optimizer, before the first update
  std::vector<Cost> small, whole;   // with a smaller data.image_size, with the configured one; ascending
  bool is_short_of_memory = false;  // for twice the last
};

// Of an image with the configured sizes, which the task may draw anew for each.
double mean_megapixels(const std::vector<Cost>& costs) {
  double megapixels = 0, images = 0;
  for (const Cost& cost : costs) {
    megapixels += cost.megapixels;
    images += static_cast<double>(cost.images);
  }
  return megapixels / images;
}

// The smaller area first, then micro-batches doubled up to the real one, as long as an update doesn't take too long and
// there is memory.
Measurements measure(Session& session, int64_t micro) {
  Measurements m{memory_mib(session.device), {}, {}};
  if (const auto task = task_of_smaller_area(session))
    for (int64_t images = 1; images <= std::min(kSmallAreaImages, micro); images *= 2)
      m.small.push_back(measure(session, *task, images));
  for (int64_t images = 1;; images = std::min(2 * images, micro)) {
    m.whole.push_back(measure(session, *session.task, images));
    const Cost& last = m.whole.back();
    if (images == micro || (m.whole.size() > 1 && last.seconds > kLongestUpdateS)) return m;
    m.is_short_of_memory = m.before_mib + 2 * (last.peak_mib - m.before_mib) > memory_limit_mib(session.device);
    if (m.is_short_of_memory) return m;
  }
}

std::string area_text(const Measurements& m) {
  if (m.small.size() < 2 || m.whole.size() < 2) return "  another image area: not measured\n";
  const double areas[2] = {mean_megapixels(m.small), mean_megapixels(m.whole)};
  const double mib[2] = {memory_line(m.small[0], m.small[1]).slope * areas[0],
                         memory_line(m.whole[0], m.whole[1]).slope * areas[1]};
  const Line line = line_through(areas[0], mib[0], areas[1], mib[1]);
  return format("  an image needs {:.1f} MiB at {} and {:.1f} MiB at {}: {:.1f} MiB + {:.0f} MiB a megapixel\n", mib[0],
                area_name(areas[0]), mib[1], area_name(areas[1]), line.intercept, line.slope);
}

std::string measured_text(const Measurements& m) {
  std::string text = format("measured on generated square images; before the first update {:.0f} MiB\n", m.before_mib);
  for (const std::vector<Cost>* costs : {&m.small, &m.whole})
    for (const Cost& cost : *costs)
      text += format("  {:>4} images of {}: {:.2f} s, peak {:.0f} MiB\n", cost.images, area_name(cost.image_megapixels()),
                     cost.seconds, cost.peak_mib);
  if (m.is_short_of_memory) text += "  no more images: twice as many would not fit into memory\n";
  return text + area_text(m);
}

// On the CPU a checkpoint's copy lies beside the run while it is written.
double checkpoint_mib(const Session& session) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : named_parameters(*session.model)) bytes += static_cast<int64_t>(tensor.nbytes());
  for (const auto& [name, tensor] : session.optimizer->whole_state()) bytes += static_cast<int64_t>(tensor.nbytes());
  if (session.ema)
    for (const auto& [name, tensor] : session.ema->whole_state()) bytes += static_cast<int64_t>(tensor.nbytes());
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

// Values of the optimizer's state and averages for each parameter's.
int64_t states(const Session& session) { return session.ema ? 3 : 2; }

double mib_of_values(int64_t count) { return static_cast<double>(count) * sizeof(float) / (1024.0 * 1024.0); }

// The part of a rank that has measured all of it.
double kept_by_others_mib(const Session& session, int num_ranks) {
  if (!session.shards) return 0;
  const NamedTensors& trained = session.gradients.parameters();
  return mib_of_values(states(session) * (largest_share(trained, 1) - largest_share(trained, num_ranks)));
}

std::string ranks_text(const Session& session, int num_ranks) {
  if (num_ranks == 1) return "";
  const NamedTensors& trained = session.gradients.parameters();
  const TrainConfig& config = session.config.train;
  const std::vector<int64_t> buckets = bucket_sizes(trained, reduction_options(config).bucket_bytes);
  std::string text =
      format("ranks\n  gradients: {:.1f} MiB in {} of up to {} MiB, the first {:.1f} MiB\n",
             static_cast<double>(std::accumulate(buckets.begin(), buckets.end(), int64_t{0})) / (1024.0 * 1024.0),
             counted(std::ssize(buckets), "bucket"), config.bucket_mib, static_cast<double>(buckets[0]) / (1024.0 * 1024.0));
  const int64_t kept = largest_share(trained, config.shard_optimizer ? num_ranks : 1);
  return text + format("  optimizer{}: {:.1f} MiB a rank of {:.1f} MiB\n", session.ema ? " and averages" : "",
                       mib_of_values(states(session) * kept), mib_of_values(states(session) * largest_share(trained, 1)));
}

// Of a rank's micro-batch.
struct Estimate {
  double step_s = 0, mib = 0;
  bool is_measured = false;
};

Estimate estimate(const Measurements& m, int64_t micro) {
  const Cost& last = m.whole.back();
  if (last.images == micro) return {last.seconds, last.peak_mib, true};
  const Cost& before = m.whole[m.whole.size() > 1 ? m.whole.size() - 2 : 0];
  const double area = static_cast<double>(micro) * mean_megapixels(m.whole);
  return {time_line(before, last).at(area), memory_line(before, last).at(area), false};
}

std::string cost_text(const RunConfig& config, int num_ranks, const Session& session, const Measurements& m,
                      const DataCount& data) {
  const int64_t micro = micro_batch(config, num_ranks);
  const Estimate of_micro = estimate(m, micro);
  const double others = kept_by_others_mib(session, num_ranks);
  const double copy = session.device.is_cpu() ? checkpoint_mib(session) + others : 0;
  const double step_s = of_micro.step_s * static_cast<double>(config.train.accumulate);
  const int64_t steps = config.total_steps(data.images / config.train.batch_size);
  std::string text = of_micro.is_measured
                         ? "of the whole micro-batch, as measured\n"
                         : format("EXTRAPOLATED to micro-batches of {} by a line through the last two\n", grouped(micro));
  text += format("  memory: {:.0f} MiB a rank, of which {:.0f} MiB while a checkpoint is written\n",
                 of_micro.mib - others + copy, copy);
  return text + format("EXTRAPOLATED to the run\n  a step of {} images on {} rank(s): {:.1f} s{}; the run: {}\n",
                       grouped(config.train.batch_size), num_ranks, step_s,
                       num_ranks > 1 ? " without what they tell each other" : "",
                       duration_text(step_s * static_cast<double>(steps)));
}

}  // namespace

void dry_run(const RunConfig& config, int num_ranks, const c10::Device& device,
             const std::function<void(const std::string&)>& print) {
  const DataCount data = count_images(config);
  const std::string schedule = schedule_text(config, data);
  const auto alone = make_communicator(LaunchEnv{}, device);
  const int64_t micro = micro_batch(config, num_ranks);
  const RunConfig small = shrunken(config, micro);
  Session session(small, small.dataset(Split::kTrain), batch_layout(small, *alone), *alone, device);
  print(parameters_text(named_parameters(*session.model)) + groups_text(session) + ranks_text(session, num_ranks) +
        schedule);
  const Measurements measurements = measure(session, micro);
  print(measured_text(measurements) + cost_text(config, num_ranks, session, measurements, data) +
        "dry run: nothing was written\n");
}

}  // namespace glid
