#include "glid/data/make_demo.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "demo_layouts.h"
#include "glid/core/counted.h"
#include "glid/core/cpus.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/parallel_for.h"
#include "glid/data/scenes.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// What identifies the images; a second run compares it.
std::string description(const DemoOptions& options, const Scenes& train) {
  Json json = Json::object();
  json.set("count", options.count).set("size", options.size_px).set("seed", options.seed);
  json.set("fingerprint", format("{:016x}", train.fingerprint().names));
  if (options.layout != DemoLayout::kImageNet) json.set("layout", config::name_of(options.layout));
  if (options.kind != SceneKind::kPlain) json.set("kind", config::name_of(options.kind));
  return json.dump(2) + "\n";
}

bool is_there(const fs::path& out, const std::string& content) {
  if (fs::exists(out / "demo.json") && read_file(out / "demo.json") == content) return true;
  require_new_folder("--out", out);
  return false;
}

void write_split(const Scenes& scenes, Split split, DemoLayout layout, const fs::path& root) {
  const auto writer = make_layout_writer(layout, root, split, scenes);
  std::atomic<int64_t> done = 0;
  parallel_for(scenes.size(), num_cpus(), [&](int64_t id, int64_t) {
    writer->write(scenes.get(id));
    if (++done % 100 == 0) log_status(format("{}: {} of {} scenes", split_name(split), done.load(), scenes.size()));
  });
  writer->finish();
  log_status("");
}

}  // namespace

bool make_demo(const DemoOptions& options) {
  if (options.count < 1) throw UsageError("--count", "must be positive", std::to_string(options.count));
  if (options.size_px < 32) throw UsageError("--size", "must be at least 32", std::to_string(options.size_px));
  if (options.layout != DemoLayout::kCoco && options.kind != SceneKind::kPlain && options.kind != SceneKind::kClasses)
    throw UsageError("--kind", "must be plain or classes: only the layout coco has figures",
                     std::string(config::name_of(options.kind)));
  const Scenes::Config config{options.seed, options.count, options.size_px, options.kind};
  const Scenes train(config, Split::kTrain), val(config, Split::kVal);
  const std::string content = description(options, train);
  const fs::path out = whole_path(options.out);
  if (is_there(out, content)) {
    log_info("{} holds these {} scenes already", out.string(), train.size() + val.size());
    return false;
  }
  OutputFolder folder(out);
  write_split(train, Split::kTrain, options.layout, folder.path());
  write_split(val, Split::kVal, options.layout, folder.path());
  write_file(folder.path() / "demo.json", content);
  folder.commit();
  log_info("wrote {}: {} to train on, {} to validate on", out.string(), counted(train.size(), "scene"), val.size());
  return true;
}

}  // namespace glid
