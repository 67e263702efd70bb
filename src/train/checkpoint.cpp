#include "glid/train/checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>

#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/leftovers.h"
#include "glid/core/log.h"
#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

fs::path checkpoints_of(const fs::path& run_folder) { return run_folder / "checkpoints"; }

constexpr const char* kHint = "remove that checkpoint";

std::string folder_name(int64_t step) { return format("step_{:08}", step); }

// The step of a folder that write_checkpoint() made; nothing for others.
std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  int64_t step = 0;
  if (!name.starts_with("step_") || std::from_chars(name.data() + 5, name.data() + name.size(), step).ec != std::errc())
    return std::nullopt;
  return name == folder_name(step) && fs::exists(folder / "state.json") ? std::optional(step) : std::nullopt;
}

// Unlike what it was to replace ("step_00000005.0123ab.tmp.old"), which is whole.
bool is_half_written(const fs::path& path) { return is_leftover_name(path) && path.extension() == ".tmp"; }

struct Listing {
  std::vector<int64_t> steps;    // of the checkpoints, ascending
  std::vector<fs::path> others;  // what else lies there
};

Listing list(const fs::path& checkpoints) {
  Listing listing;
  if (!fs::is_directory(checkpoints)) return listing;
  for (const auto& entry : fs::directory_iterator(checkpoints)) {
    if (const std::optional<int64_t> step = step_of(entry.path())) listing.steps.push_back(*step);
    else if (!is_half_written(entry.path())) listing.others.push_back(entry.path());
  }
  std::ranges::sort(listing.steps);
  std::ranges::sort(listing.others);
  return listing;
}

NamedTensors copy_to_host(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors)
    copies.emplace_back(
        name, tensor.detach().to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true).contiguous());
  return copies;
}

void write_tensors(const fs::path& file, const NamedTensors& tensors, int64_t step) {
  std::vector<std::pair<std::string, TensorInfo>> infos;
  for (const auto& [name, tensor] : tensors) infos.emplace_back(name, tensor_info(tensor));
  write_safetensors(file, infos, {{"format", "pt"}, {"step", std::to_string(step)}});
}

// state.json vouches for the other files and, in its last member, for its own text with zeros there.
constexpr std::string_view kOwnChecksum = "\"checksum\": \"crc32c:", kZeros = "00000000";

std::string with_own_checksum(std::string text, std::string_view digits) {
  const size_t place = text.rfind(kOwnChecksum);
  return place == text.npos ? text : text.replace(place + kOwnChecksum.size(), kZeros.size(), digits);
}

std::string sealed(Json state) {
  state.set("checksum", format("crc32c:{}", kZeros));
  const std::string text = state.dump(2) + "\n";
  return with_own_checksum(text, format("{:08x}", crc32c(text.data(), text.size())));
}

// Where somebody took the checksum out to change the file, the list of files is its end.
bool is_whole(const std::string& text, const Json& state) {
  const Json::Object& members = state.as_object();
  if (text.rfind(kOwnChecksum) == text.npos) return !members.empty() && members.back().first == "files";
  const std::string zeros = with_own_checksum(text, kZeros);
  return with_own_checksum(zeros, format("{:08x}", crc32c(zeros.data(), zeros.size()))) == text;
}

void write_checkpoint(const fs::path& checkpoints, const CheckpointContent& content) {
  AtomicFolder folder(checkpoints / folder_name(content.step));
  Json checksums = Json::object();
  const auto add_checksum = [&](const std::string& name) {
    checksums.set(name, format("crc32c:{:08x}", crc32c_of_file(folder.path() / name)));
  };
  for (const auto& [stem, tensors] : content.tensors) {
    write_tensors(folder.path() / (stem + ".safetensors"), tensors, content.step);
    add_checksum(stem + ".safetensors");
  }
  write_file(folder.path() / "config.yaml", content.config);
  add_checksum("config.yaml");
  Json state = content.state;
  state.set("files", std::move(checksums));
  write_file(folder.path() / "state.json", sealed(std::move(state)));
  folder.commit();
}

// Whoever is killed here leaves what the next start removes (leftovers.h), and no half of a checkpoint.
void remove_checkpoint(const fs::path& folder) {
  const fs::path aside = folder.string() + ".000000.tmp";
  fs::remove_all(aside);
  fs::rename(folder, aside);
  fs::remove_all(aside);
}

}  // namespace

CheckpointWriter::CheckpointWriter(fs::path run_folder, const CheckpointPolicy& policy)
    : folder_(checkpoints_of(run_folder)), policy_(policy) {
  remove_leftovers_in(folder_);
}

CheckpointWriter::~CheckpointWriter() {
  if (thread_.joinable()) thread_.join();
}

