// glid_data: checks, shows and makes data sets.
#include <filesystem>
#include <string>

#include "command_line.h"
#include "glid/core/cpus.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"
#include "glid/data/check_data.h"
#include "glid/data/codebook.h"
#include "glid/data/make_demo.h"
#include "glid/data/make_shards.h"
#include "glid/formats/image_file.h"
#include "glid/viz/contact_sheet.h"

namespace {

void add_selection(CLI::App& command, glid::DataSelection& selection, std::string& split, const std::string& default_split) {
  glid::path_option(command, "--config", selection.config, "a configuration (YAML); only its block `data` counts");
  glid::names_option<glid::DatasetConfig>(command, "--dataset", selection.dataset, "instead of a configuration");
  glid::path_option(command, "--root", selection.root, "folder of the data");
  glid::set_option(command, selection.overrides, "overrides a key of the block data; repeatable");
  glid::names_option<glid::Split>(command, "--split", split, "whose files (default: " + default_split + ")");
}

void add_make_demo(CLI::App& app, glid::DemoOptions& demo, std::string& layout, std::string& kind) {
  CLI::App* command = glid::add_command(app, "make-demo", "Generates scenes as files in the layout of a dataset",
                                        "glid_data make-demo --layout coco --out demo/coco --count 40");
  glid::path_option(*command, "--out", demo.out, "folder to make")->required();
  glid::names_option<glid::DemoLayout>(*command, "--layout", layout, "whose files and folders");
  glid::names_option<glid::SceneKind>(*command, "--kind", kind,
                                      "plain: objects of any colour; classes: objects whose class hue and texture tell");
  command->add_option("--count", demo.count, "training images; a tenth as many validation images on top")
      ->capture_default_str();
  command->add_option("--size", demo.size_px, "side of an image in pixels")
      ->capture_default_str()
      ->check(glid::within(16, 4096));
  command->add_option("--seed", demo.seed, "of the scenes")->capture_default_str()->check(glid::within(0, 1e18));
}

CLI::App* add_codebook(CLI::App& app, glid::CodebookOptions& options) {
  options.num_threads = glid::num_cpus();
  CLI::App* command = glid::add_command(
      app, "codebook", "Makes codes for task.name: beit by k-means of patches, a stand-in for the dVAE that BEiT itself has",
      "glid_data codebook --data /data/imagenet --out codebook.safetensors");
  glid::path_option(*command, "--data", options.data, "folder of images")->required();
  glid::path_option(*command, "--out", options.out, "file to write (.safetensors)")->required();
  command->add_option("--size", options.size, "codes")->capture_default_str()->check(glid::within(2, 65536));
  command->add_option("--patch", options.patch_px, "side of a patch in px: a unit of the encoder")
      ->capture_default_str()
      ->check(glid::within(1, 256));
  command->add_option("--image-size", options.image_size_px, "side of the pictures in px, as data.image_size will be")
      ->capture_default_str()
      ->check(glid::within(1, 4096));
  command->add_option("--seed", options.seed, "of crops and first codes")
      ->capture_default_str()
      ->check(glid::within(0, 1e18));
  command->add_option("--threads", options.num_threads, "that read images and compare patches (default: one a processor)")
      ->check(glid::positive(glid::kMaxThreads));
  return command;
}

CLI::App* add_shard(CLI::App& app, glid::ShardOptions& options, std::string& source) {
  options.num_threads = glid::num_cpus();
  CLI::App* command =
      glid::add_command(app, "shard", "Puts folders of images into tar archives (WebDataset's layout) for data.name: shards",
                        "glid_data shard --root /data/imagenet --out /data/shards");
  glid::names_option<glid::ShardSource>(*command, "--dataset", source, "what the folders are");
  glid::path_option(*command, "--root", options.root, "folder of the images")->required();
  glid::path_option(*command, "--out", options.out, "folder to make")->required();
  command->add_option("--megabytes", options.megabytes, "images in a shard, in MB (10^6 bytes)")
      ->capture_default_str()
      ->check(glid::within(1, 1e6));
  command->add_option("--seed", options.seed, "of the order of the images")
      ->capture_default_str()
      ->check(glid::within(0, 1e18));
  command->add_option("--threads", options.num_threads, "that write a shard each (default: one a processor)")
      ->check(glid::positive(glid::kMaxThreads));
  return command;
}

CLI::App* add_index(CLI::App& app, std::string& root, int64_t& num_threads) {
  num_threads = glid::num_cpus();
  CLI::App* command = glid::add_command(
      app, "index", "Makes the indices that shards of other programs need, where they are missing or don't fit",
      "glid_data index --root /data/shards");
  glid::path_option(*command, "--root", root, "folder of the shards")->required();
  command->add_option("--threads", num_threads, "that read a shard each (default: one a processor)")
      ->check(glid::positive(glid::kMaxThreads));
  return command;
}

glid::ExitCode run_show(const glid::DataSelection& selection, const std::string& split, const std::string& out,
                        const glid::SheetOptions& sheet) {
  if (!glid::has_extension(out, glid::kWrittenExtensions))
    throw glid::UsageError("--out", "must end in .png, .jpg or .jpeg", out);
  glid::require_file("--out", out);
  glid::FoldersAbove above(out);
  const auto dataset = open_split(select_data(selection), glid::parse_split(split));
  glid::write_image(out, contact_sheet(*dataset, sheet));
  above.keep();
  glid::log_info("wrote {}", out);
  return glid::ExitCode::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Checks, shows and makes data sets for GLID (docs/datasets.md)", "glid_data");
  glid::add_words(app, {.example = "glid_data check --dataset coco --root /data/coco", .keys = glid::data_help});
  app.require_subcommand(1);

  glid::DataSelection selection;
  std::string split, json;
  int64_t threads = glid::num_cpus();
  CLI::App* check = glid::add_command(app, "check", "Reads every file; exit code 3 when training would be wrong",
                                      "glid_data check --dataset coco --root /data/coco");
  add_selection(*check, selection, split, "all that there are");
  glid::path_option(*check, "--json", json, "file for every finding");
  check->add_option("--threads", threads, "that read files (default: one a processor)")
      ->check(glid::positive(glid::kMaxThreads));

  glid::SheetOptions sheet;
  std::string out;
  CLI::App* show = glid::add_command(app, "show", "Draws a contact sheet of annotated images",
                                     "glid_data show --dataset coco --root /data/coco --out sheet.png");
  add_selection(*show, selection, split, "val");
  glid::path_option(*show, "--out", out, "file to write: .png, .jpg or .jpeg")->required();
  show->add_option("--count", sheet.count, "images")->capture_default_str()->check(glid::positive());
  show->add_option("--seed", sheet.seed, "of their choice")->capture_default_str()->check(glid::within(0, 1e18));

  glid::DemoOptions demo;
  std::string layout = "imagenet", kind = "plain";
  add_make_demo(app, demo, layout, kind);

  glid::CodebookOptions book;
  CLI::App* codebook = add_codebook(app, book);

  glid::ShardOptions shards;
  std::string source = "imagenet", shard_root;
  int64_t index_threads = 0;
  CLI::App* shard = add_shard(app, shards, source);
  CLI::App* index = add_index(app, shard_root, index_threads);

  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_data", [&] {
    glid::remove_temporaries_on_signals();
    if (*check) return glid::run_check(select_data(selection), glid::parse_split(split), threads, json);
    if (*show) return run_show(selection, split, out, sheet);
    if (*codebook) {
      glid::make_codebook(book);
      return glid::ExitCode::kDone;
    }
    if (*shard) {
      shards.source = glid::config::parse_name<glid::ShardSource>("--dataset", source);
      glid::make_shards(shards);
      return glid::ExitCode::kDone;
    }
    if (*index) return glid::index_shards(shard_root, index_threads);
    demo.kind = glid::config::parse_name<glid::SceneKind>("--kind", kind);
    demo.layout = glid::config::parse_name<glid::DemoLayout>("--layout", layout);
    glid::make_demo(demo);
    return glid::ExitCode::kDone;
  });
}