void CheckpointWriter::write(const CheckpointContent& content) {
  wait();
  passed_over_.erase(content.step);
  CheckpointContent copy = content;
  for (auto& [stem, tensors] : copy.tensors) tensors = copy_to_host(tensors);
  thread_ = std::thread([this, copy = std::move(copy)] {
    try {
      write_checkpoint(folder_, copy);
      remove_old();
    } catch (...) {
      error_ = std::current_exception();
      failed_ = true;
    }
  });
}

void CheckpointWriter::mark_best(int64_t step) {
  if (step == best_step_) return;
  wait();
  best_step_ = step;
}

void CheckpointWriter::check() {
  if (failed_) wait();
}

void CheckpointWriter::wait() {
  if (thread_.joinable()) thread_.join();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void CheckpointWriter::pass_over_later_than(int64_t step) {
  for (const int64_t other : list(folder_).steps)
    if (other > step) passed_over_.insert(other);
}

void CheckpointWriter::remove_old() const {
  std::vector<int64_t> steps = list(folder_).steps;
  std::erase_if(steps, [&](int64_t step) { return passed_over_.contains(step); });
  for (int64_t i = 0; i + policy_.keep < std::ssize(steps); ++i) {
    const int64_t step = steps[static_cast<size_t>(i)];
    const bool milestone = policy_.milestone_steps > 0 && step % policy_.milestone_steps == 0;
    if (!milestone && step != best_step_) remove_checkpoint(folder_ / folder_name(step));
  }
}

void Checkpoint::load(const std::string& stem, const NamedTensors& into) const {
  const at::NoGradGuard no_grad;
  const fs::path path = folder / (stem + ".safetensors");
  const SafetensorsFile file(path);
  for (const auto& [name, tensor] : into) {
    const TensorInfo* info = file.find(name);
    if (!info) throw DataError(path.string(), "lacks a tensor", name);
    if (tensor.sizes() != at::IntArrayRef(info->shape))
      throw DataError(path.string(), "holds a tensor of another shape", name);
    tensor.copy_(as_tensor(*info));
  }
}

Checkpoint open_checkpoint(const fs::path& folder) {
  const fs::path state_file = folder / "state.json";
  const std::string text = read_file(state_file);
  Checkpoint checkpoint{folder, Json::parse(text, state_file.string())};
  if (!is_whole(text, checkpoint.state))
    throw DataError(state_file.string(), "is damaged: its checksum is another one", "", kHint);
  const std::optional<int64_t> named = step_of(folder);
  if (named && *named != checkpoint.step())
    throw DataError(state_file.string(), "is of another step than its folder", std::to_string(checkpoint.step()), kHint);
  for (const auto& [name, checksum] : checkpoint.state.at("files").as_object()) {
    const fs::path file = folder / name;
    if (format("crc32c:{:08x}", crc32c_of_file(file)) != checksum.as_string())
      throw DataError(file.string(), "is damaged: its checksum is not the one in state.json", "", kHint);
  }
  return checkpoint;
}

std::optional<Checkpoint> newest_checkpoint(const fs::path& run_folder) {
  const auto [steps, others] = list(checkpoints_of(run_folder));
  for (const fs::path& other : others) {
    if (steps.empty() && other.filename().string().starts_with("step_")) {
      const bool is_whole = fs::exists(other / "state.json");
      throw DataError(
          other.string(),
          format("is a checkpoint {}, and there is no other", is_whole ? "by another name" : "without its state.json"), {},
          is_whole ? "rename it to step_ and the eight digits of its step" : "remove it to start at step 0");
    }
    log_warning("{}: is no checkpoint, and passed over", other.string());
  }
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    try {
      return open_checkpoint(checkpoints_of(run_folder) / folder_name(*step));
    } catch (const DataError& error) {
      if (std::next(step) == steps.rend()) throw;
      log_warning("{}; trying the checkpoint before it", error.what());
    }
  }
  return std::nullopt;
}

Checkpoint checkpoint_of_step(const fs::path& run_folder, int64_t step) {
  const fs::path folder = checkpoints_of(run_folder) / folder_name(step);
  if (fs::exists(folder)) return open_checkpoint(folder);
  const std::vector<int64_t> steps = list(checkpoints_of(run_folder)).steps;
  throw DataError(folder.string(), "is not there", {}, glid::format("the run has steps {}", fmt::join(steps, ", ")));
}

Checkpoint find_checkpoint(const fs::path& path) {
  if (fs::exists(path / "state.json")) return open_checkpoint(path);
  std::optional<Checkpoint> newest = newest_checkpoint(path);
  if (!newest) throw DataError(path.string(), "is neither a checkpoint nor a run with one");
  return *newest;
}

}  // namespace glid
